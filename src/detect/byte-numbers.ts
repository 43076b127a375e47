/** Numbers read out of a buffer for byte_test, byte_jump, byte_extract and byte_math (Suricata manual, "Payload Keywords"). */
import { u8 } from '../core/memory.js';
import { Compare, MatchFlag, MathOp } from '../rules/compile/layout.js';

const mem = u8;
/** Longest text number: 23 characters, as Suricata's buffer holds. */
const TextMax = 23;

/** Value of the last `readNumber`. Integers; those of eight bytes beyond 2^53 are rounded. */
export let numberValue = 0;

function readBinary(at: number, bytes: number, little: boolean): number {
  let v = 0;
  if (little) for (let i = bytes - 1; i >= 0; i--) v = v * 256 + mem[at + i];
  else for (let i = 0; i < bytes; i++) v = v * 256 + mem[at + i];
  return v;
}

function digitOf(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  if (c >= 0x61 && c <= 0x7a) return c - 0x57;
  if (c >= 0x41 && c <= 0x5a) return c - 0x37;
  return 99;
}

/** As strtoull reads: white space, sign, prefix, digits. Characters taken, 0 when there is no number. */
function readText(at: number, bytes: number, base0: number): number {
  const end = at + Math.min(bytes, TextMax);
  let i = at;
  let base = base0;
  while (i < end && (mem[i] === 0x20 || (mem[i] >= 0x09 && mem[i] <= 0x0d))) i++;
  const negative = i < end && mem[i] === 0x2d;
  if (i < end && (mem[i] === 0x2d || mem[i] === 0x2b)) i++;
  const zero = i < end && mem[i] === 0x30;
  const hex = zero && i + 2 < end && (mem[i + 1] | 0x20) === 0x78 && digitOf(mem[i + 2]) < 16;
  if ((base === 16 || base === 0) && hex) {
    i += 2;
    base = 16;
  } else if (base === 0) base = zero ? 8 : 10;
  const first = i;
  let v = 0;
  for (; i < end; i++) {
    const d = digitOf(mem[i]);
    if (d >= base) break;
    v = v * base + d;
  }
  if (i === first || v >= 2 ** 64) return 0;
  numberValue = negative && v !== 0 ? 2 ** 64 - v : v;
  return i - at;
}

/** Reads a number at memory offset `at` into `numberValue`; the bytes taken, 0 when there is none. */
export function readNumber(at: number, bytes: number, flags: number, base: number): number {
  if ((flags & MatchFlag.Text) !== 0) return readText(at, bytes, base);
  numberValue = readBinary(at, bytes, (flags & MatchFlag.Little) !== 0);
  return bytes;
}

const Low = 2 ** 32;

/** Bitwise and of non-negative integers up to 2^64. */
function and64(a: number, b: number): number {
  const high = ((a / Low) & (b / Low)) >>> 0;
  return high * Low + (((a % Low) & (b % Low)) >>> 0);
}

/** The bits that a mask selects, moved down by the mask's trailing zeros. */
export function masked(value: number, mask: number): number {
  const m = mask >>> 0;
  const v = and64(value, m);
  let shift = 0;
  while (shift < 32 && ((m >>> shift) & 1) === 0) shift++;
  return Math.floor(v / 2 ** shift);
}

/** A result of arithmetic as an unsigned 64-bit integer. */
function wrap64(v: number): number {
  if (v >= 0 && v < 2 ** 64) return v;
  const r = v % 2 ** 64;
  return r < 0 ? r + 2 ** 64 : r;
}

/** byte_test's comparison. */
export function compare(op: number, a: number, b: number): boolean {
  switch (op) {
    case Compare.Lt:
      return a < b;
    case Compare.Gt:
      return a > b;
    case Compare.Eq:
      return a === b;
    case Compare.Le:
      return a <= b;
    case Compare.Ge:
      return a >= b;
    case Compare.And:
      return and64(a, b) !== 0;
    default:
      return a !== b;
  }
}

/** byte_math's operation on unsigned 64-bit integers; the divisor is not 0. */
export function arithmetic(op: number, a: number, b: number): number {
  switch (op) {
    case MathOp.Add:
      return wrap64(a + b);
    case MathOp.Sub:
      return wrap64(a - b);
    case MathOp.Mul:
      return wrap64(a * b);
    case MathOp.Div:
      return Math.floor(a / b);
    case MathOp.Shl:
      return b < 64 ? wrap64(a * 2 ** b) : 0;
    default:
      return b < 64 ? Math.floor(a / 2 ** b) : 0;
  }
}
