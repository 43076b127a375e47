import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import type { LogFacts } from '../../src/core/log.js';
import { packageRoot } from '../../src/core/package-root.js';
import { Settings } from '../../src/core/settings.js';
import { findingsOf, HealthWatch } from '../../src/sensor/health.js';
import { type HealthKind, healthConfig, healthKinds, thresholdKey } from '../../src/sensor/health-config.js';
import { HealthLog } from '../../src/sensor/health-log.js';
import { percentText } from '../../src/sensor/health-words.js';

const config = healthConfig(new Settings({}));
const tcpFlows = (oneWay: number, twoWay: number) => ({ 'flow.tcp_one_way': oneWay, 'flow.tcp_two_way': twoWay });

interface Sample {
  kind: HealthKind;
  /** Counters of an interval with the trouble, and of one without it. */
  bad: Record<string, number>;
  good: Record<string, number>;
  /** What is said. */
  says: RegExp;
  remedy: RegExp;
}

const samples: Sample[] = [
  {
    kind: 'kernel_drops',
    bad: { 'capture.kernel_packets': 10_000, 'capture.kernel_drops': 50 },
    good: { 'capture.kernel_packets': 10_000 },
    says: /^0\.5% of packets were dropped by the kernel \(50 of 10000\)$/,
    remedy: /buffer-size/,
  },
  {
    kind: 'interface_drops',
    bad: { 'capture.kernel_packets': 9900, 'capture.kernel_ifdrops': 100 },
    good: { 'capture.kernel_packets': 9900 },
    says: /^1% of packets were dropped by the interface/,
    remedy: /ethtool -G/,
  },
  {
    kind: 'cut_packets',
    bad: { 'decoder.pkts': 1000, 'decoder.cut_by_snaplen': 20 },
    good: { 'decoder.pkts': 1000 },
    says: /^2% of packets were cut by the snap length/,
    remedy: /snaplen/,
  },
  {
    kind: 'checksum_offload',
    bad: { 'decoder.tcp': 500, 'tcp.checksum_offloaded': 250, 'tcp.invalid_checksum': 250 },
    good: { 'decoder.tcp': 500 },
    says: /^50% of TCP packets have a checksum that the network card was to fill in/,
    remedy: /-k none/,
  },
  {
    kind: 'checksum_failures',
    bad: { 'decoder.tcp': 500, 'tcp.invalid_checksum': 50 },
    good: { 'decoder.tcp': 500 },
    says: /^10% of TCP packets have a wrong checksum/,
    remedy: /-k none/,
  },
  {
    kind: 'vlan_mismatch',
    bad: { ...tcpFlows(40, 60), 'flow.tcp_vlan_mismatch': 40 },
    good: tcpFlows(0, 100),
    says: /^40% of TCP flows have other VLAN tags/,
    remedy: /vlan\.use-for-tracking: false/,
  },
  {
    kind: 'one_way_flows',
    bad: tcpFlows(97, 3),
    good: tcpFlows(0, 100),
    says: /^97% of TCP flows are one-way \(97 of 100\)$/,
    remedy: /mirror both rx and tx/,
  },
  {
    kind: 'stream_gaps',
    bad: { 'decoder.tcp': 1000, 'tcp.reassembly_gap': 5 },
    good: { 'decoder.tcp': 1000 },
    says: /^0\.5% of TCP packets left a gap/,
    remedy: /mirror fewer ports/,
  },
  {
    kind: 'super_frames',
    bad: { 'decoder.pkts': 1000, 'decoder.super_frames': 100 },
    good: { 'decoder.pkts': 1000 },
    says: /^10% of frames are longer than the MTU/,
    remedy: /gro off/,
  },
  {
    kind: 'late_resets',
    bad: { 'respond.connections_late': 3, 'respond.connections_stopped': 7 },
    good: { 'respond.connections_stopped': 10 },
    says: /^30% of connections that were reset had their response whole before \(3 of 10\)$/,
    remedy: /inline/,
  },
];

/** Adds an interval's counts to all counts so far. */
function plus(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  const out = { ...a };
  for (const [name, n] of Object.entries(b)) out[name] = (out[name] ?? 0) + n;
  return out;
}

describe('health: findings from counters', () => {
  it('there is a sample of every kind', () => {
    assert.deepEqual(
      samples.map(({ kind }) => kind),
      [...healthKinds],
    );
  });

  for (const { kind, bad, good, says, remedy } of samples) {
    it(`${kind} begins once, goes on, and is over once`, () => {
      const watch = new HealthWatch(config);
      let counters: Record<string, number> = {};
      const look = (more: Record<string, number>) => {
        counters = plus(counters, more);
        return watch.look(counters, 0, 60);
      };
      const kinds = (more: Record<string, number>): string[] => look(more).changes.map((c) => `${c.event} ${c.kind}`);
      assert.deepEqual(kinds(good), []);
      const { changes } = look(bad);
      assert.deepEqual(
        changes.map((c) => `${c.event} ${c.kind}`),
        [`begins ${kind}`],
      );
      assert.match(changes[0].summary, says);
      assert.match(changes[0].remedy, remedy);
      assert.deepEqual(kinds(bad), []);
      assert.deepEqual(kinds({}), [], 'nothing to judge by changes nothing');
      assert.deepEqual(
        look({}).findings.map((f) => f.kind),
        [kind],
      );
      const over = look(good);
      assert.deepEqual(
        over.changes.map((c) => `${c.event} ${c.kind}`),
        [`ends ${kind}`],
      );
      assert.deepEqual(over.findings, []);
      assert.deepEqual(
        findingsOf(bad, config).map((f) => f.kind),
        [kind],
      );
      assert.deepEqual(findingsOf(good, config), []);
    });

    it(`${kind}: a threshold of 100% leaves it untold`, () => {
      const [top, thresholds, key] = thresholdKey(kind).split('.');
      const high = healthConfig(new Settings({ [top]: { [thresholds]: { [key]: '100%' } } }));
      assert.deepEqual(findingsOf(bad, high), []);
    });
  }

  it('between half the threshold and the whole, what is wrong stays wrong and what is not stays well', () => {
    const at = (percent: number): Record<string, number> => tcpFlows(percent, 100 - percent);
    const watch = new HealthWatch(config);
    let counters: Record<string, number> = {};
    const events = [15, 19, 20, 15, 10, 9, 15].map((percent) => {
      counters = plus(counters, at(percent));
      return watch.look(counters, 0, 60).changes.map((c) => c.event)[0] ?? '';
    });
    assert.deepEqual(events, ['', '', 'begins', '', '', 'ends', '']);
  });

  it('too few packets or flows of an interval change nothing; a replay is told of them all the same', () => {
    const few = { ...tcpFlows(9, 0), 'decoder.pkts': 99, 'decoder.cut_by_snaplen': 99 };
    assert.deepEqual(new HealthWatch(config).look(few, 0, 60).changes, []);
    assert.deepEqual(
      findingsOf(few, config).map((f) => f.kind),
      ['cut_packets', 'one_way_flows'],
    );
  });

  it('what VLAN tags keep apart is not told as one-way as well', () => {
    const found = findingsOf({ ...tcpFlows(100, 0), 'flow.tcp_vlan_mismatch': 100 }, config);
    assert.deepEqual(
      found.map((f) => f.kind),
      ['vlan_mismatch'],
    );
  });

  it('checksums that "auto" gave up stay told, once, and say that packets are inspected', () => {
    const watch = new HealthWatch(config);
    const off = { 'decoder.tcp': 2000, 'tcp.checksum_offloaded': 500, 'tcp.checksum_offloaded_taken': 500 };
    const first = watch.look({ ...off, 'tcp.checksum_auto_off': 1 }, 0, 60);
    assert.deepEqual(
      first.changes.map((c) => c.kind),
      ['checksum_offload'],
    );
    assert.match(first.changes[0].cause, /inspected all the same/);
    const later = watch.look({ ...off, 'decoder.tcp': 90_000, 'tcp.checksum_auto_off': 1 }, 0, 60);
    assert.deepEqual(later.changes, []);
    assert.deepEqual(
      later.findings.map((f) => f.kind),
      ['checksum_offload'],
    );
  });

  it('a gap is blamed on the kernel when that dropped packets, else on the way to the sensor', () => {
    const gaps = { 'decoder.tcp': 1000, 'tcp.reassembly_gap': 5 };
    assert.match(findingsOf(gaps, config)[0].cause, /before the sensor had them/);
    const drops = { 'capture.kernel_packets': 1000, 'capture.kernel_drops': 5 };
    const found = findingsOf({ ...gaps, ...drops }, config).find((f) => f.kind === 'stream_gaps');
    assert.match(found?.cause ?? '', /the kernel dropped/);
  });

  it('any counters give rates of 0 to 1, and an event never repeats itself', () => {
    const names = [...new Set(samples.flatMap(({ bad }) => Object.keys(bad)))];
    const interval = fc.record(Object.fromEntries(names.map((name) => [name, fc.nat(2000)])));
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 12 }), (intervals) => {
        const watch = new HealthWatch(config);
        const last = new Map<string, string>();
        let counters: Record<string, number> = {};
        for (const more of intervals) {
          counters = plus(counters, more);
          const report = watch.look(counters, 0, 1);
          for (const m of report.measures) assert.ok(m.rate >= 0 && m.rate <= 1 && m.count >= 0);
          for (const { kind, event } of report.changes) {
            assert.notEqual(last.get(kind) ?? 'ends', event);
            last.set(kind, event);
          }
        }
      }),
    );
  });
});

describe('health: configuration', () => {
  it('reads interval, MTU and thresholds in percent; the MTU of a replay is that of Ethernet', () => {
    const tree = { health: { interval: 5, mtu: 9000, thresholds: { 'one-way-flows': '12.5%', 'kernel-drops': 0 } } };
    const read = healthConfig(new Settings(tree));
    assert.equal(read.seconds, 5);
    assert.equal(read.mtu, 9000);
    assert.equal(read.thresholds.one_way_flows, 0.125);
    assert.equal(read.thresholds.kernel_drops, 0);
    assert.equal(config.seconds, 60);
    assert.equal(config.mtu, 1500);
  });

  it('the default MTU of a sensor is the largest of its interfaces', () => {
    const lo = Number(readFileSync('/sys/class/net/lo/mtu', 'latin1'));
    assert.equal(healthConfig(new Settings({}), ['lo', 'no-such', '../lo']).mtu, Math.max(1500, lo));
  });

  it('refuses what is no percentage', () => {
    for (const value of ['many', '101', '-1', '1e3']) {
      const settings = new Settings({ health: { thresholds: { 'stream-gaps': value } } });
      assert.throws(() => healthConfig(settings), /health\.thresholds\.stream-gaps: expected a percentage/);
    }
  });
});

describe('health: the log', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-health-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('health.json has a line for each kind that begins and ends, as docs/health.schema.json says', () => {
    const valid = new Ajv().compile(JSON.parse(readFileSync(join(packageRoot(), 'docs/health.schema.json'), 'utf8')));
    const log = new HealthLog(dir, () => undefined);
    for (const { bad, good } of samples) {
      const watch = new HealthWatch(config);
      log.tell(watch.look(bad, Date.now(), 60), 0);
      log.tell(watch.look(plus(bad, good), Date.now(), 60.1234567), 0);
    }
    const lines = readFileSync(join(dir, 'health.json'), 'utf8').trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as { kind: string; event: string });
    for (const event of events) assert.ok(valid(event), JSON.stringify([event, valid.errors]));
    const wanted = healthKinds.flatMap((kind) => [`${kind} begins`, `${kind} ends`]);
    assert.deepEqual(
      events.map(({ kind, event }) => `${kind} ${event}`),
      wanted,
    );
    assert.ok(!valid({ ...events[0], kind: 'other' }));
  });

  it('one line an interval with what was counted; trouble as a warning with cause and remedy', () => {
    const said: [string, string, LogFacts | undefined][] = [];
    const log = new HealthLog(dir, (level, message, facts) => said.push([level, message, facts]));
    const watch = new HealthWatch(config);
    log.tell(watch.look(tcpFlows(0, 50), 0, 60), 500);
    log.tell(watch.look(tcpFlows(97, 53), 0, 60), 600);
    assert.deepEqual(said[0], ['info', 'health: good', { seconds: 60, packets: 500 }]);
    assert.match(
      said[1].join(),
      /^warning,97% of TCP flows are one-way \(97 of 100\): the mirror sends only one dir.*;/,
    );
    assert.deepEqual(said[2], [
      'warning',
      'health: one_way_flows 97%',
      { seconds: 60, packets: 600, one_way_flows: 97, one_way_flows_percent: 97 },
    ]);
    assert.equal(said.length, 3);
  });

  it('a folder that cannot be written is told once', () => {
    const said: string[] = [];
    const log = new HealthLog(join(dir, 'absent'), (_, message) => said.push(message));
    for (let i = 0; i < 3; i++) log.tell(new HealthWatch(config).look(tcpFlows(97, 3), 0, 60), 0);
    assert.equal(said.filter((message) => message.includes('cannot be written')).length, 1);
  });

  it('percentages read well', () => {
    assert.deepEqual([1, 0.979, 0.0512, 0.00012, 0].map(percentText), ['100%', '97%', '5.1%', '0.012%', '0%']);
  });
});
