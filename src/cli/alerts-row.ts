/** How a row of alerts reads: columns for people, an object for programs. */
import { addressText, shortAddressText } from '../output/address-bytes.js';
import { timestamp } from '../output/eve/json.js';
import type { AlertRow } from '../output/query/list.js';
import { alertName, type Source } from '../output/query/sources.js';
import type { Column } from './format.js';
import type { Style } from './text.js';

/** "2026-01-02 03:04:05.123". */
export function shortTime(us: number): string {
  return timestamp(us).slice(0, 23).replace('T', ' ');
}

/** "192.0.2.1:80", "[2001:db8::1]:80", "192.0.2.1", "-" without an address. */
export function endpoint(address: Uint8Array, port: number): string {
  const text = shortAddressText(address);
  if (text === '') return '-';
  if (port < 0) return text;
  return address.length === 16 ? `[${text}]:${port}` : `${text}:${port}`;
}

/** Priority 1 is red, 2 yellow. */
export function severityStyle(severity: number): Style | null {
  return severity === 1 ? 'red' : severity === 2 ? 'yellow' : null;
}

/** "1000001", or "120:3" for a generator other than rules. */
export function sidText(gid: number, sid: number): string {
  return gid === 1 ? String(sid) : `${gid}:${sid}`;
}

/** A row and the database it is of. */
export type ListRow = AlertRow & { source: Source };

export function withSource(source: Source): (row: AlertRow) => ListRow {
  return (row) => ({ ...row, source });
}

/** Message, with what has been done about the alert. */
function signatureText(r: AlertRow): string {
  const done = [
    r.blocked === 1 ? 'blocked' : '',
    r.escalated === 1 ? 'escalated' : '',
    r.archived === 1 ? 'archived' : '',
  ].filter((s) => s !== '');
  return done.length === 0 ? r.signature : `${r.signature} (${done.join(', ')})`;
}

/** Columns of the table, of CSV and of Markdown. */
export const listColumns: Column<ListRow>[] = [
  { title: 'id', text: (r) => alertName(r.source, r.id), right: true },
  { title: 'time', text: (r) => shortTime(r.timeUs), short: (r) => shortTime(r.timeUs).slice(5, 19) },
  { title: 'sev', text: (r) => String(r.severity), right: true, style: (r) => severityStyle(r.severity) },
  { title: 'sid', text: (r) => sidText(r.gid, r.sid), right: true },
  { title: 'signature', text: signatureText, elastic: true },
  { title: 'source', text: (r) => side(r, 1, endpoint(r.src, r.srcPort)) },
  { title: 'destination', text: (r) => side(r, 0, endpoint(r.dst, r.dstPort)) },
  { title: 'request', text: requestText, elastic: true },
];

/** "192.0.2.1:4711"; "203.0.113.9 via 192.0.2.1:4711" on the side of the client when a proxy tells who asked. */
function side(r: AlertRow, fromClient: number, peer: string): string {
  return r.client === null || r.fromClient !== fromClient ? peer : `${shortAddressText(r.client)} via ${peer}`;
}

/** "GET www.example.org/path". */
export function requestText(r: AlertRow): string {
  if (r.url === null && r.host === null) return '';
  const url = r.url ?? '';
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(url);
  return `${r.method ?? ''} ${absolute ? '' : (r.host ?? '')}${url}`.trim();
}

/** What JSON has of a row: EVE's names where it has them. */
export function rowObject(r: ListRow): object {
  return {
    ...alertIdOf(r.source, r.id),
    run: r.run,
    timestamp: timestamp(r.timeUs),
    gid: r.gid,
    signature_id: r.sid,
    rev: r.rev,
    signature: r.signature,
    category: r.category,
    severity: r.severity,
    action: r.blocked === 1 ? 'blocked' : 'allowed',
    src_ip: addressText(r.src) || null,
    src_port: r.srcPort < 0 ? null : r.srcPort,
    client_ip: r.client === null ? null : addressText(r.client),
    dest_ip: addressText(r.dst) || null,
    dest_port: r.dstPort < 0 ? null : r.dstPort,
    proto: r.proto || null,
    flow_id: r.flowId,
    pcap_cnt: r.pcapCnt === 0 ? null : r.pcapCnt,
    http_method: r.method,
    hostname: r.host,
    url: r.url,
    status: r.status === 0 ? null : r.status,
    http_user_agent: r.userAgent,
    archived: r.archived === 1,
    escalated: r.escalated === 1,
  };
}

/** `id` for programs: a number, or "edge1:12" with the name of the database where several are asked. */
export function alertIdOf(source: Source, id: number): object {
  return source.name === '' ? { id } : { id: alertName(source, id), database: source.name };
}
