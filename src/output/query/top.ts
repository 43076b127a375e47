/** What fired most, or who and what was concerned most often. */
import { type AddressRange, addressText } from '../address-bytes.js';
import type { Database } from '../store/open.js';
import { spanOf } from '../store/select.js';
import { countsOf, type TopField, topOf } from '../store/top.js';
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

/** The address that countsOf of the store names. */
function addressOf(key: number | string): Buffer {
  if (typeof key === 'string') return Buffer.from(key, 'hex');
  const v4 = Buffer.alloc(4);
  v4.writeUInt32BE(key, 0);
  return v4;
}

/** The networks with the most alerts as sources; `nameOf` tells the network of an address. */
export function topNetworks(
  asked: readonly { db: Database; filter: AlertFilter }[],
  nameOf: (address: string) => string,
  limit: number,
): TopRow[] {
  const questions = asked.map(({ db, filter }) => ({ db, c: questionOf(db, filter) }));
  const networks = new Map<string, { count: number; ranges: AddressRange[] }>();
  for (const { db, c } of questions) {
    for (const [key, n] of countsOf(db, c, 'src')) {
      const address = addressOf(key);
      const name = nameOf(addressText(address));
      const network = networks.get(name) ?? { count: 0, ranges: [] };
      network.count += n;
      network.ranges.push({ lo: address, hi: address });
      networks.set(name, network);
    }
  }
  const sorted = [...networks].sort(([, a], [, b]) => b.count - a.count);
  return (limit < 0 ? sorted : sorted.slice(0, limit)).map(([value, { count, ranges }]) => {
    const spans = questions.map(({ db, c }) => spanOf(db, { and: [{ field: 'src', ranges }, c] }));
    const found = spans.filter((s) => s !== null);
    const firstUs = Math.min(...found.map((s) => s.firstUs));
    const lastUs = Math.max(...found.map((s) => s.lastUs));
    return { count, value, firstUs, lastUs };
  });
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
