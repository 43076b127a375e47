/**
 * From matches to alerts and a verdict (Suricata manual, "Action-order", "Thresholding", "Suricata IPS"): matches in
 * order of evaluation, suppression and thresholds, then the actions: `pass` ends the list, a drop or reject of
 * stateful rules holds for the rest of the flow, and at most `packet-alert-max` alerts are kept, the first in order.
 */
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import {
  MatchRowFlag,
  matchCount,
  matchDir,
  matchFirstRange,
  matchFlags,
  matchRangeCount,
  matchRule,
  matchTx,
} from '../detect/matches.js';
import { Fate, observer, watch } from '../detect/recorder.js';
import { FlowFlag, flows } from '../flow/columns.js';
import { RuleAction, RuleCol, RuleFlag, RuleType } from '../rules/compile/layout.js';
import { ThresholdCol, ThresholdType } from '../rules/compile/layout-tables.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import { bindOffences, clearOffences, feedsBans, noteOffence } from './offences.js';
import { bindPolicies, counterId, isSuppressed, thresholdRows, thresholdsOf } from './policies.js';
import { AlertFlag, AlertLimit, alertQueue } from './queue.js';
import { setTags } from './tags.js';
import { countMatch, rateExceeded, ThresholdResult } from './threshold.js';

export const enum Verdict {
  None = 0,
  Drop = 1,
  Pass = 2,
}

/** What the last `applyVerdict` decided beside the alerts. */
export const outcome = {
  /** RuleAction.RejectSrc … RejectBoth when the packet is to be rejected, else 0. */
  reject: 0,
  /** Rule that dropped, -1 none. */
  dropRule: -1,
  /** Dir in which the dropping rule matched. */
  dropDir: 0,
  /** "rules", or "threshold detection_filter" when a rate filter made it a drop, as EVE's drop.reason. */
  reason: '',
};

const cAlert = counter('detect.alert');
const cOverflow = counter('detect.alert_queue_overflow');
const cSuppressed = counter('detect.alerts_suppressed');

let table: Int32Array = new Int32Array(0);
let code: Int32Array = new Int32Array(0);
let alertMax: number = AlertLimit.Default;
let ips = false;
/** Matches in order of evaluation. */
const order = new Int32Array(4096);

/** Reads packet-alert-max (0: the default). `inline`: drops take effect. */
export function configureAlerts(settings: Settings, inline: boolean): void {
  alertMax = settings.int('packet-alert-max', AlertLimit.Default, 0, AlertLimit.Max) || AlertLimit.Default;
  ips = inline;
}

/** Takes the rules that detection works with. */
export function bindAlerts(rules: RuntimeRules): void {
  table = rules.table;
  code = rules.code;
  bindPolicies(rules);
  bindOffences(rules);
}

/** Order of two matches: the rule's, then younger transactions first, packets last. */
function before(a: number, b: number): boolean {
  if (matchRule[a] !== matchRule[b]) return matchRule[a] < matchRule[b];
  const ta = matchTx[a];
  const tb = matchTx[b];
  if (ta === null || tb === null) return ta !== null;
  return ta.id > tb.id;
}

function sortMatches(): void {
  for (let i = 0; i < matchCount; i++) order[i] = i;
  if (matchCount > 64) {
    order.subarray(0, matchCount).sort((a, b) => (before(a, b) ? -1 : 1));
    return;
  }
  for (let i = 1; i < matchCount; i++) {
    const m = order[i];
    let j = i - 1;
    for (; j >= 0 && before(m, order[j]); j--) order[j + 1] = order[j];
    order[j + 1] = m;
  }
}

/** Turns the matches of the packet into alerts and tells what is to become of it. */
export function applyVerdict(p: Packet): Verdict {
  alertQueue.count = 0;
  outcome.reject = 0;
  outcome.dropRule = -1;
  outcome.reason = '';
  if (matchCount === 0) return Verdict.None;
  clearOffences();
  sortMatches();
  let verdict = Verdict.None;
  for (let i = 0; i < matchCount; i++) {
    const m = order[i];
    const rule = matchRule[m];
    const swapped = p.flow !== 0 && matchDir[m] !== p.dir;
    action = table[rule * RuleCol.Stride + RuleCol.Action];
    rated = false;
    full = false;
    suppressed = false;
    filtered = false;
    const result = p.ipVersion === 0 ? ThresholdResult.Alert : threshold(rule, p, swapped);
    if (result !== ThresholdResult.Nothing) verdict = act(p, m, verdict);
    if (feedsBans && !suppressed && !filtered) noteOffence(rule, matchTx[m]);
    if (result !== ThresholdResult.Alert || !isShown(table[rule * RuleCol.Stride + RuleCol.Flags]))
      counts[cSuppressed]++;
    else {
      setTags(p, code, table[rule * RuleCol.Stride + RuleCol.Effects], swapped);
      if (alertQueue.count < alertMax) keep(m);
      else {
        full = true;
        counts[cOverflow]++;
      }
    }
    if (watch !== 0) tellFate(m, result);
    if (action === RuleAction.Pass && result !== ThresholdResult.Nothing) {
      if (watch !== 0) tellPassed(i + 1);
      break;
    }
  }
  counts[cAlert] += alertQueue.count;
  if (alertQueue.count > 0 && p.flow !== 0) flows.flags[p.flow] |= FlowFlag.HasAlerts;
  return verdict;
}

/** Whether the match under way found no room for its alert. */
let full = false;

/** Tells an observer what became of match `m`. */
function tellFate(m: number, result: ThresholdResult): void {
  const rule = matchRule[m];
  let fate = full ? Fate.AlertMax : Fate.Alert;
  if (suppressed) fate = Fate.Suppressed;
  else if (result !== ThresholdResult.Alert) fate = Fate.Threshold;
  else if (!isShown(table[rule * RuleCol.Stride + RuleCol.Flags])) fate = Fate.Silent;
  observer?.fate(rule, matchTx[m], fate);
}

/** Tells an observer of the matches from number `first` on, which a pass rule keeps from being looked at. */
function tellPassed(first: number): void {
  for (let i = first; i < matchCount; i++) observer?.fate(matchRule[order[i]], matchTx[order[i]], Fate.Passed);
}

/** The action of the match under way: the rule's, or what a rate filter makes of it. */
let action = 0;
let rated = false;
let suppressed = false;
/** It is one of those that detection_filter lets go by. */
let filtered = false;

function threshold(rule: number, p: Packet, swapped: boolean): ThresholdResult {
  suppressed = isSuppressed(rule, p, swapped);
  if (suppressed) return ThresholdResult.Silent;
  const rows = thresholdsOf(rule);
  if (rows === null) return ThresholdResult.Alert;
  const all = thresholdRows();
  for (let i = 0; i < rows.length; i++) {
    const result = countMatch(all, rows[i], counterId(rule), p, swapped);
    if (result !== ThresholdResult.Alert) {
      filtered = all[rows[i] + ThresholdCol.Type] === ThresholdType.DetectionFilter;
      return result;
    }
    if (rateExceeded) {
      action = all[rows[i] + ThresholdCol.NewAction];
      rated = true;
    }
  }
  return ThresholdResult.Alert;
}

/** Whether an alert is written for a rule with these flags under the present action. */
function isShown(flags: number): boolean {
  if ((flags & RuleFlag.NoAlert) !== 0 || action === RuleAction.Config) return false;
  return action !== RuleAction.Pass || (flags & RuleFlag.PassAlerts) !== 0;
}

/** Whether the action of a match of this rule type holds for the whole flow. */
function holdsForFlow(type: number, m: number): boolean {
  switch (type) {
    case RuleType.IpOnly:
    case RuleType.LikeIpOnly:
    case RuleType.PdOnly:
    case RuleType.AppLayer:
    case RuleType.AppTx:
      return true;
    case RuleType.PacketStream:
    case RuleType.Stream:
      return (matchFlags[m] & (MatchRowFlag.Stream | MatchRowFlag.Tx)) !== 0;
    default:
      return false;
  }
}

/** Applies the action of match `m` to packet and flow; the verdict so far. */
function act(p: Packet, m: number, verdict: Verdict): Verdict {
  if (action === RuleAction.Alert || action === RuleAction.Config) return verdict;
  const rule = matchRule[m];
  const flowWide = p.flow !== 0 && holdsForFlow(table[rule * RuleCol.Stride + RuleCol.Type], m);
  if (action === RuleAction.Pass) {
    if (flowWide) passFlow(p);
    return verdict === Verdict.Drop ? verdict : Verdict.Pass;
  }
  if (action !== RuleAction.Drop && outcome.reject === 0) {
    outcome.reject = action;
    if (p.flow !== 0) flows.flags[p.flow] |= FlowFlag.Rejected;
  }
  if (flowWide && (flows.flags[p.flow] & (FlowFlag.Drop | FlowFlag.Pass)) === 0) flows.flags[p.flow] |= FlowFlag.Drop;
  if (outcome.dropRule < 0) {
    outcome.dropRule = rule;
    outcome.dropDir = matchDir[m];
    outcome.reason = rated ? 'threshold detection_filter' : 'rules';
  }
  return Verdict.Drop;
}

/** The first of drop and pass to hold for a flow stays. */
function passFlow(p: Packet): void {
  if ((flows.flags[p.flow] & (FlowFlag.Drop | FlowFlag.Pass)) !== 0) return;
  flows.flags[p.flow] |= FlowFlag.Pass | FlowFlag.NoPacketInspection;
  p.flags |= PacketFlag.NoPacketInspection;
}

function keep(m: number): void {
  const row = alertQueue.rows[alertQueue.count++];
  const rejects = action >= RuleAction.RejectSrc && action <= RuleAction.RejectBoth;
  const blocked = rejects || (action === RuleAction.Drop && ips);
  row.rule = matchRule[m];
  row.action = action;
  row.flags = matchFlags[m] | (blocked ? AlertFlag.Blocked : 0) | (rated ? AlertFlag.Rate : 0);
  row.dir = matchDir[m];
  row.tx = matchTx[m];
  row.firstRange = matchFirstRange[m];
  row.rangeCount = matchRangeCount[m];
}
