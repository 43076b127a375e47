/** The full-text index over `text` and `bytes`, brought up to date little by little behind what the writer writes. */
import type { Database } from './open.js';
import { indexed } from './words.js';

/** Texts indexed between two looks at the clock. */
const AtOnce = 64;

export type Indexed = 'text' | 'bytes';

export class WordIndex {
  private readonly db: Database;
  private readonly kinds;
  private readonly clamp;

  constructor(db: Database) {
    this.db = db;
    this.kinds = [
      { table: 'text', some: `SELECT id, value FROM text WHERE id > ? ORDER BY id LIMIT ${AtOnce}` },
      { table: 'bytes', some: `SELECT id, data FROM bytes WHERE id > ? AND kind = 0 ORDER BY id LIMIT ${AtOnce}` },
    ].map(({ table, some }) => ({
      table,
      some: db.prepare(some).raw(),
      insert: db.prepare(`INSERT INTO ${table}_words (rowid, words) VALUES (?, ?)`),
      done: db.prepare('SELECT done FROM words_done WHERE name = ?').pluck(),
      setDone: db.prepare('UPDATE words_done SET done = ? WHERE name = ?'),
    }));
    this.clamp = ['text', 'bytes'].map((t) =>
      db.prepare(
        `UPDATE words_done SET done = (SELECT coalesce(max(id), 0) FROM ${t})
         WHERE name = '${t}' AND done > (SELECT coalesce(max(id), 0) FROM ${t})`,
      ),
    );
  }

  /** Rows were removed: the ids of the last ones are given out again, and what has them then wants indexing. */
  rewind(): void {
    for (const statement of this.clamp) statement.run();
  }

  /** Indexes until `untilMs` (performance.now) in one transaction; false when nothing is left to do. */
  step(untilMs: number): boolean {
    return this.db
      .transaction(() => {
        let more = false;
        for (const kind of this.kinds) {
          let done = kind.done.get(kind.table) as number;
          const before = done;
          for (;;) {
            const rows = kind.some.all(done) as [number, string | Buffer][];
            for (const [id, value] of rows) {
              kind.insert.run(id, indexed(value));
              done = id;
            }
            if (rows.length < AtOnce) break;
            more = performance.now() >= untilMs;
            if (more) break;
          }
          if (done > before) kind.setDone.run(done, kind.table);
        }
        return more;
      })
      .immediate();
  }
}
