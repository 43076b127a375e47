/** `peccary alerts export`: EVE as a sensor writes it, or CSV. */
import { Settings } from '../core/settings.js';
import { type EveOptions, eveForced } from '../output/eve/config.js';
import { timestamp } from '../output/eve/json.js';
import { EveWriter } from '../output/eve/writer.js';
import { exportAlerts, type StoredAlert } from '../output/store/query.js';
import { type DatabaseFlags, type FilterFlags, filterOf, withDatabase } from './alerts-options.js';
import { Printer } from './alerts-print.js';
import { csvLine, safe, safeJson } from './format.js';

export interface ExportFlags extends DatabaseFlags, FilterFlags {
  format: 'eve' | 'csv';
  limit: number;
}

/** EVE with all that the store has: payload, packet, bodies, rule text and references, community id. */
export function exportOptions(): EveOptions {
  const metadata = { rule: { raw: true, reference: true } };
  const alert = {
    payload: true,
    'payload-printable': true,
    packet: true,
    'http-body': true,
    'http-body-printable': true,
    verdict: true,
    // The store has cut the payload already.
    'payload-buffer-size': '1gb',
    metadata,
  };
  const settings = { outputs: [{ 'eve-log': { 'community-id': true, 'pcap-file': true, types: [{ alert }] } }] };
  return eveForced(new Settings(settings), '-');
}

/** The EVE line of a stored alert, with its newline. */
export function eveLine(writer: EveWriter, a: StoredAlert): string {
  writer.line({ kind: 'origins', names: a.origin === null ? [] : [a.origin] });
  writer.useRules(() => a.rule);
  return writer.line({ ...a.record, origin: 0 });
}

function each(flags: ExportFlags, print: (a: StoredAlert, p: Printer) => Promise<void>, first = ''): Promise<void> {
  return withDatabase(flags, async (db) => {
    const printer = new Printer();
    await printer.print(first);
    const limit = flags.limit === 0 ? -1 : flags.limit;
    for (const a of exportAlerts(db, filterOf(db, flags), limit)) await print(a, printer);
    await printer.flush();
  });
}

export function exportEve(flags: ExportFlags): Promise<void> {
  const writer = new EveWriter(exportOptions(), false);
  return each(flags, (a, p) => p.print(safeJson(eveLine(writer, a))));
}

const csvColumns: [title: string, value: (a: StoredAlert) => string | number | null | undefined][] = [
  ['id', (a) => a.id],
  ['run', (a) => a.run],
  ['timestamp', (a) => timestamp(a.record.tsUs)],
  ['action', (a) => a.record.action],
  ['gid', (a) => a.record.gid],
  ['signature_id', (a) => a.record.sid],
  ['rev', (a) => a.record.rev],
  ['signature', (a) => a.rule.msg],
  ['category', (a) => a.rule.classText],
  ['severity', (a) => a.rule.priority],
  ['src_ip', (a) => a.record.src],
  ['src_port', (a) => (a.record.srcPort < 0 ? null : a.record.srcPort)],
  ['dest_ip', (a) => a.record.dst],
  ['dest_port', (a) => (a.record.dstPort < 0 ? null : a.record.dstPort)],
  ['proto', (a) => a.record.proto],
  ['app_proto', (a) => a.record.appProto],
  ['flow_id', (a) => (a.record.flowId === 0 ? null : a.record.flowId)],
  ['pcap_cnt', (a) => (a.record.pcapCnt === 0 ? null : a.record.pcapCnt)],
  ['http_method', (a) => a.record.http?.method],
  ['hostname', (a) => a.record.http?.hostname],
  ['url', (a) => a.record.http?.url],
  ['status', (a) => a.record.http?.status || null],
  ['http_user_agent', (a) => a.record.http?.userAgent],
  ['http_refer', (a) => a.record.http?.referer],
  ['references', (a) => a.rule.references.map((r) => `${r.type},${r.value}`).join(' ')],
];

export function exportRows(flags: ExportFlags): Promise<void> {
  const head = csvLine(csvColumns.map(([title]) => title));
  return each(flags, (a, p) => p.print(csvLine(csvColumns.map(([, value]) => safe(String(value(a) ?? ''))))), head);
}
