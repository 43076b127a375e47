/** The request target (RFC 9112, section 3.2) split into its parts, and normalised as http.uri shows it. */
import { ScratchPart, u8 } from '../core/memory.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import { decodePath, decodeText, fitUtf8, hasEncoding, hasOddUtf8, removeDotSegments } from './decode-path.js';
import { raise } from './events.js';
import { hostPort, isValidHost, splitHostPort, undottedLen } from './host.js';
import type { UriSettings } from './personality.js';
import { lowerOf, parseStrictNumber } from './text.js';
import { type HttpTransaction, Method } from './tx.js';

const mem = u8;

/** Parts of the URI last split: addresses; an end below its start means the part is not there. */
const part = {
  schemeAt: 0,
  schemeEnd: -1,
  userAt: 0,
  userEnd: -1,
  hostAt: 0,
  hostEnd: -1,
  portAt: 0,
  portEnd: -1,
  pathAt: 0,
  pathEnd: -1,
  queryAt: 0,
  queryEnd: -1,
  fragmentAt: 0,
  fragmentEnd: -1,
};

function find(from: number, end: number, byte: number): number {
  let i = from;
  while (i < end && mem[i] !== byte) i++;
  return i;
}

function splitAuthority(from: number, end: number): void {
  let at = from;
  const user = find(from, end, 0x40);
  if (user < end) {
    part.userAt = from;
    part.userEnd = user;
    at = user + 1;
  }
  let hostEnd = end;
  let colon = find(at, end, 0x3a);
  if (mem[at] === 0x5b) {
    const close = find(at, end, 0x5d);
    hostEnd = close < end ? close + 1 : end;
    colon = find(hostEnd, end, 0x3a);
  } else hostEnd = colon;
  part.hostAt = at;
  part.hostEnd = hostEnd;
  if (colon < end) {
    part.portAt = colon + 1;
    part.portEnd = end;
  }
}

function split(off: number, end: number): void {
  part.schemeEnd = part.userEnd = part.hostEnd = part.portEnd = part.queryEnd = part.fragmentEnd = -1;
  let i = off;
  if (off < end && mem[off] !== 0x2f) {
    const colon = find(off, end, 0x3a);
    if (colon < end) {
      part.schemeAt = off;
      part.schemeEnd = colon;
      i = colon + 1;
      if (i + 2 < end && mem[i] === 0x2f && mem[i + 1] === 0x2f && mem[i + 2] !== 0x2f) {
        i += 2;
        let to = i;
        while (to < end && mem[to] !== 0x3f && mem[to] !== 0x2f && mem[to] !== 0x23) to++;
        splitAuthority(i, to);
        i = to;
      }
    }
  }
  part.pathAt = i;
  while (i < end && mem[i] !== 0x3f && mem[i] !== 0x23) i++;
  part.pathEnd = i;
  if (i < end && mem[i] === 0x3f) {
    part.queryAt = i + 1;
    i = find(i, end, 0x23);
    part.queryEnd = i;
  }
  if (i < end) {
    part.fragmentAt = i + 1;
    part.fragmentEnd = end;
  }
}

/** True when normalising would change nothing from the path to the end of the URI. */
function isPlain(u: UriSettings, from: number, end: number): boolean {
  if (u.includeAll || u.lowercase || u.queryPlusSpace || u.nulRawEnds) return false;
  let last = 0;
  for (let i = from; i < part.pathEnd; i++) {
    const c = mem[i];
    if (c === 0x25 || c === 0x5c || c >= 0x80) return false;
    if (last === 0x2f && (c === 0x2f || c === 0x2e)) return false;
    last = c;
  }
  if (from < part.pathEnd && mem[from] === 0x2e) return false;
  for (let i = part.pathEnd; i < end; i++) if (mem[i] === 0x25 || mem[i] >= 0x80) return false;
  return true;
}

function copy(from: number, end: number, to: number): number {
  mem.copyWithin(to, from, end);
  return to + end - from;
}

/** Scheme, credentials, host and port in front of the path (uri-include-all). */
function writeOrigin(u: UriSettings, to: number): number {
  let w = to;
  if (part.schemeEnd >= part.schemeAt) {
    for (let i = part.schemeAt; i < part.schemeEnd; i++) mem[w++] = lowerOf[mem[i]];
    mem[w++] = 0x3a;
    mem[w++] = 0x2f;
    mem[w++] = 0x2f;
  }
  if (part.userEnd >= part.userAt) {
    w = decodeText(u, false, part.userAt, part.userEnd, w);
    mem[w++] = 0x40;
  }
  if (part.hostEnd >= part.hostAt) {
    const from = w;
    w = decodeText(u, false, part.hostAt, part.hostEnd, w);
    for (let i = from; i < w; i++) mem[i] = lowerOf[mem[i]];
  }
  if (part.portEnd >= part.portAt) {
    mem[w++] = 0x3a;
    w = copy(part.portAt, part.portEnd, w);
  }
  return w;
}

/** Writes the normalised URI at `to` and gives its end. */
function writeNormal(tx: HttpTransaction, u: UriSettings, to: number): number {
  let w = u.includeAll ? writeOrigin(u, to) : to;
  const pathAt = w;
  if (part.pathEnd >= part.pathAt) {
    w = decodePath(u, part.pathAt, part.pathEnd, w);
    if (hasOddUtf8(pathAt, w)) raise(tx, HttpEvent.UriOddUtf8, Dir.ToServer);
    if (u.utf8BestFit) w = fitUtf8(u, pathAt, w);
    w = removeDotSegments(pathAt, w);
    if (u.doubleDecodePath) w = decodeAgain(tx, u, pathAt, w);
  }
  tx.pathOff = pathAt - to;
  tx.pathLen = w - pathAt;
  if (part.queryEnd >= part.queryAt) {
    mem[w++] = 0x3f;
    const from = w;
    // %uXXXX is for paths alone, as with libhtp.
    w = decodeText(u, u.queryPlusSpace, part.queryAt, part.queryEnd, w, false);
    if (u.doubleDecodeQuery) {
      if (w - from < part.queryEnd - part.queryAt) raise(tx, HttpEvent.DoubleEncodedUri, Dir.ToServer);
      w = decodeText(u, u.queryPlusSpace, from, w, from, false);
    }
    if (hasOddUtf8(from, w)) raise(tx, HttpEvent.UriOddUtf8, Dir.ToServer);
  }
  if (part.fragmentEnd >= part.fragmentAt) {
    mem[w++] = 0x23;
    w = decodeText(u, false, part.fragmentAt, part.fragmentEnd, w);
  }
  if (hasEncoding(pathAt, w)) raise(tx, HttpEvent.UriStillEncoded, Dir.ToServer);
  return w;
}

function decodeAgain(tx: HttpTransaction, u: UriSettings, from: number, end: number): number {
  const w = decodeText(u, u.queryPlusSpace, from, end, from);
  if (w < end) raise(tx, HttpEvent.DoubleEncodedUri, Dir.ToServer);
  return w;
}

/** Keeps `len` bytes at `off` in lower case as the host of the request; the position. False when the pool refuses. */
export function setHost(tx: HttpTransaction, off: number, len: number): boolean {
  const to = ScratchPart.HttpOff;
  for (let i = 0; i < len; i++) mem[to + i] = lowerOf[mem[off + i]];
  const at = tx.req.appendAux(to, len);
  if (at < 0) return false;
  tx.hostOff = at;
  tx.hostLen = len;
  return true;
}

/** CONNECT: the target is a host and port (RFC 9110, section 9.3.6). */
function takeAuthority(tx: HttpTransaction, off: number, len: number): boolean {
  splitHostPort(off, len);
  if (hostPort.invalid) raise(tx, HttpEvent.RequestUriHostInvalid, Dir.ToServer);
  tx.port = hostPort.port;
  tx.normLen = 0;
  if (hostPort.len < 0) return true;
  const named = undottedLen(hostPort.off, hostPort.len);
  if (!isValidHost(hostPort.off, named)) raise(tx, HttpEvent.RequestUriHostInvalid, Dir.ToServer);
  tx.hostInUri = true;
  return setHost(tx, hostPort.off, named);
}

function takeHost(tx: HttpTransaction, u: UriSettings): boolean {
  const to = ScratchPart.HttpOff;
  const end = to + undottedLen(to, decodeText(u, false, part.hostAt, part.hostEnd, to) - to);
  for (let i = to; i < end; i++) mem[i] = lowerOf[mem[i]];
  if (!isValidHost(to, end - to)) raise(tx, HttpEvent.RequestUriHostInvalid, Dir.ToServer);
  if (part.portEnd >= part.portAt) {
    const n = parseStrictNumber(part.portAt, part.portEnd - part.portAt);
    if (n > 0 && n < 65536) tx.port = n;
    else raise(tx, HttpEvent.RequestUriHostInvalid, Dir.ToServer);
  }
  tx.hostInUri = true;
  return setHost(tx, to, end - to);
}

/** Splits and normalises the URI of the request line. False when the pool refuses memory. */
export function takeUri(tx: HttpTransaction): boolean {
  const u = tx.config.uri;
  const head = tx.req.headOff;
  const off = head + tx.uriOff;
  const len = tx.uriLen < 0 ? 0 : tx.uriLen;
  if (tx.method === Method.Connect) return takeAuthority(tx, off, len);
  split(off, off + len);
  if (isPlain(u, part.pathAt, off + len)) {
    tx.normOff = part.pathAt - head;
    tx.normLen = off + len - part.pathAt;
    tx.pathOff = tx.normOff;
    tx.pathLen = part.pathEnd - part.pathAt;
  } else {
    const to = ScratchPart.HttpOff;
    const end = writeNormal(tx, u, to);
    const at = tx.req.appendAux(to, end - to);
    if (at < 0) return false;
    tx.normOff = at;
    tx.normLen = end - to;
    tx.pathOff += at;
  }
  return part.hostEnd < part.hostAt || takeHost(tx, u);
}
