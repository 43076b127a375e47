/** Where the lines of a response head end: clients take LF, CRLF, LFCR and a lone CR for a line end. */
import { u8 } from '../core/memory.js';
import type { HttpConn } from './conn.js';
import { piece } from './cursor.js';
import { Ch } from './lines.js';
import type { HttpTransaction } from './tx.js';

const mem = u8;
const cur = piece;

/** End of the status line in the piece (past LF, or past a CR that no LF follows); -1 when it goes on. */
export function statusLineEnd(conn: HttpConn): number {
  let i = cur.pos;
  if (conn.outCr !== 0 && i < cur.end) {
    conn.outCr = 0;
    return mem[i] === Ch.Lf ? i + 1 : i;
  }
  for (; i < cur.end; i++) {
    const c = mem[i];
    if (c === Ch.Lf) return i + 1;
    if (c !== Ch.Cr) continue;
    if (i + 1 === cur.end) {
      conn.outCr = 1;
      return -1;
    }
    if (mem[i + 1] !== Ch.Lf) return i + 1;
  }
  return -1;
}

/**
 * End of the header line in the piece: LF, CRLF, LFCR, or a CR alone; -1 when it goes on. A CR at the very end of
 * the piece is left for the next one to decide.
 */
export function headerLineEnd(conn: HttpConn, tx: HttpTransaction): number {
  let i = cur.pos;
  const lineLen = tx.res.headLen - tx.res.lineStart;
  if (conn.outCr !== 0 && i < cur.end) {
    conn.outCr = 0;
    if (mem[i] === Ch.Lf) return crLf(conn, i + 1);
    // CR in front of CR, or at the very beginning of a line, ends nothing.
    if (mem[i] !== Ch.Cr && lineLen >= 2) return i;
  }
  for (; i < cur.end; i++) {
    const c = mem[i];
    if (c === Ch.Lf) {
      conn.outLfCr = 0;
      if (i + 1 < cur.end && mem[i + 1] === Ch.Cr) {
        conn.outLfCr = 1;
        return i + 2;
      }
      return i + 1;
    }
    if (c !== Ch.Cr) {
      conn.outLfCr = 0;
      continue;
    }
    if (i + 1 === cur.end) {
      conn.outCr = 1;
      return -1;
    }
    if (mem[i + 1] === Ch.Lf) return crLf(conn, i + 2);
    if (mem[i + 1] !== Ch.Cr && lineLen + i + 1 - cur.pos >= 2) return i + 1;
  }
  return -1;
}

/** Past a CRLF: after LFCR another CRLF belongs to the same line end (LF CR CR LF CR LF are two line ends). */
function crLf(conn: HttpConn, at: number): number {
  if (conn.outLfCr === 0) return at;
  conn.outLfCr = 0;
  if (at + 1 >= cur.end || mem[at] !== Ch.Cr || mem[at + 1] !== Ch.Lf) return at;
  cur.pos += 2;
  return at + 2;
}
