/** What several workers of a replay found, as one would have. */
import type { RuleCosts } from '../detect/rule-clock.js';
import type { WorkerResult } from './replay-protocol.js';
import { addCounters } from './sum-counters.js';

export function joinResults(all: readonly WorkerResult[]): WorkerResult {
  const [first] = all;
  if (all.length === 1) return first;
  const sum = (of: (r: WorkerResult) => number): number => all.reduce((n, r) => n + of(r), 0);
  return {
    ...first,
    packets: sum((r) => r.packets),
    bytes: sum((r) => r.bytes),
    lastUs: Math.max(...all.map((r) => r.lastUs)),
    flows: sum((r) => r.flows),
    transactions: sum((r) => r.transactions),
    alerts: sum((r) => r.alerts),
    drops: sum((r) => r.drops),
    stopped: all.some((r) => r.stopped),
    byRule: first.byRule.map((_, rule) => sum((r) => r.byRule[rule])),
    counters: addCounters(all.map((r) => r.counters)),
    notes: [...new Set(all.flatMap((r) => r.notes))],
    costs: joinCosts(all.flatMap((r) => r.costs ?? [])),
    suspensions: all.flatMap((r) => [...r.suspensions]).sort((a, b) => a.atUs - b.atUs),
  };
}

function joinCosts(all: readonly RuleCosts[]): RuleCosts | null {
  if (all.length === 0) return null;
  const [first] = all;
  const sum = (of: (c: RuleCosts) => Float64Array): Float64Array =>
    of(first).map((_, rule) => all.reduce((n, c) => n + of(c)[rule], 0));
  return {
    checks: sum((c) => c.checks),
    matches: sum((c) => c.matches),
    totalNs: sum((c) => c.totalNs),
    maxNs: first.maxNs.map((_, rule) => Math.max(...all.map((c) => c.maxNs[rule]))),
  };
}
