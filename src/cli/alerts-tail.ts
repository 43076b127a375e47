/** `peccary alerts tail`: the newest alerts, and with -f those that come. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { compareRows, highestId, newAlerts } from '../output/query/list.js';
import { addFilterOptions, type FilterFlags } from './alerts-filters.js';
import { page } from './alerts-list.js';
import { addDatabaseOptions, type DatabaseFlags, filtersOf, wholeNumber, withSources } from './alerts-options.js';
import { answer, Printer } from './alerts-print.js';
import { type ListRow, listColumns, rowObject, withSource } from './alerts-row.js';
import { printRows } from './alerts-rows.js';
import { csvLine, type Format, formatOption, outputWidth, safe, safeJson, tableLines } from './format.js';
import { painter } from './text.js';

interface TailFlags extends DatabaseFlags, FilterFlags {
  follow: boolean;
  lines: number;
  format: Format;
}

const enum Follow {
  /** Milliseconds between two looks. */
  EveryMs = 500,
  /** Alerts taken at one look. */
  Most = 1000,
}

export function registerTail(alerts: Command): void {
  const command = alerts
    .command('tail')
    .summary('the newest alerts, and those that come')
    .description('The newest alerts, the newest last; with -f also those that come, until ^C.')
    .option('-f, --follow', 'go on with what comes', false)
    .addOption(new Option('-n, --lines <n>', 'so many at first').argParser(wholeNumber(0)).default(10))
    .addOption(formatOption(['table', 'jsonl', 'csv']));
  addDatabaseOptions(addFilterOptions(command))
    .addHelpText('after', '\nExamples:\n  peccary alerts tail -n 3\n  peccary alerts tail -f --severity 1')
    .action((flags: TailFlags) => tail(flags));
}

function tail(flags: TailFlags): Promise<void> {
  return withSources(flags, async (sources) => {
    // What comes while the first are printed is not missed.
    const seen = sources.map((s) => highestId(s.db));
    const asked = filtersOf(sources, flags);
    const first = flags.lines === 0 ? [] : [...page(asked, 'time', flags.lines, null)].reverse();
    if (!flags.follow) {
      await answer(flags, (printer) => printRows(printer, first, listColumns, rowObject, flags, 'No alerts.'));
      return;
    }
    const printer = new Printer();
    const text = liner(flags);
    await printer.print(text(first));
    await printer.flush();
    for (;;) {
      await sleep(Follow.EveryMs);
      // A sensor that was started again writes a new run.
      const rows = filtersOf(sources, flags).flatMap(({ source, filter }, i) => {
        seen[i] = Math.min(seen[i], highestId(source.db));
        const found = newAlerts(source.db, filter, seen[i], Follow.Most);
        seen[i] = found.upTo;
        return found.rows.map(withSource(source));
      });
      rows.sort((a, b) => -compareRows(a, b, 'time'));
      if (rows.length > 0) await printer.print(text(rows));
      await printer.flush();
    }
  });
}

/** Gives the lines of the rows of each look; the first time with a heading. */
function liner(flags: TailFlags): (rows: ListRow[]) => string {
  const paint = painter(process.stdout, flags.color);
  const widths: number[] = [];
  let first = true;
  return (rows) => {
    const begins = first;
    first = false;
    if (flags.format === 'jsonl') return rows.map((r) => `${safeJson(JSON.stringify(rowObject(r)))}\n`).join('');
    if (flags.format === 'csv') {
      const head = begins ? csvLine(listColumns.map((c) => c.title)) : '';
      return head + rows.map((r) => csvLine(listColumns.map((c) => safe(c.text(r))))).join('');
    }
    const [head, ...lines] = tableLines(rows, listColumns, outputWidth(process.stdout), paint, widths);
    return (begins ? [head, ...lines] : lines).map((l) => `${l}\n`).join('');
  };
}
