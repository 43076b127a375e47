/**
 * Which protocol the first bytes of a direction are: patterns at the front of the stream (as Suricata's protocol
 * detection has them) and, on some ports, a look at the binary layout. HTTP/1 is recognised on any port.
 */
import { u8 } from '../core/memory.js';
import { AppProto } from '../protocol/app-proto.js';
import { Dir } from '../protocol/ip.js';

const mem = u8;

export const enum Recognised {
  /** No pattern fits, however the stream goes on. */
  None = -1,
  /** Too few bytes to tell. */
  NeedMore = -2,
}

interface Pattern {
  proto: AppProto;
  /** Lower case when `noCase`. */
  bytes: Uint8Array;
  noCase: boolean;
  /** Server port on which alone it counts, 0 any. */
  port: number;
}

const toServer: Pattern[] = [];
const toClient: Pattern[] = [];

function add(list: Pattern[], proto: AppProto, text: string, noCase = true, port = 0): void {
  list.push({ proto, bytes: Buffer.from(noCase ? text.toLowerCase() : text, 'latin1'), noCase, port });
}

const methods =
  'GET PUT POST HEAD TRACE OPTIONS CONNECT DELETE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK CHECKOUT ' +
  'UNCHECKOUT CHECKIN UPDATE LABEL REPORT MKWORKSPACE MKACTIVITY MERGE INVALID VERSION-CONTROL BASELINE-CONTROL';
for (const m of methods.split(' ')) {
  add(toServer, AppProto.Http1, `${m} `);
  add(toServer, AppProto.Http1, `${m}\t`);
}
for (const v of ['HTTP/0.9', 'HTTP/1.0', 'HTTP/1.1']) add(toClient, AppProto.Http1, v);
add(toServer, AppProto.Http2, 'PRI * HTTP/2.0\r\n', false);
for (const minor of ['\x00', '\x01', '\x02', '\x03', '\x04']) {
  for (const list of [toServer, toClient]) add(list, AppProto.Tls, `\x16\x03${minor}`, false);
  add(toClient, AppProto.Tls, `\x15\x03${minor}`, false);
}
for (const list of [toServer, toClient]) add(list, AppProto.Ssh, 'SSH-', false);
for (const verb of ['EHLO', 'HELO', 'QUIT']) add(toServer, AppProto.Smtp, verb);
for (const verb of ['USER ', 'PASS ', 'PORT ', 'EPRT ', 'AUTH SSL', 'AUTH TLS', 'FEAT\r', 'SYST\r']) {
  add(toServer, AppProto.Ftp, verb);
}
add(toClient, AppProto.Ftp, '220 (', false);
add(toClient, AppProto.Imap, '* OK ', true);
for (const m of ['INVITE ', 'REGISTER ', 'BYE ', 'ACK ', 'CANCEL ', 'SUBSCRIBE ', 'NOTIFY ']) {
  add(toServer, AppProto.Sip, m, false, 5060);
}
add(toClient, AppProto.Sip, 'SIP/2.0', false);
for (const list of [toServer, toClient]) {
  add(list, AppProto.Dcerpc, '\x05\x00', false);
  add(list, AppProto.Other, 'RFB ', false);
  add(list, AppProto.Other, '\x13BitTorrent protocol', false);
}

export const enum RecogniseLimit {
  /** Bytes of a stream that decide at most. */
  Bytes = 64,
}

// 0 no, 1 yes, 2 as far as there are bytes.
function fits(p: Pattern, off: number, len: number): number {
  const n = Math.min(len, p.bytes.length);
  for (let i = 0; i < n; i++) {
    let c = mem[off + i];
    if (p.noCase && c >= 65 && c <= 90) c += 32;
    if (c !== p.bytes[i]) return 0;
  }
  return n === p.bytes.length ? 1 : 2;
}

/** SMB over TCP: a NetBIOS session header in front of 0xff or 0xfe, "SMB". */
function isSmb(off: number, len: number): number {
  if (mem[off] !== 0) return 0;
  if (len < 8) return 2;
  const first = mem[off + 4];
  return (first === 0xff || first === 0xfe) && mem[off + 5] === 0x53 && mem[off + 6] === 0x4d && mem[off + 7] === 0x42
    ? 1
    : 0;
}

/** DNS over TCP (RFC 7766): a length and a header with a small number of questions, on port 53. */
function isDns(off: number, len: number): boolean {
  if (len < 14) return false;
  const questions = (mem[off + 6] << 8) | mem[off + 7];
  return ((mem[off] << 8) | mem[off + 1]) >= 12 && questions <= 32 && ((mem[off + 4] >> 3) & 0x0f) <= 5;
}

/** Bytes of a method of HTTP that `mayBeRequest` takes at most. */
const LongestMethod = 64;

function isMethodByte(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c === 0x2d || c === 0x5f;
}

/**
 * Whether the first bytes to a server, which no pattern fits, may be a request all the same: empty lines and white
 * space, any method, and a path or an http URI (RFC 9112, section 2.2: servers pass over empty lines).
 */
export function mayBeRequest(off: number, len: number): boolean {
  const end = off + len;
  let i = off;
  while (i < end && (mem[i] === 0x20 || (mem[i] >= 0x09 && mem[i] <= 0x0d))) i++;
  const from = i;
  while (i < end && i - from < LongestMethod && isMethodByte(mem[i])) i++;
  if (i === from || i === end || (mem[i] !== 0x20 && mem[i] !== 0x09)) return false;
  while (i < end && (mem[i] === 0x20 || mem[i] === 0x09)) i++;
  if (i === end) return false;
  return mem[i] === 0x2f || fits(absolute, i, end - i) === 1;
}

const absolute: Pattern = { proto: AppProto.Http1, bytes: Buffer.from('http', 'latin1'), noCase: true, port: 0 };

/** The protocol of a direction's first bytes: an AppProto or a Recognised. */
export function recognise(dir: Dir, off: number, len: number, serverPort: number): number {
  if (len === 0) return Recognised.NeedMore;
  const list = dir === Dir.ToServer ? toServer : toClient;
  let open = false;
  for (let i = 0; i < list.length; i++) {
    const p = list[i];
    if (p.port !== 0 && p.port !== serverPort) continue;
    const f = fits(p, off, len);
    if (f === 1) return p.proto;
    if (f === 2) open = true;
  }
  const smb = isSmb(off, len);
  if (smb === 1) return AppProto.Smb;
  if (serverPort === 53 && isDns(off, len)) return AppProto.Dns;
  return open || smb === 2 ? Recognised.NeedMore : Recognised.None;
}
