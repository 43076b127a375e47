/** Text forms of addresses as EVE prints them: dotted IPv4, IPv6 as eight groups of four digits. */
import type { Packet } from './packet.js';

/** Dotted form of a big-endian 32-bit word (signed or unsigned). */
export function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** "2001:0db8:0000:0000:0000:0000:0000:0001": not shortened, so that it sorts and compares as text. */
function ipv6Text(w0: number, w1: number, w2: number, w3: number): string {
  return `${groups(w0)}:${groups(w1)}:${groups(w2)}:${groups(w3)}`;
}

function groups(word: number): string {
  const digits = (word >>> 0).toString(16).padStart(8, '0');
  return `${digits.slice(0, 4)}:${digits.slice(4)}`;
}

/** Text of four address words of an IPv4 (word 0 alone) or IPv6 address. */
export function addressText(ipVersion: number, w0: number, w1: number, w2: number, w3: number): string {
  return ipVersion === 4 ? ipv4Text(w0) : ipv6Text(w0, w1, w2, w3);
}

/** Source address of a packet, '' when it has no IP header. */
export function srcText(p: Packet): string {
  return p.ipVersion === 0 ? '' : addressText(p.ipVersion, p.src0, p.src1, p.src2, p.src3);
}

/** Destination address of a packet, '' when it has no IP header. */
export function dstText(p: Packet): string {
  return p.ipVersion === 0 ? '' : addressText(p.ipVersion, p.dst0, p.dst1, p.dst2, p.dst3);
}

/** The four words of an address in text form (RFC 4291 section 2.2; IPv4 in word 0), or null when it is none. */
export function parseAddress(text: string): { version: 4 | 6; words: [number, number, number, number] } | null {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (v4 !== null) {
    const octets = v4.slice(1).map(Number);
    if (octets.some((x) => x > 255)) return null;
    return { version: 4, words: [(octets[0] << 24) | (octets[1] << 16) | (octets[2] << 8) | octets[3], 0, 0, 0] };
  }
  const halves = text.split('::');
  if (!text.includes(':') || halves.length > 2) return null;
  const [head, tail] = halves.map((h) => (h === '' ? [] : h.split(':')));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const all = tail === undefined ? head : [...head, ...new Array<string>(missing).fill('0'), ...tail];
  if (all.some((g) => !/^[0-9a-f]{1,4}$/i.test(g))) return null;
  const g = all.map((x) => Number.parseInt(x, 16));
  const word = (i: number): number => (g[i] << 16) | g[i + 1];
  return { version: 6, words: [word(0), word(2), word(4), word(6)] };
}
