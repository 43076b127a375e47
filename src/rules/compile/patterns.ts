/**
 * Pattern databases as data: which literals are looked for in which buffer, and which rules each literal makes
 * candidates. Pattern numbers run over all databases, so that a scan result leads to its rules without a detour.
 */
import type { BufferId } from '../../protocol/buffers.js';
import { Bytes } from './growing.js';
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

/** What is known of a database before its patterns. */
export type DatabaseHead = Omit<PatternDatabase, 'first' | 'count'>;

/** A literal as it is looked for, one character a byte. Equal ones are equal. */
export type Literal = string;

/** A literal that makes a rule a candidate. */
export interface LiteralOfRule {
  literal: Literal;
  rule: number;
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
  readonly bytes = new Bytes();
  readonly ends: number[] = [];

  constructor(private readonly lists: RuleLists) {}

  /** Adds a database for (literal, rule) pairs given in order of rules; its number, or -1 when there are none. */
  add(head: DatabaseHead, entries: readonly LiteralOfRule[]): number {
    if (entries.length === 0) return -1;
    const byLiteral = new Map<Literal, number[]>();
    for (let i = 0; i < entries.length; i++) {
      const { literal: text, rule } = entries[i];
      const known = byLiteral.get(text);
      if (known === undefined) byLiteral.set(text, [rule]);
      else if (known[known.length - 1] !== rule) known.push(rule);
    }
    const first = this.patternLists.length;
    byLiteral.forEach((rules, text) => {
      this.patternLists.push(this.lists.add(rules));
      this.bytes.text(text);
      this.ends.push(this.bytes.length);
    });
    return this.databases.push({ ...head, first, count: byLiteral.size }) - 1;
  }
}
