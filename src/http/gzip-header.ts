/** Headers of gzip members (RFC 1952, section 2.3) that zlib refuses and clients pass over. */
import { u8 } from '../core/memory.js';

const mem = u8;

/** Bytes of a gzip header that zlib would not take (RFC 1952, section 2.3), as far as they are known; 0: none. */
export function headerLength(off: number, len: number): number {
  if (len < 4 || mem[off] !== 0x1f || mem[off + 1] !== 0x8b || mem[off + 3] === 0) return 0;
  const flags = mem[off + 3];
  let n = 10;
  if (flags & 0x18) {
    while (n < len && mem[off + n] !== 0) n++;
    n++;
  } else if (flags & 0x02) n = 12;
  return n > len ? 0 : n;
}
