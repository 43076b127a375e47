/**
 * Thresholds, rate filters and suppressions of each rule: the rule's own, and those of threshold.config by gid and sid
 * (0 for all rules; a rule's own threshold is not replaced by one for all).
 */
import type { Packet } from '../decode/packet.js';
import { actionCode, thresholdRow, trackCode } from '../rules/compile/compile.js';
import { hash32 } from '../rules/compile/hash32.js';
import { RuleCol } from '../rules/compile/layout.js';
import { ThresholdCol, ThresholdType } from '../rules/compile/layout-tables.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import type { AddressSet } from '../rules/ir.js';
import { inSet } from './address-match.js';

/** What threshold.config says of one rule. */
interface Policy {
  /** Threshold rows (offsets into `rows`), looked at in order. */
  thresholds: number[];
  suppress: { track: 'by_src' | 'by_dst' | 'by_either' | null; addresses: AddressSet | null }[];
}

let rows = new Float64Array(0);
let policies: (Policy | null)[] = [];
/** Key of each rule's counters. */
let ids = new Int32Array(0);

export function thresholdRows(): Float64Array {
  return rows;
}

function applies(gid: number, sid: number, ruleGid: number, ruleSid: number): boolean {
  return (gid === 0 || gid === ruleGid) && (sid === 0 || sid === ruleSid);
}

function rateRow(r: RuntimeRules['rateFilters'][number]): number[] {
  const row = new Array<number>(ThresholdCol.Stride).fill(0);
  row[ThresholdCol.Type] = ThresholdType.Rate;
  row[ThresholdCol.Track] = trackCode(r.track);
  row[ThresholdCol.Count] = r.count;
  row[ThresholdCol.Seconds] = r.seconds;
  row[ThresholdCol.TimeoutS] = r.timeoutS;
  row[ThresholdCol.NewAction] = actionCode(r.newAction);
  return row;
}

/** Works out the policies of installed rules. */
export function bindPolicies(rules: RuntimeRules): void {
  const all: number[] = [...rules.thresholds];
  const push = (row: number[]): number => {
    const at = all.length;
    all.push(...row);
    return at;
  };
  const filters = rules.eventFilters.map((f) => ({ ...f, at: push(thresholdRow(f.threshold)) }));
  const rates = rules.rateFilters.map((f) => ({ ...f, at: push(rateRow(f)) }));
  policies = Array.from({ length: rules.count }, (_, n) => {
    const at = n * RuleCol.Stride;
    const rule = { gid: rules.table[at + RuleCol.Gid], sid: rules.table[at + RuleCol.Sid] >>> 0 };
    const own = rules.table[at + RuleCol.Threshold];
    const exact = filters.filter((f) => f.gid === rule.gid && f.sid === rule.sid);
    const general = filters.filter((f) => (f.gid === 0 || f.sid === 0) && applies(f.gid, f.sid, rule.gid, rule.sid));
    const thresholds: number[] = [];
    const last = exact[exact.length - 1];
    // A filter for this very rule takes the place of the rule's own threshold; one for all rules does not.
    if (last !== undefined) thresholds.push(last.at);
    else if (own >= 0) thresholds.push(own * ThresholdCol.Stride);
    else if (general.length > 0) thresholds.push(general[general.length - 1].at);
    for (const r of rates) if (applies(r.gid, r.sid, rule.gid, rule.sid)) thresholds.push(r.at);
    const suppress = rules.suppress.filter((s) => applies(s.gid, s.sid, rule.gid, rule.sid));
    return thresholds.length === 0 && suppress.length === 0 ? null : { thresholds, suppress };
  });
  rows = Float64Array.from(all);
  ids = Int32Array.from(policies, (_, n) => {
    const at = n * RuleCol.Stride;
    return hash32(rules.table[at + RuleCol.Sid], rules.table[at + RuleCol.Gid]);
  });
}

/** Threshold rows of a rule, or null. */
export function thresholdsOf(rule: number): readonly number[] | null {
  return policies[rule]?.thresholds ?? null;
}

/** Key of a rule's counters under a threshold row. */
export function counterId(rule: number): number {
  return ids[rule];
}

/** Whether threshold.config suppresses this alert. `swapped`: the direction of the match is not the packet's. */
export function isSuppressed(rule: number, p: Packet, swapped: boolean): boolean {
  const policy = policies[rule];
  if (policy === null || policy === undefined) return false;
  for (const s of policy.suppress) {
    if (s.track === null || s.addresses === null) return true;
    const src = s.track !== 'by_dst' && inSet(s.addresses, p, !swapped);
    if (src || (s.track !== 'by_src' && inSet(s.addresses, p, swapped))) return true;
  }
  return false;
}
