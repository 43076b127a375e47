/** What fired most, or who and what was concerned most often. */
import type { Database } from '../store/open.js';
import { type AlertFilter, whereOf } from './filter.js';

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

/** `value` of each group; `from`: `alert a` and what else is asked. */
interface Group {
  columns: string;
  from: string;
  by: string;
  where: string;
}

const client = 'coalesce(a.client, f.src, a.src)';

const groups: Record<Exclude<TopBy, 'asn'>, Group> = {
  signature: {
    columns: 's.msg AS value, s.gid, s.sid, min(s.severity) AS severity',
    from: 'JOIN signature s ON s.id = a.signature_id',
    by: 's.gid, s.sid, s.msg',
    where: '',
  },
  category: {
    columns: 's.category AS value',
    from: 'JOIN signature s ON s.id = a.signature_id',
    by: 's.category',
    where: '',
  },
  src: { columns: 'a.src AS value', from: '', by: 'a.src', where: 'AND length(a.src) > 0' },
  dst: { columns: 'a.dst AS value', from: '', by: 'a.dst', where: 'AND length(a.dst) > 0' },
  client: {
    columns: `${client} AS value`,
    from: 'LEFT JOIN flow f ON f.id = a.flow_id',
    by: client,
    where: 'AND length(a.src) > 0',
  },
  host: { columns: 'a.host_id AS text', from: '', by: 'a.host_id', where: 'AND a.host_id IS NOT NULL' },
  url: { columns: 'a.url_id AS text', from: '', by: 'a.url_id', where: 'AND a.url_id IS NOT NULL' },
  'user-agent': {
    columns: 'h.user_agent_id AS text',
    from: 'JOIN http h ON h.id = a.http_id',
    by: 'h.user_agent_id',
    where: 'AND h.user_agent_id IS NOT NULL',
  },
};

export const topKeys = [...Object.keys(groups), 'asn'] as TopBy[];

/** The most frequent values among the alerts that pass the filter; `limit` -1: all. */
export function topAlerts(db: Database, f: AlertFilter, by: Exclude<TopBy, 'asn'>, limit: number): TopRow[] {
  const g = groups[by];
  const { sql, values } = whereOf(f);
  const grouped: (TopRow & { text?: number })[] =
    by === 'signature' || by === 'category'
      ? bySignature(db, g, sql, values, limit)
      : (db
          .prepare(
            `SELECT count(*) AS count, ${g.columns}, min(a.time_us) AS firstUs, max(a.time_us) AS lastUs FROM alert a ${g.from}
             WHERE ${sql} ${g.where} GROUP BY ${g.by} ORDER BY count DESC, lastUs DESC LIMIT ?`,
          )
          .all(...values, limit) as (TopRow & { text?: number })[]);
  const textOf = db.prepare('SELECT value FROM text WHERE id = ?').pluck();
  return grouped.map(({ text, ...row }) => (text === undefined ? row : { ...row, value: textOf.get(text) as string }));
}

/** Rows of `signature` are few: alerts are counted by their number, from the index alone, before it is asked. */
function bySignature(db: Database, g: Group, sql: string, values: unknown[], limit: number): TopRow[] {
  const inner = `SELECT a.signature_id, count(*) AS n, min(a.time_us) AS firstUs, max(a.time_us) AS lastUs FROM alert a
    WHERE ${sql} GROUP BY a.signature_id`;
  const statement = `SELECT sum(a.n) AS count, ${g.columns}, min(a.firstUs) AS firstUs, max(a.lastUs) AS lastUs
    FROM (${inner}) a ${g.from} GROUP BY ${g.by} ORDER BY count DESC, lastUs DESC LIMIT ?`;
  return db.prepare(statement).all(...values, limit) as TopRow[];
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
