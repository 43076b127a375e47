import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { worstRules } from '../../src/cli/rule-costs-text.js';
import type { ReplaySummary, RuleCost } from '../../src/sensor/options.js';
import { pcapFile } from '../tools/capture-writer.js';
import { peccary } from '../tools/peccary.js';
import { type Exchange, tcpSession } from '../tools/session.js';

const rules = `
alert http any any -> any any (msg:"hit"; http.uri; content:"/slow"; sid:1;)
alert http any any -> any any (msg:"miss, \\"quoted\\""; http.uri; content:"/slow"; pcre:"/x+y/"; sid:2;)
alert http any any -> any any (msg:"unseen"; http.uri; content:"/fast"; sid:3;)
`;

describe('peccary rules profile', () => {
  let dir = '';
  let capture = '';
  let file = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-profile-'));
    const one: Exchange[] = [
      { from: 'client', data: 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n' },
      { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
    ];
    capture = join(dir, 'one.pcap');
    writeFileSync(capture, pcapFile(tcpSession({ exchanges: [...one, ...one, ...one] })));
    file = join(dir, 'my.rules');
    writeFileSync(file, rules);
  });
  after(() => rmSync(dir, { recursive: true }));

  const profile = (...args: string[]) => peccary(['rules', 'profile', capture, '-S', file, ...args]);

  it('is a table of the rules that were checked, worst first', () => {
    const { status, stdout, stderr } = profile();
    assert.equal(status, 0, stderr);
    const lines = stdout.trimEnd().split('\n');
    assert.match(lines[0], /^rule +checks +matches +total ms +share +avg us +max us +message$/);
    assert.equal(lines.length, 4);
    assert.equal(lines[3], '2 rules of 3 checked');
    assert.match(stdout, /^1:1:0 +3 +3 .* hit$/m);
    assert.match(stdout, /^1:2:0 +3 +0 /m);
  });

  it('is ordered and cut as asked, in every form', () => {
    const rows = JSON.parse(profile('--format', 'json', '--sort', 'matches').stdout) as (RuleCost & {
      avgNs: number;
    })[];
    assert.deepEqual(
      rows.map((r) => [r.sid, r.checks, r.matches]),
      [
        [1, 3, 3],
        [2, 3, 0],
      ],
    );
    for (const r of rows) {
      assert.ok(r.totalNs > 0 && r.maxNs <= r.totalNs && r.avgNs <= r.maxNs);
      assert.equal(r.file, file);
    }
    assert.ok(Math.abs(rows.reduce((sum, r) => sum + r.share, 0) - 1) < 1e-9);
    const lines = profile('--format', 'jsonl', '--limit', '1', '--sort', 'matches').stdout.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as RuleCost).sid),
      [1],
    );
    assert.match(profile('--format', 'csv').stdout, /^rule,checks,matches,total ms,share,avg us,max us,message\r\n/);
    assert.match(profile('--format', 'markdown').stdout, /^\| rule \| checks \|/);
  });

  it('exits 2 for an order or number that is none', () => {
    assert.equal(profile('--sort', 'size').status, 2);
    assert.equal(profile('--limit', 'all').status, 2);
    assert.equal(peccary(['rules', 'profile', join(dir, 'absent.pcap')]).status, 2);
  });

  it('each order has the largest first', () => {
    const row = (sid: number, checks: number, matches: number, totalNs: number, maxNs: number): RuleCost => ({
      gid: 1,
      sid,
      rev: 0,
      msg: '',
      file: '',
      line: 1,
      checks,
      matches,
      totalNs,
      maxNs,
      share: 0,
    });
    const all = [row(1, 100, 0, 1000, 20), row(2, 1, 1, 900, 900), row(3, 10, 9, 950, 1000)];
    const first = (order: Parameters<typeof worstRules>[1]): number => worstRules(all, order, 1)[0].sid;
    assert.deepEqual((['total', 'checks', 'matches', 'avg', 'max'] as const).map(first), [1, 1, 3, 2, 3]);
    assert.equal(worstRules(all, 'total', 0).length, 3);
  });

  describe('on replay', () => {
    const replay = (...args: string[]) => peccary(['replay', capture, '-S', file, '-l', dir, '--db', 'none', ...args]);

    it('--profile-rules shows the worst below the summary, and has all in its JSON', () => {
      const { status, stdout } = replay('--profile-rules');
      assert.equal(status, 0);
      assert.match(stdout, /^3 alerts$/m);
      assert.match(stdout, /^rule +checks +matches/m);
      assert.match(stdout, /^1:2:0 +3 +0 /m);
      const summary = JSON.parse(replay('--profile-rules', '--json').stdout) as ReplaySummary;
      assert.equal(summary.profile?.length, 2);
      assert.equal((JSON.parse(replay('--json').stdout) as ReplaySummary).profile, undefined);
    });

    it('detect.latency suspends the rule that breaks the budget, counts it and tells of it', () => {
      const budget = ['rule-max-us=1', 'suspend-threshold=1', 'max-suspend-time=0'];
      const set = budget.flatMap((b) => ['--set', `detect.latency.${b}`]);
      const summary = JSON.parse(replay('--json', ...set).stdout) as ReplaySummary;
      assert.ok(summary.suspensions.length > 0);
      assert.equal(summary.counters['detect.latency.suspensions'], summary.suspensions.length);
      assert.ok(summary.counters['detect.latency.skipped'] > 0);
      assert.ok(summary.alerts < 3);
      const { stdout, stderr } = replay(...set);
      assert.match(
        stdout,
        /^latency budget: broken by 0 packets and \d+ checks?, \d+ suspensions?, \d+ checks? skipped$/m,
      );
      assert.match(
        stderr,
        /^latency: 2023-\S+Z rule 1:[12]:0 suspended for the rest of the run: took [\d.]+ us, 1\.00 us is what a rule may take/m,
      );
    });

    it('without a budget nothing is timed, suspended or told', () => {
      const { stdout, stderr } = replay();
      assert.doesNotMatch(stdout + stderr, /latency/);
      const summary = JSON.parse(replay('--json').stdout) as ReplaySummary;
      assert.deepEqual(summary.suspensions, []);
    });

    it('an impossible budget is refused with its place', () => {
      const { status, stderr } = replay('--set', 'detect.latency.rule-max-us=soon');
      assert.equal(status, 2);
      assert.match(stderr, /detect\.latency\.rule-max-us: expected an integer from 0/);
    });
  });
});
