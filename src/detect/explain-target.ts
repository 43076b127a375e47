/** A rule that is asked about, and what the compiled databases seek for it. */
import type { BufferId } from '../protocol/buffers.js';
import { RuleCol, type RuleFlag, type RuleType } from '../rules/compile/layout.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import { patternLiteral } from '../rules/compile/tables.js';
import type { Explanation } from './trace.js';

export interface Target {
  rule: number;
  type: RuleType;
  /** RuleFlag bits. */
  flags: RuleFlag;
  /** Buffer, transform list and patterns that make it a candidate; null: it always is one. */
  fast: { buffer: BufferId; transforms: number; literals: Uint8Array[] } | null;
}

export function targetOf(rules: RuntimeRules, rule: number): Target {
  const at = rule * RuleCol.Stride;
  const target: Target = {
    rule,
    type: rules.table[at + RuleCol.Type],
    flags: rules.table[at + RuleCol.Flags],
    fast: null,
  };
  const literals = new Map<string, Uint8Array>();
  for (const { buffer, transforms, first, count } of rules.databases) {
    for (let id = first; id < first + count; id++) {
      const row = rules.patternLists[id] * 2;
      const list = rules.listRules.subarray(rules.listRows[row], rules.listRows[row + 1]);
      if (!list.includes(rule)) continue;
      const bytes = patternLiteral(rules, id);
      literals.set(Buffer.from(bytes).toString('latin1'), bytes);
      target.fast = { buffer, transforms, literals: [] };
    }
  }
  if (target.fast !== null) target.fast.literals = [...literals.values()];
  return target;
}

/** As the answer tells it, with the patterns as latin-1. */
export function fastText({ fast }: Target): Explanation['fast'] {
  if (fast === null) return null;
  return { buffer: fast.buffer, literals: fast.literals.map((b) => Buffer.from(b).toString('latin1')) };
}
