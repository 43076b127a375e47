/** Options that the `alerts` commands share: which database, which alerts, in which form. */
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { Settings } from '../core/settings.js';
import { type AddressRange, addressRange } from '../output/address-bytes.js';
import { type AlertFilter, anyAlert, defaultRuns, newestAlertUs, runById } from '../output/store/filter.js';
import { type Database, openForReading } from '../output/store/open.js';
import { parseWhen } from './alerts-when.js';
import { addConfigOptions, type ConfigOptions, loadConfigOptions } from './config-options.js';

export interface DatabaseFlags extends ConfigOptions {
  db?: string;
  logDir?: string;
  color: boolean;
}

export interface FilterFlags {
  sid: AlertFilter['sids'];
  src: AddressRange[];
  dst: AddressRange[];
  ip: AddressRange[];
  port: number[];
  since?: string;
  until?: string;
  signature?: string;
  host?: string;
  url?: string;
  run?: string;
}

/** Adds --db, -l, -c and --no-color. */
export function addDatabaseOptions(command: Command): Command {
  const withDatabase = command
    .option('--db <file>', 'SQLite database (default peccary.db in the log folder)')
    .option('-l, --log-dir <dir>', 'log folder');
  return addConfigOptions(withDatabase).option('--no-color', 'no colours');
}

function sids(value: string, earlier: AlertFilter['sids']): AlertFilter['sids'] {
  const list = value.split(',').map((one) => {
    const m = /^(?:(\d{1,10}):)?(\d{1,10})$/.exec(one.trim());
    if (m === null) throw new InvalidArgumentError('Expected SID or GID:SID, several with commas.');
    return { gid: m[1] === undefined ? null : Number(m[1]), sid: Number(m[2]) };
  });
  return [...earlier, ...list];
}

function addresses(value: string, earlier: AddressRange[]): AddressRange[] {
  const list = value.split(',').map((one) => {
    const range = addressRange(one);
    if (range === null)
      throw new InvalidArgumentError(
        'Expected an address, a CIDR block or a span, such as 192.0.2.1, 10.0.0.0/8, 10.0.0.1-10.0.0.9.',
      );
    return range;
  });
  return [...earlier, ...list];
}

function ports(value: string, earlier: number[]): number[] {
  const list = value.split(',').map((one) => {
    const n = /^\d{1,5}$/.test(one.trim()) ? Number(one) : -1;
    if (n < 0 || n > 65_535) throw new InvalidArgumentError('Expected a port from 0 to 65535, several with commas.');
    return n;
  });
  return [...earlier, ...list];
}

/** A whole number from `min`. */
export function wholeNumber(min: number): (value: string) => number {
  return (value) => {
    const n = /^\d{1,15}$/.test(value) ? Number(value) : -1;
    if (n < min) throw new InvalidArgumentError(`Expected a whole number from ${min}.`);
    return n;
  };
}

export function addFilterOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--sid <sid>', 'only these signatures, SID or GID:SID (repeatable, as the next four)')
        .argParser(sids)
        .default([]),
    )
    .addOption(new Option('--src <address>', 'only from this address or CIDR block').argParser(addresses).default([]))
    .addOption(new Option('--dst <address>', 'only to this address or CIDR block').argParser(addresses).default([]))
    .addOption(
      new Option('--ip <address>', 'only from or to this address or CIDR block').argParser(addresses).default([]),
    )
    .addOption(new Option('--port <port>', 'only from or to this port').argParser(ports).default([]))
    .option('--since <time>', 'not earlier than this (UTC): 2h, "yesterday 14:00", 2026-01-31T14:00')
    .option('--until <time>', 'not later than this')
    .option('--signature <text>', 'only messages with this text, in any case')
    .option('--host <text>', 'only HTTP hosts with this text')
    .option('--url <text>', 'only URLs with this text')
    .option('--run <id>', 'this run, or all (default: the latest replay, or all live runs)');
}

/** The database that the flags name, or the one in the log folder. */
async function databasePath(flags: DatabaseFlags): Promise<string> {
  if (flags.db === 'none') throw new PeccaryError('usage', '--db none: there is nothing to ask without a database');
  if (flags.db !== undefined) return flags.db;
  const config = await loadConfigOptions(flags);
  const settings = new Settings(config.tree, config.origin);
  return join(flags.logDir ?? settings.string('default-log-dir', '.'), 'peccary.db');
}

/**
 * Opens the database that the flags name for as long as `ask` runs. Throws PeccaryError that says what to run when there
 * is none, and what SQLite says when it cannot be read.
 */
export async function withDatabase<T>(
  flags: DatabaseFlags,
  ask: (db: Database) => T | Promise<T>,
  open: (path: string) => Promise<Database> = openForReading,
): Promise<T> {
  const path = await databasePath(flags);
  const db = await open(path);
  try {
    return await ask(db);
  } catch (e) {
    const { code, message } = e as Error & { code?: string };
    if (code?.startsWith('SQLITE_')) throw new PeccaryError('database', `${path}: ${message} (${code})`);
    throw e;
  } finally {
    db.close();
  }
}

function runsOf(db: Database, run: string | undefined): { ids: number[] | null; live: boolean } {
  if (run === 'all') return { ids: null, live: true };
  if (run === undefined) {
    const runs = defaultRuns(db);
    return { ids: runs.map((r) => r.id), live: runs.at(-1)?.kind === 'live' };
  }
  const found = /^\d{1,15}$/.test(run) ? runById(db, Number(run)) : null;
  if (found === null)
    throw new PeccaryError('usage', `--run ${run}: there is no such run in this database; "--run all" asks them all`);
  return { ids: [found.id], live: found.kind === 'live' };
}

/** The filter that the flags mean. Relative times count from now, for a replay from its newest alert. */
export function filterOf(db: Database, flags: FilterFlags): AlertFilter {
  const runs = runsOf(db, flags.run);
  const now = (): number => {
    const newest = runs.live ? null : newestAlertUs(db, runs.ids);
    return newest ?? Date.now() * 1000;
  };
  return {
    ...anyAlert,
    runs: runs.ids,
    sids: flags.sid,
    src: flags.src,
    dst: flags.dst,
    ip: flags.ip,
    ports: flags.port,
    sinceUs: flags.since === undefined ? null : parseWhen(flags.since, now(), '--since'),
    untilUs: flags.until === undefined ? null : parseWhen(flags.until, now(), '--until'),
    signature: flags.signature ?? null,
    host: flags.host ?? null,
    url: flags.url ?? null,
  };
}
