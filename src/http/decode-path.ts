/** Decoding of the parts of a URI as a server would do it (RFC 3986, sections 2.1 and 5.2.4), from memory to memory. */
import { u8 } from '../core/memory.js';
import { bestFit } from './bestfit.js';
import { InvalidPercent, type UriSettings } from './personality.js';
import { CharClass, charClass, hexValue, lowerOf } from './text.js';

const mem = u8;
const cls = charClass;

const Slash = 0x2f;
const Backslash = 0x5c;
const Percent = 0x25;

function isHex(i: number): boolean {
  return (cls[mem[i]] & CharClass.Hex) !== 0;
}

/** The byte two (assumed) hexadecimal digits stand for. */
function byteAt(i: number): number {
  return ((hexValue(mem[i]) << 4) + hexValue(mem[i + 1])) & 0xff;
}

// Result of decodePercent: the byte (-1: nothing, the percent sign is dropped), and how far to go on.
let value = 0;
let advance = 0;

/** Decodes the percent sign at `i`; see value and advance. True when it was a valid encoding. */
function decodePercent(u: UriSettings, percentU: boolean, i: number, end: number): boolean {
  if (i + 2 < end) {
    if (percentU && (mem[i + 1] | 0x20) === 0x75) {
      const whole = i + 5 < end;
      if (whole && isHex(i + 2) && isHex(i + 3) && isHex(i + 4) && isHex(i + 5)) return decodeU(u, i);
      return invalid(u, whole ? 6 : 0, i);
    }
    if (isHex(i + 1) && isHex(i + 2)) {
      value = byteAt(i + 1);
      advance = 3;
      return true;
    }
    return invalid(u, 3, i);
  }
  return invalid(u, 0, i);
}

function decodeU(u: UriSettings, i: number): boolean {
  const high = byteAt(i + 2);
  value = high === 0 ? byteAt(i + 4) : bestFit((high << 8) | byteAt(i + 4), u.replacement);
  advance = 6;
  return true;
}

function invalid(u: UriSettings, enough: 0 | 3 | 6, i: number): boolean {
  if (u.invalidPercent === InvalidPercent.Decode && enough !== 0) {
    if (enough === 6) decodeU(u, i);
    else {
      value = byteAt(i + 1);
      advance = 3;
    }
    return false;
  }
  value = u.invalidPercent === InvalidPercent.Remove ? -1 : Percent;
  advance = 1;
  return false;
}

/** Decodes a path from [from, end) to `to` (which may be `from`); the end of what was written. */
export function decodePath(u: UriSettings, from: number, end: number, to: number): number {
  let w = to;
  let wasSlash = false;
  for (let i = from; i < end; ) {
    let c = mem[i];
    if (c === Percent) {
      const valid = decodePercent(u, u.percentU, i, end);
      c = value;
      if (c < 0) {
        i += advance;
        continue;
      }
      if (valid && c === 0 && u.nulEncodedEnds) return w;
      const separator = c === Slash || (u.backslash && c === Backslash);
      if (valid && advance === 3 && separator && !u.decodeSeparators) {
        c = Percent;
        i++;
      } else i += advance;
    } else {
      if (c === 0 && u.nulRawEnds) return w;
      i++;
    }
    if (c === Backslash && u.backslash) c = Slash;
    if (u.lowercase) c = lowerOf[c];
    const slash = c === Slash;
    if (!(slash && wasSlash && u.compressSeparators)) mem[w++] = c;
    wasSlash = slash;
  }
  return w;
}

/**
 * Decodes query, fragment, host or credentials; `plusSpace`: '+' is a space; `percentU`: %uXXXX is a character. The end of
 * what was written.
 */
export function decodeText(
  u: UriSettings,
  plusSpace: boolean,
  from: number,
  end: number,
  to: number,
  percentU = u.percentU,
): number {
  let w = to;
  for (let i = from; i < end; ) {
    let c = mem[i];
    if (c === Percent) {
      decodePercent(u, percentU, i, end);
      i += advance;
      if (value < 0) continue;
      c = value;
      if (c === 0 && u.nulEncodedEnds) return w;
    } else {
      if (c === 0 && u.nulRawEnds) return w;
      if (c === 0x2b && plusSpace) c = 0x20;
      i++;
    }
    mem[w++] = c;
  }
  return w;
}

/** Bytes of the UTF-8 sequence a lead byte opens, overlong ones included (RFC 3629, section 3); 0: not a lead byte. */
function sequenceLength(c: number): number {
  if (c < 0x80) return 1;
  if (c >= 0xc0 && c <= 0xdf) return 2;
  if (c >= 0xe0 && c <= 0xef) return 3;
  return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

/** Replaces UTF-8 sequences by single bytes in place; what is no UTF-8 becomes the replacement byte. The new end. */
export function fitUtf8(u: UriSettings, from: number, end: number): number {
  let w = from;
  for (let i = from; i < end; ) {
    const lead = mem[i];
    const n = sequenceLength(lead);
    if (n === 1) {
      mem[w++] = lead;
      i++;
      continue;
    }
    let point = n === 2 ? lead & 0x1f : n === 3 ? lead & 0x0f : lead & 0x07;
    let k = 1;
    while (k < n && i + k < end && (mem[i + k] & 0xc0) === 0x80) point = (point << 6) | (mem[i + k++] & 0x3f);
    if (n !== 0 && k === n) mem[w++] = bestFit(point, u.replacement);
    else if (n === 0 || i + k < end) mem[w++] = u.replacement;
    i += k;
  }
  return w;
}

/** First and last character of the half- and full-width forms (Unicode, block FF00-FFEF). */
const enum WidthForms {
  First = 0xff00,
  Last = 0xffef,
}

/** Smallest code point that needs a sequence of so many bytes (RFC 3629, section 3). */
const shortest = [0, 0, 0x80, 0x800, 0x1_0000];

/** True when there is UTF-8 that a lenient reader takes for ASCII: overlong, or a half- or full-width form. */
export function hasOddUtf8(from: number, end: number): boolean {
  for (let i = from; i < end; i++) {
    const lead = mem[i];
    if (lead < 0xc0) continue;
    const n = sequenceLength(lead);
    if (n === 0 || i + n > end) continue;
    let point = n === 2 ? lead & 0x1f : n === 3 ? lead & 0x0f : lead & 0x07;
    let k = 1;
    while (k < n && (mem[i + k] & 0xc0) === 0x80) point = (point << 6) | (mem[i + k++] & 0x3f);
    if (k === n && (point < shortest[n] || (point >= WidthForms.First && point <= WidthForms.Last))) return true;
  }
  return false;
}

/** True when there is a percent sign with two hexadecimal digits, or with "u" and four. */
export function hasEncoding(from: number, end: number): boolean {
  for (let i = from; i + 2 < end; i++) {
    if (mem[i] !== Percent) continue;
    if (isHex(i + 1) && isHex(i + 2)) return true;
    if ((mem[i + 1] | 0x20) !== 0x75 || i + 5 >= end) continue;
    if (isHex(i + 2) && isHex(i + 3) && isHex(i + 4) && isHex(i + 5)) return true;
  }
  return false;
}

function isSegment(i: number, end: number, dots: number): boolean {
  for (let k = 0; k < dots; k++) if (i + k >= end || mem[i + k] !== 0x2e) return false;
  return i + dots === end || mem[i + dots] === Slash;
}

/**
 * Removes dot segments in place (RFC 3986, section 5.2.4); of one at the end, the slash before it goes too, as with libhtp
 * ("/a/." is "/a"). The new end.
 */
export function removeDotSegments(from: number, end: number): number {
  let w = from;
  let i = from;
  while (i < end) {
    if (mem[i] !== Slash) {
      // Only at the front: a relative path.
      if (w === from && isSegment(i, end, 2)) {
        i += i + 2 < end ? 3 : 2;
        continue;
      }
      if (w === from && isSegment(i, end, 1)) {
        i += i + 1 < end ? 2 : 1;
        continue;
      }
    } else if (isSegment(i + 1, end, 1)) {
      if (i + 3 >= end) return w;
      i += 2;
      continue;
    } else if (isSegment(i + 1, end, 2)) {
      while (w > from && mem[w - 1] !== Slash) w--;
      if (w > from) w--;
      if (i + 4 >= end) return w;
      i += 3;
      continue;
    }
    mem[w++] = mem[i++];
    while (i < end && mem[i] !== Slash) mem[w++] = mem[i++];
  }
  return w;
}
