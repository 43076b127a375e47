/** Compiles pattern databases through Hyperscan; blocks, so large sets belong where nobody waits. */
import { compileLiteralRange, HsFlag, type Refusal } from '../../addon/hyperscan.js';
import { isRefusal } from '../../addon/native.js';
import { PeccaryError } from '../../core/errors.js';
import type { RuntimeRules } from './tables.js';

/** What compileDatabases reads of a rule set. */
type DatabaseSource = Pick<RuntimeRules, 'databases' | 'patternBytes' | 'patternEnds'>;

/** Handles of the databases, in their order. A refused database is a fault of the compiler and is thrown. */
export function compileDatabases({ databases, patternBytes, patternEnds }: DatabaseSource): number[] {
  return databases.map(({ first, count }) => {
    const flags = HsFlag.SingleMatch | HsFlag.Caseless;
    const handle: number | Refusal = compileLiteralRange(patternBytes, patternEnds, first, count, flags);
    if (isRefusal(handle)) {
      throw new PeccaryError('rules', `Hyperscan refuses pattern ${handle.index}: ${handle.message}`);
    }
    return handle;
  });
}
