import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { liveChecksums, liveInterfaces } from '../../src/capture/live-config.js';
import { Settings } from '../../src/core/settings.js';
import type { RuleNote } from '../../src/rules/ir.js';
import { EngineClock } from '../../src/sensor/engine-clock.js';
import { newRefusals } from '../../src/sensor/rule-sets.js';
import type { RuleReport } from '../../src/sensor/rule-tables.js';
import { peccary } from '../tools/peccary.js';

const MiB = 1 << 20;

describe('interfaces of a sensor (Suricata manual, "Suricata.yaml", af-packet and pcap)', () => {
  const settings = new Settings({
    'af-packet': [
      { interface: 'eth1', 'buffer-size': '8mb', 'bpf-filter': 'tcp', 'checksum-checks': 'no' },
      { interface: 'default', 'ring-size': '4096', 'disable-promisc': 'yes' },
    ],
    pcap: [{ interface: 'eth2', promisc: 'no', snaplen: '1500', 'checksum-checks': 'yes' }],
  });

  it('-i takes the settings of its own entry, or those of default', () => {
    const [own, other] = liveInterfaces(settings, ['eth1', 'eth9', 'eth1'], null);
    assert.deepEqual(own, {
      name: 'eth1',
      ringBytes: 8 * MiB,
      promisc: true,
      snapLen: 262_144,
      bpf: 'tcp',
      immediate: false,
    });
    assert.deepEqual(other, {
      name: 'eth9',
      ringBytes: 8 * MiB,
      promisc: false,
      snapLen: 262_144,
      bpf: null,
      immediate: false,
    });
  });

  it('without -i all that are configured are taken, default is none', () => {
    const all = liveInterfaces(settings, [], 'udp');
    assert.deepEqual(
      all.map((i) => [i.name, i.bpf]),
      [
        ['eth1', 'udp'],
        ['eth2', 'udp'],
      ],
    );
    assert.deepEqual([all[1].promisc, all[1].snapLen], [false, 1500]);
  });

  it('64 MiB a ring without configuration; none and too many are refused', () => {
    const none = new Settings();
    assert.equal(liveInterfaces(none, ['a'], null)[0].ringBytes, 64 * MiB);
    assert.throws(() => liveInterfaces(none, [], null), /name one with -i/);
    const many = Array.from({ length: 17 }, (_, i) => `i${i}`);
    assert.throws(() => liveInterfaces(none, many, null), /16 interfaces at most/);
  });

  it('checksum-checks: yes, no, and auto for Suricata’s kernel', () => {
    assert.equal(liveChecksums(settings, 'eth1'), 'none');
    assert.equal(liveChecksums(settings, 'eth2'), 'all');
    assert.equal(liveChecksums(settings, 'eth9'), 'auto');
    const kernel = new Settings({ 'af-packet': [{ interface: 'a', 'checksum-checks': 'kernel' }] });
    assert.equal(liveChecksums(kernel, 'a'), 'auto');
  });
});

describe('the time of a sensor', () => {
  const Hour = 3_600_000_000;

  it('is the packets’ own while that runs evenly, and goes on without them', () => {
    const clock = new EngineClock();
    assert.equal(clock.now(5), 0);
    assert.equal(clock.observe(1e15, 1000), false);
    assert.equal(clock.observe(1e15 + 2_000_000, 3000), false);
    assert.equal(clock.now(4000), 1e15 + 3_000_000);
    // What lay in the ring for ten seconds is no clock that was set.
    assert.equal(clock.observe(1e15 + 2_100_000, 13_000), false);
    assert.equal(clock.shiftUs, 0);
  });

  for (const [way, by] of [
    ['back', -Hour],
    ['forward', Hour],
  ] as const) {
    it(`does not jump when the clock is set ${way} an hour`, () => {
      const clock = new EngineClock();
      clock.observe(1e15, 1000);
      assert.equal(clock.observe(1e15 + by + 1_000_000, 2000), true);
      assert.equal(clock.shiftUs, by);
      assert.equal(clock.now(2000), 1e15 + 1_000_000);
      assert.equal(clock.observe(1e15 + by + 2_000_000, 3000), false);
      assert.equal(clock.now(4000), 1e15 + 3_000_000);
    });
  }
});

describe('whether a reloaded set may take the place of the one in force', () => {
  const note = (line: number, reason: string, sid: number | null): RuleNote => {
    return { file: 'a.rules', line, column: 1, sid, reason, hint: null };
  };
  const report = (...failed: RuleNote[]): RuleReport => {
    return {
      loaded: 1,
      failed,
      skipped: [],
      warnings: [],
      unkept: { failed: 0, skipped: 0, warnings: 0 },
      expiresMs: null,
    };
  };

  it('what was refused before, on another line too, does not stand in the way', () => {
    assert.equal(newRefusals(report(note(1, 'bad', 5)), report(note(9, 'bad', 5))), null);
    assert.equal(newRefusals(report(note(1, 'bad', 5)), report()), null);
  });

  it('a new refusal does, and is named', () => {
    const fault = newRefusals(report(note(1, 'bad', 5)), report(note(1, 'bad', 5), note(2, 'worse', null)));
    assert.equal(fault, 'a.rules:2:1: worse');
    const twice = newRefusals(report(note(1, 'bad', null)), report(note(1, 'bad', null), note(3, 'bad', null)));
    assert.equal(twice, 'a.rules:3:1: bad');
  });
});

describe('peccary run --test', function () {
  this.timeout(20_000);
  const dir = mkdtempSync(join(tmpdir(), 'peccary-run-'));
  after(() => rmSync(dir, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const good = 'alert http any any -> any any (msg:"a"; http.uri; content:"/a"; sid:1;)\n';

  it('ends with 0 and the number of rules when all can be used, and writes nothing', () => {
    const r = peccary(['run', '-T', '-S', file('good.rules', good), '-l', join(dir, 'none')]);
    assert.equal(r.status, 0, r.stderr);
    assert.match(r.stderr, /can be used rules=1 refused=0/);
  });

  it('ends with 2 and the place of a refused rule, of a value that cannot be, of a file that is not there', () => {
    const bad = peccary([
      'run',
      '-T',
      '-S',
      file('bad.rules', `${good}alert http any any -> any any (nosuch; sid:2;)\n`),
    ]);
    assert.deepEqual([bad.status, /bad\.rules:2:\d+: /.test(bad.stderr)], [2, true], bad.stderr);
    const value = peccary(['run', '-T', '-S', file('good.rules', good), '--set', 'flow.memcap=much']);
    assert.deepEqual([value.status, /flow\.memcap: expected a size/.test(value.stderr)], [2, true], value.stderr);
    const missing = peccary(['run', '-T', '-S', join(dir, 'not-there.rules')]);
    assert.deepEqual([missing.status, /not-there\.rules/.test(missing.stderr)], [2, true], missing.stderr);
  });

  it('a sensor without an interface is refused, in JSON when the log is', () => {
    const r = peccary(['run', '--log-format', 'json', '-l', dir, '--db', 'none']);
    assert.equal(r.status, 2);
    const said = JSON.parse(r.stderr) as { level: string; message: string };
    assert.equal(said.level, 'error');
    assert.match(said.message, /no interface to listen on/);
  });
});
