/** Rows of an answer, written as they come: a list of any length needs no memory. */
import type { Printer } from './alerts-print.js';
import { type Column, csvLine, type Format, outputWidth, render, safe, safeJson } from './format.js';
import { painter } from './text.js';

/** Rows laid out at once: the columns of a longer table are wide enough for each part. */
const TableRows = 1000;

const plain = (_: string, text: string): string => text;

/** `none`: what a table says when there are no rows. */
export async function printRows<T>(
  printer: Printer,
  rows: Iterable<T>,
  columns: Column<T>[],
  object: (row: T) => object,
  flags: { format: Format; color: boolean },
  none: string,
): Promise<void> {
  if (flags.format === 'table') await table(printer, rows, columns, object, flags.color, none);
  else await stream(printer, rows, columns, object, flags.format);
}

async function table<T>(
  printer: Printer,
  rows: Iterable<T>,
  columns: Column<T>[],
  object: (row: T) => object,
  color: boolean,
  none: string,
): Promise<void> {
  const paint = painter(process.stdout, color);
  let empty = true;
  let part: T[] = [];
  const put = async () => {
    await printer.print(render(part, columns, object, 'table', outputWidth(process.stdout), paint));
    empty = false;
    part = [];
  };
  for (const row of rows) {
    part.push(row);
    if (part.length === TableRows) await put();
  }
  if (part.length > 0) await put();
  if (empty) await printer.print(`${none}\n`);
}

async function stream<T>(
  printer: Printer,
  rows: Iterable<T>,
  columns: Column<T>[],
  object: (row: T) => object,
  format: Exclude<Format, 'table'>,
): Promise<void> {
  if (format === 'csv') await printer.print(csvLine(columns.map((c) => safe(c.title))));
  if (format === 'markdown') await printer.print(render<T>([], columns, object, 'markdown', 0, plain));
  let n = 0;
  for (const row of rows) {
    if (format === 'json') await printer.print(`${n === 0 ? '[\n' : ',\n'}  ${safeJson(JSON.stringify(object(row)))}`);
    else if (format === 'jsonl') await printer.print(`${safeJson(JSON.stringify(object(row)))}\n`);
    else if (format === 'csv') await printer.print(csvLine(columns.map((c) => safe(c.text(row)))));
    else {
      const [, , ...lines] = render([row], columns, object, 'markdown', 0, plain).split('\n');
      await printer.print(lines.join('\n'));
    }
    n++;
  }
  if (format === 'json') await printer.print(n === 0 ? '[]\n' : '\n]\n');
}
