/** What the header lines of a request mean: body framing, host, authorization, uploads, content coding. */
import { ScratchPart, u8 } from '../core/memory.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import { checkCharset } from './charset.js';
import { openRequestDecoder } from './coding.js';
import type { HttpConn } from './conn.js';
import { ambiguous, raise } from './events.js';
import { copyJoined, findHeader, valueAt, valueLen } from './headers.js';
import { hostPort, isValidHost, splitHostPort } from './host.js';
import { findBoundary } from './multipart.js';
import { hAuthorization, hContentLength, hHost, hTransferEncoding } from './names.js';
import { Version } from './request-line.js';
import { Transfer } from './side.js';
import { CharClass, charClass, equalsNoCase, isPlainNumber, lowerOf, parseContentLength } from './text.js';
import { BodyKind, type HttpTransaction, Method } from './tx.js';
import { setHost } from './uri.js';

const mem = u8;
const cls = charClass;
const to = ScratchPart.HttpOff;

/** True when a comma-separated list has the token (RFC 9110, section 5.6.1), in any letter case. */
function hasToken(off: number, end: number, token: string): boolean {
  let i = off;
  while (i < end) {
    while (i < end && (mem[i] === 0x2c || cls[mem[i]] & CharClass.Space)) i++;
    const from = i;
    while (i < end && mem[i] !== 0x2c) i++;
    let last = i;
    while (last > from && cls[mem[last - 1]] & CharClass.Space) last--;
    if (equalsNoCase(from, last - from, token)) return true;
  }
  return false;
}

/** Body framing (RFC 9112, section 6.3). False when it cannot be told where the message ends. */
function framing(tx: HttpTransaction): boolean {
  const side = tx.req;
  const te = findHeader(side, hTransferEncoding);
  if (te >= 0) {
    const end = copyJoined(side, te, to, to + tx.config.fieldLimit);
    if (findHeader(side, hContentLength) >= 0 || !equalsNoCase(to, end - to, 'chunked')) ambiguous(tx, Dir.ToServer);
    if (!hasToken(to, end, 'chunked')) {
      side.transfer = Transfer.Invalid;
      raise(tx, HttpEvent.InvalidTransferEncodingValueInRequest, Dir.ToServer);
      return false;
    }
    if (side.version < Version.Http11) raise(tx, HttpEvent.InvalidTransferEncodingValueInRequest, Dir.ToServer);
    side.transfer = Transfer.Chunked;
    return true;
  }
  const cl = findHeader(side, hContentLength);
  if (cl < 0) {
    side.transfer = Transfer.NoBody;
    return true;
  }
  const n = parseContentLength(valueAt(side, cl), valueLen(side, cl));
  if (n < 0) {
    side.transfer = Transfer.Invalid;
    raise(tx, HttpEvent.InvalidContentLengthFieldInRequest, Dir.ToServer);
    return false;
  }
  if (!isPlainNumber(valueAt(side, cl), valueLen(side, cl))) ambiguous(tx, Dir.ToServer);
  side.contentLength = n;
  side.transfer = Transfer.Identity;
  return true;
}

/** The host: of the URI when it has one, else of the Host header (RFC 9112, section 3.2.2). */
function host(tx: HttpTransaction): boolean {
  const side = tx.req;
  const h = findHeader(side, hHost);
  if (h < 0) {
    if (side.version >= Version.Http11) raise(tx, HttpEvent.MissingHostHeader, Dir.ToServer);
    return true;
  }
  const end = copyJoined(side, h, to, to + tx.config.fieldLimit);
  splitHostPort(to, end - to);
  const { off, len, port } = hostPort;
  const valid = !hostPort.invalid && len >= 0 && isValidHost(off, len);
  if (!valid) raise(tx, HttpEvent.RequestHeaderHostInvalid, Dir.ToServer);
  if (tx.hostLen < 0) {
    if (len < 0) return true;
    tx.port = port;
    return setHost(tx, off, len);
  }
  let same = len === tx.hostLen;
  const known = side.at(tx.hostOff);
  for (let i = 0; same && i < len; i++) same = lowerOf[mem[off + i]] === mem[known + i];
  if (tx.port !== -1 && port !== -1 && tx.port !== port) same = false;
  if (!same) raise(tx, HttpEvent.HostHeaderAmbiguous, Dir.ToServer);
  return true;
}

function authorization(tx: HttpTransaction): void {
  const h = findHeader(tx.req, hAuthorization);
  if (h < 0) return;
  const off = valueAt(tx.req, h);
  const len = valueLen(tx.req, h);
  for (const scheme of ['basic', 'digest', 'bearer']) {
    if (len >= scheme.length && equalsNoCase(off, scheme.length, scheme)) return;
  }
  raise(tx, HttpEvent.RequestAuthUnrecognized, Dir.ToServer);
}

function bodyKind(tx: HttpTransaction): BodyKind {
  if (tx.method === Method.Put) return BodyKind.Put;
  if (tx.method !== Method.Post && tx.method !== Method.Patch) return BodyKind.None;
  return findBoundary(tx) ? BodyKind.Multipart : BodyKind.Post;
}

/** Takes in the complete header block of a request. False when the connection cannot be followed any further. */
export function requestHeadersDone(conn: HttpConn, tx: HttpTransaction): boolean {
  const framed = framing(tx);
  if (!host(tx)) return false;
  authorization(tx);
  if (!framed) return false;
  tx.bodyKind = bodyKind(tx);
  if (tx.req.transfer === Transfer.NoBody) return true;
  openRequestDecoder(conn, tx);
  checkCharset(tx, Dir.ToServer);
  return true;
}
