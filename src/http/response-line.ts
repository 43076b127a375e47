/** The status line (RFC 9112, section 4), with any white space between its parts. */
import { u8 } from '../core/memory.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import type { HttpConn } from './conn.js';
import { warn } from './events.js';
import { Version, versionOf } from './request-line.js';
import { CharClass, charClass, parseStrictNumber } from './text.js';
import type { HttpTransaction } from './tx.js';

const mem = u8;
const cls = charClass;

const enum StatusRange {
  Min = 100,
  Max = 999,
}

function split(tx: HttpTransaction): void {
  const head = tx.res.headOff;
  const end = head + tx.res.lineOff + tx.res.lineLen;
  let i = head + tx.res.lineOff;
  while (i < end && cls[mem[i]] & CharClass.Space) i++;
  let from = i;
  while (i < end && (cls[mem[i]] & CharClass.Space) === 0) i++;
  if (i === from) return;
  tx.resProtoOff = from - head;
  tx.resProtoLen = i - from;
  tx.res.version = versionOf(from, i - from);
  while (i < end && cls[mem[i]] & CharClass.Space) i++;
  from = i;
  while (i < end && (cls[mem[i]] & CharClass.Space) === 0) i++;
  if (i === from) return;
  tx.statusOff = from - head;
  tx.statusLen = i - from;
  const n = parseStrictNumber(from, i - from);
  if (n >= StatusRange.Min && n <= StatusRange.Max) tx.status = n;
  while (i < end && cls[mem[i]] & CharClass.Space) i++;
  if (i === end) return;
  tx.reasonOff = i - head;
  tx.reasonLen = end - i;
}

/** Splits the line at res.lineOff into version, status and reason, and raises what is wrong with it. */
export function parseStatusLine(conn: HttpConn, tx: HttpTransaction): void {
  tx.res.version = Version.Invalid;
  tx.status = tx.statusLen = tx.reasonLen = tx.resProtoLen = -1;
  split(tx);
  if (tx.res.version === Version.Invalid) warn(conn, tx, HttpEvent.ResponseInvalidProtocol, Dir.ToClient);
  if (tx.status < 0) warn(conn, tx, HttpEvent.ResponseInvalidStatus, Dir.ToClient);
}
