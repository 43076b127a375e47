/** Collecting lines that arrive in several pieces: of the head (kept with it) and of the body framing (in a buffer). */

import { allocBlock, blockSize, freeBlock } from '../applayer/pool.js';
import { counter, counts } from '../core/counters.js';
import { u8 } from '../core/memory.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import type { HttpConn } from './conn.js';
import { warn } from './events.js';
import type { HttpTransaction } from './tx.js';

const mem = u8;
const cTooLong = counter('http.line_limit');

/** Raises the event of a line over meta-field-limit and counts it; always false. */
export function lineTooLong(conn: HttpConn, tx: HttpTransaction, dir: Dir): false {
  counts[cTooLong]++;
  warn(conn, tx, dir === Dir.ToServer ? HttpEvent.RequestFieldTooLong : HttpEvent.ResponseFieldTooLong, dir);
  return false;
}

/** Adds bytes to the head's current line. False when it is longer than the limit or there is no memory. */
export function takeLine(conn: HttpConn, tx: HttpTransaction, dir: Dir, off: number, len: number): boolean {
  const side = dir === Dir.ToServer ? tx.req : tx.res;
  const held = side.pendingLen > 0 ? side.pendingLen : 0;
  if (side.headLen - side.lineStart + len + held > conn.config.fieldLimit) return lineTooLong(conn, tx, dir);
  return side.appendHead(off, len);
}

/** A line of the framing: where it lies. Borrowed until the next call or the end of the piece. */
export const line = { off: 0, len: 0 };

/**
 * The bytes [off, off + len) as the end of the line being collected; `more` when it goes on in the next piece.
 * `line` is the whole line so far. False when it is too long or there is no memory.
 */
export function collectLine(
  conn: HttpConn,
  tx: HttpTransaction,
  dir: Dir,
  off: number,
  len: number,
  more: boolean,
): boolean {
  const request = dir === Dir.ToServer;
  const had = request ? conn.inBufLen : conn.outBufLen;
  if (had === 0 && !more) {
    line.off = off;
    line.len = len;
    return true;
  }
  const need = had + len;
  if (need > conn.config.fieldLimit) return lineTooLong(conn, tx, dir);
  let buf = request ? conn.inBufOff : conn.outBufOff;
  let size = request ? conn.inBufSize : conn.outBufSize;
  if (need > size) {
    const newSize = blockSize(need);
    const block = allocBlock(newSize);
    if (block === 0) return false;
    if (size !== 0) {
      mem.copyWithin(block, buf, buf + had);
      freeBlock(buf, size);
    }
    buf = block;
    size = newSize;
  }
  mem.copyWithin(buf + had, off, off + len);
  if (request) {
    conn.inBufOff = buf;
    conn.inBufSize = size;
    conn.inBufLen = need;
  } else {
    conn.outBufOff = buf;
    conn.outBufSize = size;
    conn.outBufLen = need;
  }
  line.off = buf;
  line.len = need;
  return true;
}

/** The collected line was used: start anew (the block is kept for the next one). */
export function lineUsed(conn: HttpConn, dir: Dir): void {
  if (dir === Dir.ToServer) conn.inBufLen = 0;
  else conn.outBufLen = 0;
}
