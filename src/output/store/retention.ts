/**
 * How long alerts stay: by age and by the size of the database, the oldest go first, with what only they use. All of it
 * happens in transactions of a few milliseconds, so that readers and other writers hardly notice.
 *
 * The age of a sensor's alert is its own; alerts of a replay are as old as the replay, whenever their traffic was recorded.
 */
import type { Database } from './open.js';
import { type Doomed, doomedColumns, Removal } from './removal.js';

export interface RetentionPolicy {
  /** Seconds, 0: any age. */
  maxAgeS: number;
  /** Bytes in use, 0: any size. */
  maxBytes: number;
}

const enum Step {
  /** Milliseconds of a transaction, about. */
  Ms = 25,
  /** Alerts between two looks at the clock. */
  Alerts = 32,
  /** Imported events of other kinds removed at once. */
  Events = 1024,
  /** Free pages given back to the file system at once. */
  Pages = 256,
}

/** Free pages that are kept for what comes: those of a twentieth of the file, and never fewer than these. */
const FreePagesKept = 1024;
const FreePart = 20;

/** Once the size is exceeded, that much of the limit is freed, so that not each new alert asks for another step. */
const Headroom = 0.01;

/** Everything is older than this. */
const Never = Number.MAX_SAFE_INTEGER;

export class Retention {
  private readonly db: Database;
  private readonly oldest;
  private readonly aged;
  private readonly runs;
  private readonly removal: Removal;
  private readonly deleteRuns;
  private readonly agedEvents;
  private readonly oldestEvents;

  constructor(db: Database) {
    this.db = db;
    const doomed = `SELECT ${doomedColumns} FROM alert`;
    this.removal = new Removal(db);
    this.oldest = db.prepare(`${doomed} ORDER BY id LIMIT ?`);
    this.aged = db.prepare(`${doomed} WHERE run_id = ? AND time_us < ? ORDER BY time_us LIMIT ?`);
    this.runs = db.prepare('SELECT id, kind, started_us FROM run');
    this.agedEvents = db.prepare(
      'DELETE FROM event WHERE id IN (SELECT id FROM event WHERE run_id = ? AND time_us < ? LIMIT ?)',
    );
    this.oldestEvents = db.prepare('DELETE FROM event WHERE id IN (SELECT id FROM event ORDER BY id LIMIT ?)');
    this.deleteRuns = db.prepare(
      `DELETE FROM run WHERE started_us < ? AND ended_us IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM alert WHERE run_id = run.id)
         AND NOT EXISTS (SELECT 1 FROM event WHERE run_id = run.id)`,
    );
  }

  /** Bytes in use: the file without its free pages. */
  usedBytes(): number {
    const n = (name: string) => this.db.pragma(name, { simple: true }) as number;
    return (n('page_count') - n('freelist_count')) * n('page_size');
  }

  /** Removes alerts that are too old, for some milliseconds. Returns how many, 0 when there are no more. */
  stepAge(cutoffUs: number): number {
    let removed = 0;
    for (const run of this.runs.all() as { id: number; kind: string; started_us: number }[]) {
      const before = run.kind === 'live' ? cutoffUs : run.started_us < cutoffUs ? Never : 0;
      if (before === 0) continue;
      removed = this.transaction(() => this.aged.all(run.id, before, Step.Alerts) as Doomed[]);
      removed += this.agedEvents.run(run.id, before, Step.Events).changes;
      if (removed > 0) return removed;
    }
    this.deleteRuns.run(cutoffUs);
    return removed;
  }

  /** Removes the oldest alerts while more than `maxBytes` are in use, for some milliseconds. Returns how many. */
  stepSize(maxBytes: number): number {
    if (this.usedBytes() <= maxBytes) return 0;
    const most = maxBytes * (1 - Headroom);
    const alerts = this.transaction(() => (this.usedBytes() <= most ? [] : (this.oldest.all(Step.Alerts) as Doomed[])));
    return alerts > 0 ? alerts : this.oldestEvents.run(Step.Events).changes;
  }

  /** Gives some free pages back to the file system, of those above `kept`; false when there are no more. */
  stepVacuum(kept = this.pagesKept()): boolean {
    const free = this.db.pragma('freelist_count', { simple: true }) as number;
    if (free <= kept) return false;
    this.db.pragma(`incremental_vacuum(${Math.min(Step.Pages, free - kept)})`);
    return (this.db.pragma('freelist_count', { simple: true }) as number) < free;
  }

  private pagesKept(): number {
    return Math.max(FreePagesKept, Math.floor((this.db.pragma('page_count', { simple: true }) as number) / FreePart));
  }

  /** Removes what `find` gives, again and again, until it gives nothing or the time of a step is over. */
  private transaction(find: () => Doomed[]): number {
    const until = performance.now() + Step.Ms;
    let removed = 0;
    this.db
      .transaction(() => {
        for (let list = find(); list.length > 0; list = performance.now() < until ? find() : []) {
          this.removal.remove(list);
          removed += list.length;
        }
      })
      .immediate();
    return removed;
  }
}

/** How many alerts `stepAge` would remove in all. */
export function countAged(db: Database, cutoffUs: number): number {
  return db
    .prepare(
      `SELECT count(*) FROM alert a JOIN run r ON r.id = a.run_id
       WHERE CASE r.kind WHEN 'live' THEN a.time_us ELSE r.started_us END < ?`,
    )
    .pluck()
    .get(cutoffUs) as number;
}
