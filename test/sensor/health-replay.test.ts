import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TcpFlag } from '../../src/protocol/tcp.js';
import type { HealthFinding } from '../../src/sensor/health-finding.js';
import { DefaultClient, DefaultServer, frame, ip, tcp, vlanTag } from '../tools/build.js';
import { pcapFile } from '../tools/capture-writer.js';
import { peccary, replayEvents } from '../tools/peccary.js';
import { type SessionOptions, type TimedFrame, tcpSession } from '../tools/session.js';

const Request = 'GET /health HTTP/1.1\r\nHost: a.example\r\n\r\n';
const Response = `HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n${'x'.repeat(400)}`;

/** Sessions with a request and its response each, by client port. */
function sessions(count: number, more: (port: number) => Partial<SessionOptions> = () => ({})): TimedFrame[] {
  return Array.from({ length: count }, (_, i) =>
    tcpSession({
      client: { port: 40_000 + i },
      exchanges: [
        { from: 'client', data: Request },
        { from: 'server', data: Response },
      ],
      ...more(40_000 + i),
    }),
  ).flat();
}

/** Whether a frame of the sessions above (no tags) is the client's. */
const isClients = ({ bytes }: TimedFrame): boolean => ((bytes[34] << 8) | bytes[35]) >= 40_000;

/** The Internet checksum that TCP has while a network card is to finish it: the sum of the pseudo header. */
function offloaded({ tsUs, bytes }: TimedFrame): TimedFrame {
  const out = Uint8Array.from(bytes);
  const word = (at: number): number => (out[at] << 8) | out[at + 1];
  let sum = 6 + word(16) - 20;
  for (let at = 26; at < 34; at += 2) sum += word(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  out[50] = sum >> 8;
  out[51] = sum & 0xff;
  return { tsUs, bytes: out };
}

function damaged({ tsUs, bytes }: TimedFrame): TimedFrame {
  const out = Uint8Array.from(bytes);
  out[50] ^= 0x5a;
  return { tsUs, bytes: out };
}

const tagged =
  (id: number) =>
  (f: TimedFrame): TimedFrame => ({
    tsUs: f.tsUs,
    bytes: Uint8Array.of(...f.bytes.subarray(0, 12), 0x81, 0, ...vlanTag(id, 0x0800, f.bytes.subarray(14))),
  });

describe('a replay says what its capture lacks', function () {
  this.timeout(20_000);
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-health-'));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  const capture = (frames: TimedFrame[]): string => {
    const file = join(dir, 'a.pcap');
    writeFileSync(file, pcapFile(frames));
    return file;
  };

  function replay(frames: TimedFrame[], ...args: string[]): string {
    const r = peccary(['replay', capture(frames), '-l', dir, '--db', 'none', ...args]);
    assert.equal(r.status, 0, r.stderr);
    return r.stdout;
  }

  const findings = (frames: TimedFrame[], ...args: string[]): HealthFinding[] =>
    (JSON.parse(replay(frames, '--json', ...args)) as { health: HealthFinding[] }).health;
  const told = (frames: TimedFrame[], ...args: string[]): string[] =>
    findings(frames, ...args).map(({ kind, count, of }) => `${kind} ${count}/${of}`);
  const requests = (frames: TimedFrame[], ...args: string[]): number =>
    replayEvents(capture(frames), ...args).filter((e) => e.event_type === 'http').length;

  it('nothing of a whole one', () => {
    assert.deepEqual(told(sessions(20)), []);
    assert.doesNotMatch(replay(sessions(20)), /%/);
  });

  it('one-way flows, of either direction, in text and in JSON; probes that nobody answered are none', () => {
    assert.deepEqual(told(sessions(20).filter(isClients)), ['one_way_flows 20/20']);
    assert.deepEqual(told(sessions(20).filter((f) => !isClients(f))), ['one_way_flows 20/20']);
    const text = replay(sessions(20).filter((f, i) => isClients(f) || i < 11));
    assert.match(text, /^95% of TCP flows are one-way \(19 of 20\): .*capture both directions/m);
    const syn = (id: number): TimedFrame => {
      const segment = tcp(DefaultClient, DefaultServer, { srcPort: 40_000, dstPort: 80, flags: TcpFlag.Syn, seq: 1 });
      return { tsUs: 1e15 + id * 1e6, bytes: frame(ip(DefaultClient, DefaultServer, 6, segment, { id })) };
    };
    assert.deepEqual(told([1, 2, 3, 4, 5].map(syn)), []);
  });

  it('directions with different VLAN tags, or one without; vlan.use-for-tracking: no is what helps', () => {
    const two = sessions(20).map((f) => tagged(isClients(f) ? 10 : 20)(f));
    assert.deepEqual(told(two), ['vlan_mismatch 40/40']);
    const one = sessions(20).map((f) => (isClients(f) ? f : tagged(20)(f)));
    assert.deepEqual(told(one), ['vlan_mismatch 40/40']);
    assert.match(replay(one), /^100% of TCP flows have other VLAN tags .*vlan\.use-for-tracking: false$/m);
    assert.deepEqual(told(one, '--set', 'vlan.use-for-tracking=no'), []);
    assert.deepEqual(told(sessions(20).map(tagged(10))), []);
  });

  it('packets cut by the snap length', () => {
    const cut = sessions(20).map((f) => ({ ...f, bytes: f.bytes.subarray(0, 96), wireLen: f.bytes.length }));
    const [first] = findings(cut);
    assert.equal(first.kind, 'cut_packets');
    assert.equal(first.count, 20);
    assert.match(first.remedy, /tcpdump -s 0/);
  });

  it('wrong checksums, each counted once; -k none has nothing to tell', () => {
    const bad = sessions(20).map((f, i) => (i % 4 === 0 ? damaged(f) : f));
    assert.ok(told(bad, '-k', 'all').includes('checksum_failures 50/200'));
    assert.ok(!told(bad, '-k', 'none').some((line) => line.startsWith('checksum')));
  });

  it('checksum offload: recognised by -k auto, which inspects all the same; -k all says what helps', () => {
    const own = sessions(20).map((f) => (isClients(f) ? offloaded(f) : f));
    const auto = findings(own, '-k', 'auto');
    assert.deepEqual(
      auto.map((f) => f.kind),
      ['checksum_offload'],
    );
    assert.match(auto[0].cause, /inspected all the same/);
    assert.equal(requests(own, '-k', 'auto'), 20);
    const all = findings(own, '-k', 'all').find((f) => f.kind === 'checksum_offload');
    assert.match(all?.remedy ?? '', /-k none, or end the offload/);
    assert.equal(requests(own, '-k', 'all'), 0);
  });

  it('checksum offload in a long capture: past the first 1,000 packets none is verified, as in Suricata', () => {
    const own = sessions(150).map((f) => (isClients(f) ? offloaded(f) : f));
    const found = findings(own, '-k', 'auto');
    assert.deepEqual(
      found.map((f) => f.kind),
      ['checksum_offload'],
    );
    assert.match(found[0].summary, /^checksums are not verified/);
    assert.equal(requests(own, '-k', 'auto'), 150);
  });

  it('a checksum that is made to look offloaded is taken among the first 1,000 packets only', () => {
    const late = sessions(121).map((f, i) => (i >= 1200 && isClients(f) ? offloaded(f) : f));
    const early = sessions(121).map((f, i) => (i < 10 && isClients(f) ? offloaded(f) : f));
    assert.equal(requests(late, '-k', 'auto'), 120);
    assert.equal(requests(early, '-k', 'auto'), 121);
    assert.equal(requests(early, '-k', 'all'), 120);
  });

  it('frames longer than the MTU; health.mtu says what that is', () => {
    const long = sessions(20, () => ({
      mss: 4000,
      exchanges: [
        { from: 'client', data: Request },
        { from: 'server', data: `HTTP/1.1 200 OK\r\nContent-Length: 8000\r\n\r\n${'y'.repeat(8000)}` },
      ],
    }));
    const [first] = findings(long);
    assert.equal(first.kind, 'super_frames');
    assert.equal(first.count, 40);
    assert.deepEqual(told(long, '--set', 'health.mtu=9000'), []);
  });

  it('gaps', () => {
    const holes = sessions(20, () => ({ mss: 100 })).filter(
      (f, i) => isClients(f) || f.bytes.length !== 154 || i % 7 !== 0,
    );
    assert.deepEqual(
      findings(holes).map((f) => f.kind),
      ['stream_gaps'],
    );
  });

  it('a threshold that cannot be is refused with its place', () => {
    const config = join(dir, 'bad.yaml');
    writeFileSync(config, '%YAML 1.1\n---\nhealth:\n  thresholds:\n    one-way-flows: lots\n');
    const r = peccary(['replay', capture(sessions(1)), '-c', config, '-l', dir, '--db', 'none']);
    assert.notEqual(r.status, 0);
    assert.match(r.stderr, /bad\.yaml:5:\d+: health\.thresholds\.one-way-flows: expected a percentage/);
  });
});
