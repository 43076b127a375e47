/** Chunk size lines (RFC 9112, section 7.1). */
import { u8 } from '../core/memory.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import type { HttpConn } from './conn.js';
import { piece } from './cursor.js';
import { ambiguous, warn } from './events.js';
import { collectLine, line, lineUsed } from './line-buffer.js';
import { Ch, findLf } from './lines.js';
import { CharClass, charClass, parseDigits } from './text.js';
import type { HttpTransaction } from './tx.js';

const mem = u8;
const cls = charClass;
const cur = piece;

/** Results of readChunkLength that are no length. */
export const enum ChunkLine {
  NeedData = -1,
  TooLong = -2,
  /** Not a chunk size; `line` holds what was read of it. */
  Bad = -3,
  /** An empty line. */
  Empty = -4,
}

const enum ChunkLimit {
  Size = 0x7fff_ffff,
  /** Bytes of a line after which junk at its front shows that it is no chunk size. */
  Probe = 8,
}

/** Where the digits of the line begin, past white space and line ends. */
function digitsFrom(): number {
  const end = line.off + line.len;
  let i = line.off;
  while (i < end && cls[mem[i]] & CharClass.Space) i++;
  return i;
}

/** True for digits, white space at most behind them, and an extension, ended by CRLF (RFC 9112, section 7.1). */
function isPlainLine(end: number): boolean {
  if (line.len < 3 || mem[end - 2] !== Ch.Cr) return false;
  const last = end - 2;
  let i = line.off;
  while (i < last && cls[mem[i]] & CharClass.Hex) i++;
  while (i < last && cls[mem[i]] & CharClass.Lws) i++;
  if (i < last && mem[i] !== 0x3b) return false;
  for (; i < last; i++) if (mem[i] === Ch.Cr) return false;
  return true;
}

/** Size in the collected line: a number, Empty or Bad. Junk after the digits is passed over. */
function sizeOf(conn: HttpConn, tx: HttpTransaction, dir: Dir): number {
  const end = line.off + line.len;
  const from = digitsFrom();
  if (from === end) return ChunkLine.Empty;
  const n = parseDigits(from, end, 16);
  if (n < 0 || n > ChunkLimit.Size) return ChunkLine.Bad;
  if (!isPlainLine(end)) ambiguous(tx, dir);
  if (dir === Dir.ToServer) {
    for (let i = from; i < end; i++) {
      if (mem[i] === 0x3b) {
        warn(conn, tx, HttpEvent.RequestChunkExtension, dir);
        break;
      }
    }
  }
  return n;
}

/** True when so much of a response's line is there that it can be no chunk size (8 bytes, not a digit in front). */
function isJunk(): boolean {
  if (line.len < ChunkLimit.Probe) return false;
  const from = digitsFrom();
  return from < line.off + line.len && (cls[mem[from]] & CharClass.Hex) === 0;
}

/** Reads on in the chunk size line at the cursor: the size, or a ChunkLine. The line is used up unless it is bad. */
export function readChunkLength(conn: HttpConn, tx: HttpTransaction, dir: Dir): number {
  const lf = findLf(cur.pos, cur.end);
  const more = lf < 0;
  const to = more ? cur.end : lf + 1;
  if (to === cur.pos) return ChunkLine.NeedData;
  if (!collectLine(conn, tx, dir, cur.pos, to - cur.pos, more)) return ChunkLine.TooLong;
  cur.pos = to;
  if (more && (dir === Dir.ToServer || !isJunk())) return ChunkLine.NeedData;
  const size = more ? ChunkLine.Bad : sizeOf(conn, tx, dir);
  // A line given up early counts only up to the byte that gave it away.
  const length = more ? digitsFrom() + 1 - line.off : line.len;
  if (dir === Dir.ToServer) tx.req.wireLen += length;
  else tx.res.wireLen += length;
  if (size !== ChunkLine.Bad) lineUsed(conn, dir);
  return size;
}

/** Passes over what is left of a line behind chunk data. True when its end is there. */
export function passChunkEnd(tx: HttpTransaction, dir: Dir): boolean {
  const lf = findLf(cur.pos, cur.end);
  const to = lf < 0 ? cur.end : lf;
  for (let i = cur.pos; i < to; i++) {
    if (mem[i] === Ch.Cr) continue;
    // Data goes on past the size: who does not insist on the line end reads on here.
    ambiguous(tx, dir);
    break;
  }
  cur.pos = lf < 0 ? to : lf + 1;
  return lf >= 0;
}
