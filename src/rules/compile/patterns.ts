/**
 * Pattern databases as data: which literals are looked for in which buffer, and which rules each literal makes
 * candidates. Pattern numbers run over all databases, so that a scan result leads to its rules without a detour.
 */
import type { BufferId } from '../../protocol/buffers.js';
import { patternStrength } from './fast-pattern.js';
import { CompileLimit } from './layout.js';
import type { DbKind } from './layout-tables.js';
import type { RuleLists } from './lists.js';

export interface PatternDatabase {
  kind: DbKind;
  buffer: BufferId;
  /** Transform list number. */
  transforms: number;
  /** Dir: 0 to server, 1 to client. */
  dir: number;
  /** Its pattern numbers: `count` from `first`. */
  first: number;
  count: number;
}

/** The part of a long literal that is looked for: the strongest run of at most PatternBytes bytes. */
function strongestPart(bytes: readonly number[]): readonly number[] {
  const max = CompileLimit.PatternBytes;
  if (bytes.length <= max) return bytes;
  let best = bytes.slice(0, max);
  let bestStrength = patternStrength(best);
  for (let at = 1; at + max <= bytes.length; at++) {
    const part = bytes.slice(at, at + max);
    const strength = patternStrength(part);
    if (strength > bestStrength) [best, bestStrength] = [part, strength];
  }
  return best;
}

const lower = (b: number): number => (b >= 0x41 && b <= 0x5a ? b + 0x20 : b);

/** A literal as it is looked for; equal ones are equal as strings. */
export interface Literal {
  key: string;
  bytes: readonly number[];
}

export function literal(bytes: readonly number[]): Literal {
  const part = strongestPart(bytes.map(lower));
  return { key: String.fromCharCode(...part), bytes: part };
}

/** Collects literals by database and closes with the tables. */
export class PatternCollector {
  readonly databases: PatternDatabase[] = [];
  /** Row of `lists` for each pattern number. */
  readonly patternLists: number[] = [];
  /**
   * Literals by pattern number, one after the other, and where each ends. In lower case and looked for without case: one
   * kind of literal compiles and scans faster, verification decides.
   */
  readonly bytes: number[] = [];
  readonly ends: number[] = [];

  constructor(private readonly lists: RuleLists) {}

  /** Adds a database for (literal, rule) pairs given in order of rules; its number, or -1 when there are none. */
  add(head: Omit<PatternDatabase, 'first' | 'count'>, entries: readonly { literal: Literal; rule: number }[]): number {
    if (entries.length === 0) return -1;
    const byKey = new Map<string, { literal: Literal; rules: number[] }>();
    for (const { literal: lit, rule } of entries) {
      const known = byKey.get(lit.key);
      if (known === undefined) byKey.set(lit.key, { literal: lit, rules: [rule] });
      else if (known.rules[known.rules.length - 1] !== rule) known.rules.push(rule);
    }
    const first = this.patternLists.length;
    for (const { literal: lit, rules } of byKey.values()) {
      this.patternLists.push(this.lists.add(rules));
      for (const b of lit.bytes) this.bytes.push(b);
      this.ends.push(this.bytes.length);
    }
    return this.databases.push({ ...head, first, count: byKey.size }) - 1;
  }
}
