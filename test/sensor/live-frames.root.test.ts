import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { closeHandle } from '../../src/addon/handles.js';
import { injectPcap, isRefusal, openPcapLive } from '../../src/addon/pcap.js';
import { Region, u8 } from '../../src/core/memory.js';
import { packageRoot } from '../../src/core/package-root.js';
import { loadConfig } from '../../src/sensor/config.js';
import { Sensor } from '../../src/sensor/sensor.js';
import { LiveSensor, until } from '../tools/mirror-lab.js';
import { type TimedFrame, tcpSession } from '../tools/session.js';
import { evaluateInWorker } from '../tools/worker-console.js';
import { wrapperNames, wrappers } from '../tools/wrap.js';

const validHealth = new Ajv().compile(JSON.parse(readFileSync(join(packageRoot(), 'docs/health.schema.json'), 'utf8')));

const Rule =
  'alert http any any -> any any (msg:"target"; flow:to_server,established; http.uri; content:"/find"; sid:1;)\n';

/** Sends frames on interfaces of this machine. */
class Wires {
  private readonly handles = new Map<string, number>();

  constructor(names: readonly string[]) {
    for (const name of names) {
      const options = { snapLen: 65_535, promisc: false, bufferSize: 2 << 20, timeoutMs: 10, immediate: false };
      const handle = openPcapLive(name, options);
      if (isRefusal(handle)) throw new Error(`${name}: ${handle.message}`);
      this.handles.set(name, handle);
    }
  }

  send(name: string, frame: TimedFrame): void {
    u8.set(frame.bytes, Region.ArenaOff);
    const refused = injectPcap(this.handles.get(name) as number, Region.ArenaOff, frame.bytes.length);
    if (refused !== undefined) throw new Error(refused.message);
  }

  close(): void {
    for (const handle of this.handles.values()) closeHandle(handle);
  }
}

const session = (n: number, path: string, link?: (packet: Uint8Array) => Uint8Array): TimedFrame[] =>
  tcpSession({
    client: { port: 20_000 + n },
    exchanges: [
      { from: 'client', data: `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n` },
      { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
    ],
    ...(link === undefined ? {} : { link }),
  });

describe('a sensor on veth pairs, frames of our own', function () {
  this.timeout(30_000);
  const id = process.pid;
  /** What is sent on the first of each pair arrives on the second. */
  const pairs = [
    [`pta${id}`, `ptb${id}`],
    [`ptc${id}`, `ptd${id}`],
  ];
  let dir = '';
  let rules = '';
  let wires: Wires | null = null;
  const sensors: LiveSensor[] = [];

  before(function () {
    if (process.getuid?.() !== 0 || spawnSync('which', ['ip', 'ethtool']).status !== 0) {
      console.log('      skipped: needs root, iproute2 and ethtool');
      this.skip();
    }
    dir = mkdtempSync(join(tmpdir(), 'peccary-frames-'));
    rules = join(dir, 'a.rules');
    writeFileSync(rules, Rule);
    for (const [a, b] of pairs) {
      execFileSync('ip', ['link', 'add', a, 'type', 'veth', 'peer', 'name', b]);
      for (const dev of [a, b]) execFileSync('ip', ['link', 'set', dev, 'up']);
    }
    wires = new Wires(pairs.map(([a]) => a));
  });

  after(() => {
    for (const s of sensors) s.kill();
    wires?.close();
    for (const [a] of pairs) spawnSync('ip', ['link', 'del', a]);
    if (dir !== '') rmSync(dir, { recursive: true, force: true });
  });

  async function sensor(...args: string[]): Promise<LiveSensor> {
    const folder = mkdtempSync(join(dir, 'log-'));
    const started = new LiveSensor(null, pairs[0][1], folder, ['-S', rules, '--db', 'none', ...args]);
    sensors.push(started);
    await started.says(/listening on/);
    return started;
  }

  it('tags and tunnels: what is in them is alerted on, and VLAN tags that the kernel takes off are in the events', async () => {
    const s = await sensor();
    wrapperNames.forEach((name, n) => {
      for (const f of session(n, `/find-${name}`, wrappers[name])) wires?.send(pairs[0][0], f);
    });
    await until(() => s.alerted(1).length >= wrapperNames.length, 'an alert for each tunnel');
    assert.equal(await s.stop(), 0);
    assert.deepEqual(s.alerted(1).sort(), wrapperNames.map((name) => `/find-${name}`).sort());
    const vlanOf = (name: string): unknown => s.events('alert').find(({ http }) => http?.url === `/find-${name}`)?.vlan;
    assert.deepEqual(vlanOf('vlan'), [42]);
    assert.deepEqual(vlanOf('qinq'), [42, 43]);
    assert.match(s.said, /kernel_drops=0/);
  });

  it('an interface a direction: both are put together, events name the interface', async () => {
    const s = await sensor('-i', pairs[1][1]);
    for (let n = 0; n < 20; n++) {
      session(n, `/find${n}`).forEach((f, i) => {
        const fromClient = i === 0 || (f.bytes[34] << 8) + f.bytes[35] === 20_000 + n;
        wires?.send(pairs[fromClient ? 0 : 1][0], f);
      });
    }
    await until(() => s.alerted(1).length >= 20, '20 alerts');
    assert.equal(await s.stop(), 0);
    assert.equal(s.alerted(1).length, 20);
    const names = new Set(s.events('http').map((e) => e.in_iface));
    assert.ok(pairs.some(([, b]) => names.has(b)));
  });

  it('flows end by the clock when no packet comes', async () => {
    const s = await sensor('--set', 'flow-timeouts.tcp.closed=1', '--set', 'flow-timeouts.tcp.new=1');
    for (const f of session(1, '/find')) wires?.send(pairs[0][0], f);
    await until(() => s.events('flow').some((e) => e.app_proto === 'http'), 'the flow event');
    assert.equal(await s.stop(), 0);
  });

  /** A sensor within this process. */
  async function within(file: string, sets: readonly string[] = []): Promise<[Sensor, string[]]> {
    const said: string[] = [];
    const config = await loadConfig({ file: null, includes: [], sets: [...sets] });
    const live = await Sensor.start({
      interfaces: [pairs[0][1]],
      queues: [],
      capture: 'libpcap',
      workers: null,
      bpf: 'tcp',
      config,
      configRead: [],
      readConfig: () => Promise.resolve(config),
      checksums: 'none',
      logDir: mkdtempSync(join(dir, 'within-')),
      db: null,
      eve: join(dir, file),
      strict: false,
      onlyRules: [rules],
      extraRules: [],
      lists: {},
      ruleVersion: 7,
      ruleCache: false,
      log: (_, message) => said.push(message),
    });
    return [live, said];
  }

  /** Its only worker's thread. */
  function theWorker(live: Sensor): { terminate(): Promise<void> } {
    return (live as unknown as { workers: { keepers: { current: { terminate(): Promise<void> } }[] } }).workers
      .keepers[0].current;
  }

  /** Sends a session and waits until the sensor has seen all of it. */
  async function seen(live: Sensor, n: number): Promise<void> {
    const packets = (): number => live.counters()['decoder.pkts'] ?? 0;
    const before = packets();
    const frames = session(n, '/find');
    for (const f of frames) wires?.send(pairs[0][0], f);
    await until(() => packets() >= before + frames.length, 'the packets');
  }

  it('a worker that dies is replaced: its flows are lost and told, what comes after is inspected', async () => {
    const [live, said] = await within('worker.json');
    await seen(live, 1);
    // As when the thread is brought down from without: no message, no exit in good order.
    await theWorker(live).terminate();
    await until(() => live.counters()['sensor.worker_restarts'] === 1, 'another worker');
    await until(() => said.includes('another worker has taken its place'), 'it to capture');
    await seen(live, 2);
    assert.equal(live.counters()['sensor.flows_lost'], 1);
    await live.shutdown();
    const { alerts, packets } = await live.ended;
    assert.equal(alerts, 2);
    assert.equal(packets, 2 * session(1, '/find').length);
    assert.match(said.join('\n'), /a worker died: /);
  });

  it('a worker that stands still is told and replaced; what waited in the ring is gone, what comes is inspected', async () => {
    const [live, said] = await within('stall.json', ['health.stall-timeout=4']);
    await seen(live, 1);
    const detach = await evaluateInWorker('live-worker.js', 'for (;;);');
    await until(() => said.includes('another worker has taken its place'), 'another worker', 20_000);
    detach();
    await seen(live, 2);
    // A busy machine may make a worker stand still for a moment besides.
    const { 'sensor.worker_stalls': stalls, 'sensor.worker_restarts': restarts } = live.counters();
    assert.ok(stalls >= 1 && restarts === 1, `${stalls} stalls, ${restarts} restarts`);
    await live.shutdown();
    assert.equal((await live.ended).alerts, 2);
    assert.match(said.join('\n'), /the worker stands still: .*\na worker died: it stood still for \d\.\d s/);
    const told = healthOf(live).filter(({ kind }) => kind.startsWith('worker_'));
    assert.deepEqual([told[0].event, told[0].kind, told[0].count, told[0].of], ['begins', 'worker_stall', 1, 1]);
    const deaths = told.filter(({ kind }) => kind === 'worker_death').map(({ event }) => event);
    assert.deepEqual(deaths, ['begins', 'ends']);
  });

  it('a worker that stands still for a moment goes on with what waited in the ring', async () => {
    const [live, said] = await within('pause.json', ['health.stall-timeout=10']);
    const detach = await evaluateInWorker('live-worker.js', 'for (const end = Date.now() + 3500; Date.now() < end;);');
    await until(() => said.some((line) => line.startsWith('the worker stands still')), 'the stall', 20_000);
    for (let n = 1; n <= 20; n++) for (const f of session(n, '/find')) wires?.send(pairs[0][0], f);
    await until(() => said.includes('the worker goes on'), 'its end', 20_000);
    detach();
    await live.shutdown();
    assert.equal((await live.ended).alerts, 20);
    const told = healthOf(live).map(({ event, kind }) => `${event} ${kind}`);
    assert.deepEqual(told.slice(0, 2), ['begins worker_stall', 'ends worker_stall']);
  });

  it('a worker that hangs in the kernel cannot be replaced: the sensor ends and says so', async () => {
    const [live, said] = await within('hang.json', ['health.stall-timeout=2']);
    await seen(live, 1);
    const fifo = join(dir, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const detach = await evaluateInWorker(
      'live-worker.js',
      `process.getBuiltinModule('node:fs').openSync(${JSON.stringify(fifo)})`,
    );
    try {
      await assert.rejects(live.ended, /a worker's thread cannot be ended: it stood still for/);
    } finally {
      closeSync(openSync(fifo, 'w'));
      detach();
    }
    assert.match(said.join('\n'), /the worker stands still/);
  });

  /** Lines of its health.json, each as its schema has it. */
  function healthOf(live: Sensor): HealthLine[] {
    const { logDir } = (live as unknown as { options: { logDir: string } }).options;
    const lines = readFileSync(join(logDir, 'health.json'), 'utf8').trimEnd().split('\n');
    return lines.map((line) => {
      const parsed = JSON.parse(line) as HealthLine;
      assert.ok(validHealth(parsed), JSON.stringify(validHealth.errors));
      return parsed;
    });
  }
});

interface HealthLine {
  event: string;
  kind: string;
  count: number;
  of: number;
}
