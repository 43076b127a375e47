/** Options that the `alerts` commands share: which databases, which alerts. */
import { join } from 'node:path';
import { type Command, Help, InvalidArgumentError } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { Settings } from '../core/settings.js';
import { type AlertFilter, anyAlert, type TriageState } from '../output/query/filter.js';
import { defaultRuns, newestAlertUs, type Runs, runById } from '../output/query/runs.js';
import {
  type AlertName,
  closeSources,
  databaseFiles,
  openSources,
  parseAlertName,
  type Source,
} from '../output/query/sources.js';
import { type Database, openForReading } from '../output/store/open.js';
import { conditionsOf, type FilterFlags, filterNames } from './alerts-filters.js';
import { parseWhen } from './alerts-when.js';
import { addConfigOptions, type ConfigOptions, collect, loadConfigOptions } from './config-options.js';

export interface DatabaseFlags extends ConfigOptions {
  db: string[];
  logDir?: string;
  color: boolean;
  pager: boolean;
}

/** Adds --db, -l, -c, --no-color and --no-pager; filters are told of in a few lines of their own. */
export function addDatabaseOptions(command: Command): Command {
  const withDatabase = command
    .option(
      '--db <file>',
      'database, or a folder of them (repeatable; default peccary.db in the log folder)',
      collect,
      [],
    )
    .option('-l, --log-dir <dir>', 'log folder');
  return addConfigOptions(withDatabase)
    .option('--no-color', 'no colours')
    .option('--no-pager', 'no pager')
    .configureHelp({
      ...command.configureHelp(),
      visibleOptions: (c) => new Help().visibleOptions(c).filter((o) => !filterNames.has(o.long ?? '')),
    });
}

/** A whole number from `min`. */
export function wholeNumber(min: number): (value: string) => number {
  return (value) => {
    const n = /^\d{1,15}$/.test(value) ? Number(value) : -1;
    if (n < min) throw new InvalidArgumentError(`Expected a whole number from ${min}.`);
    return n;
  };
}

/** "12" or "edge1:12". */
export function alertId(value: string): AlertName {
  const name = parseAlertName(value);
  if (name === null) throw new InvalidArgumentError('Expected the id of an alert as list shows it.');
  return name;
}

export function alertIds(value: string, earlier: AlertName[] | undefined): AlertName[] {
  return [...(earlier ?? []), ...value.split(',').map(alertId)];
}

/** The databases that the flags name, or the one in the log folder. Throws PeccaryError. */
export async function databasePaths(flags: DatabaseFlags): Promise<string[]> {
  if (flags.db.includes('none'))
    throw new PeccaryError('usage', '--db none: there is nothing to ask without a database');
  if (flags.db.length > 0) return databaseFiles(flags.db);
  const config = await loadConfigOptions(flags);
  const settings = new Settings(config.tree, config.origin);
  return [join(flags.logDir ?? settings.string('default-log-dir', '.'), 'peccary.db')];
}

/**
 * Opens the databases that the flags name for as long as `ask` runs. Throws PeccaryError that says what to run when there
 * is none, and what SQLite says when one cannot be read.
 */
export async function withSources<T>(
  flags: DatabaseFlags,
  ask: (sources: Source[]) => T | Promise<T>,
  open: (path: string) => Promise<Database> = openForReading,
): Promise<T> {
  const paths = await databasePaths(flags);
  const sources = await openSources(paths, open);
  try {
    return await ask(sources);
  } catch (e) {
    const { code, message } = e as Error & { code?: string };
    if (code?.startsWith('SQLITE_')) throw new PeccaryError('database', `${paths.join(', ')}: ${message} (${code})`);
    throw e;
  } finally {
    closeSources(sources);
  }
}

/** As withSources, for what can be done with one database alone. */
export function withDatabase<T>(
  flags: DatabaseFlags,
  ask: (db: Database) => T | Promise<T>,
  open: (path: string) => Promise<Database> = openForReading,
): Promise<T> {
  return withSources(
    flags,
    (sources) => {
      if (sources.length > 1)
        throw new PeccaryError('usage', 'this is done with one database at a time; name it with --db');
      return ask(sources[0].db);
    },
    open,
  );
}

function runsOf(db: Database, run: string | undefined): Runs {
  if (run === 'all') return { ids: null, live: true };
  if (run === undefined) return defaultRuns(db);
  const found = /^\d{1,15}$/.test(run) ? runById(db, Number(run)) : null;
  if (found === null)
    throw new PeccaryError('usage', `--run ${run}: there is no such run in this database; "--run all" asks them all`);
  return { ids: [found.id], live: found.kind === 'live' };
}

/** The filter that the flags mean in one of the databases. */
export interface SourceFilter {
  source: Source;
  filter: AlertFilter;
}

/**
 * What the flags mean in each database. Relative times count from now, where all alerts are of replays from the newest.
 * `state`: which alerts are meant when the flags do not say.
 */
export function filtersOf(sources: readonly Source[], flags: FilterFlags, state: TriageState = 'open'): SourceFilter[] {
  const runs = sources.map((s) => runsOf(s.db, flags.run));
  const now = nowOf(sources, runs);
  const at = (text: string | undefined, option: string) => (text === undefined ? null : parseWhen(text, now(), option));
  const sinceUs = at(flags.since, '--since');
  const untilUs = at(flags.until, '--until');
  const common = {
    ...anyAlert,
    sinceUs,
    untilUs,
    state: flags.state ?? state,
    all: conditionsOf(flags),
    none: flags.not,
  };
  return sources.map((source, i) => ({ source, filter: { ...common, runs: runs[i].ids } }));
}

/** What "now" is, microseconds since 1970. */
export function nowOf(sources: readonly Source[], runs: readonly Runs[]): () => number {
  return () => {
    if (runs.some((r) => r.live)) return Date.now() * 1000;
    const newest = sources.map((s, i) => newestAlertUs(s.db, runs[i].ids)).filter((us) => us !== null);
    return newest.length === 0 ? Date.now() * 1000 : Math.max(...newest);
  };
}
