/** Numbers as rules write them. Each function returns null for text that Suricata 7.0.10 refuses. */
import type { NumberTest } from './ir.js';

/** An integer in C's notation (0x… hexadecimal, 0… octal, else decimal), sign allowed; the whole text must be used. */
export function parseInteger(text: string): number | null {
  let at = 0;
  while (at < text.length && (text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09)) at++;
  let sign = 1;
  if (text[at] === '-' || text[at] === '+') {
    if (text[at] === '-') sign = -1;
    at++;
  }
  let base = 10;
  if (text[at] === '0' && (text[at + 1] === 'x' || text[at + 1] === 'X')) {
    base = 16;
    at += 2;
  } else if (text[at] === '0' && at + 1 < text.length) base = 8;
  if (at >= text.length) return null;
  let value = 0;
  for (; at < text.length; at++) {
    const digit = digitOf(text.charCodeAt(at));
    if (digit < 0 || digit >= base) return null;
    value = value * base + digit;
    if (value > Number.MAX_SAFE_INTEGER) return null;
  }
  return sign * value;
}

/** An unsigned integer no larger than `max`. */
export function parseUnsigned(text: string, max: number): number | null {
  const n = parseInteger(text);
  return n === null || n < 0 || n > max ? null : n;
}

/** Decimal digits only, no sign, no space. */
export function parseDecimal(text: string, max: number): number | null {
  if (text.length === 0 || text.length > 20) return null;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x30 || c > 0x39) return null;
    value = value * 10 + (c - 0x30);
  }
  return value > max ? null : value;
}

function digitOf(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

const units: Record<string, number> = { kib: 1024, mib: 1 << 20, gib: 1 << 30, kb: 1024, mb: 1 << 20, gb: 1 << 30 };

/**
 * A comparison at the start of `text` and how many characters it takes: `N`, `=N`, `<N`, `<=N`, `>N`, `>=N`, `!N`, `!=N`,
 * `A<>B` or `A-B` (both ends excluded, and at least one number must lie between them). `N` and `=N` may carry a unit
 * (kb, MiB …). Values are 0..max (user guide, "Integer keywords").
 */
export function parseNumberPrefix(text: string, max: number): { test: NumberTest; used: number } | null {
  const range = /^ *(\d{1,20}) *(?:-|<>) *(\d{1,20})/.exec(text);
  if (range !== null) {
    const lo = Number(range[1]);
    const hi = Number(range[2]);
    if (hi <= max && lo + 1 < hi) return { test: { op: 'in', lo: lo + 1, hi: hi - 1 }, used: range[0].length };
  }
  const plain = /^ *(?:= *)?(\d{1,20})([kmg]i?b)?/i.exec(text);
  if (plain !== null) {
    const n = Number(plain[1]) * (plain[2] === undefined ? 1 : (units[plain[2].toLowerCase()] ?? 1));
    return n > max ? null : { test: { op: '=', lo: n, hi: n }, used: plain[0].length };
  }
  const sign = /^ *(<=|>=|!=|<|>|!) *(\d{1,20})/.exec(text);
  if (sign === null) return null;
  const n = Number(sign[2]);
  const op = sign[1] === '!' ? '!=' : (sign[1] as NumberTest['op']);
  if (n > max || ((op === '<' || op === '>=') && n === 0) || ((op === '>' || op === '<=') && n === max)) return null;
  return { test: { op, lo: n, hi: n }, used: sign[0].length };
}

/** As parseNumberPrefix, and nothing but spaces may follow. */
export function parseNumberTest(text: string, max: number): NumberTest | null {
  const got = parseNumberPrefix(text, max);
  if (got === null) return null;
  for (let i = got.used; i < text.length; i++) if (text.charCodeAt(i) !== 0x20) return null;
  return got.test;
}
