/** Addresses between text and network-order bytes (4 or 16): what the store keeps and what community ids hash. */
import { isIPv6 } from 'node:net';

/** The number of a dotted quad, -1 when it is none. Leading zeros are refused: elsewhere they mean octal. */
function quad(text: string): number {
  let value = 0;
  let part = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x2e && part >= 0) {
      value = value * 256 + part;
      part = -1;
      dots++;
    } else if (c >= 0x30 && c <= 0x39 && part !== 0) {
      part = (part < 0 ? 0 : part * 10) + c - 0x30;
      if (part > 255) return -1;
    } else return -1;
  }
  return dots === 3 && part >= 0 ? value * 256 + part : -1;
}

/** Bytes of an IPv4 or IPv6 address in text form; empty for anything else (also for ''). */
export function addressBytes(text: string): Buffer {
  const v4 = quad(text);
  if (v4 >= 0) {
    const out = Buffer.allocUnsafe(4);
    out.writeUInt32BE(v4, 0);
    return out;
  }
  const bare = text.split('%', 1)[0];
  if (!isIPv6(bare)) return Buffer.alloc(0);
  const out = Buffer.alloc(16);
  let front = bare;
  let tail: Buffer | null = null;
  const dotted = /(^|:)(\d+\.\d+\.\d+\.\d+)$/.exec(bare);
  if (dotted !== null) {
    tail = Buffer.from(dotted[2].split('.').map(Number));
    front = `${bare.slice(0, bare.length - dotted[2].length)}${tail.toString('hex', 0, 2)}:${tail.toString('hex', 2, 4)}`;
  }
  const [left, right] = front.split('::', 2);
  const words = (s: string | undefined) => (s ? s.split(':').map((w) => Number.parseInt(w, 16)) : []);
  words(left).forEach((w, i) => {
    out.writeUInt16BE(w, i * 2);
  });
  const rest = words(right);
  rest.forEach((w, i) => {
    out.writeUInt16BE(w, 16 - rest.length * 2 + i * 2);
  });
  return out;
}

/** Bytes of an address held as big-endian 32-bit words, one of them for IPv4 and four for IPv6. */
export function wordBytes(words: readonly number[], version: number): Uint8Array {
  const out = Buffer.alloc(version === 4 ? 4 : 16);
  for (let i = 0; i * 4 < out.length; i++) out.writeInt32BE(words[i] | 0, i * 4);
  return out;
}

/** Text of 4 or 16 bytes as EVE writes it: IPv6 in full, eight groups of four digits. '' for other lengths. */
export function addressText(b: Uint8Array): string {
  if (b.length === 4) return `${b[0]}.${b[1]}.${b[2]}.${b[3]}`;
  if (b.length !== 16) return '';
  const hex = Buffer.from(b.buffer, b.byteOffset, 16).toString('hex');
  return hex.match(/.{4}/g)?.join(':') ?? '';
}

/** Text of 4 or 16 bytes for people: IPv6 shortened by RFC 5952 section 4. */
export function shortAddressText(b: Uint8Array): string {
  if (b.length !== 16) return addressText(b);
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push(b[i] * 256 + b[i + 1]);
  let at = -1;
  let run = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && words[i + n] === 0) n++;
    if (n > run) {
      at = i;
      run = n;
    }
  }
  const text = (list: number[]) => list.map((w) => w.toString(16)).join(':');
  return at < 0 ? text(words) : `${text(words.slice(0, at))}::${text(words.slice(at + run))}`;
}

/** An inclusive range of addresses of one length. */
export interface AddressRange {
  lo: Buffer;
  hi: Buffer;
}

/** "192.0.2.0/24", "2001:db8::/32", a single address or "a-b" as a range; null when it is none of these. */
export function addressRange(text: string): AddressRange | null {
  const span = text.split('-');
  if (span.length === 2) {
    const lo = addressBytes(span[0].trim());
    const hi = addressBytes(span[1].trim());
    return lo.length > 0 && lo.length === hi.length && Buffer.compare(lo, hi) <= 0 ? { lo, hi } : null;
  }
  const [address, prefix, ...more] = text.trim().split('/');
  const lo = addressBytes(address);
  if (lo.length === 0 || more.length > 0) return null;
  const bits = prefix === undefined ? lo.length * 8 : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (!(bits >= 0 && bits <= lo.length * 8)) return null;
  const hi = Buffer.from(lo);
  for (let i = 0; i < lo.length; i++) {
    const keep = Math.min(8, Math.max(0, bits - i * 8));
    const mask = (0xff << (8 - keep)) & 0xff;
    lo[i] &= mask;
    hi[i] = lo[i] | (~mask & 0xff);
  }
  return { lo, hi };
}
