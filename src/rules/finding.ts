/** One remark on a rule before it has a place. */
import type { Condition, Match } from './ir.js';

export interface Finding {
  kind: 'never' | 'seldom' | 'costly';
  reason: string;
  hint: string;
  /** What it is about; null: the rule as a whole. */
  at: Match | Condition | null;
}
