/** Which runs a question is about. */
import type { Database } from '../store/open.js';

export interface RunRow {
  id: number;
  kind: 'replay' | 'live';
  name: string;
  started_us: number;
  ended_us: number | null;
  origins: string;
  lost_events: number;
}

/** What a question asks: run ids (null: all of the database) and whether they are a sensor's. */
export interface Runs {
  ids: number[] | null;
  live: boolean;
}

/** Runs that questions mean by default: the latest replay, or all live runs when the latest run is live. */
export function defaultRuns(db: Database): Runs {
  const all = db.prepare('SELECT id, kind FROM run ORDER BY id').all() as Pick<RunRow, 'id' | 'kind'>[];
  const latest = all.at(-1);
  if (latest === undefined) return { ids: [], live: false };
  const live = latest.kind === 'live';
  const meant = live ? all.filter((r) => r.kind === 'live') : [latest];
  // All are all: without a condition indexes answer alone.
  return { ids: meant.length === all.length ? null : meant.map((r) => r.id), live };
}

export function runById(db: Database, id: number): RunRow | null {
  return (db.prepare('SELECT * FROM run WHERE id = ?').get(id) as RunRow | undefined) ?? null;
}

/** Time of the newest alert of these runs (null: of all), or null when there is none. */
export function newestAlertUs(db: Database, runs: number[] | null): number | null {
  const where = runs === null ? '' : `WHERE run_id IN (${runs.map(() => '?').join(', ')})`;
  return db
    .prepare(`SELECT max(time_us) FROM alert ${where}`)
    .pluck()
    .get(...(runs ?? [])) as number | null;
}
