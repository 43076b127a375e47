/** What fired most, or who and what was concerned most often. */
import type { Database } from '../store/open.js';
import { type TopField, topOf } from '../store/top.js';
import { type AlertFilter, questionOf } from './filter.js';

export type TopBy = 'signature' | 'src' | 'dst' | 'client' | 'host' | 'url' | 'user-agent' | 'category' | 'asn';

/** A row of `alerts top`: the value (an address as bytes) and, by signature, its numbers. */
export interface TopRow {
  count: number;
  value: string | Buffer;
  firstUs: number;
  lastUs: number;
  gid?: number;
  sid?: number;
  severity?: number;
}

const fields: Record<Exclude<TopBy, 'asn' | 'signature' | 'category'>, TopField> = {
  src: 'src',
  dst: 'dst',
  client: 'client',
  host: 'host',
  url: 'url',
  'user-agent': 'user_agent',
};

export const topKeys: TopBy[] = ['signature', 'src', 'dst', 'client', 'host', 'url', 'user-agent', 'category', 'asn'];

/** The most frequent values among the alerts that pass the filter; `limit` -1: all. */
export function topAlerts(db: Database, f: AlertFilter, by: Exclude<TopBy, 'asn'>, limit: number): TopRow[] {
  const c = questionOf(db, f);
  if (by !== 'signature' && by !== 'category') return topOf(db, c, fields[by], limit) as TopRow[];
  const rule = db.prepare('SELECT gid, sid, msg, severity, category FROM signature WHERE id = ?');
  const rows = topOf(db, c, 'signature', -1).map(({ value, ...times }): TopRow => {
    const { gid, sid, msg, severity, category } = rule.get(value as number) as Record<string, never>;
    return by === 'category' ? { ...times, value: category } : { ...times, value: msg, gid, sid, severity };
  });
  // Revisions of a rule are one, and so are rules of one category.
  return mergeTop([rows], topKey, limit);
}

/** Rows of several answers as one: counts added, the most frequent first. `keyOf` tells which belong together. */
export function mergeTop(lists: TopRow[][], keyOf: (r: TopRow) => string, limit: number): TopRow[] {
  const all = new Map<string, TopRow>();
  for (const row of lists.flat()) {
    const key = keyOf(row);
    const known = all.get(key);
    if (known === undefined) all.set(key, { ...row });
    else {
      known.count += row.count;
      known.firstUs = Math.min(known.firstUs, row.firstUs);
      known.lastUs = Math.max(known.lastUs, row.lastUs);
    }
  }
  const sorted = [...all.values()].sort((a, b) => b.count - a.count || b.lastUs - a.lastUs);
  return limit < 0 ? sorted : sorted.slice(0, limit);
}

/** What tells the values of `top` apart. */
export function topKey(r: TopRow): string {
  const value = typeof r.value === 'string' ? r.value : r.value.toString('hex');
  return `${r.gid ?? ''}:${r.sid ?? ''}:${value}`;
}
