/**
 * How soon V8's optimising compiler sets to work. Loading rules runs many functions once over everything: optimising them
 * costs a sixth of the start-up of a large rule set and is thrown away when it is done (RATIONALE.md, "Start-up").
 */
import { setFlagsFromString } from 'node:v8';

const enum Budget {
  /** Bytes of bytecode that a function runs before V8 thinks of optimising it: its default since V8 11. */
  Usual = 67_584,
  Patient = 1_000_000,
}

const enum Largest {
  /** Bytes of bytecode of the largest function that is optimised: V8's default. */
  Usual = 61_440,
  /** What is larger takes longer to optimise than it saves in one pass over a rule set. */
  Patient = 600,
}

const V8Since = 11;

/**
 * Runs `work` with functions optimised later than usual, large ones not at all, and with one thread that collects garbage
 * (several spend more together); has no say in what work does.
 */
export function patiently<T>(work: () => T): T {
  if (Number.parseInt(process.versions.v8, 10) < V8Since) return work();
  setFlagsFromString(`--interrupt-budget=${Budget.Patient}`);
  setFlagsFromString(`--max-optimized-bytecode-size=${Largest.Patient}`);
  setFlagsFromString('--no-parallel-scavenge');
  try {
    return work();
  } finally {
    setFlagsFromString(`--interrupt-budget=${Budget.Usual}`);
    setFlagsFromString(`--max-optimized-bytecode-size=${Largest.Usual}`);
    setFlagsFromString('--parallel-scavenge');
  }
}
