/** `peccary alerts export`: EVE as a sensor writes it, CSV, a STIX bundle, or packets. */
import { type Command, Option } from 'commander';
import { timestamp } from '../output/eve/json.js';
import { alertName } from '../output/query/sources.js';
import { StixBundle } from '../output/query/stix.js';
import { eveLines } from './alerts-eve.js';
import { type Exported, type ExportFlags, exported } from './alerts-exported.js';
import { addFilterOptions } from './alerts-filters.js';
import { addDatabaseOptions, wholeNumber, withSources } from './alerts-options.js';
import { answer } from './alerts-print.js';
import { csvLine, safe, safeJson } from './format.js';

export function registerExport(alerts: Command): void {
  const forms = {
    eve: exportEve,
    csv: exportRows,
    stix: exportStix,
    // Reads captures: the addon and its memory are loaded for nothing else.
    pcapng: async (flags: ExportFlags) => (await import('./alerts-packets.js')).exportPackets(flags),
  };
  const command = alerts
    .command('export')
    .summary('as EVE, CSV, STIX or packets')
    .description(
      'Alerts, the oldest first: as EVE JSON (as a sensor writes it, with payload and packet), CSV, a STIX 2.1 bundle, or the packets of their flows.',
    )
    .addOption(new Option('--format <format>', 'form').choices(Object.keys(forms)).default('eve'))
    .addOption(new Option('--limit <n>', 'at most so many, 0 for all').argParser(wholeNumber(0)).default(0));
  addDatabaseOptions(addFilterOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  peccary alerts export --run all > alerts.json\n  peccary alerts export --format pcapng --src 192.0.2.1 > attacker.pcapng',
    )
    .action((flags: ExportFlags) => forms[flags.format](flags));
}

/** Writes text: `one` of each alert, between `first` and `last`. */
function each(flags: ExportFlags, one: (e: Exported) => string, first = '', last = () => ''): Promise<void> {
  return withSources(flags, (sources) =>
    answer(flags, async (printer) => {
      await printer.print(first);
      for (const e of exported(sources, flags)) await printer.print(one(e));
      await printer.print(last());
    }),
  );
}

function exportEve(flags: ExportFlags): Promise<void> {
  const line = eveLines();
  return each(flags, ({ alert }) => safeJson(line(alert)));
}

function exportStix(flags: ExportFlags): Promise<void> {
  const bundle = new StixBundle();
  const json = (o: object): string => safeJson(JSON.stringify(o));
  const text = (objects: object[]): string => objects.map((o) => `,\n${json(o)}`).join('');
  return each(
    flags,
    ({ alert }) => text(bundle.objectsOf(alert)),
    `{"type":"bundle","id":"${bundle.id}","objects":[\n${json(bundle.identity)}`,
    () => `${text(bundle.rest())}\n]}\n`,
  );
}

const csvColumns: [title: string, value: (e: Exported) => string | number | null | undefined][] = [
  ['id', ({ source, alert }) => alertName(source, alert.id)],
  ['run', ({ alert: a }) => a.run],
  ['timestamp', ({ alert: a }) => timestamp(a.record.tsUs)],
  ['action', ({ alert: a }) => a.record.action],
  ['gid', ({ alert: a }) => a.record.gid],
  ['signature_id', ({ alert: a }) => a.record.sid],
  ['rev', ({ alert: a }) => a.record.rev],
  ['signature', ({ alert: a }) => a.rule.msg],
  ['category', ({ alert: a }) => a.rule.classText],
  ['severity', ({ alert: a }) => a.rule.priority],
  ['src_ip', ({ alert: a }) => a.record.src],
  ['src_port', ({ alert: a }) => (a.record.srcPort < 0 ? null : a.record.srcPort)],
  ['dest_ip', ({ alert: a }) => a.record.dst],
  ['dest_port', ({ alert: a }) => (a.record.dstPort < 0 ? null : a.record.dstPort)],
  ['proto', ({ alert: a }) => a.record.proto],
  ['app_proto', ({ alert: a }) => a.record.appProto],
  ['flow_id', ({ alert: a }) => (a.record.flowId === 0 ? null : a.record.flowId)],
  ['pcap_cnt', ({ alert: a }) => (a.record.pcapCnt === 0 ? null : a.record.pcapCnt)],
  ['http_method', ({ alert: a }) => a.record.http?.method],
  ['hostname', ({ alert: a }) => a.record.http?.hostname],
  ['url', ({ alert: a }) => a.record.http?.url],
  ['status', ({ alert: a }) => a.record.http?.status || null],
  ['http_user_agent', ({ alert: a }) => a.record.http?.userAgent],
  ['http_refer', ({ alert: a }) => a.record.http?.referer],
  ['references', ({ alert: a }) => a.rule.references.map((r) => `${r.type},${r.value}`).join(' ')],
];

function exportRows(flags: ExportFlags): Promise<void> {
  const head = csvLine(csvColumns.map(([title]) => title));
  return each(flags, (e) => csvLine(csvColumns.map(([, value]) => safe(String(value(e) ?? '')))), head);
}
