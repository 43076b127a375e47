/** `peccary alerts list`. */
import { type Command, Option } from 'commander';
import { PeccaryError } from '../core/errors.js';
import {
  type After,
  afterRow,
  compareRows,
  countAlerts,
  listAlerts,
  rowById,
  type SortKey,
  sortKeys,
} from '../output/query/list.js';
import { type AlertName, alertName, merged, type Source, sourceOf } from '../output/query/sources.js';
import { addFilterOptions, type FilterFlags } from './alerts-filters.js';
import {
  addDatabaseOptions,
  alertId,
  type DatabaseFlags,
  filtersOf,
  type SourceFilter,
  wholeNumber,
  withSources,
} from './alerts-options.js';
import { answer } from './alerts-print.js';
import { type ListRow, listColumns, rowObject, withSource } from './alerts-row.js';
import { printRows } from './alerts-rows.js';
import { type Format, formatOption } from './format.js';
import { grouped, plural } from './text.js';

interface ListFlags extends DatabaseFlags, FilterFlags {
  sort: SortKey;
  limit: number;
  after?: AlertName;
  format: Format;
}

/** Ids are below and above these. */
const enum IdBound {
  Low = -1,
  High = 2 ** 52,
}

export function registerList(alerts: Command): void {
  const command = alerts
    .command('list')
    .summary('alerts, one a line')
    .description('Alerts, one a line, the newest first.')
    .addOption(new Option('--sort <key>', 'order').choices(sortKeys).default('time'))
    .addOption(new Option('--limit <n>', 'at most so many, 0 for all').argParser(wholeNumber(0)).default(100))
    .addOption(new Option('--after <id>', 'go on after this alert: the next page').argParser(alertId))
    .addOption(formatOption());
  addDatabaseOptions(addFilterOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  peccary alerts list --host shop.example --since "yesterday 14:00"\n  peccary alerts list --format jsonl --limit 0 | jq .url',
    )
    .action((flags: ListFlags) => list(flags));
}

function list(flags: ListFlags): Promise<void> {
  return withSources(flags, (sources) =>
    answer(flags, async (printer) => {
      const asked = filtersOf(sources, flags);
      const limit = flags.limit === 0 ? -1 : flags.limit;
      const last = { row: null as ListRow | null, shown: 0 };
      const noted = function* () {
        for (const row of page(asked, flags.sort, limit, startOf(sources, flags))) {
          last.row = row;
          last.shown++;
          yield row;
        }
      };
      await printRows(printer, noted(), listColumns, rowObject, flags, 'No alerts.');
      if (flags.format === 'table' && last.row !== null && last.shown === limit) await printer.end();
      if (flags.format === 'table' && last.row !== null && last.shown === limit)
        tellMore(asked, flags, last.row, limit);
    }),
  );
}

/** Where the page begins in each database; null: at the beginning. */
function startOf(sources: Source[], flags: ListFlags): ((at: number) => After) | null {
  if (flags.after === undefined) return null;
  const source = sourceOf(sources, flags.after);
  const row = rowById(source.db, flags.after.id);
  if (row === null)
    throw new PeccaryError(
      'usage',
      `--after ${flags.after.id}: this alert is not there (any more); begin again without it`,
    );
  const after = afterRow(row, flags.sort);
  const place = sources.indexOf(source);
  // Among alerts that the order does not part, those of an earlier database come first.
  return (at) => {
    if (at === place) return after;
    const allOf = flags.sort === 'id' ? IdBound.Low : IdBound.High;
    const noneOf = flags.sort === 'id' ? IdBound.High : IdBound.Low;
    return { ...after, id: at < place ? noneOf : allOf };
  };
}

/** At most `limit` alerts (-1: all) of these databases in one order. */
export function* page(
  asked: SourceFilter[],
  sort: SortKey,
  limit: number,
  start: ((at: number) => After) | null,
): Generator<ListRow> {
  const lists = asked.map(({ source, filter }, i) => {
    const rows = listAlerts(source.db, filter, sort, limit, start === null ? null : start(i));
    return mapped(rows, withSource(source));
  });
  let n = 0;
  for (const row of merged(lists, (a, b) => compareRows(a, b, sort))) {
    if (n++ === limit) return;
    yield row;
  }
}

function* mapped<A, B>(list: Iterable<A>, to: (a: A) => B): Generator<B> {
  for (const a of list) yield to(a);
}

function tellMore(asked: SourceFilter[], flags: ListFlags, last: ListRow, shown: number): void {
  const counts = asked.map(({ source, filter }) => countAlerts(source.db, filter));
  const count = counts.reduce((n, c) => n + c.count, 0);
  const all = counts.every((c) => c.all);
  if (all && count <= shown) return;
  const total = all ? grouped(count) : `${grouped(Math.max(count, shown))} or more`;
  const next = `--after ${alertName(last.source, last.id)}`;
  const which = flags.after === undefined ? '' : ' on this page';
  process.stderr.write(`${plural(shown, 'alert')}${which} of ${total}; ${next} shows the next, --limit 0 all\n`);
}
