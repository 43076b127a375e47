/** Limits in the health log: once when they begin to be met, once when that is over. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { packageRoot } from '../../src/core/package-root.js';
import { Settings } from '../../src/core/settings.js';
import { findingsOf, HealthWatch } from '../../src/sensor/health.js';
import { healthConfig } from '../../src/sensor/health-config.js';
import type { HealthFinding } from '../../src/sensor/health-finding.js';
import { HealthLog } from '../../src/sensor/health-log.js';
import { isToldByHealth, limits } from '../../src/sensor/limits.js';
import { pcapFile } from '../tools/capture-writer.js';
import { request } from '../tools/hostile.js';
import { peccary } from '../tools/peccary.js';

const config = healthConfig(new Settings({}));

describe('health: limits (docs/limits.md)', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-health-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('a limit that is met in every interval is told once, with its keys, and once that it is over', () => {
    const watch = new HealthWatch(config);
    const steps = [0, 3, 5, 5, 5, 6].map((met) => {
      const { changes } = watch.look({ 'defrag.tracker_evicted': met, 'decoder.pkts': met * 100 }, 0, 60);
      return changes.map(({ event, kind, counter, count }) => `${event} ${kind} ${counter} ${count}`).join();
    });
    const name = 'limit defrag.tracker_evicted';
    assert.deepEqual(steps, ['', `begins ${name} 3`, '', `ends ${name} 0`, '', `begins ${name} 1`]);
  });

  it('several limits stand beside each other and beside shares of loss', () => {
    const counters = { 'flow.get_used': 2, 'http.memcap': 1, 'decoder.pkts': 1000, 'decoder.cut_by_snaplen': 20 };
    const found = findingsOf(counters, config);
    assert.deepEqual(
      found.map(({ kind, counter }) => counter ?? kind),
      ['cut_packets', 'flow.get_used', 'http.memcap'],
    );
    assert.equal(found[1].summary, 'limit of flow: memory of flows: met 2 times');
    assert.match(found[1].remedy, /^raise flow\.memcap/);
    assert.deepEqual(found[1].keys, ['flow.memcap']);
    assert.equal(new HealthWatch(config).look(counters, 0, 60).findings.length, 3);
  });

  it('health.limits: no leaves them untold', () => {
    const silent = healthConfig(new Settings({ health: { limits: 'no' } }));
    const counters = { 'flow.get_used': 2 };
    assert.deepEqual(findingsOf(counters, silent), []);
    assert.deepEqual(new HealthWatch(silent).look(counters, 0, 60).changes, []);
  });

  it('health.json and the log have each that the health log tells of, as docs/health.schema.json says', () => {
    const valid = new Ajv().compile(JSON.parse(readFileSync(join(packageRoot(), 'docs/health.schema.json'), 'utf8')));
    const said: string[] = [];
    const log = new HealthLog(dir, (_, message) => said.push(message));
    const all = limits.filter(isToldByHealth).map(({ counter }) => counter);
    const watch = new HealthWatch(config);
    const counters = Object.fromEntries(all.map((name) => [name, 7]));
    for (let i = 0; i < 3; i++) log.tell(watch.look(counters, Date.now(), 60), 0);
    const lines = readFileSync(join(dir, 'health.json'), 'utf8').trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as HealthFinding & { event: string });
    for (const event of events) assert.ok(valid(event), JSON.stringify([event, valid.errors]));
    const both = ['begins', 'ends'].flatMap((event) => all.map((name) => `${event} ${name}`));
    assert.deepEqual(
      events.map(({ event, counter }) => `${event} ${counter}`),
      both,
    );
    assert.ok(!valid({ ...events[0], counter: undefined }));
    assert.equal(said.filter((line) => line.startsWith('limit of ')).length, all.length);
    assert.equal(said.filter((line) => line.startsWith('over: limit ')).length, all.length);
    assert.equal(said.at(-1), 'health: good');
  });

  it('a replay names the limits that its capture met, in text and in JSON', () => {
    const capture = join(dir, 'a.pcap');
    const rules = join(dir, 'a.rules');
    writeFileSync(capture, pcapFile(request('GET / HTTP/1.1\r\nHost: h\r\n\r\n')));
    const rule = (sid: number): string => `alert http any any -> any any (http.uri; content:"/"; sid:${sid};)\n`;
    writeFileSync(rules, [1, 2, 3].map(rule).join(''));
    const replay = (...more: string[]): string => {
      const done = peccary(['replay', capture, '-S', rules, '-l', dir, '--db', 'none', '-k', 'none', ...more]);
      assert.equal(done.status, 0, done.stderr);
      return done.stdout;
    };
    const low = ['--set', 'packet-alert-max=2'];
    assert.match(
      replay(...low),
      /^limit of alert: alerts of a packet: met once: further alerts are dropped, .*; raise packet-alert-max/m,
    );
    const { health } = JSON.parse(replay('--json', ...low)) as { health: HealthFinding[] };
    assert.deepEqual(
      health.map(({ kind, counter, count }) => [kind, counter, count]),
      [['limit', 'detect.alert_queue_overflow', 1]],
    );
    assert.doesNotMatch(replay(), /^limit of/m);
  });
});
