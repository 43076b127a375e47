/** `peccary alerts`: questions about the alerts that replays and sensors have stored. */
import { type Command, Option } from 'commander';
import { sortKeys, topKeys } from '../output/store/query.js';
import type { ExportFlags } from './alerts-export.js';
import { exportEve, exportRows } from './alerts-export.js';
import { type ListFlags, list } from './alerts-list.js';
import { addDatabaseOptions, addFilterOptions, wholeNumber } from './alerts-options.js';
import { age, type PruneFlags, prune, size } from './alerts-prune.js';
import { type ShowFlags, show } from './alerts-show.js';
import { type TopFlags, top } from './alerts-top.js';
import { formatOption } from './format.js';

const examples = `
Examples:
  peccary alerts list --since 2h --src 192.0.2.0/24
  peccary alerts show 12 --hex
  peccary alerts top --by src --signature injection
  peccary alerts export --format eve > alerts.json

Without --run, a database of replays answers for its latest one. Times are UTC.`;

export function registerAlerts(program: Command): void {
  const alerts = program
    .command('alerts')
    .description('Query the alerts of earlier runs.')
    .addHelpText('after', examples);
  registerList(alerts);
  registerShow(alerts);
  registerTop(alerts);
  registerExport(alerts);
  registerPrune(alerts);
}

function registerList(alerts: Command): void {
  const command = alerts.command('list').description('Alerts, one a line, the newest first.');
  addDatabaseOptions(addFilterOptions(command))
    .addOption(new Option('--sort <key>', 'order').choices(sortKeys).default('time'))
    .addOption(new Option('--limit <n>', 'at most so many, 0 for all').argParser(wholeNumber(0)).default(100))
    .addOption(formatOption())
    .addHelpText(
      'after',
      '\nExamples:\n  peccary alerts list --host shop.example --since "yesterday 14:00"\n  peccary alerts list --format jsonl --limit 0 | jq .url',
    )
    .action((flags: ListFlags) => list(flags));
}

function registerShow(alerts: Command): void {
  const command = alerts
    .command('show')
    .description(
      'One alert in full: the request with the matching bytes marked, its flow, the rule and its references.',
    )
    .argument('<id>', 'the id that list shows', wholeNumber(1));
  addDatabaseOptions(command)
    .option('--hex', 'payload and packet as hexdumps too', false)
    .option('--full', 'whole bodies, as far as they are kept (4 KiB)', false)
    .addOption(new Option('--format <format>', 'form of the answer').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExamples:\n  peccary alerts show 12\n  peccary alerts show 12 --format json | jq .http')
    .action((id: number, flags: ShowFlags) => show(id, flags));
}

function registerTop(alerts: Command): void {
  const command = alerts.command('top').description('What fired most, or who and what was concerned most often.');
  addDatabaseOptions(addFilterOptions(command))
    .addOption(new Option('--by <key>', 'what to count').choices(topKeys).default('signature'))
    .addOption(new Option('--limit <n>', 'at most so many, 0 for all').argParser(wholeNumber(0)).default(10))
    .addOption(formatOption())
    .addHelpText('after', '\nExamples:\n  peccary alerts top\n  peccary alerts top --by url --sid 5100001')
    .action((flags: TopFlags) => top(flags));
}

function registerExport(alerts: Command): void {
  const command = alerts
    .command('export')
    .description('Alerts as EVE JSON (as a sensor writes it, with payload and packet) or CSV, the oldest first.');
  addDatabaseOptions(addFilterOptions(command))
    .addOption(new Option('--format <format>', 'form').choices(['eve', 'csv']).default('eve'))
    .addOption(new Option('--limit <n>', 'at most so many, 0 for all').argParser(wholeNumber(0)).default(0))
    .addHelpText(
      'after',
      '\nExamples:\n  peccary alerts export --run all > alerts.json\n  peccary alerts export --format csv --since 7d > alerts.csv',
    )
    .action((flags: ExportFlags) => (flags.format === 'csv' ? exportRows(flags) : exportEve(flags)));
}

function registerPrune(alerts: Command): void {
  const command = alerts
    .command('prune')
    .description(
      'Remove the oldest alerts, with what only they use. Without options, as outputs.database of the configuration says.',
    );
  addDatabaseOptions(command)
    .addOption(
      new Option('--older-than <time>', 'alerts older than this (of a replay: replayed so long ago)').argParser(age),
    )
    .addOption(new Option('--max-size <size>', 'the oldest, until no more than this is in use').argParser(size))
    .option('--dry-run', 'only say how many', false)
    .addHelpText(
      'after',
      '\nExamples:\n  peccary alerts prune --older-than 30d\n  peccary alerts prune --max-size 10G --dry-run',
    )
    .action((flags: PruneFlags) => prune(flags));
}
