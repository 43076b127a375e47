/** Numbers in the payload that satisfy byte_test, byte_extract, byte_math and byte_jump, for making traffic from rules. */
import type { ByteNumber, ByteTestMatch, NumberOrVar } from '../../src/rules/ir.js';

export type Variables = Map<string, number>;

export const resolved = (n: NumberOrVar | null, vars: Variables): number =>
  n === null ? 0 : typeof n === 'number' ? n : (vars.get(n.var) ?? 0);

/** Digits that are written for a number given as text without a length. */
const TextDigits = 4;

export const widthOf = (m: ByteNumber, vars: Variables): number =>
  resolved(m.bytes, vars) || (m.base === null ? 1 : TextDigits);

/** The bytes of `value` as the rule reads them: binary of either order, or digits with leading zeros. */
export function encode(m: ByteNumber, value: number, vars: Variables): number[] {
  const width = Math.min(widthOf(m, vars), 23);
  if (m.base !== null) {
    const digits = value.toString(m.base === 0 ? 10 : m.base);
    return Array.from(digits.padStart(m.base === 0 ? 1 : width, '0').slice(-width), (c) => c.charCodeAt(0));
  }
  const out: number[] = [];
  let rest = BigInt(Math.max(0, Math.trunc(value)));
  for (let i = 0; i < width; i++) {
    out.push(Number(rest & 255n));
    rest >>= 8n;
  }
  return m.endian === 'big' ? out.reverse() : out;
}

/** The number that stands in `bytes` at `at`; NaN when there are not enough. */
export function decode(m: ByteNumber, bytes: readonly number[], at: number, vars: Variables): number {
  const part = bytes.slice(at, at + widthOf(m, vars));
  if (part.length < widthOf(m, vars)) return Number.NaN;
  if (m.base !== null) return Number.parseInt(String.fromCharCode(...part), m.base === 0 ? 10 : m.base);
  if (m.endian !== 'big') part.reverse();
  let v = 0n;
  for (const b of part) v = (v << 8n) | BigInt(b);
  return Number(masked(v, m.bitmask));
}

function masked(v: bigint, mask: number): bigint {
  if (mask === 0) return v;
  let bits = BigInt(mask >>> 0);
  let out = v & bits;
  while ((bits & 1n) === 0n) {
    bits >>= 1n;
    out >>= 1n;
  }
  return out;
}

const shiftOf = (mask: number): number => (mask === 0 ? 0 : 31 - Math.clz32(mask & -mask));

/** Whether `value` passes the test. */
export function passes(m: ByteTestMatch, value: number, vars: Variables): boolean {
  const v = resolved(m.value, vars);
  const holds = {
    '<': value < v,
    '>': value > v,
    '=': value === v,
    '<=': value <= v,
    '>=': value >= v,
    '&': (BigInt(Math.trunc(value || 0)) & BigInt(v)) !== 0n,
    '^': value !== v,
  }[m.op];
  return holds !== m.negated;
}

/** A number, as it is to be encoded, that passes all of `tests` on one place; null when none of those tried does. */
export function solve(tests: readonly ByteTestMatch[], vars: Variables): number | null {
  const [first] = tests;
  const shift = shiftOf(first.bitmask);
  const limit = first.base !== null ? 10 ** Math.min(widthOf(first, vars), 15) : 256 ** widthOf(first, vars);
  for (const m of tests) {
    const v = resolved(m.value, vars);
    for (const c of [v, v + 1, v - 1, 0, 1, 255, 0x80, 0x7fff])
      if (c >= 0 && c * 2 ** shift < limit && tests.every((t) => passes(t, c, vars))) return c * 2 ** shift;
  }
  return null;
}
