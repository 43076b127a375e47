/** What the leaves of a question mean in rows of other tables. Answers are kept for the life of one question. */
import type { Leaf } from './condition.js';
import { textHash } from './dedup.js';
import type { Database } from './open.js';
import { hasPhrase, matchOf, type Phrase, phraseOf } from './words.js';

type TextLeaf = Extract<Leaf, { has: string }>;

/** Texts that hold the words of one `text` leaf. */
export interface FoundWords {
  signatures: ReadonlySet<number>;
  /** Rows of `text`. */
  texts: ReadonlySet<number>;
  /** Rows of `bytes` with ids from `lo` to `hi`. */
  bytesWithin(lo: number, hi: number): ReadonlySet<number>;
}

const like = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

export class Resolver {
  private readonly db: Database;
  private readonly known = new Map<Leaf | object, unknown>();
  private readonly columnSpan;

  constructor(db: Database) {
    this.db = db;
    this.columnSpan = db.prepare('SELECT lo, hi FROM block_column WHERE id = ?');
  }

  private once<T>(key: object, make: () => T): T {
    let value = this.known.get(key) as T | undefined;
    if (value === undefined) {
      value = make();
      this.known.set(key, value);
    }
    return value;
  }

  /** Least and greatest value of a column. */
  span(columnId: number): { lo: number; hi: number } | null {
    return (this.columnSpan.get(columnId) as { lo: number; hi: number } | undefined) ?? null;
  }

  /** Rows of `text` that a leaf means. */
  texts(c: TextLeaf): ReadonlySet<number> {
    return this.once(c, () => {
      const found = c.exact
        ? this.db.prepare('SELECT id FROM text WHERE hash = ? AND value = ?').pluck().all(textHash(c.has), c.has)
        : this.db.prepare("SELECT id FROM text WHERE value LIKE ? ESCAPE '\\'").pluck().all(like(c.has));
      return new Set(found as number[]);
    });
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
      if (phrase.words.length === 0) return { signatures: new Set(), texts: new Set(), bytesWithin: () => new Set() };
      return {
        signatures: this.signaturesWith(phrase),
        texts: this.textsWith(phrase),
        bytesWithin: this.bytesWith(phrase),
      };
    });
  }

  private signaturesWith(p: Phrase): Set<number> {
    const rows = this.db.prepare('SELECT id, msg FROM signature').all() as { id: number; msg: string }[];
    return new Set(rows.filter((r) => hasPhrase(r.msg, p)).map((r) => r.id));
  }

  /** Up to which id rows are indexed. */
  private done(name: string): number {
    return this.db.prepare('SELECT done FROM words_done WHERE name = ?').pluck().get(name) as number;
  }

  private textsWith(p: Phrase): Set<number> {
    const found = new Set(
      this.db.prepare('SELECT rowid FROM text_words WHERE text_words MATCH ?').pluck().all(matchOf(p)) as number[],
    );
    const value = this.db.prepare('SELECT value FROM text WHERE id = ?').pluck();
    if (p.words.length > 1) {
      for (const id of found) {
        const text = value.get(id) as string | undefined;
        if (text === undefined || !hasPhrase(text, p)) found.delete(id);
      }
    }
    const tail = this.db.prepare('SELECT id, value FROM text WHERE id > ?').iterate(this.done('text'));
    for (const r of tail as IterableIterator<{ id: number; value: string }>) if (hasPhrase(r.value, p)) found.add(r.id);
    return found;
  }

  private bytesWith(p: Phrase): (lo: number, hi: number) => Set<number> {
    const done = this.done('bytes');
    const match = matchOf(p);
    const find = this.db
      .prepare('SELECT rowid FROM bytes_words WHERE bytes_words MATCH ? AND rowid BETWEEN ? AND ?')
      .pluck();
    const data = this.db.prepare('SELECT data FROM bytes WHERE id = ?').pluck();
    const tail = this.db.prepare('SELECT id, data FROM bytes WHERE id > ? AND id <= ? AND kind = 0');
    const tested = new Map<number, boolean>();
    return (lo, hi) => {
      const found = new Set<number>();
      if (lo <= done) {
        for (const id of find.all(match, lo, hi) as number[]) {
          let has = p.words.length === 1 || tested.get(id);
          if (has === undefined) {
            const bytes = data.get(id) as Buffer | undefined;
            has = bytes !== undefined && hasPhrase(bytes, p);
            tested.set(id, has);
          }
          if (has) found.add(id);
        }
      }
      if (hi > done) {
        for (const r of tail.iterate(Math.max(lo - 1, done), hi) as IterableIterator<{ id: number; data: Buffer }>)
          if (hasPhrase(r.data, p)) found.add(r.id);
      }
      return found;
    };
  }
}
