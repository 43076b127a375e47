/** What rules cost over a run, and which were suspended for it, in terms of the rules as written. */
import type { RuleCosts, Suspension } from '../detect/rule-clock.js';
import type { Rule } from '../rules/ir.js';
import type { RuleCost, RuleSuspension } from './options.js';

/** A rule by its number. */
type RuleAt = (n: number) => Pick<Rule, 'gid' | 'sid' | 'rev' | 'msg' | 'file' | 'line'>;

/** Costs by gid and sid, of rules that were looked at; one written `<>` counts as one. Dearest first. */
export function ruleCostRows(ruleAt: RuleAt, costs: RuleCosts): RuleCost[] {
  const byId = new Map<string, RuleCost>();
  costs.checks.forEach((checks, n) => {
    if (checks === 0) return;
    const { gid, sid, rev, msg, file, line } = ruleAt(n);
    const id = `${gid}:${sid}`;
    let row = byId.get(id);
    if (row === undefined) {
      row = { gid, sid, rev, msg, file, line, checks: 0, matches: 0, totalNs: 0, maxNs: 0, share: 0 };
      byId.set(id, row);
    }
    row.checks += checks;
    row.matches += costs.matches[n];
    row.totalNs += Math.round(costs.totalNs[n]);
    row.maxNs = Math.max(row.maxNs, Math.round(costs.maxNs[n]));
  });
  const rows = [...byId.values()];
  const all = rows.reduce((sum, r) => sum + r.totalNs, 0);
  for (const row of rows) row.share = all === 0 ? 0 : row.totalNs / all;
  return rows.sort((a, b) => b.totalNs - a.totalNs || a.sid - b.sid);
}

export function suspensionRows(ruleAt: RuleAt, suspensions: readonly Suspension[]): RuleSuspension[] {
  return suspensions.map(({ rule, untilUs, ...s }) => {
    const { gid, sid, rev, msg } = ruleAt(rule);
    return { gid, sid, rev, msg, ...s, untilUs: Number.isFinite(untilUs) ? untilUs : null };
  });
}
