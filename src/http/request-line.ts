/**
 * The request line (RFC 9112, section 3), read as tolerantly as servers read it: any white space between the parts,
 * missing version (HTTP/0.9). What follows the first space behind the URI is the protocol field, whatever it says.
 */
import { u8 } from '../core/memory.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import type { HttpConn } from './conn.js';
import { raise, warn } from './events.js';
import { CharClass, charClass } from './text.js';
import { TxFlag } from './transaction.js';
import { type HttpTransaction, Method } from './tx.js';

const mem = u8;
const cls = charClass;

export const enum Version {
  Invalid = -2,
  Http09 = 9,
  Http10 = 100,
  Http11 = 101,
}

const methods = new Map<string, Method>([
  ['HEAD', Method.Head],
  ['GET', Method.Get],
  ['PUT', Method.Put],
  ['POST', Method.Post],
  ['DELETE', Method.Delete],
  ['CONNECT', Method.Connect],
  ['OPTIONS', Method.Options],
  ['TRACE', Method.Trace],
  ['PATCH', Method.Patch],
]);
for (const m of (
  'PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK VERSION-CONTROL CHECKOUT UNCHECKOUT CHECKIN UPDATE LABEL REPORT ' +
  'MKWORKSPACE MKACTIVITY BASELINE-CONTROL MERGE INVALID'
).split(' '))
  methods.set(m, Method.Known);

const enum Longest {
  Method = 16,
}

/** Known methods by length, as bytes, so that looking one up makes no string. */
const byLength: { bytes: Uint8Array; method: Method }[][] = Array.from({ length: Longest.Method + 1 }, () => []);
for (const [name, method] of methods) byLength[name.length].push({ bytes: Buffer.from(name), method });

/** The method spelled by the bytes (case counts), Method.Unknown for any other. */
export function methodOf(off: number, len: number): Method {
  if (len > Longest.Method) return Method.Unknown;
  const list = byLength[len];
  for (let k = 0; k < list.length; k++) {
    const bytes = list[k].bytes;
    let i = 0;
    while (i < len && mem[off + i] === bytes[i]) i++;
    if (i === len) return list[k].method;
  }
  return Method.Unknown;
}

/** True when the bytes are the beginning of a known method. */
export function mayBecomeMethod(off: number, len: number): boolean {
  for (let n = len + 1; n < byLength.length; n++) {
    const list = byLength[n];
    for (let k = 0; k < list.length; k++) {
      let i = 0;
      while (i < len && mem[off + i] === list[k].bytes[i]) i++;
      if (i === len) return true;
    }
  }
  return false;
}

/** True for a line "method target HTTP/d.d" with a method of token characters, known or not (RFC 9112, section 3). */
export function isRequestLine(from: number, to: number): boolean {
  let end = to;
  while (end > from && cls[mem[end - 1]] & CharClass.Space) end--;
  let i = from;
  while (i < end && cls[mem[i]] & CharClass.Token) i++;
  if (i === from || i + 11 > end || mem[i] !== 0x20 || mem[end - 9] !== 0x20) return false;
  const v = end - 8;
  if (mem[v] !== 0x48 || mem[v + 1] !== 0x54 || mem[v + 2] !== 0x54 || mem[v + 3] !== 0x50) return false;
  if (mem[v + 4] !== 0x2f || mem[v + 6] !== 0x2e) return false;
  return (cls[mem[v + 5]] & CharClass.Digit) !== 0 && (cls[mem[v + 7]] & CharClass.Digit) !== 0;
}

/** True for the beginning of such a line whose end is not there yet: a method, a space, a path. */
export function beginsRequestLine(from: number, to: number): boolean {
  let i = from;
  while (i < to && cls[mem[i]] & CharClass.Token) i++;
  return i > from && i + 1 < to && mem[i] === 0x20 && mem[i + 1] === 0x2f;
}

/** HTTP-version (RFC 9112, section 2.3): exactly eight characters, else Version.Invalid. */
export function versionOf(off: number, len: number): Version {
  if (len !== 8 || mem[off] !== 0x48 || mem[off + 1] !== 0x54 || mem[off + 2] !== 0x54) return Version.Invalid;
  if (mem[off + 3] !== 0x50 || mem[off + 4] !== 0x2f || mem[off + 6] !== 0x2e) return Version.Invalid;
  const major = mem[off + 5];
  const minor = mem[off + 7];
  if (major === 0x30 && minor === 0x39) return Version.Http09;
  if (major === 0x31 && minor === 0x30) return Version.Http10;
  if (major === 0x31 && minor === 0x31) return Version.Http11;
  return Version.Invalid;
}

function skipSpace(i: number, end: number): number {
  while (i < end && cls[mem[i]] & CharClass.Space) i++;
  return i;
}
function skipText(i: number, end: number): number {
  while (i < end && (cls[mem[i]] & CharClass.Space) === 0) i++;
  return i;
}

let badDelimiter = false;

/** End of the URI that starts at `start`: the first space, or any white space of a line that has no space after it. */
function endOfUri(start: number, end: number): number {
  badDelimiter = false;
  let i = start;
  while (i < end && mem[i] !== 0x20) {
    if (cls[mem[i]] & CharClass.Space) badDelimiter = true;
    i++;
  }
  return badDelimiter && i === end ? skipText(start, end) : i;
}

function set09(tx: HttpTransaction): void {
  tx.flags |= TxFlag.Http09;
  tx.req.version = Version.Http09;
}

/** Splits the line at req.lineOff into method, URI and version, and raises what is odd about it. */
export function parseRequestLine(conn: HttpConn, tx: HttpTransaction): void {
  const side = tx.req;
  const head = side.headOff;
  const from = head + side.lineOff;
  let end = from + side.lineLen;
  const uri = tx.config.uri;
  if (uri.nulEndsLine) {
    let i = from;
    while (i < end && mem[i] !== 0) i++;
    end = i;
  }
  let pos = skipSpace(from, end);
  let methodAt = pos;
  if (pos !== from) {
    warn(conn, tx, HttpEvent.RequestLineLeadingWhitespace, Dir.ToServer);
    if (uri.keepLeadingSpace) methodAt = from;
  }
  pos = skipText(pos, end);
  tx.methodOff = methodAt - head;
  tx.methodLen = pos - methodAt;
  tx.method = methodOf(methodAt, tx.methodLen);

  const gap = pos;
  pos = skipSpace(pos, end);
  for (let i = gap; i < pos; i++) {
    if (mem[i] !== 0x20) {
      warn(conn, tx, HttpEvent.MethodDelimNonCompliant, Dir.ToServer);
      break;
    }
  }
  if (pos === end) {
    set09(tx);
    return;
  }
  const uriEnd = endOfUri(pos, end);
  if (badDelimiter) warn(conn, tx, HttpEvent.UriDelimNonCompliant, Dir.ToServer);
  tx.uriOff = pos - head;
  tx.uriLen = uriEnd - pos;
  pos = skipSpace(uriEnd, end);
  if (pos === end) {
    set09(tx);
    return;
  }
  tx.protoOff = pos - head;
  tx.protoLen = end - pos;
  side.version = versionOf(pos, tx.protoLen);
  if (side.version === Version.Invalid) raise(tx, HttpEvent.RequestInvalidProtocol, Dir.ToServer);
}
