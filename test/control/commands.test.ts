import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Commander } from '../../src/control/commands.js';
import type { Reply } from '../../src/control/messages.js';
import { packageVersion } from '../../src/core/package-root.js';
import { Settings } from '../../src/core/settings.js';
import { type HealthReport, HealthWatch } from '../../src/sensor/health.js';
import { healthConfig, healthKinds } from '../../src/sensor/health-config.js';
import { SensorDouble } from './sensor-double.js';

describe('commands of the control socket (Suricata manual, "Interacting via Unix Socket")', () => {
  let sensor: SensorDouble;
  let notes: string[];
  let commander: Commander;
  const run = (command: string, args: Record<string, unknown> = {}): Promise<Reply> =>
    commander.run({ command, arguments: args });
  beforeEach(() => {
    sensor = new SensorDouble();
    notes = [];
    commander = new Commander(sensor, (message) => notes.push(message));
  });

  it('lists its commands, each of which is known', async () => {
    const { ok, message } = await run('command-list');
    const { count, commands } = message as { count: number; commands: string[] };
    assert.ok(ok);
    assert.equal(count, commands.length);
    for (const wanted of ['version', 'uptime', 'dump-counters', 'ruleset-reload-nonblocking', 'dataset-add', 'help']) {
      assert.ok(commands.includes(wanted), wanted);
    }
    for (const command of commands) assert.notEqual((await run(command)).message, 'Unknown command');
    assert.deepEqual(await run('help'), { ok, message });
    assert.deepEqual(await run('pcap-file'), { ok: false, message: 'Unknown command' });
    assert.deepEqual(await run('__proto__'), { ok: false, message: 'Unknown command' });
  });

  it('tells version, uptime and modes in the types of Suricata', async () => {
    assert.deepEqual(await run('version'), { ok: true, message: `Peccary ${packageVersion()}` });
    const { message } = await run('uptime');
    assert.ok(Number.isInteger(message) && (message as number) >= 61 && (message as number) < 90, String(message));
    assert.deepEqual(await run('running-mode'), { ok: true, message: 'workers' });
    assert.deepEqual(await run('capture-mode'), { ok: true, message: 'AF_PACKET_DEV' });
  });

  it('tells counters as objects within objects, with the uptime', async () => {
    sensor.counterValues = { 'a.b.c': 1, 'a.d': 2, e: 3, 'e.f': 4, 'g.h': 5, g: 6, '__proto__.x': 7 };
    const { message } = await run('dump-counters');
    const { uptime, ...tree } = JSON.parse(JSON.stringify(message));
    assert.ok(uptime >= 61);
    assert.deepEqual(tree, {
      a: { b: { c: 1 }, d: 2 },
      e: { total: 3, f: 4 },
      g: { h: 5, total: 6 },
      ['__proto__']: { x: 7 },
    });
  });

  it('health: of the last interval, what was measured and what is wrong', async () => {
    assert.deepEqual(await run('health'), { ok: false, message: 'The first interval is not over yet' });
    const watch = new HealthWatch(healthConfig(new Settings({})));
    const counters = { 'flow.tcp_one_way': 97, 'flow.tcp_two_way': 3 };
    sensor.healthReport = watch.look(counters, Date.UTC(2026, 0, 2), 60);
    const { ok, message } = await run('health');
    assert.ok(ok);
    const { measures, findings, ...when } = message as HealthReport;
    assert.deepEqual(when, { at: '2026-01-02T00:00:00.000000+0000', interval: 60, unknown: [] });
    assert.equal(measures.length, healthKinds.length);
    assert.deepEqual(findings, sensor.healthReport.findings);
    assert.equal(findings.length, 1);
  });

  it('tells of interfaces, and refuses those it does not have', async () => {
    assert.deepEqual((await run('iface-list')).message, { count: 2, ifaces: ['eth0', 'span "1"\\'] });
    assert.deepEqual((await run('iface-stat', { iface: 'eth0' })).message, {
      pkts: 10,
      'invalid-checksums': 5,
      drop: 3,
      bypassed: 0,
      bytes: 20_000,
      'iface-drop': 4,
      up: true,
    });
    assert.deepEqual(await run('iface-stat', { iface: 'eth9' }), { ok: false, message: 'Iface does not exist' });
    assert.deepEqual(await run('iface-stat', { iface: 1 }), { ok: false, message: 'Iface is not a string' });
    assert.deepEqual(await run('iface-stat'), { ok: false, message: 'Iface is not a string' });
    assert.deepEqual(await run('iface-bypassed-stat'), { ok: false, message: 'No interface using bypass' });
  });

  it('tells the configuration by key', async () => {
    assert.deepEqual(await run('conf-get', { variable: 'sensor-name' }), { ok: true, message: 'büro' });
    assert.deepEqual(await run('conf-get', { variable: 'nope' }), { ok: false, message: 'Unable to get value' });
    assert.deepEqual(await run('conf-get', { variable: ['a'] }), { ok: false, message: 'variable is not a string' });
  });

  it('answers also where it has a defect, and notes it', async () => {
    const { ok, message } = await run('conf-get', { variable: 'breaks' });
    assert.equal(ok, false);
    assert.match(String(message), /defect/);
    assert.match(notes.join(), /TypeError: a defect/);
  });

  it('tells of the rules: counts, time, and the text of those refused', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'peccary-control-'));
    try {
      const file = join(dir, 'a.rules');
      writeFileSync(file, '# one\nalert bad (sid:1;)\nalert http \\\nany (msg:"ü"; sid:2;)\nalert (sid:3;)');
      const pipe = join(dir, 'pipe');
      execFileSync('mkfifo', [pipe]);
      const note = { column: 7, sid: null, reason: 'because', hint: null };
      sensor.refused = [
        { ...note, file, line: 5 },
        { ...note, file, line: 2 },
        { ...note, file, line: 3 },
        { ...note, file, line: 9 },
        { ...note, file: join(dir, 'gone.rules'), line: 1 },
        { ...note, file: pipe, line: 1 },
      ];
      assert.deepEqual((await run('ruleset-stats')).message, [
        { id: 0, rules_loaded: 12, rules_failed: 2, rules_skipped: 1 },
      ]);
      assert.deepEqual((await run('ruleset-reload-time')).message, [
        { id: 0, last_reload: '2026-01-02T03:04:05.678000+0000' },
      ]);
      const told = (await run('ruleset-failed-rules')).message as Record<string, unknown>[];
      assert.deepEqual(
        told.map(({ rule, line }) => [rule, line]),
        [
          ['alert (sid:3;)', 5],
          ['alert bad (sid:1;)', 2],
          ['alert http any (msg:"ü"; sid:2;)', 3],
          ['', 9],
          ['', 1],
          ['', 1],
        ],
      );
      assert.deepEqual(told[1], {
        tenant_id: 0,
        rule: 'alert bad (sid:1;)',
        filename: file,
        line: 2,
        column: 7,
        sid: null,
        reason: 'because',
        hint: null,
      });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('reloads once at a time, under both names, and says why when the rules before stay', async () => {
    let open = (): void => undefined;
    sensor.gate = new Promise((resolve) => {
      open = resolve;
    });
    const first = run('reload-rules');
    const second = await run('ruleset-reload-rules');
    assert.deepEqual(second, { ok: false, message: 'Reload already in progress' });
    open();
    assert.deepEqual(await first, { ok: true, message: 'done' });
    sensor.report = { ...sensor.report, fault: 'a.rules: cannot be read' };
    assert.deepEqual(await run('ruleset-reload-rules'), { ok: false, message: 'a.rules: cannot be read' });
    assert.deepEqual(await run('ruleset-reload-nonblocking'), { ok: true, message: 'done' });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(notes, ['reload: a.rules: cannot be read']);
    assert.deepEqual(sensor.asked, ['reload', 'reload', 'reload']);
  });

  it('changes data sets and checks what it is given first', async () => {
    const full = { setname: 'ua', settype: 'string', datavalue: 'aGVsbG8=' };
    assert.deepEqual(await run('dataset-add', full), { ok: true, message: 'data added' });
    assert.deepEqual(await run('dataset-remove', full), { ok: true, message: 'data removed' });
    assert.deepEqual(sensor.asked, ['add ua string aGVsbG8=', 'remove ua string aGVsbG8=']);
    for (const [args, message] of [
      [{ ...full, setname: 1 }, 'setname is not a string'],
      [{ ...full, settype: undefined }, 'settype is not a string'],
      [{ ...full, datavalue: {} }, 'datavalue is not string'],
      [{ ...full, settype: 'bogus' }, 'unknown settype'],
      [{ ...full, setname: 'absent' }, 'set not found or wrong type'],
    ] as const) {
      assert.deepEqual(await run('dataset-add', args), { ok: false, message });
    }
  });

  it('reopens logs, and shuts down only after the answer', async () => {
    assert.deepEqual(await run('reopen-log-files'), { ok: true, message: 'done' });
    const { ok, message, after } = await run('shutdown');
    assert.deepEqual([ok, message], [true, 'Closing Peccary']);
    assert.deepEqual(sensor.asked, ['reopen']);
    after?.();
    assert.deepEqual(sensor.asked, ['reopen', 'shutdown']);
  });
});
