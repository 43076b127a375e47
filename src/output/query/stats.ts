/** What a database holds, in numbers. */
import type { Condition } from '../store/condition.js';
import type { Database } from '../store/open.js';
import { countAlertsOf, spanOf } from '../store/select.js';
import { countsOf } from '../store/top.js';
import { type AlertFilter, questionOf } from './filter.js';

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
  const c = questionOf(db, f);
  const count = (more: Condition): number => countAlertsOf(db, { and: [c, more] });
  const ids = (sql: string): Condition => ({ field: 'id', ids: db.prepare(sql).pluck().all() as number[] });
  const pages = (name: string): number => db.pragma(name, { simple: true }) as number;
  const bySignature = countsOf(db, c, 'signature');
  const span = spanOf(db, c);
  return {
    alerts: countAlertsOf(db, c),
    firstUs: span?.firstUs ?? null,
    lastUs: span?.lastUs ?? null,
    bySeverity: severities(db, bySignature),
    blocked: count({ field: 'blocked', value: 1 }),
    signatures: bySignature.size,
    sources: countsOf(db, c, 'src').size,
    archived: count(ids('SELECT alert_id FROM triage WHERE archived = 1')),
    escalated: count(ids('SELECT alert_id FROM triage WHERE escalated = 1')),
    commented: count(ids("SELECT DISTINCT alert_id FROM alert_note WHERE action = 'comment'")),
    tags: tags(db, c),
    runs: runStats(db, f),
    usedBytes: (pages('page_count') - pages('freelist_count')) * pages('page_size'),
  };
}

function severities(db: Database, bySignature: ReadonlyMap<number | string, number>): StoreStats['bySeverity'] {
  const severity = db.prepare('SELECT severity FROM signature WHERE id = ?').pluck();
  const counts = new Map<number, number>();
  for (const [id, n] of bySignature) {
    const s = severity.get(id) as number;
    counts.set(s, (counts.get(s) ?? 0) + n);
  }
  return Array.from(counts, ([s, n]) => ({ severity: s, count: n })).sort((a, b) => a.severity - b.severity);
}

function tags(db: Database, c: Condition): StoreStats['tags'] {
  const all = db.prepare('SELECT DISTINCT tag FROM alert_tag').pluck().all() as string[];
  const idsOf = db.prepare('SELECT alert_id FROM alert_tag WHERE tag = ? ORDER BY alert_id').pluck();
  return all
    .map((tag) => ({ tag, count: countAlertsOf(db, { and: [{ field: 'id', ids: idsOf.all(tag) as number[] }, c] }) }))
    .filter((t) => t.count > 0)
    .sort((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1));
}

function runStats(db: Database, f: AlertFilter): RunStats[] {
  const rows = db
    .prepare(
      `SELECT id, kind, name, started_us AS startedUs, ended_us AS endedUs, packets, lost_events AS lostEvents FROM run
       ORDER BY id DESC LIMIT ${RunsMax}`,
    )
    .all() as Omit<RunStats, 'alerts'>[];
  return rows
    .filter((r) => f.runs === null || f.runs.includes(r.id))
    .map((r) => ({ ...r, alerts: countAlertsOf(db, { field: 'run', ids: [r.id] }) }));
}
