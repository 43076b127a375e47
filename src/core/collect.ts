/** Garbage collection on demand, for the few moments when much has become garbage and little more will be allocated. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | null = null;

/**
 * Collects this thread's garbage now; some tens of milliseconds. V8 does not count shared memory as something to collect
 * for: without this a thread keeps the tables of rules that are long replaced.
 */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
