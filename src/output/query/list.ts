/**
 * Alerts one a row, page by page. A page goes on after a certain alert (keyset paging), so that a late page costs what the
 * first does and alerts that come meanwhile move nothing.
 */
import type { Condition } from '../store/condition.js';
import type { Database } from '../store/open.js';
import { firstByAddress, firstById } from '../store/order.js';
import { countUpTo, selectAlerts } from '../store/select.js';
import { type AlertFilter, questionOf } from './filter.js';

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

export const sortKeys: SortKey[] = ['time', 'id', 'severity', 'signature', 'src', 'dst'];

type Key = number | string | Buffer;

/** Where a page begins: after this alert. */
export interface After {
  /** Value that the order goes by; null for time and id. */
  key: Key | null;
  timeUs: number;
  id: number;
}

const columns = `a.id, a.run_id AS run, a.time_us AS timeUs, s.gid, s.sid, s.rev, s.msg AS signature, s.category, s.severity,
  a.blocked, a.src, a.dst, a.client, a.src = f.src AS fromClient, a.src_port AS srcPort, a.dst_port AS dstPort, a.proto,
  a.pcap_cnt AS pcapCnt, f.flow_id AS flowId, h.method, th.value AS host, tu.value AS url, h.status, ta.value AS userAgent,
  g.archived, g.escalated`;

const joins = `JOIN signature s ON s.id = a.signature_id LEFT JOIN flow f ON f.id = a.flow_id
  LEFT JOIN http h ON h.id = a.http_id LEFT JOIN text th ON th.id = a.host_id LEFT JOIN text tu ON tu.id = a.url_id
  LEFT JOIN text ta ON ta.id = h.user_agent_id LEFT JOIN triage g ON g.alert_id = a.id`;

/** At most `limit` alerts (-1: all) in the order asked for, one at a time. */
export function* listAlerts(
  db: Database,
  f: AlertFilter,
  sort: SortKey,
  limit: number,
  after: After | null = null,
): Generator<AlertRow> {
  const one = db.prepare(`SELECT ${columns} FROM alert a ${joins} WHERE a.id = ?`);
  let n = 0;
  if (limit === 0) return;
  for (const id of idsInOrder(db, questionOf(db, f), sort, limit, after)) {
    const row = one.get(id) as AlertRow | undefined;
    // Removed meanwhile.
    if (row === undefined) continue;
    yield row;
    if (++n === limit) return;
  }
}

function* idsInOrder(db: Database, c: Condition, sort: SortKey, limit: number, after: After | null): Generator<number> {
  if (sort === 'time') {
    for (const found of selectAlerts(db, c, { newest: true, after: after ?? undefined })) yield found.id;
  } else if (sort === 'severity' || sort === 'signature') yield* bySignature(db, c, sort, after);
  else if (sort === 'id') yield* firstById(db, c, limit, after?.id ?? null);
  else yield* firstByAddress(db, c, sort, limit, after === null ? null : { ...after, key: after.key as Buffer });
}

/** Signatures are few: those with the first key, then those with the next. */
function* bySignature(
  db: Database,
  c: Condition,
  sort: 'severity' | 'signature',
  after: After | null,
): Generator<number> {
  const column = sort === 'severity' ? 'severity' : 'msg';
  const groups = db
    .prepare(
      `SELECT ${column} AS key, json_group_array(id) AS ids FROM signature GROUP BY ${column} ORDER BY ${column}`,
    )
    .all() as { key: number | string; ids: string }[];
  for (const { key, ids } of groups) {
    const order = after === null ? 1 : compareKeys(key, after.key);
    if (order < 0) continue;
    const all: Condition = { and: [{ field: 'signature', ids: JSON.parse(ids) as number[] }, c] };
    const from = order === 0 && after !== null ? after : undefined;
    for (const found of selectAlerts(db, all, { newest: true, after: from })) yield found.id;
  }
}

/** One alert as a row of a list, or null. */
export function rowById(db: Database, id: number): AlertRow | null {
  const sql = `SELECT ${columns} FROM alert a ${joins} WHERE a.id = ?`;
  return (db.prepare(sql).get(id) as AlertRow | undefined) ?? null;
}

/** Alerts with a higher id than this, in the order in which they came; at most `limit` are looked at. */
export function newAlerts(
  db: Database,
  f: AlertFilter,
  aboveId: number,
  limit: number,
): { rows: AlertRow[]; upTo: number } {
  const ids = db
    .prepare('SELECT id FROM alert WHERE id > ? ORDER BY id LIMIT ?')
    .pluck()
    .all(aboveId, limit) as number[];
  if (ids.length === 0) return { rows: [], upTo: aboveId };
  const c: Condition = { and: [{ field: 'id', ids }, questionOf(db, f)] };
  const passing = Array.from(selectAlerts(db, c, { newest: false }), (found) => found.id).sort((a, b) => a - b);
  const rows = passing.map((id) => rowById(db, id)).filter((r) => r !== null);
  return { rows, upTo: ids[ids.length - 1] };
}

export function highestId(db: Database): number {
  return (db.prepare('SELECT max(id) FROM alert').pluck().get() as number | null) ?? 0;
}

/** How far alerts are counted for a list: a count of all would take many times what the list does. */
export const enum CountBound {
  Alerts = 10_000,
  /** Blocks of alerts that words are looked for in; other filters are quick in all blocks. */
  PartsWithWords = 8,
}

/** How many alerts pass; not `all`: that many or more. */
export function countAlerts(db: Database, f: AlertFilter): { count: number; all: boolean } {
  const words = [...f.all, ...f.none].some((c) => c.on === 'text');
  const parts = words ? CountBound.PartsWithWords : Number.POSITIVE_INFINITY;
  return countUpTo(db, questionOf(db, f), { most: CountBound.Alerts, parts });
}

/** What `sort` compares of a row; null for time and id, which every order ends with. */
function keyOf(row: AlertRow, sort: SortKey): Key | null {
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

function compareKeys(a: Key | null, b: Key | null): number {
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
