/** A rule set as threads and the cache take it. */
import type { PackedRules } from '../output/rule-table.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import type { RuleSet } from '../rules/ir.js';

/** What is said of a rule set: how many rules it has and what became of the others. */
export type RuleReport = Pick<RuleSet, 'failed' | 'skipped' | 'warnings' | 'unkept' | 'expiresMs'> & { loaded: number };

/** Plain data over shared memory; the same whether it was compiled or comes from the cache. */
export interface RuleTables {
  rules: RuntimeRules;
  /** What the writer has to know of each rule, in the order of `rules`. */
  packed: PackedRules;
  report: RuleReport;
}
