/** What the head of a response means: whether a body follows, how it ends, and how it is coded. */
import { buf, ScratchPart } from '../core/memory.js';
import { AppProto } from '../protocol/app-proto.js';
import { TxProgress } from '../protocol/buffers.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import { checkCharset } from './charset.js';
import { openResponseDecoder } from './coding.js';
import { type HttpConn, ReqState, ResState, SideState, Step } from './conn.js';
import { ambiguous, raise, warn } from './events.js';
import { copyJoined, dropHeaders, findHeader, valueAt, valueLen } from './headers.js';
import { hContentLength, hContentRange, hContentType, hExpect, hTransferEncoding, hUpgrade } from './names.js';
import { Version } from './request-line.js';
import { Transfer } from './side.js';
import { containsNoCaseNoNul, equalsNoCase, findNoCase, isPlainNumber, parseContentLength } from './text.js';
import { TxFlag } from './transaction.js';
import { type HttpTransaction, Method } from './tx.js';

const to = ScratchPart.HttpOff;

/** Longest Content-Range that can be one: a unit and three numbers. */
const RangeText = 128;

/** 101 without a body, or a granted CONNECT: the rest of the connection is no HTTP/1 of this parser. */
function switchProtocols(conn: HttpConn, tx: HttpTransaction): Step {
  tx.flags |= TxFlag.Tunnel;
  if (conn.inStatus !== SideState.Error) conn.inStatus = SideState.Tunnel;
  conn.outStatus = SideState.Tunnel;
  const h = findHeader(tx.res, hUpgrade);
  conn.changeTo = AppProto.Other;
  if (h >= 0) {
    const off = valueAt(tx.res, h);
    const len = valueLen(tx.res, h);
    if (equalsNoCase(off, len, 'h2c')) conn.changeTo = AppProto.Http2;
    else if (equalsNoCase(off, len, 'websocket')) conn.changeTo = AppProto.WebSocket;
  }
  // A change that nobody asked for, or to nothing we know: the client may go on reading HTTP.
  if (conn.changeTo === AppProto.Other || findHeader(tx.req, hUpgrade) < 0) {
    raise(tx, HttpEvent.ConnectionNotFollowed, Dir.ToClient);
  }
  conn.outState = ResState.Finalize;
  return Step.Again;
}

function connectAnswered(conn: HttpConn, tx: HttpTransaction): boolean {
  if (tx.status >= 200 && tx.status <= 299) {
    conn.outState = ResState.Finalize;
    tx.res.transfer = Transfer.NoBody;
    // Only a connection's first request may turn it into something else.
    if (conn.txCount === 1) conn.changeTo = AppProto.Unknown;
    return true;
  }
  if (conn.inStatus !== SideState.Error) conn.inStatus = SideState.Data;
  return false;
}

/** 100 (RFC 9110, section 15.2.1): forget it and read the real response, as clients do however often it comes. */
function interim(conn: HttpConn, tx: HttpTransaction): Step {
  if (tx.seen100 !== 0) warn(conn, tx, HttpEvent.Continue100AlreadySeen, Dir.ToClient);
  tx.seen100 = 1;
  dropHeaders(tx.res);
  tx.res.lineStart = tx.res.rawOff = tx.res.headLen;
  tx.res.rawLen = 0;
  tx.responseProgress = TxProgress.NotStarted;
  conn.outState = ResState.Line;
  return Step.Again;
}

/** A refused "Expect: 100-continue": the body announced will not come (RFC 9110, section 10.1.1). */
function bodyRefused(conn: HttpConn, tx: HttpTransaction): void {
  if (tx.status < 400 || tx.status > 499 || conn.inTx !== tx) return;
  if (conn.inLength <= 0 || conn.inLeft !== conn.inLength) return;
  const h = findHeader(tx.req, hExpect);
  if (h >= 0 && equalsNoCase(valueAt(tx.req, h), valueLen(tx.req, h), '100-continue')) conn.inState = ReqState.Finalize;
}

function isBodiless(tx: HttpTransaction, framed: boolean): boolean {
  if (tx.method === Method.Head) return true;
  return (tx.status < 200 && tx.status >= 100) || tx.status === 204 || tx.status === 304 ? !framed : false;
}

function chunked(conn: HttpConn, tx: HttpTransaction, end: number): void {
  if (!equalsNoCase(to, end - to, 'chunked')) warn(conn, tx, HttpEvent.ResponseAbnormalTransferEncoding, Dir.ToClient);
  if (tx.res.version < Version.Http11) warn(conn, tx, HttpEvent.ResponseChunkedOldProto, Dir.ToClient);
  tx.res.transfer = Transfer.Chunked;
  conn.outState = ResState.ChunkLength;
}

/** Where the body ends (RFC 9112, section 6.3, as clients do it). */
function framing(conn: HttpConn, tx: HttpTransaction, te: number, cl: number): Step {
  const side = tx.res;
  if (te >= 0) {
    const end = copyJoined(side, te, to, to + tx.config.fieldLimit);
    if (containsNoCaseNoNul(to, end - to, 'chunked')) {
      if (cl >= 0) ambiguous(tx, Dir.ToClient);
      chunked(conn, tx, end);
      return Step.Again;
    }
  }
  if (cl >= 0) {
    side.transfer = Transfer.Identity;
    const n = parseContentLength(valueAt(side, cl), valueLen(side, cl));
    if (n < 0) {
      side.transfer = Transfer.Invalid;
      warn(conn, tx, HttpEvent.InvalidContentLengthFieldInResponse, Dir.ToClient);
      return Step.Fault;
    }
    if (!isPlainNumber(valueAt(side, cl), valueLen(side, cl))) ambiguous(tx, Dir.ToClient);
    side.contentLength = conn.outLeft = n;
    conn.outState = n === 0 ? ResState.Finalize : ResState.BodyKnown;
    return Step.Again;
  }
  const ct = findHeader(side, hContentType);
  if (ct >= 0 && findNoCase(valueAt(side, ct), valueLen(side, ct), 'multipart/byteranges') >= 0) {
    warn(conn, tx, HttpEvent.ResponseMultipartByteranges, Dir.ToClient);
    return Step.Fault;
  }
  side.transfer = Transfer.Identity;
  conn.outLeft = -1;
  conn.outState = ResState.BodyToClose;
  return Step.Again;
}

/** Takes in the complete header block of a response and sets the state that follows. */
export function responseHeadersDone(conn: HttpConn, tx: HttpTransaction): Step {
  const side = tx.res;
  const te = findHeader(side, hTransferEncoding);
  const cl = findHeader(side, hContentLength);
  if (tx.method === Method.Connect && connectAnswered(conn, tx)) return headersSeen(conn, tx, Step.Again);
  if (tx.status === 101 && te < 0 && cl < 0) {
    side.transfer = Transfer.NoBody;
    return headersSeen(conn, tx, switchProtocols(conn, tx));
  }
  if (tx.status === 100 && te < 0) {
    const body = cl >= 0 && parseContentLength(valueAt(side, cl), valueLen(side, cl)) > 0;
    if (!body) return interim(conn, tx);
    // Clients have no body here, and take what follows for the real response.
    ambiguous(tx, Dir.ToClient);
  }
  bodyRefused(conn, tx);
  if (isBodiless(tx, te >= 0 || cl >= 0)) {
    side.transfer = Transfer.NoBody;
    conn.outState = ResState.Finalize;
    return headersSeen(conn, tx, Step.Again);
  }
  const step = framing(conn, tx, te, cl);
  return step === Step.Again ? headersSeen(conn, tx, step) : step;
}

/** Content-Range of a 206 response (RFC 9110, section 14.4): "bytes first-last/length", either part may be "*". */
function checkRange(tx: HttpTransaction): void {
  const h = findHeader(tx.res, hContentRange);
  if (h < 0) return;
  const off = valueAt(tx.res, h);
  const text = buf.toString('latin1', off, off + Math.min(valueLen(tx.res, h), RangeText));
  if (!/^bytes (\d+-\d+|\*)\/(\d+|\*)$/.test(text)) raise(tx, HttpEvent.RangeInvalid, Dir.ToClient);
}

function headersSeen(conn: HttpConn, tx: HttpTransaction, step: Step): Step {
  tx.responseProgress = TxProgress.Headers;
  tx.dirtyToClient = 1;
  if (tx.res.transfer !== Transfer.NoBody) {
    openResponseDecoder(conn, tx);
    checkCharset(tx, Dir.ToClient);
  }
  if (tx.status === 206) checkRange(tx);
  return step;
}
