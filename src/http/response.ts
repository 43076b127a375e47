/** The response side of the parser: a state machine over the bytes of one piece. */
import { u8 } from '../core/memory.js';
import { TxProgress } from '../protocol/buffers.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import { endBody, skipBody, takeBody } from './body.js';
import { ChunkLine, passChunkEnd, readChunkLength } from './chunk.js';
import { dropOutBuf, type HttpConn, ReqState, ResState, SideState, Step } from './conn.js';
import { piece } from './cursor.js';
import { ambiguous, warn } from './events.js';
import { takeHeaderLine } from './header-line.js';
import { findHeader } from './headers.js';
import { line, lineTooLong, lineUsed, takeLine } from './line-buffer.js';
import { Ch, chomp, endsHead, findLf, isBlank, isNoStatusLine } from './lines.js';
import { hContentEncoding } from './names.js';
import { connectDone, requestComplete } from './request.js';
import { Version } from './request-line.js';
import { responseHeadersDone } from './response-head.js';
import { parseStatusLine } from './response-line.js';
import { headerLineEnd, statusLineEnd } from './response-lines.js';
import { FieldFlag, Transfer } from './side.js';
import { CharClass, charClass } from './text.js';
import { TxFlag } from './transaction.js';
import type { HttpTransaction } from './tx.js';
import { answerTransaction, DetectDone } from './tx-list.js';

const mem = u8;
const cls = charClass;
const cur = piece;

/** Runs one step in the current state. */
export function responseStep(conn: HttpConn): Step {
  if (conn.outState === ResState.Idle) return idle(conn);
  const tx = conn.outTx;
  if (tx === null) return Step.Fault;
  switch (conn.outState) {
    case ResState.Line:
      return statusLine(conn, tx);
    case ResState.Headers:
      return headers(conn, tx);
    case ResState.BodyKnown:
      return bodyKnown(conn, tx);
    case ResState.BodyToClose:
      return bodyToClose(conn, tx);
    case ResState.ChunkLength:
      return chunkLength(conn, tx);
    case ResState.ChunkData:
      return chunkData(conn, tx);
    case ResState.ChunkEnd:
      return chunkEnd(conn, tx);
    case ResState.Finalize:
      return finalize(conn, tx);
  }
}

function idle(conn: HttpConn): Step {
  if (cur.pos >= cur.end) return Step.NeedData;
  let tx = conn.nextToAnswer;
  if (tx === null) {
    if (conn.answered !== null && lateBody(conn, conn.answered)) return Step.Again;
    if (conn.inState === ReqState.Finalize && conn.inTx !== null) requestComplete(conn, conn.inTx);
    tx = answerTransaction(conn);
    if (tx === null) return Step.Fault;
    warn(conn, tx, HttpEvent.UnableToMatchResponseToRequest, Dir.ToClient);
  } else conn.nextToAnswer = tx.next;
  conn.outTx = tx;
  conn.outLeft = -1;
  tx.dirtyToClient = 1;
  if (tx.flags & TxFlag.Http09 && isNoStatusLine(cur.pos, cur.end - cur.pos)) {
    tx.res.transfer = Transfer.Identity;
    conn.outState = ResState.BodyToClose;
  } else {
    conn.outState = ResState.Line;
    if (tx.methodLen < 0 && tx.uriLen < 0 && conn.inState === ReqState.Line && conn.inTx === tx) {
      warn(conn, tx, HttpEvent.RequestLineIncomplete, Dir.ToServer);
    }
  }
  return Step.Again;
}

/**
 * Bytes that follow a response no further request waits for, and that are no status line, are more of its body: this
 * is what clients make of a Content-Length that is too small. False when they are something else.
 */
function lateBody(conn: HttpConn, tx: HttpTransaction): boolean {
  const lf = findLf(cur.pos, cur.end);
  const to = lf < 0 ? cur.end : lf + 1;
  if (tx.res.transfer === Transfer.NoBody || !isNoStatusLine(cur.pos, to - cur.pos)) return false;
  if (lf < 0 && mayBecomeStatusLine(to)) return false;
  takeMore(conn, tx, to - cur.pos);
  tx.res.body.finished = 0;
  tx.detectDone &= ~DetectDone.ToClient;
  tx.dirtyToClient = 1;
  cur.pos = to;
  return true;
}

/** More of a body than was announced. A coded one of known length has ended for its decoder: what follows is no part of it. */
function takeMore(conn: HttpConn, tx: HttpTransaction, len: number): void {
  const known = tx.res.transfer === Transfer.Identity && tx.res.contentLength > 0 && conn.outLeft === 0;
  if (!known || findHeader(tx.res, hContentEncoding) < 0) takeBody(conn, tx, Dir.ToClient, cur.pos, len);
}

/** True for "h", "ht", "htt" in any letter case at the end of the piece. */
function mayBecomeStatusLine(end: number): boolean {
  const http = [0x68, 0x74, 0x74, 0x70];
  for (let i = cur.pos; i < end; i++) if ((mem[i] | 0x20) !== http[i - cur.pos]) return false;
  return true;
}

function statusLine(conn: HttpConn, tx: HttpTransaction): Step {
  const side = tx.res;
  const at = statusLineEnd(conn);
  const to = at < 0 ? cur.end : at;
  if (!takeLine(conn, tx, Dir.ToClient, cur.pos, to - cur.pos)) return Step.Fault;
  cur.pos = to;
  const closed = conn.outStatus === SideState.Closed;
  if (at < 0 && !closed) return Step.NeedData;
  const off = side.headOff + side.lineStart;
  const len = side.headLen - side.lineStart;
  endsInCr(tx);
  if (isBlank(off, len)) {
    side.headLen = side.lineStart;
    if (closed) conn.outState = ResState.Finalize;
    return Step.Again;
  }
  const size = chomp(off, len);
  if (isNoStatusLine(off, size)) {
    if (cur.pos + 1 < cur.end && (mem[cur.pos] === 0x48 || size <= 2)) {
      // Junk in front of a status line is passed over.
      side.headLen = side.lineStart;
      return Step.Again;
    }
    // Clients show such a response as it is, so it is inspected as a body.
    side.headLen = side.lineStart;
    side.transfer = Transfer.Identity;
    takeBody(conn, tx, Dir.ToClient, off, len);
    if (cur.pos >= cur.end) conn.outState = ResState.Finalize;
    return Step.Again;
  }
  side.lineOff = side.lineStart;
  side.lineLen = size;
  side.lineStart = side.rawOff = side.headLen;
  parseStatusLine(conn, tx);
  tx.responseProgress = TxProgress.Line;
  tx.dirtyToClient = 1;
  conn.outState = ResState.Headers;
  return Step.Again;
}

/** A line that ends in CR, or LF CR: clients do not agree on where the head ends then. */
function endsInCr(tx: HttpTransaction): void {
  if (mem[tx.res.headOff + tx.res.headLen - 1] === Ch.Cr) ambiguous(tx, Dir.ToClient);
}

/** The connection closed within a line: what there is of it is inspected as body. */
function leftover(conn: HttpConn, tx: HttpTransaction, off: number, len: number): void {
  if (len > 0 && isNoStatusLine(off, len)) takeBody(conn, tx, Dir.ToClient, off, len);
}

function flushPending(conn: HttpConn, tx: HttpTransaction): boolean {
  const side = tx.res;
  if (side.pendingLen < 0) return true;
  const len = side.pendingLen;
  side.pendingLen = -1;
  return takeHeaderLine(conn, tx, Dir.ToClient, side.pendingOff, len);
}

function headers(conn: HttpConn, tx: HttpTransaction): Step {
  const side = tx.res;
  for (;;) {
    if (conn.outStatus === SideState.Closed) {
      // Of a line that began with white space and holds nothing else, no header is made.
      if (side.pendingLen > 0 && !flushPending(conn, tx)) return Step.Fault;
      side.hasTrailer = 1;
      leftover(conn, tx, side.headOff + side.lineStart, side.headLen - side.lineStart);
      conn.outState = ResState.Finalize;
      return Step.Again;
    }
    const at = headerLineEnd(conn, tx);
    const to = at < 0 ? cur.end : at;
    if (!takeLine(conn, tx, Dir.ToClient, cur.pos, to - cur.pos)) return Step.Fault;
    cur.pos = to;
    if (at < 0) return Step.NeedData;
    endsInCr(tx);
    const position = side.lineStart;
    const len = side.headLen - position;
    side.lineStart = side.headLen;
    const off = side.headOff + position;
    const noLf = cur.pos < cur.end && mem[cur.pos] !== Ch.Lf;
    if (endsHead(conn.config, off, len, noLf)) {
      if (!flushPending(conn, tx)) return Step.Fault;
      side.rawLen = side.headLen - side.rawOff;
      if (tx.responseProgress < TxProgress.Headers) return responseHeadersDone(conn, tx);
      side.hasTrailer = 1;
      tx.responseProgress = TxProgress.Trailer;
      tx.dirtyToClient = 1;
      conn.outState = ResState.Finalize;
      return Step.Again;
    }
    if (!headerLine(conn, tx, position, chomp(off, len))) return Step.Fault;
  }
}

function headerLine(conn: HttpConn, tx: HttpTransaction, position: number, len: number): boolean {
  const side = tx.res;
  const off = side.headOff + position;
  if (len !== 0 && (cls[mem[off]] & CharClass.Folding) === 0) {
    if (!flushPending(conn, tx)) return false;
    const next = cur.pos < cur.end ? mem[cur.pos] : -1;
    if (next !== -1 && (cls[next] & CharClass.Folding) === 0)
      return takeHeaderLine(conn, tx, Dir.ToClient, position, len);
    side.pendingOff = position;
    side.pendingLen = len;
    return true;
  }
  if (side.pendingLen < 0) {
    invalidFolding(conn, tx);
    let skip = 0;
    while (skip < len && cls[mem[off + skip]] & CharClass.Folding) skip++;
    side.pendingOff = position + skip;
    side.pendingLen = len - skip;
    return true;
  }
  if (tx.res.version === Version.Http11 && hasColon(off, len) && hasColon(side.at(side.pendingOff), side.pendingLen)) {
    // Clients of HTTP/1.1 take a folded line with a colon for a header of its own.
    invalidFolding(conn, tx);
    if (!flushPending(conn, tx)) return false;
    side.pendingOff = position + 1;
    side.pendingLen = len - 1;
    return true;
  }
  return side.fold(position, len) || lineTooLong(conn, tx, Dir.ToClient);
}

function hasColon(off: number, len: number): boolean {
  for (let i = off; i < off + len; i++) if (mem[i] === 0x3a) return true;
  return false;
}

function invalidFolding(conn: HttpConn, tx: HttpTransaction): void {
  if (tx.res.fieldFlags & FieldFlag.InvalidFolding) return;
  tx.res.fieldFlags |= FieldFlag.InvalidFolding;
  warn(conn, tx, HttpEvent.InvalidResponseFieldFolding, Dir.ToClient);
}

function bodyKnown(conn: HttpConn, tx: HttpTransaction): Step {
  if (conn.outStatus === SideState.Closed) {
    conn.outState = ResState.Finalize;
    return Step.Again;
  }
  const len = Math.min(cur.end - cur.pos, conn.outLeft);
  if (len === 0) return Step.NeedData;
  if (cur.gap) skipBody(tx, Dir.ToClient, len);
  else takeBody(conn, tx, Dir.ToClient, cur.pos, len);
  cur.pos += len;
  conn.outLeft -= len;
  if (conn.outLeft !== 0) return Step.NeedData;
  conn.outState = ResState.Finalize;
  return Step.Again;
}

function bodyToClose(conn: HttpConn, tx: HttpTransaction): Step {
  const len = cur.end - cur.pos;
  if (len !== 0) {
    if (cur.gap) skipBody(tx, Dir.ToClient, len);
    else takeBody(conn, tx, Dir.ToClient, cur.pos, len);
    cur.pos = cur.end;
  }
  if (conn.outStatus !== SideState.Closed) return Step.NeedData;
  conn.outState = ResState.Finalize;
  return Step.Again;
}

function chunkLength(conn: HttpConn, tx: HttpTransaction): Step {
  if (conn.outStatus === SideState.Closed) {
    leftover(conn, tx, conn.outBufOff, conn.outBufLen);
    conn.outState = ResState.Finalize;
    return Step.Again;
  }
  const got = readChunkLength(conn, tx, Dir.ToClient);
  switch (got) {
    case ChunkLine.NeedData:
      return Step.NeedData;
    case ChunkLine.TooLong:
      return Step.Fault;
    case ChunkLine.Empty:
      return Step.Again;
    case ChunkLine.Bad:
      // Not chunked after all: the rest of the connection is body, from the bad line on.
      warn(conn, tx, HttpEvent.InvalidResponseChunkLen, Dir.ToClient);
      tx.res.transfer = Transfer.Identity;
      tx.res.contentLength = -1;
      takeBody(conn, tx, Dir.ToClient, line.off, line.len);
      lineUsed(conn, Dir.ToClient);
      conn.outState = ResState.BodyToClose;
      return Step.Again;
  }
  conn.outChunk = got;
  if (got > 0) conn.outState = ResState.ChunkData;
  else {
    conn.outState = ResState.Headers;
    tx.responseProgress = TxProgress.Trailer;
    tx.res.lineStart = tx.res.headLen;
  }
  return Step.Again;
}

function chunkData(conn: HttpConn, tx: HttpTransaction): Step {
  const len = Math.min(cur.end - cur.pos, conn.outChunk);
  if (len === 0) return Step.NeedData;
  takeBody(conn, tx, Dir.ToClient, cur.pos, len);
  cur.pos += len;
  conn.outChunk -= len;
  if (conn.outChunk !== 0) return Step.NeedData;
  conn.outState = ResState.ChunkEnd;
  return Step.Again;
}

function chunkEnd(conn: HttpConn, tx: HttpTransaction): Step {
  const from = cur.pos;
  const ended = passChunkEnd(tx, Dir.ToClient);
  tx.res.wireLen += cur.pos - from;
  if (!ended) return Step.NeedData;
  conn.outState = ResState.ChunkLength;
  return Step.Again;
}

/**
 * The message is complete as announced. Bytes that follow in the same piece and are no status line are taken as more
 * of the body, as clients do that wait for the end of the connection.
 */
function finalize(conn: HttpConn, tx: HttpTransaction): Step {
  if (conn.outStatus === SideState.Closed || cur.pos >= cur.end || cur.gap) return responseComplete(conn, tx);
  const lf = findLf(cur.pos, cur.end);
  const to = lf < 0 ? cur.end : lf + 1;
  if (!isNoStatusLine(cur.pos, to - cur.pos)) return responseComplete(conn, tx);
  takeMore(conn, tx, to - cur.pos);
  cur.pos = to;
  return Step.Again;
}

/** Ends the response; the transaction is then complete on this side. */
export function responseComplete(conn: HttpConn, tx: HttpTransaction): Step {
  if ((tx.flags & TxFlag.ResponseDone) === 0) {
    endBody(conn, tx, Dir.ToClient);
    tx.responseProgress = TxProgress.Complete;
    tx.flags |= TxFlag.ResponseDone;
    tx.endUs = conn.nowUs;
    tx.dirtyToClient = 1;
  }
  dropOutBuf(conn);
  conn.outCr = conn.outLfCr = 0;
  conn.outTx = null;
  conn.answered = tx;
  conn.outState = ResState.Idle;
  if (conn.inState === ReqState.ConnectWait && conn.inTx === tx) connectDone(conn, tx);
  return Step.Again;
}
