/** Base64 decoding for base64_decode and the from_base64 transform (RFC 2045 section 6.8, RFC 4648 section 4). */
import { u8 } from '../core/memory.js';

const mem = u8;
const values = new Int8Array(256).fill(-1);
'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.split('').forEach((c, i) => {
  values[c.charCodeAt(0)] = i;
});

/**
 * Decodes memory[from, from + len) to `to`; the number of bytes written. White space is skipped when `skipSpace`;
 * decoding ends at '=' or the first byte that is not of the alphabet; groups of fewer than four characters at the
 * end give what they hold.
 */
export function decodeBase64(from: number, len: number, to: number, skipSpace: boolean): number {
  let bits = 0;
  let have = 0;
  let out = to;
  for (let i = 0; i < len; i++) {
    const c = mem[from + i];
    const v = values[c];
    if (v < 0) {
      if (skipSpace && (c === 0x20 || (c >= 0x09 && c <= 0x0d))) continue;
      break;
    }
    bits = ((bits << 6) | v) & 0xffffff;
    have += 6;
    if (have >= 8) {
      have -= 8;
      mem[out++] = (bits >>> have) & 0xff;
    }
  }
  return out - to;
}
