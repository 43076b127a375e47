/** Stored alerts in full: one, or all that pass a filter. */

import { addressText } from '../address-bytes.js';
import type { AlertRecord, FlowRecord, HttpRecord, RuleInfo } from '../records.js';
import type { Database } from '../store/open.js';
import { parseRest } from '../store/rest.js';
import { selectAlerts } from '../store/select.js';
import { type AlertFilter, questionOf } from './filter.js';

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

/** Alerts in full that pass, the oldest first, one at a time; at most `limit` (-1: all). */
export function* exportAlerts(db: Database, f: AlertFilter, limit: number): Generator<StoredAlert> {
  const one = db.prepare(`${fullSql} WHERE a.id = ?`);
  let n = 0;
  for (const { id } of selectAlerts(db, questionOf(db, f), { newest: false })) {
    if (n === limit) return;
    const row = one.get(id) as Row | undefined;
    // Removed meanwhile.
    if (row === undefined) continue;
    n++;
    yield storedOf(row);
  }
}
