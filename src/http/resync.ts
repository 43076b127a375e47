/**
 * Finding the way again after missing bytes. Where the length of what they belong to is known the parser passes them; else
 * the message they lie in may have ended within them, and the next piece that begins a message begins the next one.
 */
import { u8 } from '../core/memory.js';
import { Dir } from '../protocol/ip.js';
import { ConnFlag, connFlags, type HttpConn } from './conn.js';
import { piece } from './cursor.js';
import { requestComplete } from './request.js';
import { methodOf } from './request-line.js';
import { responseComplete } from './response.js';
import { Method } from './tx.js';

const mem = u8;
/** Longer words are no method. */
const LongestMethod = 32;
const bit = (dir: Dir): number => (dir === Dir.ToServer ? ConnFlag.LostToServer : ConnFlag.LostToClient);

/** Bytes are missing, and how many of them belong to the present message is not known. */
export function lose(conn: HttpConn, dir: Dir): void {
  connFlags[conn.flow] |= bit(dir);
}

/** Before the parser looks at a piece of a direction that was lost: ends the message when another one begins here. */
export function resync(conn: HttpConn, dir: Dir): void {
  if (!(dir === Dir.ToServer ? beginsRequest() : beginsResponse())) return;
  connFlags[conn.flow] &= ~bit(dir);
  if (dir === Dir.ToServer && conn.inTx !== null) requestComplete(conn, conn.inTx);
  if (dir === Dir.ToClient && conn.outTx !== null) responseComplete(conn, conn.outTx);
}

/** A known method, a space and the first character of a target. */
function beginsRequest(): boolean {
  const from = piece.pos;
  let i = from;
  while (i < piece.end && i - from <= LongestMethod && mem[i] > 0x20) i++;
  return i + 1 < piece.end && mem[i] === 0x20 && mem[i + 1] > 0x20 && methodOf(from, i - from) !== Method.Unknown;
}

/** "HTTP/1." */
function beginsResponse(): boolean {
  const p = piece.pos;
  if (piece.end - p < 7 || mem[p] !== 0x48 || mem[p + 1] !== 0x54 || mem[p + 2] !== 0x54) return false;
  return mem[p + 3] === 0x50 && mem[p + 4] === 0x2f && mem[p + 5] === 0x31 && mem[p + 6] === 0x2e;
}
