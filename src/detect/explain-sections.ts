/** Sections of a rule as recorded: damage of the body they look at, and which of several looks at one to show. */
import { type Transaction, TxFlag } from '../http/transaction.js';
import type { SectionTrace } from './trace.js';

/** Whether the body of a side was cut at its limit, or has a gap. */
export function damageOf(tx: Transaction | null, dir: number): { cut: boolean; gap: boolean } {
  const flags = tx === null ? 0 : tx.flags;
  const server = dir === 0;
  return {
    cut: (flags & (server ? TxFlag.RequestBodyCut : TxFlag.ResponseBodyCut)) !== 0,
    gap: (flags & (server ? TxFlag.RequestGap : TxFlag.ResponseGap)) !== 0,
  };
}

/** Of two looks at one section, the one to show: what matched, else what got further, else the later. */
export function furtherOf(before: SectionTrace, after: SectionTrace): SectionTrace {
  if (after.matched || before.shown === null) return after;
  if (after.shown === null || after.matches.length < before.matches.length) {
    return { ...before, final: after.final, cut: after.cut, gap: after.gap };
  }
  return after;
}
