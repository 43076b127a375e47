/** `peccary db import` and `peccary db export`: events of Suricata and Snort in and, as they were, out again. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { packageVersion } from '../core/package-root.js';
import { Importer } from '../output/import/importer.js';
import { type ImportFormat, importFormats, readInto } from '../output/import/read.js';
import { SidMap } from '../output/import/sid-map.js';
import { openForReading, openForWriting } from '../output/store/open.js';
import { wholeNumber } from './alerts-options.js';
import { Printer } from './alerts-print.js';
import { collect } from './config-options.js';
import { type DbFlags, finish, options, pathOf } from './db-options.js';
import { safeLines } from './safe-text.js';
import { plural } from './text.js';

interface ImportFlags extends DbFlags {
  format?: ImportFormat;
  sidMsg: string[];
  fields?: string;
  year: number;
  append: boolean;
  name: string;
}

interface ExportFlags extends DbFlags {
  type: string[];
  run?: number;
}

export function registerImport(db: Command): void {
  options(
    db
      .command('import')
      .description('Take over EVE JSON of Suricata, unified2 or CSV of Snort (also gzip), as a run of its own.')
      .argument('<file...>', 'files, "-" for standard input'),
  )
    .addOption(new Option('--format <format>', 'instead of finding out').choices(importFormats))
    .option('--sid-msg <file>', 'sid-msg.map with the messages of unified2 alerts (repeatable)', collect, [])
    .option('--fields <names>', "fields of the CSV, as in Snort's configuration")
    .addOption(
      new Option('--year <year>', 'of Snort times without one (default: this year)')
        .argParser(wholeNumber(1970))
        .default(new Date().getFullYear(), ''),
    )
    .option('--append', 'keep what an earlier import of the same files left', false)
    .option('--name <sensor>', 'name of the sensor they came from', 'imported')
    .addHelpText(
      'after',
      '\nExamples:\n  peccary db import eve.json --db old.db\n  peccary db import merged.log.* --sid-msg sid-msg.map --db old.db',
    )
    .action(importFiles);
  options(db.command('export').description('Imported EVE events as they were written, the oldest first.'))
    .option('--type <event_type>', 'only these (repeatable)', collect, [])
    .addOption(new Option('--run <id>', 'only of this run').argParser(wholeNumber(1)))
    .addHelpText('after', '\nExample:\n  peccary db export --type http --type flow --db old.db > events.json')
    .action(exportEvents);
}

function mapOf(files: readonly string[]): SidMap {
  const map = new SidMap();
  for (const file of files) {
    try {
      map.add(readFileSync(file, 'utf8'));
    } catch (e) {
      throw new PeccaryError('usage', `cannot read ${file}: ${(e as Error).message}`);
    }
  }
  return map;
}

async function importFiles(files: string[], flags: ImportFlags): Promise<void> {
  const path = await pathOf(flags);
  const map = mapOf(flags.sidMsg);
  const db = await openForWriting(path);
  const inputs = files.map((f) => (f === '-' ? f : resolve(f)));
  const { append, name: sensor } = flags;
  const to = new Importer(db, { path, inputs, append, sensor, version: packageVersion() });
  const read = { format: flags.format ?? null, map, csvFields: flags.fields ?? null, year: flags.year };
  try {
    for (const file of files) await readInto(to, file, read);
  } finally {
    const s = to.close();
    const each = Object.entries(s.taken).map(([type, n]) => `${type} ${n}`);
    process.stdout.write(safeLines(`run ${s.runId}: ${each.length === 0 ? 'nothing' : each.join(', ')}\n`));
    if (s.refused > 0) {
      process.stderr.write(
        safeLines(`peccary: ${plural(s.refused, 'record')} refused, the first: ${s.firstRefusal}\n`),
      );
      process.exitCode = 1;
    }
    if (s.fault !== null) process.exitCode = 1;
    if (s.fault !== null) process.stderr.write(safeLines(`peccary: ${s.fault}\n`));
  }
  const again = await openForWriting(path);
  finish(again);
  again.close();
}

async function exportEvents(flags: ExportFlags): Promise<void> {
  const db = await openForReading(await pathOf(flags));
  const wanted: string[] = [];
  const values: (string | number)[] = [];
  if (flags.run !== undefined) {
    wanted.push('run_id = ?');
    values.push(flags.run);
  }
  if (flags.type.length > 0) {
    wanted.push(`type IN (${flags.type.map(() => '?').join(', ')})`);
    values.push(...flags.type);
  }
  const where = wanted.length === 0 ? '' : `WHERE ${wanted.join(' AND ')}`;
  try {
    const printer = new Printer();
    const lines = db
      .prepare(`SELECT json FROM event ${where} ORDER BY run_id, id`)
      .pluck()
      .iterate(...values);
    for (const json of lines as IterableIterator<string>) await printer.print(`${json}\n`);
    await printer.flush();
  } finally {
    db.close();
  }
}
