/** `peccary alerts top`. */
import { type Command, Option } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { addressText, shortAddressText } from '../output/address-bytes.js';
import { timestamp } from '../output/eve/json.js';
import { networkNames } from '../output/query/asn.js';
import { type Asked, type TopBy, type TopRow, topAlerts, topKeys, topNetworks } from '../output/query/top.js';
import { addFilterOptions, type FilterFlags } from './alerts-filters.js';
import {
  addDatabaseOptions,
  type DatabaseFlags,
  filtersOf,
  type SourceFilter,
  wholeNumber,
  withSources,
} from './alerts-options.js';
import { answer } from './alerts-print.js';
import { severityStyle, shortTime, sidText } from './alerts-row.js';
import { printRows } from './alerts-rows.js';
import { type Column, type Format, formatOption } from './format.js';

interface TopFlags extends DatabaseFlags, FilterFlags {
  by: TopBy;
  limit: number;
  asnDatabase?: string;
  format: Format;
}

/** Heading, and name in JSON, of what is counted. */
const titles: Record<TopBy, [title: string, key: string]> = {
  signature: ['signature', 'signature'],
  category: ['category', 'category'],
  src: ['source', 'src_ip'],
  client: ['client', 'client_ip'],
  dst: ['destination', 'dest_ip'],
  host: ['host', 'hostname'],
  url: ['url', 'url'],
  'user-agent': ['user agent', 'http_user_agent'],
  asn: ['network', 'network'],
};

const timeText = (us: number | null): string => (us === null ? '' : shortTime(us));

function columnsOf(by: TopBy): Column<TopRow>[] {
  const value: Column<TopRow> = {
    title: titles[by][0],
    text: (r) => (typeof r.value === 'string' ? r.value : shortAddressText(r.value)),
    elastic: true,
  };
  const count: Column<TopRow> = { title: 'alerts', text: (r) => String(r.count), right: true };
  const times: Column<TopRow>[] = [
    { title: 'first', text: (r) => timeText(r.firstUs), short: (r) => timeText(r.firstUs).slice(5, 19) },
    { title: 'last', text: (r) => timeText(r.lastUs), short: (r) => timeText(r.lastUs).slice(5, 19) },
  ];
  if (by !== 'signature') return [count, value, ...times];
  return [
    count,
    { title: 'sev', text: (r) => String(r.severity), right: true, style: (r) => severityStyle(r.severity ?? 3) },
    { title: 'sid', text: (r) => sidText(r.gid ?? 1, r.sid ?? 0), right: true },
    value,
    ...times,
  ];
}

/** What JSON has of a row. */
function objectOf(by: TopBy): (r: TopRow) => object {
  return (r) => ({
    count: r.count,
    ...(by === 'signature' ? { gid: r.gid, signature_id: r.sid, severity: r.severity } : {}),
    [titles[by][1]]: typeof r.value === 'string' ? r.value : addressText(r.value),
    first: r.firstUs === null ? null : timestamp(r.firstUs),
    last: r.lastUs === null ? null : timestamp(r.lastUs),
  });
}

export function registerTop(alerts: Command): void {
  const command = alerts
    .command('top')
    .summary('what fired most, who and what was concerned')
    .description('What fired most, or who and what was concerned most often.')
    .addOption(new Option('--by <key>', 'what to count').choices(topKeys).default('signature'))
    .addOption(new Option('--limit <n>', 'at most so many, 0 for all').argParser(wholeNumber(0)).default(10))
    .option('--asn-database <file>', 'networks for --by asn, such as GeoLite2-ASN.mmdb')
    .addOption(formatOption());
  addDatabaseOptions(addFilterOptions(command))
    .addHelpText('after', '\nExamples:\n  peccary alerts top\n  peccary alerts top --by url --sid 5100001')
    .action((flags: TopFlags) => top(flags));
}

function top(flags: TopFlags): Promise<void> {
  return withSources(flags, (sources) =>
    answer(flags, async (printer) => {
      const limit = flags.limit === 0 ? -1 : flags.limit;
      const asked = filtersOf(sources, flags);
      const rows =
        flags.by === 'asn' ? networks(asked, flags.asnDatabase, limit) : topAlerts(askedOf(asked), flags.by, limit);
      await printRows(printer, rows, columnsOf(flags.by), objectOf(flags.by), flags, 'No alerts.');
    }),
  );
}

const askedOf = (filters: SourceFilter[]): Asked[] => filters.map(({ source, filter }) => ({ db: source.db, filter }));

/** Sources by the autonomous system that announces them. */
function networks(asked: SourceFilter[], path: string | undefined, limit: number): TopRow[] {
  if (path === undefined)
    throw new PeccaryError(
      'usage',
      '--by asn needs a database of networks in the MaxMind format, such as GeoLite2-ASN.mmdb: --asn-database FILE',
    );
  return topNetworks(askedOf(asked), networkNames(path), limit);
}
