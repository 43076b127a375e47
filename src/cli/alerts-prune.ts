/** `peccary alerts prune`: removes the oldest alerts, in small steps, also while a sensor writes. */
import { statSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { Settings } from '../core/settings.js';
import { retentionPolicy } from '../output/config.js';
import { timeSpan } from '../output/log-file.js';
import { type Database, openForChanging, openForReading } from '../output/store/open.js';
import { countAged, Retention, type RetentionPolicy } from '../output/store/retention.js';
import { addDatabaseOptions, type DatabaseFlags, withDatabase } from './alerts-options.js';
import { loadConfigOptions } from './config-options.js';
import { byteSize, grouped, plural } from './text.js';

interface PruneFlags extends DatabaseFlags {
  olderThan?: number;
  maxSize?: number;
  dryRun: boolean;
}

export function registerPrune(alerts: Command): void {
  const command = alerts
    .command('prune')
    .summary('remove the oldest')
    .description(
      'Remove the oldest alerts, with what only they use. Without options, as outputs.database of the configuration says.',
    )
    .addOption(
      new Option('--older-than <time>', 'alerts older than this (of a replay: replayed so long ago)').argParser(age),
    )
    .addOption(new Option('--max-size <size>', 'the oldest, until no more than this is in use').argParser(size))
    .option('--dry-run', 'only say how many', false);
  addDatabaseOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  peccary alerts prune --older-than 30d\n  peccary alerts prune --max-size 10G --dry-run',
    )
    .action((flags: PruneFlags) => prune(flags));
}

/** Seconds of "30d". */
function age(value: string): number {
  const seconds = timeSpan(value);
  if (seconds === null) throw new InvalidArgumentError('Expected a time such as 12h, 30d, 8w.');
  return seconds;
}

const units: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes of "10G", "500mb". */
function size(value: string): number {
  const m = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])i?)?b?$/i.exec(value.trim());
  const bytes = m === null ? 0 : Math.floor(Number(m[1]) * units[(m[2] ?? '').toLowerCase()]);
  if (bytes < 1) throw new InvalidArgumentError('Expected a size such as 500M, 10G.');
  return bytes;
}

async function policyOf(flags: PruneFlags): Promise<RetentionPolicy> {
  if (flags.olderThan !== undefined || flags.maxSize !== undefined) {
    return { maxAgeS: flags.olderThan ?? 0, maxBytes: flags.maxSize ?? 0 };
  }
  const config = await loadConfigOptions(flags);
  const settings = new Settings(config.tree, config.origin, config.places);
  if (settings.get('outputs.database') === undefined) {
    throw new PeccaryError(
      'usage',
      'nothing says what to remove; give --older-than or --max-size, or a configuration (-c) with outputs.database',
    );
  }
  return retentionPolicy(settings);
}

async function prune(flags: PruneFlags): Promise<void> {
  const policy = await policyOf(flags);
  const cutoffUs = (Date.now() - policy.maxAgeS * 1000) * 1000;
  if (flags.dryRun) await withDatabase(flags, (db) => estimate(db, policy, cutoffUs), openForReading);
  else await withDatabase(flags, (db) => remove(db, policy, cutoffUs), openForChanging);
}

const alertCount = (db: Database): number => db.prepare('SELECT count(*) FROM alert').pluck().get() as number;

function estimate(db: Database, policy: RetentionPolicy, cutoffUs: number): void {
  const all = alertCount(db);
  const used = new Retention(db).usedBytes();
  const old = policy.maxAgeS > 0 ? countAged(db, cutoffUs) : 0;
  // What an alert takes on average, with all that belongs to it.
  const left = all === 0 ? 0 : (used * (all - old)) / all;
  const excess = policy.maxBytes > 0 && left > policy.maxBytes ? left - policy.maxBytes : 0;
  const more = excess === 0 ? 0 : Math.ceil(((all - old) * excess) / left);
  const about = more > 0 ? 'about ' : '';
  process.stdout.write(`${about}${plural(old + more, 'alert')} of ${grouped(all)} would be removed\n`);
}

function remove(db: Database, policy: RetentionPolicy, cutoffUs: number): void {
  const steps = new Retention(db);
  const before = fileBytes(db);
  let removed = 0;
  const repeat = (step: () => number): void => {
    for (let n = step(); n > 0; n = step()) removed += n;
  };
  if (policy.maxAgeS > 0) repeat(() => steps.stepAge(cutoffUs));
  if (policy.maxBytes > 0) repeat(() => steps.stepSize(policy.maxBytes));
  const told = shrink(db, steps);
  const freed = Math.max(0, before - fileBytes(db));
  process.stdout.write(
    `${plural(removed, 'alert')} removed, ${grouped(alertCount(db))} left; ${byteSize(freed)} freed\n`,
  );
  if (told !== null) process.stderr.write(`peccary: ${told}\n`);
}

/** Gives free pages back to the file system. Returns why that was not possible, or null. */
function shrink(db: Database, steps: Retention): string | null {
  try {
    // Databases of earlier versions cannot do this in steps; this is done once.
    if (db.pragma('auto_vacuum', { simple: true }) === 0) {
      db.pragma('auto_vacuum = INCREMENTAL');
      db.exec('VACUUM');
    }
    while (steps.stepVacuum(0));
    db.pragma('wal_checkpoint(TRUNCATE)');
    return null;
  } catch (e) {
    return `the file stays as large as it is for now, free space in it is used again: ${(e as Error).message}`;
  }
}

function fileBytes(db: Database): number {
  try {
    return statSync(db.name).size;
  } catch {
    return 0;
  }
}
