/** Bytes helpers of the test tools: text to bytes, addresses to bytes, one's complement sums (RFC 1071). */

/** Text as Latin-1 bytes; bytes as they are. */
export function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? new Uint8Array(Buffer.from(data, 'latin1')) : data;
}

/** Bytes from hexadecimal text; blanks are ignored. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/\s+/g, ''), 'hex'));
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** Four or sixteen bytes of an IPv4 or IPv6 address in text form (RFC 4291 section 2.2, no embedded IPv4). */
export function addressBytes(ip: string): Uint8Array {
  if (!ip.includes(':')) return Uint8Array.from(ip.split('.').map(Number));
  const [head, tail] = ip.split('::');
  const words = (s: string | undefined): number[] => (s ? s.split(':').map((x) => Number.parseInt(x, 16)) : []);
  const left = words(head);
  const right = words(tail);
  const all = tail === undefined ? left : [...left, ...new Array(8 - left.length - right.length).fill(0), ...right];
  return Uint8Array.from(all.flatMap((w) => [w >> 8, w & 255]));
}

/** Sum of 16-bit big-endian words, an odd last byte padded with zero; not folded (exact below 2^53). */
export function sumBytes(b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i + 1 < b.length; i += 2) sum += b[i] * 256 + b[i + 1];
  if (b.length % 2 === 1) sum += b[b.length - 1] * 256;
  return sum;
}

/** The Internet checksum of an unfolded sum (RFC 1071 section 1). */
export function checksumFold(sum: number): number {
  while (sum > 0xffff) sum = Math.floor(sum / 0x10000) + (sum % 0x10000);
  return ~sum & 0xffff;
}
