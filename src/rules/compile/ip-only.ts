/**
 * Where IP-only rules wait: under the classes of the address side that narrows them most, or in a list that every
 * flow looks at. One class lookup a side then leads to the few rules that may match.
 */
import type { AddressSet } from '../ir.js';
import { RuleCol } from './layout.js';
import type { RuleLists } from './lists.js';
import type { AddressTables } from './sets.js';
import { sharedI32 } from './shared.js';

export interface IpOnlyTables {
  /** Row of the list table for each address class, by source and by destination. */
  bySrc: Int32Array;
  byDst: Int32Array;
  /** Row of the rules that name no address. */
  always: number;
}

/** How much of the address space a set covers, roughly: the fewer, the better it narrows. */
function breadth(set: AddressSet): number {
  let n = 0;
  for (const [lo, hi] of set.v4) n += hi - lo + 1;
  for (const [lo, hi] of set.v6) n += Number(hi - lo) / 2 ** 64;
  return n;
}

/** `rows` is the rule table; `numbers` the IP-only rules in order. */
export function ipOnlyTables(
  rows: Int32Array,
  numbers: readonly number[],
  sets: readonly AddressSet[],
  tables: AddressTables,
  lists: RuleLists,
): IpOnlyTables {
  const classCount = tables.rows.length / tables.rowWords;
  const breadths = sets.map(breadth);
  const members = new Map<number, number[]>();
  const classesOf = (set: number): number[] => {
    let known = members.get(set);
    if (known === undefined) {
      known = [];
      for (let c = 0; c < classCount; c++) {
        if ((tables.rows[c * tables.rowWords + (set >>> 5)] & (1 << (set & 31))) !== 0) known.push(c);
      }
      members.set(set, known);
    }
    return known;
  };
  const bySrc: number[][] = Array.from({ length: classCount }, () => []);
  const byDst: number[][] = Array.from({ length: classCount }, () => []);
  const always: number[] = [];
  for (const n of numbers) {
    const src = rows[n * RuleCol.Stride + RuleCol.Src];
    const dst = rows[n * RuleCol.Stride + RuleCol.Dst];
    if (src === 0 && dst === 0) always.push(n);
    else if (dst === 0 || (src !== 0 && breadths[src - 1] <= breadths[dst - 1]))
      for (const c of classesOf(src)) bySrc[c].push(n);
    else for (const c of classesOf(dst)) byDst[c].push(n);
  }
  return {
    bySrc: sharedI32(bySrc.map((l) => lists.add(l))),
    byDst: sharedI32(byDst.map((l) => lists.add(l))),
    always: lists.add(always),
  };
}
