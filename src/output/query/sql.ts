/** SQL of the user's own, on a database that is open for reading: queries alone, with functions for what is kept as bytes. */
import { PeccaryError } from '../../core/errors.js';
import { shortAddressText } from '../address-bytes.js';
import { timestamp } from '../eve/json.js';
import type { Database } from '../store/open.js';

/** A value as SQLite gives it. */
export type Cell = number | bigint | string | Buffer | null;

export interface SqlAnswer {
  columns: string[];
  rows: IterableIterator<Cell[]>;
}

/** ip(src) is an address as text, utc(time_us) a time. */
function addFunctions(db: Database): void {
  db.function('ip', { deterministic: true }, (b: unknown) => (Buffer.isBuffer(b) ? shortAddressText(b) : null));
  db.function('utc', { deterministic: true }, (us: unknown) =>
    // As far as a Date goes.
    typeof us === 'number' && us >= 0 && us <= 253_402_300_799_000_000 ? timestamp(us) : null,
  );
}

/** Throws PeccaryError 'usage' for what is no single query, with what SQLite says of it. */
export function querySql(db: Database, sql: string): SqlAnswer {
  // ATTACH and VACUUM INTO would reach other files, pragmas more than this connection.
  if (!/^[\s(]*(select|with|values|explain)\b/i.test(sql.replace(/^(\s|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)+/, '')))
    throw new PeccaryError('usage', 'sql: only queries are answered: SELECT, WITH, VALUES, EXPLAIN');
  addFunctions(db);
  db.pragma('query_only = ON');
  try {
    const statement = db.prepare(sql);
    if (!statement.reader || !statement.readonly)
      throw new PeccaryError('usage', 'sql: only queries are answered; this statement would change the database');
    const columns = statement.columns().map((c) => c.name);
    return { columns, rows: safely(statement.raw().iterate() as IterableIterator<Cell[]>) };
  } catch (e) {
    throw refusal(e);
  }
}

function* safely(rows: IterableIterator<Cell[]>): Generator<Cell[]> {
  try {
    yield* rows;
  } catch (e) {
    throw refusal(e);
  }
}

/** Faults of the statement are the user's, those of the file the database's. */
function refusal(e: unknown): unknown {
  if (e instanceof PeccaryError) return e;
  const { code, message, name } = e as Error & { code?: string };
  const ofStatement = code === 'SQLITE_ERROR' || name === 'RangeError' || name === 'TypeError';
  return ofStatement ? new PeccaryError('usage', `sql: ${message}`) : e;
}
