/** What rules cost, as a table and as objects; and the rules that were suspended for it. */
import type { RuleCost, RuleSuspension } from '../sensor/options.js';
import { type Column, safe } from './format.js';
import { grouped } from './text.js';

export const costOrders = ['total', 'checks', 'matches', 'avg', 'max'] as const;
export type CostOrder = (typeof costOrders)[number];

const averageNs = (r: RuleCost): number => (r.checks === 0 ? 0 : r.totalNs / r.checks);

const keys: Record<CostOrder, (r: RuleCost) => number> = {
  total: (r) => r.totalNs,
  checks: (r) => r.checks,
  matches: (r) => r.matches,
  avg: averageNs,
  max: (r) => r.maxNs,
};

/** Worst first by `order`; at most `limit` (0: all). */
export function worstRules(rows: readonly RuleCost[], order: CostOrder, limit: number): RuleCost[] {
  const sorted = [...rows].sort((a, b) => keys[order](b) - keys[order](a) || b.totalNs - a.totalNs);
  return limit === 0 ? sorted : sorted.slice(0, limit);
}

const micro = (ns: number): string => (ns / 1000).toFixed(ns < 100_000 ? 2 : 0);

export const costColumns: Column<RuleCost>[] = [
  { title: 'rule', text: (r) => `${r.gid}:${r.sid}:${r.rev}` },
  { title: 'checks', text: (r) => grouped(r.checks), right: true },
  { title: 'matches', text: (r) => grouped(r.matches), right: true },
  { title: 'total ms', text: (r) => (r.totalNs / 1e6).toFixed(3), right: true },
  { title: 'share', text: (r) => `${(100 * r.share).toFixed(1)}%`, right: true },
  { title: 'avg us', text: (r) => micro(averageNs(r)), right: true },
  { title: 'max us', text: (r) => micro(r.maxNs), right: true },
  { title: 'message', text: (r) => r.msg, elastic: true },
];

/** What JSON has of a rule. */
export function costObject(r: RuleCost): object {
  return { ...r, avgNs: Math.round(averageNs(r)) };
}

/** Lines of a log: which rule was suspended, when, for how long and why. */
export function suspensionLines(suspensions: readonly RuleSuspension[], most: number): string[] {
  const lines = suspensions.slice(0, most).map((s) => {
    const long = s.untilUs === null ? 'for the rest of the run' : `for ${(s.untilUs - s.atUs) / 1e6} s`;
    const whose = s.of === 'rule' ? 'a rule may take' : 'a packet may take, most of it by this rule';
    return (
      `latency: ${new Date(s.atUs / 1000).toISOString()} rule ${s.gid}:${s.sid}:${s.rev} suspended ${long}: ` +
      `took ${micro(s.tookNs)} us, ${micro(s.budgetNs)} us is what ${whose} (${safe(s.msg)})`
    );
  });
  if (suspensions.length > most) lines.push(`latency: and ${suspensions.length - most} more suspensions`);
  return lines;
}
