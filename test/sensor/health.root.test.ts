import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { packageRoot } from '../../src/core/package-root.js';
import { LiveSensor, MirrorLab, mirrorLabMissing, until } from '../tools/mirror-lab.js';
import { peccary } from '../tools/peccary.js';

const Rule = 'alert http any any -> any any (msg:"index"; flow:to_server; http.uri; content:"/index"; sid:1;)\n';
const Often = ['--set', 'health.interval=1', '--set', 'flow-timeouts.tcp.new=1', '--set', 'flow-timeouts.tcp.closed=0'];

describe('a sensor tells what it does not see, on real interfaces', function () {
  this.timeout(60_000);
  let lab: MirrorLab;
  const extra: LiveSensor[] = [];

  before(function () {
    const missing = mirrorLabMissing();
    if (missing !== '') {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    lab = new MirrorLab({ content: (root) => writeFileSync(join(root, 'large'), Buffer.alloc(8 << 20, 'x')) });
    writeFileSync(join(lab.lab.dir, 'h.rules'), Rule);
  });

  after(() => {
    for (const sensor of extra) sensor.kill();
    lab?.close();
  });

  const rules = (): string[] => ['-S', join(lab.lab.dir, 'h.rules'), '--db', 'none', ...Often];

  /** Requests, each on a connection of its own. */
  function connections(count: number): void {
    const done = lab.lab.inClient('ab', ['-q', '-n', String(count), '-c', '4', 'http://10.80.0.80/index.html']);
    assert.equal(done.status, 0, done.stderr);
  }

  const inServer = (...command: string[]): void =>
    void execFileSync('ip', ['netns', 'exec', lab.lab.names.server, ...command], { stdio: 'pipe' });

  /** A sensor on the server's own interface. */
  async function onHost(...args: string[]): Promise<LiveSensor> {
    const { server, wire } = lab.lab.names;
    const dir = mkdtempSync(join(lab.lab.dir, 'sensor-'));
    const sensor = new LiveSensor(server, wire, dir, [...rules(), ...args]);
    extra.push(sensor);
    await sensor.says(/listening on/);
    return sensor;
  }

  const valid = new Ajv().compile(JSON.parse(readFileSync(join(packageRoot(), 'docs/health.schema.json'), 'utf8')));

  /** Events of health.json: "begins one_way_flows". */
  function events(sensor: LiveSensor): string[] {
    const file = join(sensor.dir, 'health.json');
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => {
      const event = JSON.parse(line) as { event: string; kind: string };
      assert.ok(valid(event), JSON.stringify([event, valid.errors]));
      return `${event.event} ${event.kind}`;
    });
  }

  it('a mirror of one direction: told with its remedy, and that it is over when both are mirrored', async () => {
    const { server, wire } = lab.lab.names;
    const sensor = await lab.sensor(...rules());
    connections(40);
    await sensor.says(/ health: good .*packets=\d/);
    assert.deepEqual(events(sensor), []);
    execFileSync('ip', ['netns', 'exec', server, 'tc', 'filter', 'del', 'dev', wire, 'egress']);
    connections(40);
    await sensor.says(/warning: \d+% of TCP flows are one-way \(\d+ of \d+\): the mirror sends only one direction/);
    await sensor.says(/mirror both rx and tx/);
    const ctl = peccary(['ctl', 'health', '--socket', sensor.socket, '--json']);
    assert.equal(ctl.status, 0, ctl.stderr);
    assert.deepEqual(
      (JSON.parse(ctl.stdout) as { findings: { kind: string }[] }).findings.map((f) => f.kind),
      ['one_way_flows'],
    );
    assert.match(peccary(['ctl', 'health', '--socket', sensor.socket]).stdout, /^1 finding, 1 s until .*\n.*one-way/);
    lab.unplug();
    lab.plug();
    await sensor.says(/is back/);
    connections(40);
    await sensor.says(/over: one_way_flows/);
    assert.deepEqual(events(sensor), ['begins one_way_flows', 'ends one_way_flows']);
    assert.equal(await sensor.stop(), 0);
  });

  it('a ring that is full: drops are told, and that they are over', async () => {
    const config = join(lab.lab.dir, 'ring.yaml');
    writeFileSync(config, `%YAML 1.1\n---\naf-packet:\n  - interface: ${lab.port}\n    buffer-size: 2mb\n`);
    const sensor = await lab.sensor(...rules(), '-c', config);
    sensor.signal('SIGSTOP');
    lab.lab.curl('/large');
    sensor.signal('SIGCONT');
    await sensor.says(/warning: \S+% of packets were dropped by the kernel \(\d+ of \d+\): its ring was full/);
    connections(40);
    await sensor.says(/over: kernel_drops/);
    const told = events(sensor).filter((line) => line.endsWith('kernel_drops'));
    assert.deepEqual(told, ['begins kernel_drops', 'ends kernel_drops']);
    assert.equal(await sensor.stop(), 0);
    assert.match(sensor.said, /stopped .*kernel_drops=[1-9]/);
  });

  it('a limit that traffic meets: told once with the key that sets it, and once that it is over', async () => {
    const file = join(lab.lab.dir, 'three.rules');
    writeFileSync(file, [1, 2, 3].map((sid) => Rule.replace('sid:1', `sid:${sid}`)).join(''));
    const sensor = await lab.sensor(...rules(), '-S', file, '--set', 'packet-alert-max=2');
    connections(40);
    await sensor.says(/limit of alert: alerts of a packet: met .*; raise packet-alert-max/);
    await sensor.says(/over: limit detect\.alert_queue_overflow/);
    assert.equal(await sensor.stop(), 0);
    assert.deepEqual(
      events(sensor).filter((event) => event.endsWith(' limit')),
      ['begins limit', 'ends limit'],
    );
  });

  describe('on the interface of its own host, whose checksums and segments the card would make', () => {
    before(() => inServer('ethtool', '-K', lab.lab.names.wire, 'tx', 'on', 'tso', 'on', 'gso', 'on'));
    after(() => inServer('ethtool', '-K', lab.lab.names.wire, 'tx', 'off', 'tso', 'off', 'gso', 'off'));

    it('-k auto: nothing is missed before it has decided nor after, and it is told once', async () => {
      const sensor = await onHost('-k', 'auto');
      connections(30);
      await until(() => sensor.events('http').length === 30, '30 requests while it decides');
      connections(300);
      await until(() => sensor.events('http').length === 330, '330 requests');
      await sensor.says(/the traffic is that of the capturing host itself.*inspected all the same/);
      assert.equal(await sensor.stop(), 0);
      assert.deepEqual(events(sensor), ['begins checksum_offload']);
    });

    it('-k all: half of the packets are not inspected, which is told with the remedy', async () => {
      const sensor = await onHost('-k', 'all');
      connections(60);
      await sensor.says(
        /% of TCP packets have a checksum that .*not inspected; run with -k none, or end the offload: eth/,
      );
      assert.equal(await sensor.stop(), 0);
      assert.ok(!events(sensor).includes('begins checksum_failures'), sensor.said);
    });

    it('frames longer than the MTU', async () => {
      const sensor = await onHost('-k', 'none');
      for (let i = 0; i < 3; i++) lab.lab.curl('/large');
      await sensor.says(/% of frames are longer than the MTU .*ethtool -K INTERFACE gro off/);
      assert.equal(await sensor.stop(), 0);
    });
  });
});
