/**
 * Time that rules take: for profiles, and for the latency budget (Snort 3 reference, "latency"): a rule that broke the
 * budget often enough is suspended for a while. Time taken is time of the monotonic clock less what reading the clock
 * takes, and less what the thread waited for a processor: that is taken off the longest check of the packet, in which
 * it will have been. How long a suspension lasts is capture time, so that a replay's does not depend on its speed.
 */
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { setClockWatch } from './recorder.js';
import { runDelayNs } from './run-delay.js';

const enum ClockLimit {
  /** Suspensions kept for the report; more are counted. */
  Told = 1000,
  /** Readings that tell what a reading takes. */
  Calibration = 2000,
  /** A check longer than this, in nanoseconds, may have been interrupted: what the thread waited is asked for. */
  Suspicious = 100_000,
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
/** What the thread waited is asked for anew before a packet when it was last asked this long ago, in milliseconds. */
const SampleMs = 0.5;
let clock: () => number = real;
let delayNs: () => number = runDelayNs;
let overheadMs = 0;

let packetBudgetNs = 0;
let ruleBudgetNs = 0;
let threshold = 5;
let suspendUs = 0;

const none = new Float64Array(0);
let costs: RuleCosts = { checks: none, matches: none, totalNs: none, maxNs: none };
/** By rule: time in the packet under inspection, breaches since the last suspension, when it comes back. */
let inPacketNs = none;
let strikes = new Uint32Array(0);
let until = none;
let suspensions: Suspension[] = [];
let profiling = false;

// The packet under inspection: its time, when its inspection began, the rules it was looked at with.
let packetUs = 0;
let packetStart = 0;
const charged: number[] = [];
/** Its longest check, not yet part of `maxNs`. */
let topRule = -1;
let topNs = 0;
/** What the thread had waited, and when that was asked. */
let waitedNs = 0;
let waitedAt = 0;

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

/** Another clock in milliseconds, and what the thread waited in nanoseconds, for tests; null: the real ones. */
export function setRuleClock(ms: (() => number) | null, waited: () => number = () => 0): void {
  clock = ms ?? real;
  delayNs = ms === null ? runDelayNs : waited;
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
  inPacketNs = column();
  strikes = new Uint32Array(n);
  until = column();
  suspensions = [];
  charged.length = 0;
  waitedAt = Number.NEGATIVE_INFINITY;
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
  for (const rule of charged) inPacketNs[rule] = 0;
  charged.length = 0;
  topRule = -1;
  topNs = 0;
  packetStart = clock();
  if (packetStart - waitedAt > SampleMs) waitedSince();
}

/** What the thread has waited since this was last called, in nanoseconds. */
function waitedSince(): number {
  const before = waitedNs;
  waitedNs = delayNs();
  waitedAt = clock();
  return waitedNs - before;
}

/** Charges a rule with a check that took `ms` by the clock. */
export function chargeRule(rule: number, ms: number, matched: boolean): void {
  // Never nothing: a rule is in `charged` once it has taken time.
  const ns = Math.max(1, (ms - overheadMs) * 1e6);
  if (inPacketNs[rule] === 0) charged.push(rule);
  costs.checks[rule]++;
  if (matched) costs.matches[rule]++;
  costs.totalNs[rule] += ns;
  inPacketNs[rule] += ns;
  if (ns <= topNs) {
    if (ns > costs.maxNs[rule]) costs.maxNs[rule] = ns;
    return;
  }
  settleTop();
  topRule = rule;
  topNs = ns;
}

function settleTop(): void {
  if (topRule >= 0 && topNs > costs.maxNs[topRule]) costs.maxNs[topRule] = topNs;
}

export function endPacketClock(): void {
  let tookNs = (clock() - packetStart) * 1e6;
  if (topNs > ClockLimit.Suspicious || (packetBudgetNs > 0 && tookNs > packetBudgetNs)) {
    const waited = waitedSince();
    tookNs -= waited;
    takeOff(Math.min(waited, topNs));
  }
  settleTop();
  const packetOver = packetBudgetNs > 0 && tookNs > packetBudgetNs;
  if (packetOver) counts[cPackets]++;
  if (packetOver || ruleBudgetNs > 0) judge(packetOver);
}

/** Takes waiting off the longest check. */
function takeOff(ns: number): void {
  if (topRule < 0) return;
  topNs -= ns;
  costs.totalNs[topRule] -= ns;
  inPacketNs[topRule] -= ns;
}

/** Counts against the rules that broke their budget in the packet, once each; and who took most of one over its own. */
function judge(packetOver: boolean): void {
  let dearest = -1;
  for (const rule of charged) {
    if (dearest < 0 || inPacketNs[rule] > inPacketNs[dearest]) dearest = rule;
    if (ruleBudgetNs === 0 || inPacketNs[rule] <= ruleBudgetNs) continue;
    counts[cRules]++;
    strike(rule, ruleBudgetNs, 'rule');
  }
  const struck = ruleBudgetNs > 0 && dearest >= 0 && inPacketNs[dearest] > ruleBudgetNs;
  if (packetOver && dearest >= 0 && !struck) strike(dearest, packetBudgetNs, 'packet');
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
