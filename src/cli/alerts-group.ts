/** `peccary alerts group`: what one source set off with one signature within a time, as one line. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { addressText, shortAddressText } from '../output/address-bytes.js';
import { timestamp } from '../output/eve/json.js';
import { timeSpan } from '../output/log-file.js';
import { type AlertGroup, DistinctMax, groupAlerts, walkAlerts } from '../output/query/group.js';
import { alertName, merged, type Source } from '../output/query/sources.js';
import { addFilterOptions, type FilterFlags } from './alerts-filters.js';
import { addDatabaseOptions, type DatabaseFlags, filtersOf, wholeNumber, withSources } from './alerts-options.js';
import { answer } from './alerts-print.js';
import { severityStyle, shortTime, sidText } from './alerts-row.js';
import { printRows } from './alerts-rows.js';
import { type Column, type Format, formatOption } from './format.js';

interface GroupFlags extends DatabaseFlags, FilterFlags {
  within?: number;
  limit: number;
  format: Format;
}

/** Seconds. */
const UsualGap = 3600;

function seconds(value: string): number {
  const n = timeSpan(value);
  if (n === null) throw new InvalidArgumentError('Expected a time such as 10m, 1h.');
  return n;
}

export function registerGroup(alerts: Command): void {
  const command = alerts
    .command('group')
    .summary('alerts of one source and signature as one line')
    .description('Alerts of one source and signature that follow each other closely, as one line with a count.')
    .addOption(new Option('--within <time>', 'how far one may be from the next (default 1h)').argParser(seconds))
    .addOption(new Option('--limit <n>', 'at most so many groups, 0 for all').argParser(wholeNumber(0)).default(50))
    .addOption(formatOption());
  addDatabaseOptions(addFilterOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  peccary alerts group --since 1d\n  peccary alerts group --within 5m --severity 1',
    )
    .action((flags: GroupFlags) => group(flags));
}

function destinations(g: AlertGroup): string {
  const newest = shortAddressText(g.dst) || '-';
  if (g.destinations === 1) return newest;
  return `${newest} and ${g.destinations - 1}${g.destinations === DistinctMax ? '+' : ''} more`;
}

function columnsOf(sources: Source[]): Column<AlertGroup>[] {
  return [
    { title: 'alerts', text: (g) => String(g.count), right: true },
    { title: 'first', text: (g) => shortTime(g.firstUs), short: (g) => shortTime(g.firstUs).slice(5, 19) },
    { title: 'last', text: (g) => shortTime(g.lastUs), short: (g) => shortTime(g.lastUs).slice(5, 19) },
    { title: 'sev', text: (g) => String(g.severity), right: true, style: (g) => severityStyle(g.severity) },
    { title: 'sid', text: (g) => sidText(g.gid, g.sid), right: true },
    { title: 'signature', text: (g) => g.signature, elastic: true },
    { title: 'source', text: (g) => shortAddressText(g.src) || '-' },
    { title: 'destination', text: destinations },
    { title: 'newest', text: (g) => alertName(sources[g.source], g.newestId), right: true },
  ];
}

function objectOf(sources: Source[]): (g: AlertGroup) => object {
  return (g) => ({
    count: g.count,
    first: timestamp(g.firstUs),
    last: timestamp(g.lastUs),
    gid: g.gid,
    signature_id: g.sid,
    signature: g.signature,
    severity: g.severity,
    src_ip: addressText(g.src) || null,
    destinations: g.destinations,
    newest: alertName(sources[g.source], g.newestId),
  });
}

function group(flags: GroupFlags): Promise<void> {
  return withSources(flags, (sources) =>
    answer(flags, async (printer) => {
      const lists = filtersOf(sources, flags).map(({ source, filter }, i) => walkAlerts(source.db, filter, i));
      const walked = merged(lists, (a, b) => b.timeUs - a.timeUs);
      const groups = groupAlerts(walked, (flags.within ?? UsualGap) * 1e6, flags.limit === 0 ? -1 : flags.limit);
      await printRows(printer, groups, columnsOf(sources), objectOf(sources), flags, 'No alerts.');
    }),
  );
}
