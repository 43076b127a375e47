/** `peccary alerts list`. */
import { type AlertRow, countAlerts, listAlerts, type SortKey } from '../output/store/query.js';
import { type DatabaseFlags, type FilterFlags, filterOf, withDatabase } from './alerts-options.js';
import { Printer } from './alerts-print.js';
import { listColumns, rowObject } from './alerts-row.js';
import { csvLine, type Format, outputWidth, render, safe, safeJson } from './format.js';
import { painter, plural } from './text.js';

export interface ListFlags extends DatabaseFlags, FilterFlags {
  sort: SortKey;
  limit: number;
  format: Format;
}

/** Rows laid out at once: the columns of a longer table are wide enough for each part. */
const TableRows = 1000;

export function list(flags: ListFlags): Promise<void> {
  return withDatabase(flags, async (db) => {
    const filter = filterOf(db, flags);
    const rows = listAlerts(db, filter, flags.sort, flags.limit === 0 ? -1 : flags.limit);
    if (flags.format === 'table') await table(rows, flags, () => countAlerts(db, filter));
    else await stream(rows, flags.format);
  });
}

async function table(rows: Iterable<AlertRow>, flags: ListFlags, count: () => number): Promise<void> {
  const printer = new Printer();
  const paint = painter(process.stdout, flags.color);
  let shown = 0;
  let part: AlertRow[] = [];
  const put = async () => {
    await printer.print(render(part, listColumns, rowObject, 'table', outputWidth(process.stdout), paint));
    shown += part.length;
    part = [];
  };
  for (const row of rows) {
    part.push(row);
    if (part.length === TableRows) await put();
  }
  if (part.length > 0) await put();
  if (shown === 0) await printer.print('No alerts.\n');
  await printer.flush();
  const total = flags.limit !== 0 && shown === flags.limit ? count() : shown;
  if (total > shown) process.stderr.write(`${plural(shown, 'alert')} of ${total}; --limit 0 shows them all\n`);
}

/** Forms that programs read are written as rows come: a list of any length needs no memory. */
async function stream(rows: Iterable<AlertRow>, format: Format): Promise<void> {
  const printer = new Printer();
  if (format === 'csv') await printer.print(csvLine(listColumns.map((c) => c.title)));
  if (format === 'markdown')
    await printer.print(render<AlertRow>([], listColumns, rowObject, 'markdown', 0, (_, t) => t));
  let n = 0;
  for (const row of rows) {
    const json = () => safeJson(JSON.stringify(rowObject(row)));
    if (format === 'json') await printer.print(`${n === 0 ? '[\n' : ',\n'}  ${json()}`);
    else if (format === 'jsonl') await printer.print(`${json()}\n`);
    else if (format === 'csv') await printer.print(csvLine(listColumns.map((c) => safe(c.text(row)))));
    else
      await printer.print(
        render([row], listColumns, rowObject, 'markdown', 0, (_, t) => t)
          .split('\n')
          .slice(2)
          .join('\n'),
      );
    n++;
  }
  if (format === 'json') await printer.print(n === 0 ? '[]\n' : '\n]\n');
  await printer.flush();
}
