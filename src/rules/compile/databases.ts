/** Compiles pattern databases through Hyperscan; blocks, so large sets belong on a background thread. */
import { compileLiterals, HsFlag } from '../../addon/hyperscan.js';
import { isRefusal } from '../../addon/native.js';
import { PeccaryError } from '../../core/errors.js';
import type { PatternDatabase } from './patterns.js';

/** Handles of the databases, in their order. A refused database is a fault of the compiler and is thrown. */
export function compileDatabases(databases: readonly PatternDatabase[]): number[] {
  return databases.map((db) => {
    const handle = compileLiterals(
      db.patterns.map((p) => ({
        pattern: p.bytes,
        flags: HsFlag.SingleMatch | HsFlag.Caseless,
        id: p.id,
      })),
    );
    if (isRefusal(handle)) {
      throw new PeccaryError('rules', `Hyperscan refuses pattern ${handle.index}: ${handle.message}`);
    }
    return handle;
  });
}
