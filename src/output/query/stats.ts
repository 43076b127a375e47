/** What a database holds, in numbers. */
import type { Database } from '../store/open.js';
import { type AlertFilter, whereOf } from './filter.js';

export interface RunStats {
  id: number;
  kind: 'replay' | 'live';
  /** Inputs, one a line. */
  name: string;
  startedUs: number;
  /** null: running, or killed. */
  endedUs: number | null;
  packets: number | null;
  lostEvents: number;
  alerts: number;
}

export interface StoreStats {
  alerts: number;
  firstUs: number | null;
  lastUs: number | null;
  bySeverity: { severity: number; count: number }[];
  blocked: number;
  signatures: number;
  sources: number;
  archived: number;
  escalated: number;
  commented: number;
  tags: { tag: string; count: number }[];
  runs: RunStats[];
  /** Bytes in use, without free pages. */
  usedBytes: number;
}

/** Runs told, the newest. */
const RunsMax = 20;

export function storeStats(db: Database, f: AlertFilter): StoreStats {
  const { sql, values } = whereOf(f);
  const number = (what: string, more = ''): number =>
    db
      .prepare(`SELECT ${what} FROM alert a WHERE ${sql} ${more}`)
      .pluck()
      .get(...values) as number;
  const triaged = (condition: string): number => number('count(*)', `AND a.id IN (SELECT alert_id FROM ${condition})`);
  const pages = (name: string): number => db.pragma(name, { simple: true }) as number;
  const alerts = number('count(*)');
  return {
    alerts,
    firstUs: number('min(a.time_us)'),
    lastUs: number('max(a.time_us)'),
    bySeverity: db
      .prepare(
        `SELECT s.severity, sum(n) AS count FROM (SELECT a.signature_id, count(*) AS n FROM alert a WHERE ${sql} GROUP BY 1) g
         JOIN signature s ON s.id = g.signature_id GROUP BY s.severity ORDER BY s.severity`,
      )
      .all(...values) as StoreStats['bySeverity'],
    blocked: number('count(*)', 'AND a.blocked = 1'),
    signatures: number('count(DISTINCT a.signature_id)'),
    sources: number('count(DISTINCT a.src)', 'AND length(a.src) > 0'),
    archived: triaged('triage WHERE archived = 1'),
    escalated: triaged('triage WHERE escalated = 1'),
    commented: triaged("alert_note WHERE action = 'comment'"),
    tags: db
      .prepare(
        `SELECT t.tag, count(*) AS count FROM alert_tag t JOIN alert a ON a.id = t.alert_id WHERE ${sql}
         GROUP BY t.tag ORDER BY count DESC, t.tag`,
      )
      .all(...values) as StoreStats['tags'],
    runs: runStats(db, f),
    usedBytes: (pages('page_count') - pages('freelist_count')) * pages('page_size'),
  };
}

function runStats(db: Database, f: AlertFilter): RunStats[] {
  const count = db.prepare('SELECT count(*) FROM alert WHERE run_id = ?').pluck();
  const rows = db
    .prepare(
      `SELECT id, kind, name, started_us AS startedUs, ended_us AS endedUs, packets, lost_events AS lostEvents FROM run
       ORDER BY id DESC LIMIT ${RunsMax}`,
    )
    .all() as Omit<RunStats, 'alerts'>[];
  return rows
    .filter((r) => f.runs === null || f.runs.includes(r.id))
    .map((r) => ({ ...r, alerts: count.get(r.id) as number }));
}
