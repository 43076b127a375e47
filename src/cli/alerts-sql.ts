/** `peccary alerts sql`: a query of one's own; nothing can be changed by it. */
import type { Command } from 'commander';
import { type Cell, querySql } from '../output/query/sql.js';
import { addDatabaseOptions, type DatabaseFlags, withSources } from './alerts-options.js';
import { answer } from './alerts-print.js';
import { printRows } from './alerts-rows.js';
import { type Column, type Format, formatOption } from './format.js';

interface SqlFlags extends DatabaseFlags {
  format: Format;
}

const help = `
ip(src) is an address as text, utc(time_us) a time. Tables: alert, signature,
flow, http, text, bytes, run, sensor, triage, alert_tag, alert_note;
"SELECT sql FROM sqlite_schema" prints them.

Examples:
  peccary alerts sql "SELECT ip(src), count(*) AS n FROM alert GROUP BY 1"`;

export function registerSql(alerts: Command): void {
  const command = alerts
    .command('sql')
    .summary('ask in SQL')
    .description('Asks the database in SQL; it is open for reading alone.')
    .argument('<query>', 'one SELECT')
    .addOption(formatOption());
  addDatabaseOptions(command)
    .addHelpText('after', help)
    .action((query: string, flags: SqlFlags) => sql(query, flags));
}

/** A value as text; bytes in hexadecimal. */
function cellText(cell: Cell): string {
  if (cell === null) return '';
  return Buffer.isBuffer(cell) ? cell.toString('hex') : String(cell);
}

function jsonValue(cell: Cell): unknown {
  return Buffer.isBuffer(cell) ? cell.toString('hex') : typeof cell === 'bigint' ? String(cell) : cell;
}

/** A row and the database it is of. */
interface Row {
  name: string;
  cells: Cell[];
}

function sql(query: string, flags: SqlFlags): Promise<void> {
  return withSources(flags, (sources) =>
    answer(flags, async (printer) => {
      const answers = sources.map((source) => ({ name: source.name, ...querySql(source.db, query) }));
      const titles = answers[0].columns;
      const columns = titles.map(
        (title, i): Column<Row> => ({ title, text: (r) => cellText(r.cells[i]), elastic: true }),
      );
      const named = sources.length > 1;
      if (named) columns.unshift({ title: 'database', text: (r) => r.name });
      const object = (r: Row): object => ({
        ...(named ? { database: r.name } : {}),
        ...Object.fromEntries(titles.map((title, i) => [title, jsonValue(r.cells[i])])),
      });
      const rows = function* (): Generator<Row> {
        for (const a of answers) for (const cells of a.rows) yield { name: a.name, cells };
      };
      await printRows(printer, rows(), columns, object, flags, 'No rows.');
    }),
  );
}
