/** Alerts over time: counts in equal parts of a period, for all and for the most frequent signatures. */
import type { Database } from '../store/open.js';
import { type AlertFilter, whereOf } from './filter.js';

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
  const { sql, values } = whereOf(f);
  // Two questions, so that each is answered by one end of an index.
  const end = (what: string) =>
    db
      .prepare(`SELECT ${what}(a.time_us) FROM alert a WHERE ${sql}`)
      .pluck()
      .get(...values) as number | null;
  const firstUs = end('min');
  const lastUs = firstUs === null ? null : end('max');
  return firstUs === null || lastUs === null ? null : { firstUs, lastUs };
}

/** Counts by signature and part, in no order. Signatures of several revisions are one. */
export function timeline(db: Database, f: AlertFilter, p: Period): Series[] {
  const { sql, values } = whereOf({ ...f, sinceUs: p.fromUs, untilUs: p.toUs - 1 });
  const rows = db
    .prepare(
      `SELECT a.signature_id AS id, (a.time_us - ?) / ? AS part, count(*) AS n FROM alert a WHERE ${sql} GROUP BY id, part`,
    )
    .all(p.fromUs, p.stepUs, ...values) as { id: number; part: number; n: number }[];
  const signature = db.prepare('SELECT gid, sid, msg AS signature, severity FROM signature WHERE id = ?');
  const known = new Map<number, Series>();
  const all = new Map<string, Series>();
  for (const { id, part, n } of rows) {
    let series = known.get(id);
    if (series === undefined) {
      const s = signature.get(id) as Pick<Series, 'gid' | 'sid' | 'signature' | 'severity'>;
      series = all.get(seriesKey(s)) ?? { ...s, count: 0, parts: new Array<number>(partCount(p)).fill(0) };
      known.set(id, series);
      all.set(seriesKey(s), series);
    }
    series.count += n;
    series.parts[Math.floor(part)] += n;
  }
  return [...all.values()];
}

export function seriesKey(s: Pick<Series, 'gid' | 'sid' | 'signature'>): string {
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
