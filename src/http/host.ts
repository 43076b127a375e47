/** Host names and ports as they stand in a URI or a Host header (RFC 3986, section 3.2.2). */
import { isIPv6 } from 'node:net';
import { buf, u8 } from '../core/memory.js';
import { CharClass, charClass, parseStrictNumber } from './text.js';

const mem = u8;
const cls = charClass;

const enum HostLimit {
  Name = 255,
  Label = 63,
  /** Longest textual IPv6 address. */
  Ipv6 = 45,
}

/** Where splitHostPort found the host, and what else it saw. Addresses; borrowed until the next call. */
export const hostPort = { off: 0, len: -1, port: -1, invalid: false };

function readPort(off: number, len: number): void {
  const n = parseStrictNumber(off, len);
  if (n > 0 && n < 65536) hostPort.port = n;
  else hostPort.invalid = true;
}

/** Splits "host", "host:port", "[v6]" or "[v6]:port" into `hostPort`; len -1 when there is no host at all. */
export function splitHostPort(at: number, length: number): void {
  let off = at;
  let end = at + length;
  hostPort.len = -1;
  hostPort.port = -1;
  hostPort.invalid = false;
  while (off < end && cls[mem[off]] & CharClass.Space) off++;
  while (end > off && cls[mem[end - 1]] & CharClass.Space) end--;
  if (off === end) {
    hostPort.invalid = true;
    return;
  }
  hostPort.off = off;
  if (mem[off] === 0x5b) {
    let i = off;
    while (i < end && mem[i] !== 0x5d) i++;
    if (i === end) {
      hostPort.invalid = true;
      return;
    }
    hostPort.len = i + 1 - off;
    i++;
    if (i === end) return;
    if (mem[i] === 0x3a) readPort(i + 1, end - i - 1);
    else hostPort.invalid = true;
    return;
  }
  let colon = off;
  while (colon < end && mem[colon] !== 0x3a) colon++;
  let to = colon;
  if (colon < end) {
    while (to > off && cls[mem[to - 1]] & CharClass.Space) to--;
    readPort(colon + 1, end - colon - 1);
  }
  hostPort.len = to - off;
}

/** Length of a host name without trailing dots: with and without them it names the same host. */
export function undottedLen(off: number, len: number): number {
  let n = len;
  while (n > 0 && mem[off + n - 1] === 0x2e) n--;
  return n;
}

/** True for a host name of letters, digits, '-' and '_' in labels of 1..63, or an IPv6 address in brackets. */
export function isValidHost(off: number, len: number): boolean {
  if (len === 0 || len > HostLimit.Name) return false;
  if (mem[off] === 0x5b) {
    if (len < 2 || len - 2 > HostLimit.Ipv6) return false;
    return isIPv6(buf.toString('latin1', off + 1, off + len - 1));
  }
  const end = off + len;
  let i = off;
  while (i < end) {
    const from = i;
    while (i < end && mem[i] !== 0x2e) {
      const c = mem[i];
      if ((cls[c] & CharClass.Alnum) === 0 && c !== 0x2d && c !== 0x5f) return false;
      i++;
    }
    if (i === from || i - from > HostLimit.Label) return false;
    if (i === end) return true;
    i++;
    if (i < end && mem[i] === 0x2e) return false;
  }
  return true;
}
