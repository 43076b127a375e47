/** Filters of questions about alerts, as SQL with bound values only. */
import { type AddressRange, addressRange } from '../address-bytes.js';
import type { Database } from './open.js';

export interface AlertFilter {
  /** Run ids; null: all. */
  runs: number[] | null;
  /** gid null: any. */
  sids: { gid: number | null; sid: number }[];
  /** The packet's source, or the real client. */
  src: AddressRange[];
  dst: AddressRange[];
  /** Source, destination or real client. */
  ip: AddressRange[];
  /** Source or destination port. */
  ports: number[];
  /** Microseconds, inclusive; null: open. */
  sinceUs: number | null;
  untilUs: number | null;
  /** Text within message, Host and URL, in any case; null: any. */
  signature: string | null;
  host: string | null;
  url: string | null;
}

export const anyAlert: AlertFilter = {
  runs: null,
  sids: [],
  src: [],
  dst: [],
  ip: [],
  ports: [],
  sinceUs: null,
  untilUs: null,
  signature: null,
  host: null,
  url: null,
};

type Value = number | string | Buffer;

/** A condition on `alert a` (joined with `signature s`) and its values. */
export interface Where {
  sql: string;
  values: Value[];
}

/** `%text%` with LIKE's own characters taken literally (ESCAPE '\'). */
const like = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** A range of one address column; the length keeps IPv4 and IPv6 apart, which share an order. */
function inRange(column: string, r: AddressRange): Where {
  return { sql: `(a.${column} BETWEEN ? AND ? AND length(a.${column}) = ?)`, values: [r.lo, r.hi, r.lo.length] };
}

function anyOf(list: Where[]): Where {
  return { sql: `(${list.map((w) => w.sql).join(' OR ')})`, values: list.flatMap((w) => w.values) };
}

export function whereOf(f: AlertFilter): Where {
  const all: Where[] = [];
  const add = (sql: string, ...values: Value[]) => all.push({ sql, values });
  if (f.runs !== null) add(`a.run_id IN (${f.runs.map(() => '?').join(', ')})`, ...f.runs);
  if (f.sids.length > 0) {
    const one = f.sids.map((s) =>
      s.gid === null ? { sql: 'sid = ?', values: [s.sid] } : { sql: '(sid = ? AND gid = ?)', values: [s.sid, s.gid] },
    );
    const { sql, values } = anyOf(one);
    add(`a.signature_id IN (SELECT id FROM signature WHERE ${sql})`, ...values);
  }
  if (f.src.length > 0) all.push(anyOf(f.src.flatMap((r) => [inRange('src', r), inRange('client', r)])));
  if (f.dst.length > 0) all.push(anyOf(f.dst.map((r) => inRange('dst', r))));
  if (f.ip.length > 0)
    all.push(anyOf(f.ip.flatMap((r) => [inRange('src', r), inRange('dst', r), inRange('client', r)])));
  if (f.ports.length > 0) {
    const marks = f.ports.map(() => '?').join(', ');
    add(`(a.src_port IN (${marks}) OR a.dst_port IN (${marks}))`, ...f.ports, ...f.ports);
  }
  if (f.sinceUs !== null) add('a.time_us >= ?', f.sinceUs);
  if (f.untilUs !== null) add('a.time_us <= ?', f.untilUs);
  if (f.signature !== null) {
    add("a.signature_id IN (SELECT id FROM signature WHERE msg LIKE ? ESCAPE '\\')", like(f.signature));
  }
  if (f.host !== null) add("a.host_id IN (SELECT id FROM text WHERE value LIKE ? ESCAPE '\\')", like(f.host));
  if (f.url !== null) add("a.url_id IN (SELECT id FROM text WHERE value LIKE ? ESCAPE '\\')", like(f.url));
  return { sql: all.length === 0 ? '1' : all.map((w) => w.sql).join(' AND '), values: all.flatMap((w) => w.values) };
}

export interface RunRow {
  id: number;
  kind: 'replay' | 'live';
  name: string;
  started_us: number;
  ended_us: number | null;
  origins: string;
  lost_events: number;
}

/** Runs that questions mean by default: the latest replay, or all live runs when the latest run is live. */
export function defaultRuns(db: Database): RunRow[] {
  const latest = db.prepare('SELECT * FROM run ORDER BY id DESC LIMIT 1').get() as RunRow | undefined;
  if (latest === undefined) return [];
  if (latest.kind === 'replay') return [latest];
  return db.prepare("SELECT * FROM run WHERE kind = 'live' ORDER BY id").all() as RunRow[];
}

export function runById(db: Database, id: number): RunRow | null {
  return (db.prepare('SELECT * FROM run WHERE id = ?').get(id) as RunRow | undefined) ?? null;
}

/** Time of the newest alert of these runs (null: of all), or null when there is none. */
export function newestAlertUs(db: Database, runs: number[] | null): number | null {
  const marks = runs === null ? '' : `WHERE run_id IN (${runs.map(() => '?').join(', ')})`;
  return db
    .prepare(`SELECT max(time_us) FROM alert ${marks}`)
    .pluck()
    .get(...(runs ?? [])) as number | null;
}

export { type AddressRange, addressRange };
