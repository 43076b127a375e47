/** `peccary alerts stats`: what the database holds, in numbers. */
import { type Command, Option } from 'commander';
import { timestamp } from '../output/eve/json.js';
import { type RunStats, type StoreStats, storeStats } from '../output/query/stats.js';
import { addFilterOptions, type FilterFlags } from './alerts-filters.js';
import { addDatabaseOptions, type DatabaseFlags, filtersOf, withSources } from './alerts-options.js';
import { answer } from './alerts-print.js';
import { shortTime } from './alerts-row.js';
import { safe, safeJson } from './format.js';
import { byteSize, grouped, plural } from './text.js';

interface StatsFlags extends DatabaseFlags, FilterFlags {
  format: 'text' | 'json';
}

export function registerStats(alerts: Command): void {
  const command = alerts
    .command('stats')
    .summary('what there is, in numbers')
    .description('What there is, in numbers: alerts by severity and state, signatures, sources, runs, size.')
    .addOption(new Option('--format <format>', 'form of the answer').choices(['text', 'json']).default('text'));
  addDatabaseOptions(addFilterOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  peccary alerts stats --run all\n  peccary alerts stats --since 1d --format json | jq .alerts',
    )
    .action((flags: StatsFlags) => stats(flags));
}

function stats(flags: StatsFlags): Promise<void> {
  return withSources(flags, (sources) =>
    answer(flags, async (printer) => {
      const all = filtersOf(sources, flags, 'all').map(({ source, filter }) => ({
        source,
        stats: storeStats(source.db, filter),
      }));
      if (flags.format === 'json') {
        const objects = all.map(({ source, stats }) => ({ database: source.path, ...objectOf(stats) }));
        await printer.print(`${safeJson(JSON.stringify(objects.length === 1 ? objects[0] : objects, null, 2))}\n`);
        return;
      }
      for (const [i, { source, stats }] of all.entries()) {
        const title = source.name === '' ? [] : [`${i === 0 ? '' : '\n'}${safe(source.name)} (${safe(source.path)})`];
        await printer.print(`${[...title, ...textOf(stats)].join('\n')}\n`);
      }
    }),
  );
}

function objectOf(s: StoreStats): object {
  const { firstUs, lastUs, runs, usedBytes, bySeverity, ...rest } = s;
  return {
    ...rest,
    by_severity: Object.fromEntries(bySeverity.map((b) => [b.severity, b.count])),
    first: firstUs === null ? null : timestamp(firstUs),
    last: lastUs === null ? null : timestamp(lastUs),
    used_bytes: usedBytes,
    runs: runs.map((r) => ({
      id: r.id,
      kind: r.kind,
      inputs: r.name.split('\n'),
      started: timestamp(r.startedUs),
      ended: r.endedUs === null ? null : timestamp(r.endedUs),
      packets: r.packets,
      lost_events: r.lostEvents,
      alerts: r.alerts,
    })),
  };
}

function textOf(s: StoreStats): string[] {
  const line = (name: string, text: string): string => `${`${name}:`.padEnd(12)}${text}`;
  const counts = (list: [string, number][]): string =>
    list
      .filter(([, n]) => n > 0)
      .map(([name, n]) => `${grouped(n)} ${name}`)
      .join(', ');
  const severities = s.bySeverity.map((b): [string, number] => [`of severity ${b.severity}`, b.count]);
  const state = counts([
    ['archived', s.archived],
    ['escalated', s.escalated],
    ['with comments', s.commented],
    ...s.tags.map((t): [string, number] => [`tagged ${safe(t.tag)}`, t.count]),
  ]);
  return [
    line('alerts', grouped(s.alerts)),
    ...(s.firstUs === null || s.lastUs === null
      ? []
      : [line('from', `${shortTime(s.firstUs)} to ${shortTime(s.lastUs)}`)]),
    ...(s.alerts === 0 ? [] : [line('severity', counts(severities)), line('blocked', grouped(s.blocked))]),
    line('signatures', grouped(s.signatures)),
    line('sources', grouped(s.sources)),
    line('triage', state === '' ? 'nothing yet' : state),
    line('in use', byteSize(s.usedBytes)),
    ...s.runs.map((r) => line(`run ${r.id}`, runText(r))),
  ];
}

function runText(r: RunStats): string {
  const packets = r.packets === null ? '' : `, ${plural(r.packets, 'packet')}`;
  const lost = r.lostEvents > 0 ? `, ${plural(r.lostEvents, 'event')} lost` : '';
  const ended = r.endedUs === null ? ', not ended' : '';
  return `${r.kind} of ${safe(r.name.replaceAll('\n', ' '))}, ${plural(r.alerts, 'alert')}${packets}${lost}${ended}`;
}
