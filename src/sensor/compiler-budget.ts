/**
 * What V8's optimising compiler may spend on a run that is short. A replay of some hundred megabytes is over a second or
 * two after it began; with V8's defaults a third of its CPU goes into optimising functions, much of it into bodies of
 * small functions that are inlined, and so compiled again, in every caller. Code with less inlining is a tenth slower,
 * which a long run would pay for (RATIONALE.md, "Measured").
 */
import { setFlagsFromString } from 'node:v8';

const enum Budget {
  /** Bytes of bytecode of the largest function that is inlined (V8: 460). */
  Function = 100,
  /** Bytes of bytecode that one function takes in altogether (V8: 920). */
  Cumulative = 150,
}

/** Bytes of capture below which a run counts as short. */
const ShortRun = 1024 * 1024 * 1024;

/**
 * Sets the budgets for a run over so many bytes (0: not known, nothing is changed). To be called when the program is
 * loaded: Node's own modules come from a cache that other flags make useless.
 */
export function budgetCompiler(bytes: number): void {
  if (bytes === 0 || bytes >= ShortRun) return;
  setFlagsFromString(`--max-inlined-bytecode-size=${Budget.Function}`);
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${Budget.Cumulative}`);
  // The hot path allocates nothing and peels no loop of worth: these passes look for what is not there.
  setFlagsFromString('--no-turbo-escape');
  setFlagsFromString('--no-turbo-loop-peeling');
}
