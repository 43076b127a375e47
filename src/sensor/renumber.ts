/** Rules of one set found again in another. */
import { RuleCol } from '../rules/compile/layout.js';
import type { RuntimeRules } from '../rules/compile/tables.js';

/** The number in `next` of each rule of `before` by gid and sid, -1 for none; a rule that counts twice keeps its order. */
export function renumbering(before: RuntimeRules, next: RuntimeRules): Int32Array {
  const keys = ({ table, count }: RuntimeRules): string[] => {
    const met = new Map<string, number>();
    return Array.from({ length: count }, (_, n) => {
      const at = n * RuleCol.Stride;
      const id = `${table[at + RuleCol.Gid]}:${table[at + RuleCol.Sid]}`;
      const nth = met.get(id) ?? 0;
      met.set(id, nth + 1);
      return `${id}:${nth}`;
    });
  };
  const numbers = new Map(keys(next).map((key, n) => [key, n]));
  return Int32Array.from(keys(before), (key) => numbers.get(key) ?? -1);
}
