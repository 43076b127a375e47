/** Several workers on one interface: what they find is what a replay of the same frames finds. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeHandle } from '../../src/addon/handles.js';
import { injectPcap, isRefusal, openPcapLive } from '../../src/addon/pcap.js';
import { InterfaceCell } from '../../src/capture/live-source.js';
import { Region, u8 } from '../../src/core/memory.js';
import { loadConfig } from '../../src/sensor/config.js';
import { Sensor } from '../../src/sensor/sensor.js';
import { framesOf, attackRules as httpRules } from '../evasion/http-case.js';
import { contentRequests } from '../evasion/http-content-requests.js';
import { framingRequests } from '../evasion/http-framing-requests.js';
import { framingResponses } from '../evasion/http-framing-responses.js';
import { headRequests } from '../evasion/http-head-requests.js';
import { ipStrategies } from '../evasion/ip-strategies.js';
import { Client } from '../evasion/tcp-client.js';
import { ModelPath } from '../evasion/tcp-model.js';
import { attackRules as streamRules } from '../evasion/tcp-sensor.js';
import { strategies } from '../evasion/tcp-strategies.js';
import { pcapFile } from '../tools/capture-writer.js';
import { until } from '../tools/mirror-lab.js';
import { type MutateOptions, mutate } from '../tools/mutate.js';
import { type EveEvent, replayEvents } from '../tools/peccary.js';
import { type TimedFrame, tcpSession } from '../tools/session.js';
import { wrapperNames } from '../tools/wrap.js';

/** Bytes of a frame that the interfaces take. */
const Mtu = 9000;

describe('a sensor with several workers on a veth pair', function () {
  this.timeout(60_000);
  const [sends, listens] = [`pwa${process.pid}`, `pwb${process.pid}`];
  let dir = '';
  let wire = 0;
  const sensors: Sensor[] = [];
  const said: string[] = [];

  before(function () {
    if (process.getuid?.() !== 0 || spawnSync('which', ['ip', 'ethtool']).status !== 0) {
      console.log('      skipped: needs root, iproute2 and ethtool');
      this.skip();
    }
    dir = mkdtempSync(join(tmpdir(), 'peccary-workers-'));
    plug();
  });

  /** Makes the pair and opens its sending end. */
  function plug(): void {
    execFileSync('ip', ['link', 'add', sends, 'type', 'veth', 'peer', 'name', listens]);
    for (const dev of [sends, listens]) {
      execFileSync('sysctl', ['-qw', `net.ipv6.conf.${dev}.disable_ipv6=1`]);
      execFileSync('ip', ['link', 'set', dev, 'mtu', String(Mtu), 'up']);
    }
    const options = { snapLen: 65_535, promisc: false, bufferSize: 2 << 20, timeoutMs: 10, immediate: false };
    const handle = openPcapLive(sends, options);
    if (isRefusal(handle)) throw new Error(handle.message);
    wire = handle;
  }

  function unplug(): void {
    closeHandle(wire);
    wire = 0;
    execFileSync('ip', ['link', 'del', sends]);
  }

  after(async () => {
    for (const s of sensors) await s.shutdown();
    if (wire !== 0) closeHandle(wire);
    spawnSync('ip', ['link', 'del', sends]);
    if (dir !== '') rmSync(dir, { recursive: true, force: true });
  });

  function send(frames: readonly TimedFrame[]): void {
    for (const { bytes } of frames) {
      u8.set(bytes, Region.ArenaOff);
      const refused = injectPcap(wire, Region.ArenaOff, bytes.length);
      if (refused !== undefined) throw new Error(refused.message);
    }
  }

  function rules(text: string): string {
    const file = join(dir, 'a.rules');
    writeFileSync(file, text);
    return file;
  }

  /** A sensor within this process, and where its events go. */
  async function sensor(workers: number, rules: string, sets: readonly string[] = []): Promise<[Sensor, string]> {
    const logDir = mkdtempSync(join(dir, 'log-'));
    const config = await loadConfig({ file: null, includes: [], sets: [...sets] });
    const eve = join(logDir, 'eve.json');
    const live = await Sensor.start({
      interfaces: [listens],
      queues: [],
      capture: 'libpcap',
      workers,
      bpf: null,
      config,
      configRead: [],
      readConfig: () => Promise.resolve(config),
      checksums: 'none',
      logDir,
      db: null,
      eve,
      strict: true,
      onlyRules: [rules],
      extraRules: [],
      lists: {},
      ruleVersion: 7,
      ruleCache: false,
      log: (_, message) => said.push(message),
    });
    sensors.push(live);
    return [live, eve];
  }

  const eventsOf = (file: string): EveEvent[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as EveEvent);

  /** Waits until all `packets` were read and nothing is counted any more; the counters. */
  async function settled(live: Sensor, packets: number): Promise<Record<string, number>> {
    let before = '';
    let same = 0;
    await until(
      () => {
        const now = JSON.stringify(live.counters());
        same = now === before && (live.counters()['decoder.pkts'] ?? 0) >= packets ? same + 1 : 0;
        before = now;
        return same > 20;
      },
      `${packets} packets`,
      30_000,
    );
    return live.counters();
  }

  /** Which rule alerted on which conversation, each as often as it did. */
  function identities(events: readonly EveEvent[]): string[] {
    return events
      .filter((e) => e.event_type === 'alert')
      .map(
        (e) =>
          `${e.alert?.signature_id} ${[`${e.src_ip}:${e.src_port}`, `${e.dest_ip}:${e.dest_port}`].sort().join(' ')}`,
      )
      .sort();
  }

  /** Frames live through `workers` workers, and replayed: the same alerts. The counters. */
  async function compare(
    frames: readonly TimedFrame[],
    workers: number,
    rules: string,
  ): Promise<Record<string, number>> {
    const timed = frames.map((f, i) => ({ ...f, tsUs: frames[0].tsUs + i * 50 }));
    const file = join(dir, 'a.pcap');
    writeFileSync(file, pcapFile(timed));
    const expected = identities(replayEvents(file, '-S', rules));
    assert.ok(expected.length > 0);
    const [live, eve] = await sensor(workers, rules);
    send(frames);
    await settled(live, frames.length);
    await live.shutdown();
    const { packets } = await live.ended;
    assert.equal(packets, frames.length);
    const counters = live.counters();
    assert.equal(counters['capture.kernel_drops'], 0);
    const found = identities(eventsOf(eve));
    const without = (a: string[], b: string[]): string[] => a.filter((x) => !b.includes(x));
    if (found.length !== expected.length)
      console.log(
        Object.entries(counters).filter(
          ([k, n]) => n > 0 && /^(capture|defrag|decoder.pkts|decoder.ev|tcp|stream)/.test(k),
        ),
      );
    assert.deepEqual({ missing: without(expected, found), more: without(found, expected) }, { missing: [], more: [] });
    assert.deepEqual(found, expected);
    return counters;
  }

  /** The conversations of each strategy, from a client and a port of its own. */
  async function conversations(): Promise<TimedFrame[]> {
    const out: TimedFrame[] = [];
    const all = [...strategies, ...ipStrategies];
    for (const [n, s] of all.entries()) {
      const to = { client: `192.168.${n >> 7}.${n & 127}`, server: '10.82.0.80', clientPort: 1024 + n, serverPort: 80 };
      const path = new ModelPath(to, { fastOpen: s.fastOpen });
      await s.run(new Client(path, to));
      out.push(...path.frames.filter((f) => f.bytes.length <= Mtu + 14));
    }
    return out;
  }

  it('evasions by TCP and by fragments: the alerts of the replay', async () => {
    await compare(await conversations(), 2, rules(streamRules));
  });

  it('evasions by HTTP: the alerts of the replay', async () => {
    const cases = [...headRequests, ...framingRequests, ...framingResponses, ...contentRequests];
    await compare(framesOf(cases, 200), 3, rules(httpRules));
  });

  const Find =
    'alert http any any -> any any (msg:"target"; flow:to_server,established; http.uri; content:"/find"; sid:1;)\n';
  const session = (n: number): TimedFrame[] =>
    tcpSession({
      client: { ip: `192.0.2.${n % 250}`, port: 20_000 + n },
      exchanges: [
        { from: 'client', data: `GET /find${n} HTTP/1.1\r\nHost: a\r\n\r\n` },
        { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
      ],
    });
  const sessions = (from: number, count: number): TimedFrame[] =>
    Array.from({ length: count }, (_, n) => session(from + n)).flat();

  it('plain traffic does not cross: the kernel gives each worker its own', async () => {
    const [live, eve] = await sensor(2, rules(Find));
    const frames = sessions(0, 200);
    send(frames);
    const counters = await settled(live, frames.length);
    await live.shutdown();
    assert.equal(eventsOf(eve).filter((e) => e.event_type === 'alert').length, 200);
    assert.equal(counters['capture.crossed'], 0);
    assert.equal(counters['decoder.pkts'], frames.length);
    assert.equal(counters['tcp.sessions'], 200);
  });

  const ways: Record<string, MutateOptions> = {
    'fragments in VXLAN in a VLAN': { fragment: 24, wrap: ['vxlan', 'vlan'] },
    'fragments in VXLAN': { fragment: 24, wrap: ['vxlan'] },
    fragments: { split: 60, fragment: 24 },
    shuffled: { split: 60, reorder: 3, fragment: 24, fragmentOrder: 'random', seed: 5 },
    ...Object.fromEntries(wrapperNames.map((name) => [name, { wrap: [name] } as MutateOptions])),
    'fragments in GRE': { split: 60, fragment: 24, wrap: ['gre'] },
  };

  it('fragments and tunnels reach the owner of what they carry, in order', async () => {
    const frames = Object.values(ways).flatMap((way, i) => mutate(sessions(i * 40, 40), way));
    const counters = await compare(frames, 2, rules(Find));
    assert.ok(counters['capture.crossed'] > 1000);
    assert.equal(counters['capture.crossed'], counters['capture.crossed_in']);
    assert.equal(counters['capture.crossing_drops'], 0);
    assert.equal(counters['decoder.pkts'], frames.length);
  });

  it('thresholds count over all workers', async () => {
    const limited = Find.replace('sid:1;', 'threshold:type threshold,track by_dst,count 10,seconds 3600; sid:1;');
    const [live, eve] = await sensor(2, rules(limited));
    const frames = sessions(0, 200);
    send(frames);
    await settled(live, frames.length);
    await live.shutdown();
    assert.equal(eventsOf(eve).filter((e) => e.event_type === 'alert').length, 20);
  });

  it('a worker that dies is replaced alone and keeps its place among the others', async () => {
    const [live, eve] = await sensor(2, rules(Find));
    send(sessions(0, 100));
    await settled(live, 1000);
    const { keepers } = (live as unknown as { workers: { keepers: { current: { terminate(): Promise<void> } }[] } })
      .workers;
    await keepers[0].current.terminate();
    await until(() => said.includes('another worker has taken its place'), 'another worker', 30_000);
    send(sessions(100, 100));
    const counters = await settled(live, 2000);
    await live.shutdown();
    assert.equal(counters['sensor.worker_restarts'], 1);
    assert.equal(counters['capture.crossed'], 0);
    assert.equal(eventsOf(eve).filter((e) => e.event_type === 'alert').length, 200);
  });

  /** How many workers have the interface open. */
  function listening(live: Sensor): number {
    type Team = { workers: { cells: unknown[]; cell(worker: number, index: number, cell: number): number } };
    const { workers } = live as unknown as Team;
    return workers.cells.filter((_, w) => workers.cell(w, 0, InterfaceCell.Up) === 1).length;
  }

  it('an interface that goes away and comes back: all workers are in one group again', async () => {
    const [live, eve] = await sensor(2, rules(Find));
    send(sessions(0, 50));
    await settled(live, 500);
    unplug();
    // Not only the first to notice: what comes for one that still has the old handle is lost.
    await until(() => listening(live) === 0, 'the interface to be away for all workers', 30_000);
    plug();
    await until(() => live.interfaces()[0].up, 'the interface to be back', 30_000);
    const before = live.counters()['decoder.pkts'];
    send(sessions(50, 100));
    const counters = await settled(live, before + 1000);
    await live.shutdown();
    assert.equal(counters['capture.crossed'], 0);
    assert.equal(eventsOf(eve).filter((e) => e.event_type === 'alert').length, 150);
  });

  it('a reload reaches all workers', async () => {
    const file = rules(Find);
    const [live, eve] = await sensor(2, file);
    send(sessions(0, 50));
    await settled(live, 500);
    writeFileSync(file, Find.replace('sid:1;', 'sid:2;'));
    assert.equal((await live.reloadRules()).fault, null);
    send(sessions(50, 50));
    await settled(live, 1000);
    await live.shutdown();
    const sids = eventsOf(eve)
      .filter((e) => e.event_type === 'alert')
      .map((e) => e.alert?.signature_id);
    assert.deepEqual([sids.filter((s) => s === 1).length, sids.filter((s) => s === 2).length], [50, 50]);
  });
});
