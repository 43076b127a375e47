/** `peccary db`: looking after databases of alerts. */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { databaseProblems, fileProblems } from '../output/store/check.js';
import { type Database, formatOf, openAsIs, openForReading, openForWriting } from '../output/store/open.js';
import { mendDatabase, salvage } from '../output/store/salvage.js';
import { registerImport } from './db-import.js';
import { type DbFlags, finish, options, pathOf } from './db-options.js';
import { safeLines } from './safe-text.js';
import { byteSize, plural } from './text.js';

const examples = `
Examples:
  peccary db backup /backup/                copy it while a sensor writes
  peccary db check                          is it sound?
  peccary db repair                         save what can be read of a damaged one
  peccary db import eve.json --db old.db    alerts of Suricata or Snort`;

export function registerDb(program: Command): void {
  const db = program
    .command('db')
    .description('Back up, check, repair and fill databases of alerts.')
    .addHelpText('after', examples);
  options(
    db.command('check').description('Whether the file, its references and its columns are sound; status 1 when not.'),
  )
    .addHelpText('after', '\nExample:\n  peccary db check --db peccary.db')
    .action(check);
  options(
    db
      .command('repair')
      .description(
        'Make columns, words and counts anew; of a damaged file save what can be read, and set the file aside.',
      ),
  )
    .addHelpText('after', '\nExample:\n  peccary db repair --db peccary.db')
    .action(repair);
  options(db.command('migrate').description("Bring a database of an earlier version to this one's format."))
    .addHelpText('after', '\nExample:\n  peccary db migrate --db peccary.db')
    .action(migrate);
  options(
    db
      .command('backup')
      .description('Copy the database as it is at one moment, also while a sensor writes.')
      .argument('<file|folder>', 'where to'),
  )
    .addHelpText('after', '\nExample:\n  peccary db backup /backup/peccary-monday.db')
    .action(backup);
  registerImport(db);
}

const print = (text: string): void => void process.stdout.write(safeLines(`${text}\n`));

async function check(flags: DbFlags): Promise<void> {
  const path = await pathOf(flags);
  const damaged = await openAsIs(path);
  const problems = fileProblems(damaged);
  damaged.close();
  if (problems.length === 0) {
    const db = await openForReading(path);
    try {
      problems.push(...databaseProblems(db));
      if (problems.length === 0) print(`${path} is sound: ${facts(db, path)}`);
    } finally {
      db.close();
    }
  }
  if (problems.length === 0) return;
  print(problems.map((p) => `${path}: ${p}`).join('\n'));
  print(`"peccary db repair --db ${path}" mends that`);
  process.exitCode = 1;
}

function facts(db: Database, path: string): string {
  const n = (sql: string) => db.prepare(sql).pluck().get() as number;
  return `${plural(n('SELECT count(*) FROM alert'), 'alert')} of ${plural(n('SELECT count(*) FROM run'), 'run')}, ${byteSize(statSync(path).size)}`;
}

/** `path` with a number behind it when there is such a file already. */
function unused(path: string): string {
  let name = path;
  for (let i = 2; existsSync(name); i++) name = `${path}.${i}`;
  return name;
}

async function repair(flags: DbFlags): Promise<void> {
  const path = await pathOf(flags);
  const damaged = await openAsIs(path);
  if (fileProblems(damaged).length === 0) {
    damaged.close();
    const db = await openForWriting(path);
    const before = databaseProblems(db);
    mendDatabase(db);
    finish(db);
    print(
      before.length === 0
        ? `${path} was sound; columns, words and counts were made anew`
        : `mended: ${before.join('; ')}`,
    );
    db.close();
    return;
  }
  const fresh = unused(`${path}.salvaged`);
  const to = await openForWriting(fresh);
  const { rows, damaged: lost } = salvage(damaged, to);
  damaged.close();
  finish(to);
  to.close();
  if (rows.alert === 0) {
    for (const end of ['', '-wal', '-shm']) rmSync(`${fresh}${end}`, { force: true });
    throw new PeccaryError('database', `nothing could be read of ${path}; it stays as it is`);
  }
  const aside = unused(`${path}.damaged`);
  for (const end of ['-wal', '-shm', ''])
    if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, `${aside}${end}`);
  renameSync(fresh, path);
  const saved = Object.entries(rows)
    .filter(([, n]) => n > 0)
    .map(([table, n]) => `${table} ${n}`)
    .join(', ');
  print(`saved from ${path}: ${saved}`);
  if (lost.length > 0) print(`part of ${lost.join(', ')} could not be read`);
  print(`the damaged file is now ${aside}`);
}

async function migrate(flags: DbFlags): Promise<void> {
  const path = await pathOf(flags);
  const { is, known } = await formatOf(path);
  const db = await openForWriting(path);
  try {
    finish(db);
    print(
      is === known ? `${path} has this version's format (${known}) already` : `${path}: format ${is} is now ${known}`,
    );
  } finally {
    db.close();
  }
}

async function backup(to: string, flags: DbFlags): Promise<void> {
  const path = await pathOf(flags);
  const isFolder = existsSync(to) && statSync(to).isDirectory();
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '').replace('T', '-');
  const target = isFolder ? join(to, `${basename(path, '.db')}-${stamp}.db`) : to;
  if (existsSync(target)) throw new PeccaryError('usage', `${target} is there already; name another file`);
  const db = await openForReading(path);
  try {
    await db.backup(target);
  } catch (e) {
    rmSync(target, { force: true });
    throw new PeccaryError('database', `cannot copy to ${target}: ${(e as Error).message}`);
  } finally {
    db.close();
  }
  const copy = await openForReading(target);
  const problems = fileProblems(copy);
  const told = facts(copy, target);
  copy.close();
  if (problems.length > 0) throw new PeccaryError('database', `${target} is not sound: ${problems[0]}`);
  print(`${target}: ${told}`);
}
