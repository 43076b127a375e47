/** The request side of the parser: a state machine over the bytes of one piece. */
import { u8 } from '../core/memory.js';
import { TxProgress } from '../protocol/buffers.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import { endBody, skipBody, takeBody } from './body.js';
import { ChunkLine, passChunkEnd, readChunkLength } from './chunk.js';
import { dropInBuf, type HttpConn, ReqState, SideState, Step } from './conn.js';
import { piece } from './cursor.js';
import { raise, warn } from './events.js';
import { takeHeaderLine } from './header-line.js';
import { lineTooLong, takeLine } from './line-buffer.js';
import { chomp, endsHead, findLf, isBlank } from './lines.js';
import { requestHeadersDone } from './request-head.js';
import { beginsRequestLine, isRequestLine, mayBecomeMethod, methodOf, parseRequestLine } from './request-line.js';
import { FieldFlag, Transfer } from './side.js';
import { CharClass, charClass } from './text.js';
import { TxFlag } from './transaction.js';
import { type HttpTransaction, Method } from './tx.js';
import { beginTransaction, DetectDone } from './tx-list.js';
import { takeUri } from './uri.js';

const mem = u8;
const cls = charClass;
const cur = piece;

/** Runs one step in the current state. */
export function requestStep(conn: HttpConn): Step {
  if (conn.inState === ReqState.Idle) return idle(conn);
  if (conn.inState === ReqState.ConnectProbe) return connectProbe(conn);
  const tx = conn.inTx;
  if (tx === null) return conn.inState === ReqState.Ignore ? ignore() : Step.Fault;
  switch (conn.inState) {
    case ReqState.Line:
      return line(conn, tx);
    case ReqState.Headers:
      return headers(conn, tx);
    case ReqState.ConnectWait:
      return connectWait(conn, tx);
    case ReqState.BodyIdentity:
      return bodyIdentity(conn, tx);
    case ReqState.ChunkLength:
      return chunkLength(conn, tx);
    case ReqState.ChunkData:
      return chunkData(conn, tx);
    case ReqState.ChunkEnd:
      return chunkEnd(conn, tx);
    case ReqState.Ignore:
      return ignore();
    default:
      return finalize(conn, tx);
  }
}

function idle(conn: HttpConn): Step {
  if (cur.pos >= cur.end) return Step.NeedData;
  if (lateBody(conn)) return Step.Again;
  const tx = beginTransaction(conn);
  if (tx === null) return Step.Fault;
  conn.inTx = tx;
  conn.inLeft = conn.inLength = -1;
  conn.inState = ReqState.Line;
  return Step.Again;
}

function line(conn: HttpConn, tx: HttpTransaction): Step {
  const side = tx.req;
  const lf = findLf(cur.pos, cur.end);
  const to = lf < 0 ? cur.end : lf + 1;
  if (!takeLine(conn, tx, Dir.ToServer, cur.pos, to - cur.pos)) return Step.Fault;
  cur.pos = to;
  if (lf < 0 && conn.inStatus !== SideState.Closed) return Step.NeedData;
  const len = side.headLen - side.lineStart;
  if (len === 0) return Step.NeedData;
  const at = side.headOff + side.lineStart;
  if (isBlank(at, len)) {
    // An empty line before the request (RFC 9112, section 2.2).
    side.headLen = side.lineStart;
    return Step.Again;
  }
  side.lineOff = side.lineStart;
  side.lineLen = chomp(at, len);
  side.lineStart = side.rawOff = side.headLen;
  parseRequestLine(conn, tx);
  if (!takeUri(tx)) return Step.Fault;
  tx.requestProgress = TxProgress.Line;
  tx.dirtyToServer = 1;
  protocol(conn, tx);
  return Step.Again;
}

/** A request line without a version is HTTP/0.9, unless what follows looks like a header line. */
function protocol(conn: HttpConn, tx: HttpTransaction): void {
  conn.inState = ReqState.Headers;
  if ((tx.flags & TxFlag.Http09) === 0) return;
  let spaces = false;
  for (let i = cur.pos; i < cur.end; i++) {
    const c = mem[i];
    if (c === 0x3a) {
      tx.flags &= ~TxFlag.Http09;
      return;
    }
    if (cls[c] & CharClass.Lws) spaces = true;
    else if (spaces || cls[c] & CharClass.Space) break;
  }
  conn.inState = ReqState.Finalize;
}

/** Parses the header line that was kept back, if any. */
function flushPending(conn: HttpConn, tx: HttpTransaction): boolean {
  const side = tx.req;
  if (side.pendingLen < 0) return true;
  const len = side.pendingLen;
  side.pendingLen = -1;
  return takeHeaderLine(conn, tx, Dir.ToServer, side.pendingOff, len);
}

function headers(conn: HttpConn, tx: HttpTransaction): Step {
  const side = tx.req;
  for (;;) {
    if (conn.inStatus === SideState.Closed) {
      if (!flushPending(conn, tx)) return Step.Fault;
      side.lineStart = side.headLen;
      side.hasTrailer = 1;
      conn.inState = ReqState.Finalize;
      return Step.Again;
    }
    const lf = findLf(cur.pos, cur.end);
    const to = lf < 0 ? cur.end : lf + 1;
    if (!takeLine(conn, tx, Dir.ToServer, cur.pos, to - cur.pos)) return Step.Fault;
    cur.pos = to;
    if (lf < 0) return Step.NeedData;
    const position = side.lineStart;
    const len = side.headLen - position;
    side.lineStart = side.headLen;
    const at = side.headOff + position;
    if (endsHead(conn.config, at, len, false)) {
      if (!flushPending(conn, tx)) return Step.Fault;
      side.rawLen = side.headLen - side.rawOff;
      return headDone(conn, tx);
    }
    if (!headerLine(conn, tx, position, chomp(at, len))) return Step.Fault;
  }
}

function headerLine(conn: HttpConn, tx: HttpTransaction, position: number, len: number): boolean {
  const side = tx.req;
  const at = side.headOff + position;
  if (len !== 0 && (cls[mem[at]] & CharClass.Folding) === 0) {
    if (!flushPending(conn, tx)) return false;
    const next = cur.pos < cur.end ? mem[cur.pos] : -1;
    if (next !== -1 && (cls[next] & CharClass.Folding) === 0)
      return takeHeaderLine(conn, tx, Dir.ToServer, position, len);
    side.pendingOff = position;
    side.pendingLen = len;
    return true;
  }
  if (side.pendingLen < 0) {
    invalidFolding(conn, tx);
    let skip = 0;
    while (skip < len && cls[mem[at + skip]] & CharClass.Folding) skip++;
    side.pendingOff = position + skip;
    side.pendingLen = len - skip;
    return true;
  }
  return side.fold(position, len) || lineTooLong(conn, tx, Dir.ToServer);
}

function invalidFolding(conn: HttpConn, tx: HttpTransaction): void {
  if (tx.req.fieldFlags & FieldFlag.InvalidFolding) return;
  tx.req.fieldFlags |= FieldFlag.InvalidFolding;
  warn(conn, tx, HttpEvent.InvalidRequestFieldFolding, Dir.ToServer);
}

function headDone(conn: HttpConn, tx: HttpTransaction): Step {
  tx.dirtyToServer = 1;
  if (tx.requestProgress >= TxProgress.Headers) {
    tx.req.hasTrailer = 1;
    tx.requestProgress = TxProgress.Trailer;
    conn.inState = ReqState.Finalize;
    return Step.Again;
  }
  if (!requestHeadersDone(conn, tx)) return Step.Fault;
  tx.requestProgress = TxProgress.Headers;
  if (tx.method === Method.Connect) {
    conn.inState = ReqState.ConnectWait;
    conn.inStatus = SideState.Other;
    return connectWait(conn, tx);
  }
  switch (tx.req.transfer) {
    case Transfer.Chunked:
      conn.inState = ReqState.ChunkLength;
      break;
    case Transfer.Identity:
      conn.inLength = conn.inLeft = tx.req.contentLength;
      conn.inState = conn.inLength === 0 ? ReqState.Finalize : ReqState.BodyIdentity;
      break;
    default:
      conn.inState = ReqState.Finalize;
  }
  return Step.Again;
}

/**
 * Bytes that do not wait for the answer to a CONNECT. Another request is taken as one: a server that refuses the tunnel
 * reads on. Of anything else nothing is known until the answer comes; it is left alone and told of.
 */
function connectWait(conn: HttpConn, tx: HttpTransaction): Step {
  if (cur.pos >= cur.end || conn.inStatus === SideState.Closed) return Step.Other;
  const lf = findLf(cur.pos, cur.end);
  if (!startsRequest(cur.pos, lf < 0 ? cur.end : lf)) {
    raise(tx, HttpEvent.ConnectionNotFollowed, Dir.ToServer);
    cur.pos = cur.end;
    return Step.Other;
  }
  requestComplete(conn, tx);
  conn.inStatus = SideState.Data;
  return Step.Again;
}

/** True for a line that begins with a known method, or is a whole request line with any other one. */
function startsRequest(from: number, to: number): boolean {
  let word = from;
  while (word < to && (cls[mem[word]] & CharClass.Space) === 0) word++;
  if (word === from) return false;
  if (word === cur.end && mayBecomeMethod(from, word - from)) return true;
  return methodOf(from, word - from) !== Method.Unknown || isRequestLine(from, to);
}

/** The answer to a CONNECT is complete: a granted tunnel is probed, otherwise the next request follows. */
export function connectDone(conn: HttpConn, tx: HttpTransaction): void {
  requestComplete(conn, tx);
  if (conn.inStatus === SideState.Other) conn.inStatus = SideState.Data;
  if (tx.status >= 200 && tx.status <= 299) {
    tx.flags |= TxFlag.Tunnel;
    conn.inState = ReqState.ConnectProbe;
  }
}

/** In a tunnel: plain HTTP is parsed on, anything else is left alone. */
function connectProbe(conn: HttpConn): Step {
  if (cur.pos >= cur.end) return Step.NeedData;
  let from = cur.pos;
  while (from < cur.end && cls[mem[from]] & CharClass.Space) from++;
  let to = from;
  while (to < cur.end && (cls[mem[to]] & CharClass.Space) === 0 && mem[to] !== 0) to++;
  conn.inState = ReqState.Idle;
  if (methodOf(from, to - from) === Method.Unknown) conn.inStatus = conn.outStatus = SideState.Tunnel;
  return Step.Again;
}

function bodyIdentity(conn: HttpConn, tx: HttpTransaction): Step {
  const len = Math.min(cur.end - cur.pos, conn.inLeft);
  if (len === 0) return Step.NeedData;
  if (cur.gap) skipBody(tx, Dir.ToServer, len);
  else takeBody(conn, tx, Dir.ToServer, cur.pos, len);
  cur.pos += len;
  conn.inLeft -= len;
  if (conn.inLeft !== 0) return Step.NeedData;
  conn.inState = ReqState.Finalize;
  return Step.Again;
}

function chunkLength(conn: HttpConn, tx: HttpTransaction): Step {
  const got = readChunkLength(conn, tx, Dir.ToServer);
  if (got === ChunkLine.NeedData) return Step.NeedData;
  if (got === ChunkLine.TooLong) return Step.Fault;
  if (got === ChunkLine.Bad || got === ChunkLine.Empty) {
    warn(conn, tx, HttpEvent.InvalidRequestChunkLen, Dir.ToServer);
    return Step.Fault;
  }
  conn.inChunk = got;
  if (got > 0) conn.inState = ReqState.ChunkData;
  else {
    conn.inState = ReqState.Headers;
    tx.requestProgress = TxProgress.Trailer;
    tx.req.lineStart = tx.req.headLen;
  }
  return Step.Again;
}

function chunkData(conn: HttpConn, tx: HttpTransaction): Step {
  const len = Math.min(cur.end - cur.pos, conn.inChunk);
  if (len === 0) return Step.NeedData;
  takeBody(conn, tx, Dir.ToServer, cur.pos, len);
  cur.pos += len;
  conn.inChunk -= len;
  if (conn.inChunk !== 0) return Step.NeedData;
  conn.inState = ReqState.ChunkEnd;
  return Step.Again;
}

function chunkEnd(conn: HttpConn, tx: HttpTransaction): Step {
  if (!passChunkEnd(tx, Dir.ToServer)) return Step.NeedData;
  conn.inState = ReqState.ChunkLength;
  return Step.Again;
}

function ignore(): Step {
  cur.pos = cur.end;
  return Step.NeedData;
}

/** Ends the message when nothing that belongs to it follows in the piece. */
function finalize(conn: HttpConn, tx: HttpTransaction): Step {
  const over = conn.inStatus === SideState.Closed || cur.pos >= cur.end || cur.gap || (tx.flags & TxFlag.Http09) !== 0;
  if (over || !trailing(conn, tx)) requestComplete(conn, tx);
  return Step.Again;
}

/**
 * Looks at what follows a message that is complete as announced. The start of another request is left alone (false);
 * anything else up to the end of the line is taken as more of the body, as the server may do, and told of.
 */
function trailing(conn: HttpConn, tx: HttpTransaction): boolean {
  const lf = findLf(cur.pos, cur.end);
  const to = lf < 0 ? cur.end : lf;
  let from = cur.pos;
  while (from < to && cls[mem[from]] & CharClass.Space) from++;
  let word = from;
  while (word < to && (cls[mem[word]] & CharClass.Space) === 0) word++;
  if (word > from) {
    if (methodOf(from, word - from) !== Method.Unknown) return false;
    if (word === cur.end && mayBecomeMethod(from, word - from)) return false;
    if (conn.inLeft <= 0) warn(conn, tx, HttpEvent.RequestBodyUnexpected, Dir.ToServer);
    else conn.inLeft = 1;
    // Servers take a whole request line for one whatever its method is.
    if (lf < 0 ? beginsRequestLine(from, to) : isRequestLine(from, to)) return false;
  }
  const end = lf < 0 ? to : lf + 1;
  takeBody(conn, tx, Dir.ToServer, cur.pos, end - cur.pos);
  cur.pos = end;
  return true;
}

/** Bytes after a request that is not answered yet and that start no other one: as in `trailing`. */
function lateBody(conn: HttpConn): boolean {
  const tx = conn.asked;
  if (tx === null || conn.nextToAnswer === null || tx !== conn.last || tx.flags & TxFlag.Http09) return false;
  if (!trailing(conn, tx)) return false;
  tx.req.body.finished = 0;
  tx.detectDone &= ~DetectDone.ToServer;
  tx.dirtyToServer = 1;
  return true;
}

/** Ends the request and looks for the next one. */
export function requestComplete(conn: HttpConn, tx: HttpTransaction): void {
  if ((tx.flags & TxFlag.RequestDone) === 0) {
    endBody(conn, tx, Dir.ToServer);
    tx.requestProgress = TxProgress.Complete;
    tx.flags |= TxFlag.RequestDone;
    tx.dirtyToServer = 1;
  }
  dropInBuf(conn);
  conn.inState = tx.flags & TxFlag.Http09 ? ReqState.Ignore : ReqState.Idle;
  conn.inTx = null;
  conn.asked = tx;
}
