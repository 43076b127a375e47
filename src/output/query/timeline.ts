/** Alerts over time: counts in equal parts of a period, for all and for the most frequent signatures. */
import type { Condition } from '../store/condition.js';
import type { Database } from '../store/open.js';
import { spanOf } from '../store/select.js';
import { timelineOf } from '../store/top.js';
import { type AlertFilter, questionOf } from './filter.js';

export interface Series {
  /** 0: of all signatures together. */
  gid: number;
  sid: number;
  signature: string;
  severity: number;
  count: number;
  /** Alerts in each part. */
  parts: number[];
}

export interface Period {
  fromUs: number;
  /** The end, not within. */
  toUs: number;
  /** Length of a part. */
  stepUs: number;
}

/** Parts at most; a finer step is made coarser. */
export const PartsMax = 2000;

/** Number of parts of a period. */
export function partCount(p: Period): number {
  return Math.max(1, Math.ceil((p.toUs - p.fromUs) / p.stepUs));
}

/** Times of the first and last alert that pass, or null when none does. */
export function extent(db: Database, f: AlertFilter): { firstUs: number; lastUs: number } | null {
  return spanOf(db, questionOf(db, f));
}

/** Counts by signature, in no order. Signatures of several revisions are one. */
export function timeline(db: Database, f: AlertFilter, p: Period): Series[] {
  const steps = partCount(p);
  const c: Condition = { and: [{ field: 'time', since: p.fromUs, until: p.toUs - 1 }, questionOf(db, f)] };
  const counts = timelineOf(db, c, { fromUs: p.fromUs, stepUs: p.stepUs, steps, bySignature: true });
  const signature = db.prepare('SELECT gid, sid, msg AS signature, severity FROM signature WHERE id = ?');
  const all = new Map<string, Series>();
  for (const [id, parts] of counts) {
    const s = signature.get(id) as Pick<Series, 'gid' | 'sid' | 'signature' | 'severity'>;
    const series = all.get(seriesKey(s)) ?? { ...s, count: 0, parts: new Array<number>(steps).fill(0) };
    parts.forEach((n, i) => {
      series.count += n;
      series.parts[i] += n;
    });
    all.set(seriesKey(s), series);
  }
  return [...all.values()];
}

function seriesKey(s: Pick<Series, 'gid' | 'sid' | 'signature'>): string {
  return `${s.gid}:${s.sid}:${s.signature}`;
}

/** Series of several databases: all together first, then the `most` most frequent signatures. */
export function mergeTimelines(lists: Series[][], p: Period, most: number): Series[] {
  const total: Series = {
    gid: 0,
    sid: 0,
    signature: 'all',
    severity: 0,
    count: 0,
    parts: new Array<number>(partCount(p)).fill(0),
  };
  const all = new Map<string, Series>();
  const addTo = (to: Series, from: Series): void => {
    to.count += from.count;
    from.parts.forEach((n, i) => {
      to.parts[i] += n;
    });
  };
  for (const s of lists.flat()) {
    addTo(total, s);
    const known = all.get(seriesKey(s));
    if (known === undefined) all.set(seriesKey(s), { ...s, parts: [...s.parts] });
    else addTo(known, s);
  }
  const sorted = [...all.values()].sort((a, b) => b.count - a.count || (seriesKey(a) < seriesKey(b) ? -1 : 1));
  return [total, ...sorted.slice(0, most)];
}
