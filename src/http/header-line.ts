/** One header line (RFC 9112, section 5) of a request or response into a row of the header table. */
import { counter, counts } from '../core/counters.js';
import { u8 } from '../core/memory.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import type { HttpConn } from './conn.js';
import { ambiguous, raise, warn } from './events.js';
import { addHeader, addRepetition, findHeaderLike, isRepeated, valueAt, valueLen } from './headers.js';
import { chomp } from './lines.js';
import { FieldFlag, type Side } from './side.js';
import { CharClass, charClass, equalsNoCase, parseContentLength } from './text.js';
import type { HttpTransaction } from './tx.js';

const mem = u8;
const cls = charClass;
const cRepetitions = counter('http.header_repetitions_limit');
const cTooMany = counter('http.headers_limit');

// Where the last line was split: addresses.
let nameFrom = 0;
let nameTo = 0;
let valueFrom = 0;
let valueTo = 0;

function invalid(conn: HttpConn, tx: HttpTransaction, side: Side, dir: Dir): void {
  if (side.fieldFlags & FieldFlag.Invalid) return;
  side.fieldFlags |= FieldFlag.Invalid;
  warn(conn, tx, dir === Dir.ToServer ? HttpEvent.RequestHeaderInvalid : HttpEvent.ResponseHeaderInvalid, dir);
}

function missingColon(conn: HttpConn, tx: HttpTransaction, side: Side, dir: Dir): void {
  if (side.fieldFlags & FieldFlag.Unparseable) return;
  side.fieldFlags |= FieldFlag.Unparseable;
  if (dir === Dir.ToClient) side.fieldFlags |= FieldFlag.Invalid;
  const event = dir === Dir.ToServer ? HttpEvent.RequestFieldMissingColon : HttpEvent.ResponseFieldMissingColon;
  warn(conn, tx, event, dir);
}

/** Finds name and value. A line without a colon is a value without a name, so that it is inspected too. */
function split(conn: HttpConn, tx: HttpTransaction, side: Side, dir: Dir, off: number, end: number): void {
  const request = dir === Dir.ToServer;
  let colon = off;
  while (colon < end && mem[colon] !== 0x3a && (!request || mem[colon] !== 0)) colon++;
  if (colon === end || mem[colon] !== 0x3a) {
    missingColon(conn, tx, side, dir);
    nameFrom = nameTo = off;
    valueFrom = off;
    valueTo = end;
    if (!request) trimValue(end);
    return;
  }
  nameFrom = off;
  nameTo = colon;
  if (colon === off) invalid(conn, tx, side, dir);
  const blank = request ? CharClass.Lws : CharClass.Space;
  while (nameTo > off && cls[mem[nameTo - 1]] & blank) {
    nameTo--;
    invalid(conn, tx, side, dir);
  }
  valueFrom = colon + 1;
  let to = end;
  if (request) {
    // Servers written in C end the value at a NUL.
    to = valueFrom;
    while (to < end && mem[to] !== 0) to++;
    if (to < end) raise(tx, HttpEvent.RequestHeaderNul, dir);
  }
  trimValue(to);
  for (let i = nameFrom; i < nameTo; i++) {
    if ((cls[mem[i]] & CharClass.Token) === 0) {
      invalid(conn, tx, side, dir);
      break;
    }
  }
}

function trimValue(to: number): void {
  while (valueFrom < to && cls[mem[valueFrom]] & CharClass.Lws) valueFrom++;
  while (to > valueFrom && cls[mem[to - 1]] & CharClass.Lws) to--;
  valueTo = to;
}

/**
 * Takes the header line at `position` of the side (`len` bytes, line ends included or not) into its table.
 * False when the headers are too many (or the pool is used up): the connection is then given up.
 */
export function takeHeaderLine(conn: HttpConn, tx: HttpTransaction, dir: Dir, position: number, len: number): boolean {
  const side = dir === Dir.ToServer ? tx.req : tx.res;
  const off = side.at(position);
  split(conn, tx, side, dir, off, off + chomp(off, len));
  const base = position - off;
  const nameLen = nameTo - nameFrom;
  const first = findHeaderLike(side, nameFrom + base, nameLen);
  const value = valueFrom + base;
  const valueSize = valueTo - valueFrom;
  if (first < 0) {
    if (side.rowCount > tx.config.maxHeaders) return tooMany(conn, tx, side, dir);
    return addHeader(side, nameFrom + base, nameLen, value, valueSize);
  }
  if (isRepeated(side, first)) {
    if (side.repetitions >= tx.config.repetitions) {
      counts[cRepetitions]++;
      const event = dir === Dir.ToServer ? HttpEvent.RequestHeaderRepetition : HttpEvent.ResponseHeaderRepetition;
      warn(conn, tx, event, dir);
      return true;
    }
    side.repetitions++;
  }
  if (equalsNoCase(nameFrom, nameLen, 'content-length')) {
    // The first value counts; further ones are ignored (RFC 9112, section 6.3 would have them refused).
    ambiguous(tx, dir);
    const had = parseContentLength(valueAt(side, first), valueLen(side, first));
    const now = parseContentLength(valueFrom, valueSize);
    if (had < 0 || now < 0 || had !== now) warn(conn, tx, duplicateLength(dir), dir);
    return true;
  }
  return addRepetition(side, first, nameFrom + base, nameLen, value, valueSize);
}

function duplicateLength(dir: Dir): HttpEvent {
  return dir === Dir.ToServer
    ? HttpEvent.DuplicateContentLengthFieldInRequest
    : HttpEvent.DuplicateContentLengthFieldInResponse;
}

function tooMany(conn: HttpConn, tx: HttpTransaction, side: Side, dir: Dir): boolean {
  counts[cTooMany]++;
  if ((side.fieldFlags & FieldFlag.TooManyHeaders) === 0) {
    side.fieldFlags |= FieldFlag.TooManyHeaders;
    warn(conn, tx, dir === Dir.ToServer ? HttpEvent.RequestTooManyHeaders : HttpEvent.ResponseTooManyHeaders, dir);
  }
  return false;
}
