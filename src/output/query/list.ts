/**
 * Alerts one a row, page by page. A page goes on after a certain alert (keyset paging), so that a late page costs what the
 * first does and alerts that come meanwhile move nothing.
 *
 * A page by time is looked for in two steps: among the newest alerts, where whatever is frequent fills it, and only if
 * it stays short among all, by the index of the rarest condition.
 */
import type { Database } from '../store/open.js';
import { type AlertFilter, whereOf } from './filter.js';
import { joined, type Value, type Where } from './where.js';

/** A row of `alerts list`. */
export interface AlertRow {
  id: number;
  run: number;
  timeUs: number;
  gid: number;
  sid: number;
  rev: number;
  signature: string;
  category: string;
  severity: number;
  blocked: number;
  src: Buffer;
  dst: Buffer;
  /** The real client, as a proxy tells it. */
  client: Buffer | null;
  /** 1 when the packet came from that side, 0 when it went there. */
  fromClient: number | null;
  srcPort: number;
  dstPort: number;
  proto: string;
  pcapCnt: number;
  flowId: number | null;
  method: string | null;
  host: string | null;
  url: string | null;
  status: number | null;
  userAgent: string | null;
  archived: number | null;
  escalated: number | null;
}

export type SortKey = 'time' | 'id' | 'severity' | 'signature' | 'src' | 'dst';

/** What each order goes by, ascending; then the newest first, then the highest id. */
const keys: Record<Exclude<SortKey, 'time' | 'id'>, string> = {
  severity: 's.severity',
  signature: 's.msg',
  src: 'a.src',
  dst: 'a.dst',
};

export const sortKeys: SortKey[] = ['time', 'id', 'severity', 'signature', 'src', 'dst'];

/** Where a page begins: after this alert. */
export interface After {
  /** Value that the order goes by; null for time and id. */
  key: Value | null;
  timeUs: number;
  id: number;
}

/** Alerts looked at in the first step. */
const NewestLooked = 50_000;
/** Pages up to this are looked for in two steps. */
const PageMost = 5000;

const columns = `a.id, a.run_id AS run, a.time_us AS timeUs, s.gid, s.sid, s.rev, s.msg AS signature, s.category, s.severity,
  a.blocked, a.src, a.dst, a.client, a.src = f.src AS fromClient, a.src_port AS srcPort, a.dst_port AS dstPort, a.proto,
  a.pcap_cnt AS pcapCnt, f.flow_id AS flowId, h.method, th.value AS host, tu.value AS url, h.status, ta.value AS userAgent,
  g.archived, g.escalated`;

const joins = `JOIN signature s ON s.id = a.signature_id LEFT JOIN flow f ON f.id = a.flow_id
  LEFT JOIN http h ON h.id = a.http_id LEFT JOIN text th ON th.id = a.host_id LEFT JOIN text tu ON tu.id = a.url_id
  LEFT JOIN text ta ON ta.id = h.user_agent_id LEFT JOIN triage g ON g.alert_id = a.id`;

function orderOf(sort: SortKey, walked: boolean): string {
  if (sort === 'id') return 'a.id';
  // With a + the order is no reason to walk an index that finds nothing.
  const byTime = walked ? 'a.time_us DESC, a.id DESC' : '+a.time_us DESC, a.id DESC';
  return sort === 'time' ? byTime : `${keys[sort]}, ${byTime}`;
}

function afterOf(sort: SortKey, after: After | null): Where[] {
  if (after === null) return [];
  if (sort === 'id') return [{ sql: 'a.id > ?', values: [after.id] }];
  const older: Where = { sql: '(a.time_us, a.id) < (?, ?)', values: [after.timeUs, after.id] };
  if (sort === 'time') return [older];
  const k = keys[sort];
  const key = after.key ?? '';
  return [{ sql: `(${k} > ? OR (${k} = ? AND ${older.sql}))`, values: [key, key, ...older.values] }];
}

/** Time of the alert that ends the first step; null when there are not that many. */
function floorUs(db: Database, f: AlertFilter, after: After | null): number | null {
  const run = f.runs?.length === 1 ? 'run_id = ? AND ' : '';
  const until = Math.min(f.untilUs ?? Number.MAX_SAFE_INTEGER, after?.timeUs ?? Number.MAX_SAFE_INTEGER);
  const values = f.runs?.length === 1 ? [f.runs[0], until] : [until];
  const sql = `SELECT time_us FROM alert WHERE ${run}time_us <= ? ORDER BY time_us DESC LIMIT 1 OFFSET ${NewestLooked}`;
  return (
    (db
      .prepare(sql)
      .pluck()
      .get(...values) as number | undefined) ?? null
  );
}

/** Ids of a page that the newest alerts fill; null when they do not. */
function newest(db: Database, f: AlertFilter, conditions: Where[], limit: number, after: After | null) {
  const floor = floorUs(db, f, after);
  if (floor === null) return null;
  const index = f.runs?.length === 1 ? 'alert_run' : 'alert_time';
  const where = joined([...conditions, { sql: 'a.time_us >= ?', values: [floor] }], 'AND');
  const ids = db
    .prepare(
      `SELECT a.id FROM alert a INDEXED BY ${index} WHERE ${where.sql} ORDER BY ${orderOf('time', true)} LIMIT ?`,
    )
    .pluck()
    .all(...where.values, limit) as number[];
  return ids.length === limit ? ids : null;
}

/** At most `limit` alerts (-1: all) in the order asked for, one at a time. */
export function listAlerts(
  db: Database,
  f: AlertFilter,
  sort: SortKey,
  limit: number,
  after: After | null = null,
): IterableIterator<AlertRow> {
  const conditions = [whereOf(f), ...afterOf(sort, after)];
  const { sql, values } = joined(conditions, 'AND');
  const needsSignature = sort === 'severity' || sort === 'signature';
  const from = needsSignature ? 'alert a JOIN signature s ON s.id = a.signature_id' : 'alert a';
  if (limit < 0 || limit > PageMost) {
    const all = `SELECT ${columns} FROM alert a ${joins} WHERE ${sql} ORDER BY ${orderOf(sort, true)} LIMIT ?`;
    return db.prepare(all).iterate(...values, limit) as IterableIterator<AlertRow>;
  }
  const page = sort === 'time' ? newest(db, f, conditions, limit, after) : null;
  const ids =
    page ??
    (db
      .prepare(`SELECT a.id FROM ${from} WHERE ${sql} ORDER BY ${orderOf(sort, false)} LIMIT ?`)
      .pluck()
      .all(...values, limit) as number[]);
  return rowsOf(db, ids);
}

function* rowsOf(db: Database, ids: number[]): Generator<AlertRow> {
  const one = db.prepare(`SELECT ${columns} FROM alert a ${joins} WHERE a.id = ?`);
  for (const id of ids) {
    const row = one.get(id) as AlertRow | undefined;
    // Removed meanwhile.
    if (row !== undefined) yield row;
  }
}

/** One alert as a row of a list, or null. */
export function rowById(db: Database, id: number): AlertRow | null {
  const sql = `SELECT ${columns} FROM alert a ${joins} WHERE a.id = ?`;
  return (db.prepare(sql).get(id) as AlertRow | undefined) ?? null;
}

/** Alerts with a higher id than this, in the order in which they came. */
export function newAlerts(db: Database, f: AlertFilter, aboveId: number, limit: number): AlertRow[] {
  const { sql, values } = whereOf(f);
  const statement = `SELECT ${columns} FROM alert a ${joins} WHERE a.id > ? AND ${sql} ORDER BY a.id LIMIT ?`;
  return db.prepare(statement).all(aboveId, ...values, limit) as AlertRow[];
}

export function highestId(db: Database): number {
  return (db.prepare('SELECT max(id) FROM alert').pluck().get() as number | null) ?? 0;
}

export function countAlerts(db: Database, f: AlertFilter): number {
  const { sql, values } = whereOf(f);
  return db
    .prepare(`SELECT count(*) FROM alert a WHERE ${sql}`)
    .pluck()
    .get(...values) as number;
}

/** What `sort` compares of a row; null for time and id, which every order ends with. */
function keyOf(row: AlertRow, sort: SortKey): Value | null {
  switch (sort) {
    case 'severity':
      return row.severity;
    case 'signature':
      return row.signature;
    case 'src':
      return row.src;
    case 'dst':
      return row.dst;
    default:
      return null;
  }
}

export function afterRow(row: AlertRow, sort: SortKey): After {
  return { key: keyOf(row, sort), timeUs: row.timeUs, id: row.id };
}

function compareKeys(a: Value | null, b: Value | null): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  // As SQLite compares: by bytes.
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return Buffer.compare(a, b);
  return 0;
}

/** Compares rows of different databases; 0: `sort` does not part them. */
export function compareRows(a: AlertRow, b: AlertRow, sort: SortKey): number {
  if (sort === 'id') return 0;
  return compareKeys(keyOf(a, sort), keyOf(b, sort)) || b.timeUs - a.timeUs;
}
