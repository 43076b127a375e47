/** Comparison of a number with the bounds of a rule. */
import { Test } from '../rules/compile/layout.js';

export function testNumber(v: number, test: number, lo: number, hi: number): boolean {
  switch (test) {
    case Test.Eq:
      return v === lo;
    case Test.Ne:
      return v !== lo;
    case Test.Lt:
      return v < lo;
    case Test.Le:
      return v <= lo;
    case Test.Gt:
      return v > lo;
    case Test.Ge:
      return v >= lo;
    case Test.In:
      return v >= lo && v <= hi;
    default:
      return false;
  }
}
