/** Character classes and small parsers over (offset, length) in the one memory. */
import { u8 } from '../core/memory.js';

const mem = u8;

export const enum CharClass {
  /** isspace() of the C locale: HT, LF, VT, FF, CR, SP. */
  Space = 1,
  /** SP and HT: linear white space. */
  Lws = 2,
  /** Token character (RFC 9110, section 5.6.2). */
  Token = 4,
  Hex = 8,
  Digit = 16,
  Alnum = 32,
  /** What continues a header line: SP, HT, and NUL, which clients take for one. */
  Folding = 64,
}

/** CharClass bits of each byte. */
export const charClass = new Uint8Array(256);
/** ASCII lower case of each byte. */
export const lowerOf = new Uint8Array(256);

for (let c = 0; c < 256; c++) {
  const s = String.fromCharCode(c);
  let bits = 0;
  if ((c >= 9 && c <= 13) || c === 32) bits |= CharClass.Space;
  if (c === 9 || c === 32) bits |= CharClass.Lws;
  if (c === 9 || c === 32 || c === 0) bits |= CharClass.Folding;
  if (c >= 33 && c <= 126 && !'()<>@,;:\\"/[]?={}'.includes(s)) bits |= CharClass.Token;
  if (/[0-9a-fA-F]/.test(s)) bits |= CharClass.Hex;
  if (c >= 48 && c <= 57) bits |= CharClass.Digit;
  if (/[0-9a-zA-Z]/.test(s)) bits |= CharClass.Alnum;
  charClass[c] = bits;
  lowerOf[c] = c >= 65 && c <= 90 ? c + 32 : c;
}

/** Value of a hexadecimal digit; any other byte gives something in 0..255 (used where a server decodes junk too). */
export function hexValue(c: number): number {
  return c >= 65 ? (c & 0xdf) - 65 + 10 : c - 48;
}

/** What parseNumber and its callers give for text that is no number. */
const enum NumberFault {
  None = -1,
  Overflow = -2,
  Empty = -3,
}

/** Largest number taken from text: 2^53 - 1. */
const MaxNumber = Number.MAX_SAFE_INTEGER;

/** Digits in `base` from `off`, up to the first that is none; a NumberFault when there are none or too many. */
export function parseDigits(off: number, end: number, base: number): number {
  let n = 0;
  let i = off;
  for (; i < end; i++) {
    const c = mem[i];
    if ((charClass[c] & CharClass.Hex) === 0) break;
    const v = hexValue(c);
    if (v >= base) break;
    n = n * base + v;
    if (n > MaxNumber) return NumberFault.Overflow;
  }
  return i === off ? NumberFault.None : n;
}

/** A whole number with nothing but SP and HT around it, or a NumberFault. */
export function parseStrictNumber(off: number, len: number): number {
  let i = off;
  let end = off + len;
  while (i < end && charClass[mem[i]] & CharClass.Lws) i++;
  while (end > i && charClass[mem[end - 1]] & CharClass.Lws) end--;
  if (i === end) return NumberFault.Empty;
  for (let k = i; k < end; k++) if ((charClass[mem[k]] & CharClass.Digit) === 0) return NumberFault.None;
  return parseDigits(i, end, 10);
}

/**
 * Content-Length as clients in the field take it: junk before and after the first run of digits is passed over.
 * A NumberFault when there is no digit or the number is too large.
 */
export function parseContentLength(off: number, len: number): number {
  const end = off + len;
  let i = off;
  while (i < end && (charClass[mem[i]] & CharClass.Digit) === 0) i++;
  if (i === end) return NumberFault.None;
  return parseDigits(i, end, 10);
}

/** True for digits alone: what every reader takes for the same number. */
export function isPlainNumber(off: number, len: number): boolean {
  for (let i = off; i < off + len; i++) if ((charClass[mem[i]] & CharClass.Digit) === 0) return false;
  return len > 0;
}

/** True when the bytes equal `text` (lower case ASCII) in any letter case. */
export function equalsNoCase(off: number, len: number, text: string): boolean {
  if (len !== text.length) return false;
  for (let i = 0; i < len; i++) if (lowerOf[mem[off + i]] !== text.charCodeAt(i)) return false;
  return true;
}

/** As equalsNoCase, but NUL bytes in the input are passed over (servers and clients drop them). */
export function equalsNoCaseNoNul(off: number, len: number, text: string): boolean {
  let k = 0;
  for (let i = 0; i < len; i++) {
    const c = mem[off + i];
    if (c === 0) continue;
    if (k === text.length || lowerOf[c] !== text.charCodeAt(k)) return false;
    k++;
  }
  return k === text.length;
}

/** Offset in memory of the first occurrence of `text` (lower case) in any letter case, -1 when absent. */
export function findNoCase(off: number, len: number, text: string): number {
  const last = off + len - text.length;
  const first = text.charCodeAt(0);
  for (let i = off; i <= last; i++) {
    if (lowerOf[mem[i]] === first && equalsNoCase(i, text.length, text)) return i;
  }
  return -1;
}

/** As findNoCase, with NUL bytes between the characters passed over. */
export function containsNoCaseNoNul(off: number, len: number, text: string): boolean {
  const end = off + len;
  for (let i = off; i < end; i++) {
    let k = 0;
    for (let j = i; j < end && k < text.length; j++) {
      const c = mem[j];
      if (c === 0 && k > 0) continue;
      if (lowerOf[c] !== text.charCodeAt(k)) break;
      k++;
    }
    if (k === text.length) return true;
  }
  return false;
}
