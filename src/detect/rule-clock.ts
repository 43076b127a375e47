/**
 * Time that rules take: for profiles, and for the latency budget (Snort 3 reference, "latency"): a rule that broke the
 * budget often enough is suspended for a while. Time taken is wall time of the monotonic clock less what reading the
 * clock takes; how long a suspension lasts is capture time, so that a replay's does not depend on its speed.
 */
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { setClockWatch } from './recorder.js';

const enum ClockLimit {
  /** Suspensions kept for the report; more are counted. */
  Told = 1000,
  /** Readings that tell what a reading takes. */
  Calibration = 2000,
  /** Longest budget, microseconds, and longest suspension, milliseconds. */
  MaxUs = 60_000_000,
  MaxSuspendMs = 86_400_000,
}

const cPackets = counter('detect.latency.packet_timeouts');
const cRules = counter('detect.latency.rule_timeouts');
const cSuspended = counter('detect.latency.suspensions');
const cSkipped = counter('detect.latency.skipped');

/** Cost of each rule, by rule number. Times in nanoseconds. */
export interface RuleCosts {
  checks: Float64Array;
  matches: Float64Array;
  totalNs: Float64Array;
  maxNs: Float64Array;
}

/** A suspension that took place. */
export interface Suspension {
  rule: number;
  /** Capture time; `untilUs` Infinity: for the rest of the run. */
  atUs: number;
  untilUs: number;
  /** What the rule took on the packet that decided it, and the budget that broke. */
  tookNs: number;
  budgetNs: number;
  /** Whose budget: the rule's own, or that of the packet, of which this rule took most. */
  of: 'rule' | 'packet';
}

const real = (): number => performance.now();
let clock: () => number = real;
let overheadMs = 0;

let packetBudgetNs = 0;
let ruleBudgetNs = 0;
let threshold = 5;
let suspendUs = 0;

const none = new Float64Array(0);
let costs: RuleCosts = { checks: none, matches: none, totalNs: none, maxNs: none };
/** By rule: the packet it was last charged in and the time there, budget breaches since, when it comes back. */
let chargedIn = new Uint32Array(0);
let inPacketNs = none;
let strikes = new Uint32Array(0);
let until = none;
let suspensions: Suspension[] = [];
let profiling = false;

// The packet under inspection.
let stamp = 0;
let packetUs = 0;
let packetStart = 0;
let dearest = -1;
/** Rule that broke its own budget in this packet already, so that one packet counts against it once. */
let struck = -1;

/** Reads `detect.latency`: budgets in microseconds (0: none), breaches before a suspension, its length. */
export function configureLatency(settings: Settings): void {
  packetBudgetNs = settings.int('detect.latency.packet-max-us', 0, 0, ClockLimit.MaxUs) * 1000;
  ruleBudgetNs = settings.int('detect.latency.rule-max-us', 0, 0, ClockLimit.MaxUs) * 1000;
  threshold = settings.int('detect.latency.suspend-threshold', 5, 0, 0xffff);
  suspendUs = settings.int('detect.latency.max-suspend-time', 30_000, 0, ClockLimit.MaxSuspendMs) * 1000;
}

/** Whether rules are to be profiled; before the rules are installed. */
export function setProfiling(on: boolean): void {
  profiling = on;
}

/** Another clock in milliseconds for tests, or null for the real one. */
export function setRuleClock(ms: (() => number) | null): void {
  clock = ms ?? real;
  overheadMs = 0;
}

export function now(): number {
  return clock();
}

/** Makes ready for `rules` rules; the clock runs only when something wants it. */
export function bindRuleClock(rules: number): void {
  const wanted = profiling || packetBudgetNs > 0 || ruleBudgetNs > 0;
  const n = wanted ? rules : 0;
  const column = (): Float64Array<ArrayBuffer> => new Float64Array(n);
  costs = { checks: column(), matches: column(), totalNs: column(), maxNs: column() };
  chargedIn = new Uint32Array(n);
  inPacketNs = column();
  strikes = new Uint32Array(n);
  until = column();
  suspensions = [];
  stamp = 0;
  if (wanted && clock === real && overheadMs === 0) overheadMs = calibrated();
  setClockWatch(wanted);
}

/** What a reading of the clock takes: the median of many, in milliseconds. */
function calibrated(): number {
  const took = new Float64Array(ClockLimit.Calibration);
  let at = clock();
  for (let i = 0; i < took.length; i++) {
    const next = clock();
    took[i] = next - at;
    at = next;
  }
  return took.sort()[took.length >>> 1];
}

export function beginPacketClock(tsUs: number): void {
  packetUs = tsUs;
  dearest = -1;
  struck = -1;
  if (++stamp === 0xffffffff) {
    chargedIn.fill(0);
    stamp = 1;
  }
  packetStart = clock();
}

export function endPacketClock(): void {
  if (packetBudgetNs === 0) return;
  const tookNs = (clock() - packetStart) * 1e6;
  if (tookNs <= packetBudgetNs) return;
  counts[cPackets]++;
  if (dearest >= 0 && dearest !== struck) strike(dearest, packetBudgetNs, 'packet');
}

/** Charges a rule with a check that took `ms` by the clock. */
export function chargeRule(rule: number, ms: number, matched: boolean): void {
  const ns = Math.max(0, ms - overheadMs) * 1e6;
  costs.checks[rule]++;
  if (matched) costs.matches[rule]++;
  costs.totalNs[rule] += ns;
  if (ns > costs.maxNs[rule]) costs.maxNs[rule] = ns;
  if (chargedIn[rule] !== stamp) {
    chargedIn[rule] = stamp;
    inPacketNs[rule] = 0;
  }
  const before = inPacketNs[rule];
  inPacketNs[rule] = before + ns;
  if (dearest < 0 || inPacketNs[rule] > inPacketNs[dearest]) dearest = rule;
  // One packet counts once against a rule, however many looks it takes there.
  if (ruleBudgetNs === 0 || before > ruleBudgetNs || before + ns <= ruleBudgetNs) return;
  counts[cRules]++;
  struck = rule;
  strike(rule, ruleBudgetNs, 'rule');
}

function strike(rule: number, budgetNs: number, of: Suspension['of']): void {
  if (threshold === 0 || ++strikes[rule] < threshold) return;
  strikes[rule] = 0;
  until[rule] = suspendUs === 0 ? Number.POSITIVE_INFINITY : packetUs + suspendUs;
  counts[cSuspended]++;
  if (suspensions.length < ClockLimit.Told) {
    suspensions.push({ rule, atUs: packetUs, untilUs: until[rule], tookNs: inPacketNs[rule], budgetNs, of });
  }
}

/** Whether a rule is suspended at the time of the packet; counted when it is. */
export function isSuspended(rule: number): boolean {
  const end = until[rule];
  if (end === 0) return false;
  if (packetUs < end) {
    counts[cSkipped]++;
    return true;
  }
  until[rule] = 0;
  return false;
}

/** What rules have cost since they were installed. */
export function ruleCosts(): RuleCosts {
  return costs;
}

/** Suspensions since the rules were installed, in order. */
export function latencySuspensions(): readonly Suspension[] {
  return suspensions;
}
