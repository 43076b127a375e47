/**
 * How often rows of `text` and `bytes` are referred to, beyond once: a row that nothing else uses has no count, so that
 * what does not repeat costs nothing. What is added is gathered and written at the end of the transaction.
 */
import type { Database } from './open.js';

export class UseCounts {
  /** Rows that went since `forget`: ids of theirs that somebody remembers are no more. */
  readonly gone = new Set<number>();
  private readonly added = new Map<number, number>();
  private readonly add;
  private readonly drop;
  private readonly clean;
  private readonly remove;
  private readonly removeWords;

  constructor(db: Database, table: 'text' | 'bytes') {
    this.add = db.prepare(
      `INSERT INTO ${table}_use (id, n) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET n = n + excluded.n`,
    );
    this.drop = db.prepare(`UPDATE ${table}_use SET n = n - 1 WHERE id = ? AND n > 0`);
    this.clean = db.prepare(`DELETE FROM ${table}_use WHERE id = ?`);
    this.remove = db.prepare(`DELETE FROM ${table} WHERE id = ?`);
    this.removeWords = db.prepare(
      `DELETE FROM ${table}_words WHERE rowid = @id AND @id <= (SELECT done FROM words_done WHERE name = '${table}')`,
    );
  }

  /** `n` more uses of a row that is there already. */
  more(id: number, n = 1): void {
    this.added.set(id, (this.added.get(id) ?? 0) + n);
  }

  /** Writes what was gathered; inside the transaction. */
  flush(): void {
    for (const [id, n] of this.added) this.add.run(id, n);
    this.added.clear();
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.gone.clear();
    this.added.clear();
  }

  /** One use less; the row goes with its last. */
  less(id: number): void {
    const n = this.added.get(id) ?? 0;
    if (n > 0) this.added.set(id, n - 1);
    else if (this.drop.run(id).changes === 0) {
      this.gone.add(id);
      this.clean.run(id);
      this.remove.run(id);
      this.removeWords.run({ id });
    }
  }
}
