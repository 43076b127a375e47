/** Runs: a replay or the time from a sensor's start to its end. */
import type { Database } from './open.js';
import { type Doomed, doomedColumns, Removal } from './removal.js';

export interface RunStart {
  kind: 'replay' | 'live';
  /** What was asked for: inputs (absolute paths) or interfaces. A replay is known again by these. */
  inputs: string[];
  /** Keep an earlier replay of the same inputs. */
  append: boolean;
  version: string;
  /** Clock time, microseconds since 1970. */
  startedUs: number;
}

/** What a run amounts to, for its row in the store. */
export interface RunTotals {
  packets: number;
  bytes: number;
  /** Capture time of the first and last packet, microseconds; 0 when there was none. */
  firstUs: number;
  lastUs: number;
  /** Events that were lost on the way to the writer. */
  lostEvents: number;
}

/** Alerts removed at a time. */
const RemoveAtOnce = 1024;

/** Removes a run and all that belongs to it; inside a transaction. */
function removeRun(db: Database, runId: number): void {
  const removal = new Removal(db);
  const some = db.prepare(`SELECT ${doomedColumns} FROM alert WHERE run_id = ? LIMIT ${RemoveAtOnce}`);
  for (let list = some.all(runId); list.length > 0; list = some.all(runId)) removal.remove(list as Doomed[]);
  db.prepare('DELETE FROM event WHERE run_id = ?').run(runId);
  db.prepare('DELETE FROM run WHERE id = ?').run(runId);
}

/** Makes the run's row and returns its id. */
export function beginRun(db: Database, sensor: string, run: RunStart): number {
  const name = run.inputs.join('\n');
  return db
    .transaction((): number => {
      db.prepare('INSERT INTO sensor (name) VALUES (?) ON CONFLICT DO NOTHING').run(sensor);
      const sensorId = db.prepare('SELECT id FROM sensor WHERE name = ?').pluck().get(sensor) as number;
      if (run.kind === 'replay' && !run.append) {
        const old = db.prepare("SELECT id FROM run WHERE kind = 'replay' AND name = ?").pluck().all(name) as number[];
        for (const id of old) removeRun(db, id);
      }
      const row = db
        .prepare('INSERT INTO run (sensor_id, kind, name, version, started_us) VALUES (?, ?, ?, ?, ?)')
        .run(sensorId, run.kind, name, run.version, run.startedUs);
      return Number(row.lastInsertRowid);
    })
    .immediate();
}

export function endRun(db: Database, runId: number, t: RunTotals | null): void {
  db.prepare(
    'UPDATE run SET ended_us = ?, packets = ?, bytes = ?, first_us = ?, last_us = ?, lost_events = ? WHERE id = ?',
  ).run(
    Date.now() * 1000,
    t?.packets ?? null,
    t?.bytes ?? null,
    t?.firstUs ? Math.floor(t.firstUs) : null,
    t?.lastUs ? Math.floor(t.lastUs) : null,
    t?.lostEvents ?? 0,
    runId,
  );
}
