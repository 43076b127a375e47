/** Opening the alert database: loading better-sqlite3 only now, checking whose file it is, migrating. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database, Statement } from 'better-sqlite3';
import { PeccaryError } from '../../core/errors.js';
import { ApplicationId, migrations } from './schema.js';

export type { Database, Statement };

/** How long a statement waits for another process's transaction, in milliseconds. */
const BusyMs = 30_000;
/** The same for a sensor, whose writer tries again and does other things meanwhile. */
const BusyLiveMs = 500;

/** The write-ahead log is cut to this when it is begun anew, which is tried when it has so many pages of 4 KiB. */
const LogBytes = 64 * 1024 * 1024;
const LogPages = LogBytes / 4096;
/** Pages kept in memory, KiB. */
const CacheKiB = 65_536;

async function load(): Promise<typeof import('better-sqlite3')> {
  try {
    return (await import('better-sqlite3')).default;
  } catch (e) {
    throw new PeccaryError(
      'database',
      `better-sqlite3 cannot be loaded (${(e as Error).message}); run "npm install", or use --db none`,
    );
  }
}

function version(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

/** Refuses what is no database of ours, or of a newer Peccary. An empty file is ours. */
function check(db: Database, path: string): void {
  let known: number;
  let tables: number;
  try {
    known = db.pragma('application_id', { simple: true }) as number;
    tables = (db.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number }).n;
  } catch (e) {
    throw new PeccaryError('database', `${path} is not an alert database: ${(e as Error).message}`);
  }
  if (tables > 0 && known !== ApplicationId) {
    throw new PeccaryError(
      'database',
      `${path} is an SQLite database, but not one of Peccary's; name another file with --db`,
    );
  }
  if (version(db) > migrations.length) {
    throw new PeccaryError(
      'database',
      `${path} was written by a newer Peccary (format ${version(db)}, this one knows ${migrations.length}); upgrade Peccary, or name another file with --db`,
    );
  }
}

function migrate(db: Database): void {
  // IMMEDIATE, so that of two processes one migrates and the other then finds it done.
  db.transaction(() => {
    for (let v = version(db); v < migrations.length; v++) {
      db.exec(migrations[v]);
      db.pragma(`user_version = ${v + 1}`);
    }
    db.pragma(`application_id = ${ApplicationId}`);
  }).immediate();
}

/** The format of the database at `path`, and that of this version. Throws as openForReading, but takes older ones. */
export async function formatOf(path: string): Promise<{ is: number; known: number }> {
  const db = await openAsIs(path);
  try {
    check(db, path);
    return { is: version(db), known: migrations.length };
  } finally {
    db.close();
  }
}

/** Opens an existing file for reading without asking whether it is one of ours. Throws PeccaryError 'database'. */
export async function openAsIs(path: string): Promise<Database> {
  mustExist(path);
  const Sqlite = await load();
  try {
    return new Sqlite(path, { readonly: true, fileMustExist: true, timeout: BusyMs });
  } catch (e) {
    throw new PeccaryError('database', `cannot open ${path}: ${(e as Error).message}`);
  }
}

/**
 * Opens for writing, making file and directory when they are missing. `live`: for a sensor. Throws PeccaryError
 * 'database'.
 */
export async function openForWriting(path: string, live = false): Promise<Database> {
  const Sqlite = await load();
  let db: Database;
  try {
    mkdirSync(dirname(path), { recursive: true });
    db = new Sqlite(path, { timeout: BusyMs });
  } catch (e) {
    const remedy = 'name a file in a folder that can be written with --db or -l, or use --db none';
    throw new PeccaryError('database', `cannot open ${path}: ${(e as Error).message}; ${remedy}`);
  }
  try {
    check(db, path);
    // Only before there is anything in it: later it takes a VACUUM.
    db.pragma('auto_vacuum = INCREMENTAL');
    db.pragma('journal_mode = WAL');
    // A log that grew because of a long transaction or reader is cut again.
    db.pragma(`journal_size_limit = ${LogBytes}`);
    db.pragma(`wal_autocheckpoint = ${LogPages}`);
    db.pragma(`cache_size = -${CacheKiB}`);
    // With WAL, NORMAL loses nothing when the process dies, and at most the last commits when the machine does.
    db.pragma('synchronous = NORMAL');
    // We look after references ourselves, and the checks would want an index for each.
    db.pragma('foreign_keys = OFF');
    migrate(db);
    if (live) db.pragma(`busy_timeout = ${BusyLiveMs}`);
  } catch (e) {
    db.close();
    throw e instanceof PeccaryError ? e : new PeccaryError('database', `${path}: ${(e as Error).message}`);
  }
  return db;
}

function mustExist(path: string): void {
  if (existsSync(path)) return;
  throw new PeccaryError(
    'database',
    `there is no alert database at ${path}; make one with "peccary replay FILE.pcap --db ${path}", or name another with --db`,
  );
}

/** Opens an existing database for changes; else as openForWriting and openForReading. */
export async function openForChanging(path: string): Promise<Database> {
  mustExist(path);
  return openForWriting(path);
}

/** Opens an existing database for questions. Throws PeccaryError 'database' that says what to run when there is none. */
export async function openForReading(path: string): Promise<Database> {
  const db = await openAsIs(path);
  try {
    check(db, path);
    if (version(db) < migrations.length) {
      throw new PeccaryError(
        'database',
        `${path} has an older format (${version(db)} of ${migrations.length}); "peccary db migrate --db ${path}" upgrades it, as the next replay or run into it does`,
      );
    }
  } catch (e) {
    db.close();
    throw e;
  }
  return db;
}
