import assert from 'node:assert/strict';
import { counterSnapshot, resetCounters } from '../../src/core/counters.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import {
  configureLatency,
  latencySuspensions,
  ruleCosts,
  setProfiling,
  setRuleClock,
} from '../../src/detect/rule-clock.js';
import { type Exchange, tcpSession } from '../tools/session.js';
import { Run } from './engine-harness.js';

const rules = [
  'alert http any any -> any any (msg:"slow"; http.uri; content:"/slow"; pcre:"/x+y/"; sid:1;)',
  'alert http any any -> any any (msg:"hit"; http.uri; content:"/slow"; sid:2;)',
].join('\n');

/** Requests in one session, a second of capture time between frames. */
function requests(n: number) {
  const one: Exchange[] = [
    { from: 'client', data: 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n' },
    { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
  ];
  return tcpSession({ exchanges: Array.from({ length: n }, () => one).flat(), stepUs: 1_000_000 });
}

/** A clock by which every reading takes `ms`. */
function ticking(ms: number): () => number {
  let at = 0;
  return () => {
    at += ms;
    return at;
  };
}

describe('The time that rules take', () => {
  afterEach(() => {
    setRuleClock(null);
    setProfiling(false);
    configureLatency(new Settings());
    new Run(rules);
  });

  const run = (n: number, latency: Tree = {}): Run => {
    resetCounters();
    return new Run(rules, { settings: { detect: { latency } } }).replay(requests(n));
  };

  it('profile: checks, matches, total and longest by the clock', () => {
    setProfiling(true);
    setRuleClock(ticking(1));
    const { seen, rules: compiled } = run(3);
    const costs = ruleCosts();
    const of = (sid: number) => compiled.rules.findIndex((r) => r.sid === sid);
    assert.equal(seen.length, 3);
    assert.deepEqual([costs.checks[of(1)], costs.matches[of(1)]], [3, 0]);
    assert.deepEqual([costs.checks[of(2)], costs.matches[of(2)]], [3, 3]);
    assert.deepEqual([costs.totalNs[of(2)], costs.maxNs[of(2)]], [3e6, 1e6]);
  });

  it('nothing is timed unless it is wanted', () => {
    setRuleClock(() => assert.fail('the clock was read'));
    assert.equal(run(3).seen.length, 3);
    assert.equal(ruleCosts().checks.length, 0);
  });

  it('a rule that breaks its budget so many times is suspended for a while of capture time', () => {
    setRuleClock(ticking(1));
    const budget = { 'rule-max-us': 500, 'suspend-threshold': 2, 'max-suspend-time': 10_000 };
    const { seen, rules: compiled } = run(12, budget);
    const counters = counterSnapshot();
    const told = latencySuspensions();
    assert.ok(told.length >= 2);
    for (const s of told) {
      assert.equal(s.untilUs - s.atUs, 10e6);
      assert.equal(s.of, 'rule');
      assert.equal(s.tookNs, 1e6);
      assert.equal(s.budgetNs, 500_000);
    }
    // Two requests, suspended for ten seconds, which are two or three requests, and again.
    const mine = told.filter((s) => compiled.rules[s.rule].sid === 2);
    assert.ok(mine.length >= 2 && mine[1].atUs >= mine[0].untilUs);
    assert.ok(seen.length >= 4 && seen.length < 12, String(seen.length));
    assert.equal(counters['detect.latency.suspensions'], told.length);
    assert.ok(counters['detect.latency.skipped'] > 0);
    assert.ok(counters['detect.latency.rule_timeouts'] >= 2 * told.length);
  });

  it('max-suspend-time 0: for the rest of the run', () => {
    setRuleClock(ticking(1));
    const { seen } = run(12, { 'rule-max-us': 500, 'suspend-threshold': 1, 'max-suspend-time': 0 });
    assert.equal(seen.length, 1);
    assert.deepEqual(
      latencySuspensions().map((s) => s.untilUs),
      [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    );
  });

  it('suspend-threshold 0: breaches are counted and nothing is suspended', () => {
    setRuleClock(ticking(1));
    const { seen } = run(4, { 'rule-max-us': 500, 'suspend-threshold': 0 });
    assert.equal(seen.length, 4);
    assert.equal(latencySuspensions().length, 0);
    assert.equal(counterSnapshot()['detect.latency.rule_timeouts'], 8);
  });

  it('a packet that breaks its budget counts against the rule that took most of it', () => {
    setRuleClock(ticking(0.6));
    run(12, { 'packet-max-us': 1000, 'suspend-threshold': 1, 'max-suspend-time': 0 });
    const [first] = latencySuspensions();
    assert.equal(first.of, 'packet');
    assert.ok(Math.abs(first.tookNs - 600_000) < 1, 'the part of this rule');
    assert.equal(first.budgetNs, 1e6);
    assert.ok(counterSnapshot()['detect.latency.packet_timeouts'] >= 1);
  });

  it('what the thread waited for a processor is taken off the longest check', () => {
    setProfiling(true);
    let waited = 0;
    // Each packet's inspection is interrupted for 0.7 of its 1 ms checks.
    setRuleClock(ticking(1), () => {
      waited += 700_000;
      return waited;
    });
    const { rules: compiled, seen } = run(3, { 'rule-max-us': 1500, 'suspend-threshold': 1 });
    const costs = ruleCosts();
    const all = [1, 2].map((sid) => compiled.rules.findIndex((r) => r.sid === sid));
    const total = all.reduce((sum, n) => sum + costs.totalNs[n], 0);
    assert.ok(Math.abs(total - (6e6 - 3 * 700_000)) < 1, String(total));
    assert.equal(seen.length, 3);
  });

  it('alerts are the same with a profile and a budget that nothing breaks', () => {
    const plain = run(6).seen;
    setProfiling(true);
    assert.deepEqual(run(6, { 'rule-max-us': 60_000_000, 'packet-max-us': 60_000_000 }).seen, plain);
  });
});
