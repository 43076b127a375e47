/** Snort 3's numeric ranges (Snort 3 rule writing guide, "Range"): N, <N, <=N, >N, >=N, !N, !=N, A<>B, A<=>B. */
import { RuleFault } from './faults.js';
import type { NumberTest } from './ir.js';

const Largest = 0xffff_ffff;

/** A range as a comparison of numbers up to `max`; null when it is none. `<>` leaves its ends out, `<=>` does not. */
export function snortRange(text: string, max: number): NumberTest | null {
  const between = /^\s*(\d{1,10})\s*(<>|<=>)\s*(\d{1,10})\s*$/.exec(text);
  if (between !== null) {
    const inset = between[2] === '<>' ? 1 : 0;
    const lo = Number(between[1]) + inset;
    const hi = Number(between[3]) - inset;
    return lo > hi || hi > max ? null : { op: 'in', lo, hi };
  }
  const m = /^\s*(<=|>=|!=|<|>|=|!|)\s*(\d{1,10})\s*$/.exec(text);
  if (m === null || Number(m[2]) > max) return null;
  const n = Number(m[2]);
  return { op: m[1] === '!' ? '!=' : ((m[1] || '=') as NumberTest['op']), lo: n, hi: n };
}

/** The numbers from 0 that a range takes, as inclusive intervals; a high end of null is open. */
function intervals(t: NumberTest): [lo: number, hi: number | null][] {
  const all: Record<NumberTest['op'], [number, number | null][]> = {
    '=': [[t.lo, t.lo]],
    '!=': [
      [0, t.lo - 1],
      [t.lo + 1, null],
    ],
    '<': [[0, t.lo - 1]],
    '<=': [[0, t.lo]],
    '>': [[t.lo + 1, null]],
    '>=': [[t.lo, null]],
    in: [[t.lo, t.hi]],
  };
  return all[t.op].filter(([lo, hi]) => hi === null || hi >= lo);
}

/** Largest repetition that PCRE2 takes. */
const MaxRepeat = 65_535;

/** As many repetitions of `unit` as the range says, between `before` and `after`: the value of a pcre option. */
export function countPattern(name: string, value: string, before: string, unit: string, after: string): string {
  const test = snortRange(value, MaxRepeat);
  if (test === null) throw new RuleFault(`${name}:${value} is not understood`, 'write N, <N, >N, A<>B or A<=>B');
  const repeats = intervals(test).map(([lo, hi]) => `(?:${unit}){${lo},${hi ?? ''}}`);
  if (repeats.length === 0) throw new RuleFault(`${name}:${value} is never true`, null);
  return `"/^${before}(?:${repeats.join('|')})${after}/s"`;
}

/** bufferlen relative to the cursor, as values of isdataat. */
export function bytesLeft(value: string): string[] {
  const test = snortRange(value, Largest);
  if (test === null || test.op === '!=')
    throw new RuleFault(`bufferlen:${value} is not understood`, 'write N, <N, >N, A<>B or A<=>B');
  return intervals(test).flatMap(([lo, hi]) => [
    ...(lo > 0 ? [`${lo},relative`] : []),
    ...(hi === null ? [] : [`!${hi + 1},relative`]),
  ]);
}
