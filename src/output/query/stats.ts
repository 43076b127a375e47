/** What a database holds, in numbers. */
import { anything, type Condition, type Mark } from '../store/condition.js';
import type { Database } from '../store/open.js';
import { summaryOf } from '../store/summary.js';
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

const marks: Mark[] = ['archived', 'escalated', 'commented'];

/** Runs told, the newest. */
const RunsMax = 20;

export function storeStats(db: Database, f: AlertFilter): StoreStats {
  const tags = db.prepare('SELECT DISTINCT tag FROM alert_tag').pluck().all() as string[];
  const { alerts, firstUs, lastUs, bySignature, sources, also } = summaryOf(db, questionOf(db, f), [
    { field: 'blocked', value: 1 },
    ...marks.map((is): Condition => ({ field: 'mark', is })),
    ...tags.map((tag): Condition => ({ field: 'tag', tags: [tag] })),
  ]);
  const [blocked, archived, escalated, commented, ...tagged] = also;
  const pages = (name: string): number => db.pragma(name, { simple: true }) as number;
  return {
    alerts,
    firstUs,
    lastUs,
    bySeverity: severities(db, bySignature),
    blocked,
    signatures: bySignature.size,
    sources,
    archived,
    escalated,
    commented,
    tags: mostFirst(tags.map((tag, i) => ({ tag, count: tagged[i] }))),
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

function mostFirst(tags: StoreStats['tags']): StoreStats['tags'] {
  return tags.filter((t) => t.count > 0).sort((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1));
}

function runStats(db: Database, f: AlertFilter): RunStats[] {
  const rows = db
    .prepare(
      `SELECT id, kind, name, started_us AS startedUs, ended_us AS endedUs, packets, lost_events AS lostEvents FROM run
       ORDER BY id DESC LIMIT ${RunsMax}`,
    )
    .all() as Omit<RunStats, 'alerts'>[];
  const alerts = countsOf(db, anything, 'run');
  return rows
    .filter((r) => f.runs === null || f.runs.includes(r.id))
    .map((r) => ({ ...r, alerts: alerts.get(r.id) ?? 0 }));
}
