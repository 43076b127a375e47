/** Questions about stored alerts: lists, counts, one in full. */

import { addressText } from '../address-bytes.js';
import type { AlertRecord, FlowRecord, HttpRecord, RuleInfo } from '../records.js';
import { type AlertFilter, whereOf } from './filter.js';
import type { Database } from './open.js';
import { parseRest } from './rest.js';

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
}

export type SortKey = 'time' | 'id' | 'severity' | 'signature' | 'src' | 'dst';

/** What each order sorts by; the id makes it definite. */
const orders: Record<SortKey, string> = {
  time: 'a.time_us DESC, a.id DESC',
  id: 'a.id',
  severity: 's.severity, a.time_us DESC, a.id DESC',
  signature: 's.msg, a.time_us DESC, a.id DESC',
  src: 'a.src, a.time_us DESC, a.id DESC',
  dst: 'a.dst, a.time_us DESC, a.id DESC',
};

export const sortKeys = Object.keys(orders) as SortKey[];

/** At most `limit` alerts (-1: all) in the order asked for, one at a time. */
export function listAlerts(db: Database, f: AlertFilter, sort: SortKey, limit: number): IterableIterator<AlertRow> {
  const where = whereOf(f);
  const statement = db.prepare(
    `SELECT a.id, a.run_id AS run, a.time_us AS timeUs, s.gid, s.sid, s.rev, s.msg AS signature, s.category, s.severity, a.blocked,
       a.src, a.dst, a.client, a.src = f.src AS fromClient, a.src_port AS srcPort, a.dst_port AS dstPort, a.proto, a.pcap_cnt AS pcapCnt, f.flow_id AS flowId,
       h.method, th.value AS host, tu.value AS url, h.status
     FROM alert a JOIN signature s ON s.id = a.signature_id LEFT JOIN flow f ON f.id = a.flow_id
       LEFT JOIN http h ON h.id = a.http_id LEFT JOIN text th ON th.id = a.host_id LEFT JOIN text tu ON tu.id = a.url_id
     WHERE ${where.sql} ORDER BY ${orders[sort]} LIMIT ?`,
  );
  return statement.iterate(...where.values, limit) as IterableIterator<AlertRow>;
}

export function countAlerts(db: Database, f: AlertFilter): number {
  const where = whereOf(f);
  const sql = `SELECT count(*) FROM alert a JOIN signature s ON s.id = a.signature_id WHERE ${where.sql}`;
  return db
    .prepare(sql)
    .pluck()
    .get(...where.values) as number;
}

export type TopBy = 'signature' | 'src' | 'dst' | 'client' | 'host' | 'url';

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

const groups: Record<TopBy, { columns: string; join: string; by: string; where: string }> = {
  signature: {
    columns: 's.msg AS value, s.gid, s.sid, min(s.severity) AS severity',
    join: '',
    by: 's.gid, s.sid, s.msg',
    where: '',
  },
  src: { columns: 'a.src AS value', join: '', by: 'a.src', where: 'AND length(a.src) > 0' },
  dst: { columns: 'a.dst AS value', join: '', by: 'a.dst', where: 'AND length(a.dst) > 0' },
  client: {
    columns: 'coalesce(a.client, f.src, a.src) AS value',
    join: 'LEFT JOIN flow f ON f.id = a.flow_id',
    by: 'coalesce(a.client, f.src, a.src)',
    where: 'AND length(a.src) > 0',
  },
  host: { columns: 't.value', join: 'JOIN text t ON t.id = a.host_id', by: 'a.host_id', where: '' },
  url: { columns: 't.value', join: 'JOIN text t ON t.id = a.url_id', by: 'a.url_id', where: '' },
};

export const topKeys = Object.keys(groups) as TopBy[];

/** The most frequent values among the alerts that pass the filter. */
export function topAlerts(db: Database, f: AlertFilter, by: TopBy, limit: number): TopRow[] {
  const where = whereOf(f);
  const g = groups[by];
  const sql = `SELECT count(*) AS count, ${g.columns}, min(a.time_us) AS firstUs, max(a.time_us) AS lastUs
     FROM alert a JOIN signature s ON s.id = a.signature_id ${g.join} WHERE ${where.sql} ${g.where}
     GROUP BY ${g.by} ORDER BY count DESC, lastUs DESC LIMIT ?`;
  return db.prepare(sql).all(...where.values, limit) as TopRow[];
}

/** An alert in full, as it came to the store. */
export interface StoredAlert {
  id: number;
  run: number;
  /** Name of the capture file or interface. */
  origin: string | null;
  /** State of the flow; null when it had not ended. */
  flowState: string | null;
  record: AlertRecord;
  rule: RuleInfo;
}

type Row = Record<string, never>;

const fullSql = `
  SELECT a.*, s.gid, s.sid, s.rev, s.msg, s.action, s.severity, s.classtype, s.category, s.refs, s.metadata, s.target, s.file, s.line, s.rule,
    p.data AS payload, k.data AS packet, r.origins,
    f.src AS f_src, f.dst AS f_dst, f.src_port AS f_src_port, f.dst_port AS f_dst_port, f.start_us, f.last_us, f.pkts_toserver, f.pkts_toclient,
    f.bytes_toserver, f.bytes_toclient, f.state,
    h.tx_id, h.method, th.value AS hostname, h.port, tu.value AS url, h.protocol, h.status, h.status_string, ta.value AS user_agent,
    tr.value AS referer, h.content_type, h.redirect, h.xff, h.content_range, h.length,
    b1.data AS request_head, b2.data AS response_head, b3.data AS request_body, b4.data AS response_body
  FROM alert a JOIN signature s ON s.id = a.signature_id JOIN run r ON r.id = a.run_id
    LEFT JOIN bytes p ON p.id = a.payload_id LEFT JOIN bytes k ON k.id = a.packet_id
    LEFT JOIN flow f ON f.id = a.flow_id LEFT JOIN http h ON h.id = a.http_id
    LEFT JOIN text th ON th.id = h.host_id LEFT JOIN text tu ON tu.id = h.url_id
    LEFT JOIN text ta ON ta.id = h.user_agent_id LEFT JOIN text tr ON tr.id = h.referer_id
    LEFT JOIN bytes b1 ON b1.id = h.request_head_id LEFT JOIN bytes b2 ON b2.id = h.response_head_id
    LEFT JOIN bytes b3 ON b3.id = h.request_body_id LEFT JOIN bytes b4 ON b4.id = h.response_body_id`;

function flowOf(row: Row): FlowRecord | null {
  if (row.flow_id === null) return null;
  return {
    src: addressText(row.f_src),
    dst: addressText(row.f_dst),
    srcPort: row.f_src_port,
    dstPort: row.f_dst_port,
    startUs: row.start_us,
    lastUs: row.last_us,
    pktsToServer: row.pkts_toserver,
    pktsToClient: row.pkts_toclient,
    bytesToServer: row.bytes_toserver,
    bytesToClient: row.bytes_toclient,
  };
}

function httpOf(row: Row): HttpRecord | null {
  if (row.http_id === null) return null;
  return {
    txId: row.tx_id,
    hostname: row.hostname,
    port: row.port,
    url: row.url,
    method: row.method,
    protocol: row.protocol,
    status: row.status,
    statusString: row.status_string,
    userAgent: row.user_agent,
    referer: row.referer,
    contentType: row.content_type,
    redirect: row.redirect,
    xff: row.xff,
    contentRange: row.content_range,
    length: row.length,
    requestHead: row.request_head,
    responseHead: row.response_head,
    requestBody: row.request_body,
    responseBody: row.response_body,
  };
}

function storedOf(row: Row): StoredAlert {
  const rest = parseRest(row.rest);
  return {
    id: row.id,
    run: row.run_id,
    origin: (JSON.parse(row.origins) as string[])[row.origin] ?? null,
    flowState: row.state ?? null,
    record: {
      kind: 'alert',
      tsUs: row.time_us,
      pcapCnt: row.pcap_cnt,
      src: addressText(row.src),
      dst: addressText(row.dst),
      srcPort: row.src_port,
      dstPort: row.dst_port,
      proto: row.proto,
      origin: row.origin,
      rule: 0,
      gid: row.gid,
      sid: row.sid,
      rev: row.rev,
      action: row.blocked === 1 ? 'blocked' : 'allowed',
      http: httpOf(row),
      client: row.client === null ? '' : addressText(row.client),
      flow: flowOf(row),
      payload: row.payload,
      packet: row.packet,
      ...rest,
    },
    rule: {
      gid: row.gid,
      sid: row.sid,
      rev: row.rev,
      msg: row.msg,
      action: row.action,
      priority: row.severity,
      classtype: row.classtype,
      classText: row.category,
      references: JSON.parse(row.refs),
      metadata: JSON.parse(row.metadata),
      target: row.target,
      file: row.file,
      line: row.line,
      text: row.rule,
    },
  };
}

/** The alert with this id, or null. */
export function loadAlert(db: Database, id: number): StoredAlert | null {
  const row = db.prepare(`${fullSql} WHERE a.id = ?`).get(id) as Row | undefined;
  return row === undefined ? null : storedOf(row);
}

/** Alerts in full that pass the filter, oldest first, one at a time; at most `limit` (-1: all). */
export function* exportAlerts(db: Database, f: AlertFilter, limit: number): Generator<StoredAlert> {
  const where = whereOf(f);
  const rows = db
    .prepare(`${fullSql} WHERE ${where.sql} ORDER BY a.time_us, a.id LIMIT ?`)
    .iterate(...where.values, limit);
  for (const row of rows) yield storedOf(row as Row);
}
