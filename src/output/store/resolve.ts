/** What the leaves of a question mean in rows of other tables. Answers are kept for the life of one question. */
import type { Leaf } from './condition.js';
import { textHash } from './dedup.js';
import type { Database } from './open.js';
import { lower, matchOf, type Phrase, phraseOf, phraseTest } from './words.js';

type TextLeaf = Extract<Leaf, { has: string }>;

/** Texts that hold the words of one `text` leaf. */
export interface FoundWords {
  signatures: ReadonlySet<number>;
  texts: FoundTexts;
  /** Whether rows of `bytes` with ids from `lo` to `hi` may be among them. */
  bytesWithin(lo: number, hi: number): boolean;
  /** Rows of `bytes` among these. */
  bytesAmong(ids: ArrayLike<number>): ReadonlySet<number>;
}

/** Texts looked at one by one, before all of the table are searched at once: by words, for a part of them, of `bytes`. */
const enum OneByOne {
  Words = 32_768,
  Part = 12_288,
  Bytes = 65_536,
}
/** Texts with a word of which so few have it are all looked up at once. */
const Few = 8192;

/**
 * Rows of `text` that pass a test. What is common shows among the first alerts looked at, and few texts are tested; what is
 * rare is worth searching the whole table for.
 */
export class FoundTexts {
  private readonly tested = new Map<number, boolean>();
  private every: ReadonlySet<number> | null;
  private readonly value;
  private readonly test: (value: string) => boolean;
  private readonly all: () => ReadonlySet<number>;
  private readonly oneByOne: number;

  /** `every`: all that pass, when they are known already. */
  constructor(
    db: Database,
    test: (value: string) => boolean,
    all: () => ReadonlySet<number>,
    every: ReadonlySet<number> | null,
    oneByOne: number = OneByOne.Words,
  ) {
    this.oneByOne = oneByOne;
    this.value = db.prepare('SELECT value FROM text WHERE id = ?').pluck();
    this.test = test;
    this.all = all;
    this.every = every;
  }

  /** All that pass, if that is known; then no column need be read whose values lie elsewhere. */
  get known(): ReadonlySet<number> | null {
    return this.every;
  }

  /** Those of `ids` that pass, perhaps with others. */
  among(ids: Iterable<number> & { length: number }): ReadonlySet<number> {
    if (this.every === null && this.tested.size + ids.length > this.oneByOne) this.every = this.all();
    if (this.every !== null) return this.every;
    const out = new Set<number>();
    for (const id of ids) {
      let passes = this.tested.get(id);
      if (passes === undefined) {
        const value = this.value.get(id) as string | undefined;
        passes = value !== undefined && this.test(value);
        this.tested.set(id, passes);
      }
      if (passes) out.add(id);
    }
    return out;
  }
}

const like = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

export class Resolver {
  private readonly db: Database;
  private readonly known = new Map<Leaf | object, unknown>();
  private readonly sorted = new Map<readonly number[], Float64Array>();

  constructor(db: Database) {
    this.db = db;
  }

  private once<T>(key: object, make: () => T): T {
    let value = this.known.get(key) as T | undefined;
    if (value === undefined) {
      value = make();
      this.known.set(key, value);
    }
    return value;
  }

  /** Rows of `text` that a leaf means. */
  texts(c: TextLeaf): FoundTexts {
    return this.once(c, () => {
      const ids = (sql: string, ...values: (string | number)[]) =>
        new Set(
          this.db
            .prepare(sql)
            .pluck()
            .all(...values) as number[],
        );
      if (c.exact) {
        const same = ids('SELECT id FROM text WHERE hash = ? AND value = ?', textHash(c.has), c.has);
        return new FoundTexts(
          this.db,
          (v) => v === c.has,
          () => same,
          same,
        );
      }
      const part = lower(c.has);
      return new FoundTexts(
        this.db,
        (v) => lower(v).includes(part),
        () => ids("SELECT id FROM text WHERE value LIKE ? ESCAPE '\\'", like(c.has)),
        null,
        OneByOne.Part,
      );
    });
  }

  /** The same numbers in ascending order. */
  ascending(ids: readonly number[]): Float64Array {
    let sorted = this.sorted.get(ids);
    if (sorted === undefined) {
      sorted = Float64Array.from(ids).sort();
      this.sorted.set(ids, sorted);
    }
    return sorted;
  }

  /** Ids of the alerts of flows with these EVE ids. */
  alertsOfFlows(ids: readonly number[]): readonly number[] {
    return this.once(ids, () => {
      const find = this.db
        .prepare('SELECT a.id FROM flow f CROSS JOIN alert a ON a.flow_id = f.id WHERE f.flow_id = ?')
        .pluck();
      return ids.flatMap((id) => find.all(id) as number[]);
    });
  }

  words(c: { text: string; prefix: boolean }): FoundWords {
    return this.once(c, () => {
      const phrase = phraseOf(c.text, c.prefix);
      if (phrase.words.length === 0) {
        const texts = new FoundTexts(
          this.db,
          () => false,
          () => new Set(),
          new Set(),
        );
        return { signatures: new Set(), texts, bytesWithin: () => false, bytesAmong: () => new Set() };
      }
      return {
        signatures: this.signaturesWith(phrase),
        texts: this.textsWith(phrase),
        ...this.bytesWith(phrase),
      };
    });
  }

  private signaturesWith(p: Phrase): Set<number> {
    const rows = this.db.prepare('SELECT id, msg FROM signature').all() as { id: number; msg: string }[];
    const test = phraseTest(p);
    return new Set(rows.filter((r) => test(r.msg)).map((r) => r.id));
  }

  /** Up to which id rows are indexed. */
  private done(name: string): number {
    return this.db.prepare('SELECT done FROM words_done WHERE name = ?').pluck().get(name) as number;
  }

  private textsWith(p: Phrase): FoundTexts {
    const test = phraseTest(p);
    const find = this.db.prepare('SELECT rowid FROM text_words WHERE text_words MATCH ? LIMIT ?').pluck();
    const value = this.db.prepare('SELECT value FROM text WHERE id = ?').pluck();
    const tail = this.db.prepare('SELECT id, value FROM text WHERE id > ?');
    const within = (indexed: number[]): ReadonlySet<number> => {
      const found = new Set(indexed);
      if (p.words.length > 1) {
        for (const id of indexed) {
          const text = value.get(id) as string | undefined;
          if (text === undefined || !test(text)) found.delete(id);
        }
      }
      const rest = tail.iterate(this.done('text')) as IterableIterator<{ id: number; value: string }>;
      for (const r of rest) if (test(r.value)) found.add(r.id);
      return found;
    };
    const first = find.all(matchOf(p), Few) as number[];
    const all = () => within(find.all(matchOf(p), -1) as number[]);
    return new FoundTexts(this.db, test, all, first.length < Few ? within(first) : null);
  }

  private bytesWith(p: Phrase): Pick<FoundWords, 'bytesWithin' | 'bytesAmong'> {
    const done = this.done('bytes');
    const match = matchOf(p);
    const find = this.db.prepare('SELECT rowid FROM bytes_words WHERE bytes_words MATCH ? LIMIT ?').pluck();
    const data = this.db.prepare('SELECT data FROM bytes WHERE id = ?').pluck();
    const test = phraseTest(p);
    const holds = (id: number): boolean => {
      const bytes = data.get(id) as Buffer | undefined;
      return bytes !== undefined && test(bytes);
    };
    // What the index names: at once when it is rare, else only after many have been looked at one by one.
    const first = find.all(match, Few) as number[];
    let named: Set<number> | null = first.length < Few ? new Set(first) : null;
    let tested = 0;
    // The index knows which words there are, not in which order.
    const passes = (id: number): boolean =>
      id > done || named === null ? holds(id) : named.has(id) && (p.words.length === 1 || holds(id));
    const among = (ids: ArrayLike<number>): Set<number> => {
      const found = new Set<number>();
      tested += ids.length;
      if (named === null && tested > OneByOne.Bytes) named = new Set(find.all(match, -1) as number[]);
      for (let i = 0; i < ids.length; i++) if (passes(ids[i])) found.add(ids[i]);
      return found;
    };
    const within = (lo: number, hi: number): boolean =>
      hi > done || first.length === Few || first.some((id) => id >= lo && id <= hi);
    return { bytesWithin: within, bytesAmong: among };
  }
}
