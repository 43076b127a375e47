/**
 * Records of EVE events that Suricata or Peccary wrote (Suricata user guide 7.0, "EVE JSON Format"): what eve/ writes, read
 * back. Members of a wrong type count as absent: a file may be damaged or made by somebody else.
 */

import { addressBytes } from '../address-bytes.js';
import type { AlertRecord, EventBase, FileRecord, FlowRecord, HttpRecord, RuleInfo, TunnelRecord } from '../records.js';
import { HttpKeep } from '../records.js';

export type Json = Record<string, unknown>;

export const objectOf = (v: unknown): Json | null =>
  typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Json) : null;
export const listOf = (v: unknown): unknown[] => (Array.isArray(v) ? v : []);
const textOf = (v: unknown): string | null => (typeof v === 'string' ? v : null);
export const numberOf = (v: unknown, otherwise: number): number =>
  typeof v === 'number' && Number.isSafeInteger(v) ? v : otherwise;
const bytesOf = (v: unknown): Uint8Array | null =>
  typeof v === 'string' && v !== '' ? Buffer.from(v, 'base64') : null;
export const oneOf = <T extends string>(v: unknown, ...known: T[]): T | null =>
  known.includes(v as T) ? (v as T) : null;

/** Microseconds of "2026-01-02T03:04:05.123456+0100"; null when it is none. */
export function timeOf(v: unknown): number | null {
  const m = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:?\d\d)$/.exec(textOf(v) ?? '');
  if (m === null) return null;
  const zone = m[3] === 'Z' ? 'Z' : `${m[3].slice(0, 3)}:${m[3].slice(-2)}`;
  const seconds = Date.parse(`${m[1]}${zone}`) / 1000;
  return Number.isFinite(seconds) ? seconds * 1e6 + Number((m[2] ?? '').padEnd(6, '0')) : null;
}

/** The real client, as far as it is an address. */
export const clientOf = (v: unknown): string => (addressBytes(textOf(v) ?? '').length > 0 ? String(v) : '');

/** As the records have addresses: IPv6 in full is what EVE writes. */
const addressOf = (v: unknown): string => textOf(v) ?? '';

export function baseOf(e: Json): EventBase {
  return {
    tsUs: timeOf(e.timestamp) ?? 0,
    flowId: numberOf(e.flow_id, 0),
    pcapCnt: numberOf(e.pcap_cnt, 0),
    src: addressOf(e.src_ip),
    dst: addressOf(e.dest_ip),
    srcPort: numberOf(e.src_port, -1),
    dstPort: numberOf(e.dest_port, -1),
    proto: textOf(e.proto) ?? '',
    icmpType: numberOf(e.icmp_type, -1),
    icmpCode: numberOf(e.icmp_code, -1),
    vlan: listOf(e.vlan).filter((v) => typeof v === 'number'),
    origin: 0,
    pktSrc: textOf(e.pkt_src) ?? '',
    vars: null,
  };
}

function varsOf(e: Json): EventBase['vars'] {
  const m = objectOf(e.metadata);
  if (m === null) return null;
  const pairs = (v: unknown): [string, string][] =>
    listOf(v).flatMap((x) => Object.entries(objectOf(x) ?? {}).map(([k, t]): [string, string] => [k, String(t)]));
  return {
    flowbits: listOf(m.flowbits).map(String),
    flowints: Object.entries(objectOf(m.flowints) ?? {}).map(([k, v]) => [k, numberOf(v, 0)]),
    flowvars: pairs(m.flowvars),
    pktvars: pairs(m.pktvars),
  };
}

export function httpOf(v: unknown, txId: number): HttpRecord | null {
  const h = objectOf(v);
  if (h === null) return null;
  const body = (name: string): Uint8Array | null => {
    const printable = textOf(h[`${name}_printable`]);
    const bytes = bytesOf(h[name]) ?? (printable === null ? null : Buffer.from(printable));
    return bytes === null ? null : bytes.subarray(0, HttpKeep.Body);
  };
  return {
    txId: Math.max(0, txId),
    hostname: textOf(h.hostname),
    port: numberOf(h.http_port, -1),
    url: textOf(h.url),
    method: textOf(h.http_method),
    protocol: textOf(h.protocol),
    status: numberOf(h.status, 0),
    statusString: textOf(h.status_string),
    userAgent: textOf(h.http_user_agent),
    referer: textOf(h.http_refer),
    contentType: textOf(h.http_content_type),
    redirect: textOf(h.redirect),
    xff: textOf(h.xff),
    contentRange: textOf(objectOf(h.content_range)?.raw),
    length: numberOf(h.length, 0),
    requestHead: null,
    responseHead: null,
    requestBody: body('http_request_body'),
    responseBody: body('http_response_body'),
  };
}

/** `whole`: of a flow event, whose addresses are those of the event. */
export function flowOf(v: unknown, whole: Json): FlowRecord | null {
  const f = objectOf(v);
  if (f === null) return null;
  const start = timeOf(f.start) ?? timeOf(whole.timestamp) ?? 0;
  return {
    src: addressOf(f.src_ip ?? whole.src_ip),
    dst: addressOf(f.dest_ip ?? whole.dest_ip),
    srcPort: numberOf(f.src_port ?? whole.src_port, -1),
    dstPort: numberOf(f.dest_port ?? whole.dest_port, -1),
    startUs: start,
    lastUs: timeOf(f.end) ?? timeOf(whole.timestamp) ?? start,
    pktsToServer: numberOf(f.pkts_toserver, 0),
    pktsToClient: numberOf(f.pkts_toclient, 0),
    bytesToServer: numberOf(f.bytes_toserver, 0),
    bytesToClient: numberOf(f.bytes_toclient, 0),
  };
}

function fileOf(v: unknown): FileRecord[] {
  const f = objectOf(v);
  if (f === null) return [];
  return [
    {
      filename: textOf(f.filename) ?? '',
      sids: listOf(f.sid).filter((s) => typeof s === 'number'),
      magic: textOf(f.magic),
      gaps: f.gaps === true,
      state: oneOf(f.state, 'CLOSED', 'TRUNCATED', 'ERROR') ?? 'UNKNOWN',
      md5: textOf(f.md5),
      sha1: textOf(f.sha1),
      sha256: textOf(f.sha256),
      stored: f.stored === true,
      storing: f.storing === true,
      fileId: numberOf(f.file_id, 0),
      size: numberOf(f.size, 0),
      start: numberOf(f.start, -1),
      end: numberOf(f.end, -1),
      txId: numberOf(f.tx_id, 0),
    },
  ];
}

function tunnelOf(v: unknown): TunnelRecord | null {
  const t = objectOf(v);
  if (t === null) return null;
  return {
    src: addressOf(t.src_ip),
    dst: addressOf(t.dest_ip),
    proto: textOf(t.proto) ?? '',
    depth: numberOf(t.depth, 0),
    pcapCnt: numberOf(t.pcap_cnt, 0),
    pktSrc: textOf(t.pkt_src) ?? '',
  };
}

/** The rule as far as an alert tells it. */
function ruleOf(alert: Json): RuleInfo {
  const metadata = Object.entries(objectOf(alert.metadata) ?? {}).flatMap(([key, values]) =>
    listOf(values).map((v): [string, string] => [key, String(v)]),
  );
  const text = textOf(alert.rule) ?? '';
  return {
    gid: numberOf(alert.gid, 1),
    sid: numberOf(alert.signature_id, 0),
    rev: numberOf(alert.rev, 0),
    msg: textOf(alert.signature) ?? '',
    action: /^\w+/.exec(text)?.[0] ?? 'alert',
    priority: numberOf(alert.severity, 3),
    classtype: /[;(]\s*classtype\s*:\s*([\w-]+)\s*;/.exec(text)?.[1] ?? null,
    classText: textOf(alert.category) ?? '',
    references: listOf(alert.references).map((value) => ({ type: 'url', value: String(value) })),
    metadata,
    target: alert.target === undefined ? null : objectOf(alert.target)?.ip === undefined ? null : targetOf(alert),
    file: '',
    line: 0,
    text,
  };
}

/** `source` and `target` are sides of the alert; which, only the event's addresses tell. */
function targetOf(alert: Json): RuleInfo['target'] {
  return /[;(]\s*target\s*:\s*src_ip\s*;/.test(textOf(alert.rule) ?? '') ? 'src_ip' : 'dest_ip';
}

/** Null when the event has no `alert`. The rule is index 0 of a set of its own. */
export function alertOf(e: Json): { record: AlertRecord; rule: RuleInfo } | null {
  const alert = objectOf(e.alert);
  if (alert === null) return null;
  const rule = ruleOf(alert);
  const verdict = objectOf(e.verdict);
  const txId = numberOf(e.tx_id, -1);
  const info = objectOf(e.packet_info);
  return {
    rule,
    record: {
      kind: 'alert',
      ...baseOf(e),
      vars: varsOf(e),
      appProto: textOf(e.app_proto) ?? '',
      appProtoTs: textOf(e.app_proto_ts) ?? '',
      appProtoTc: textOf(e.app_proto_tc) ?? '',
      rule: 0,
      gid: rule.gid,
      sid: rule.sid,
      rev: rule.rev,
      action: alert.action === 'blocked' ? 'blocked' : 'allowed',
      verdict: oneOf(verdict?.action, 'alert', 'drop', 'pass') ?? 'alert',
      reject: oneOf(verdict?.reject_target, 'to_client', 'to_server', 'both'),
      direction: oneOf(e.direction, 'to_server', 'to_client'),
      txId,
      txGuessed: e.tx_guessed === true,
      http: httpOf(e.http, txId),
      client: clientOf(alert.xff ?? e.xff),
      files: listOf(e.files).flatMap(fileOf),
      tunnel: tunnelOf(e.tunnel),
      flow: flowOf(e.flow, e),
      payload: bytesOf(e.payload) ?? (textOf(e.payload_printable) ? Buffer.from(String(e.payload_printable)) : null),
      stream: e.stream === 1 ? 1 : 0,
      packet: bytesOf(e.packet),
      linkType: numberOf(info?.linktype, 1),
      matches: [],
    },
  };
}
