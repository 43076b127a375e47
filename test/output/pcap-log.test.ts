/** Packets kept as captures (Suricata user guide 7.0, "Packet logging"; draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Settings, type Tree } from '../../src/core/settings.js';
import { FrameBatch } from '../../src/output/frame-batch.js';
import { CaptureWhat, pcapLogOptions } from '../../src/output/pcap-config.js';
import { flowPackets } from '../../src/output/pcap-flow.js';
import { captureFiles, PcapLog } from '../../src/output/pcap-log.js';
import { frame, udpFrame } from '../tools/build.js';
import { pcapFile } from '../tools/capture-writer.js';
import { fragmentPacket } from '../tools/fragment.js';
import { readFrames } from '../tools/frames.js';
import { type EveEvent, peccary } from '../tools/peccary.js';
import { type TimedFrame, tcpSession } from '../tools/session.js';

const second = 1e6;
const startUs = 1_700_000_000 * second;

const program = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peccary-pcap-log-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const rules = `alert http any any -> any any (msg:"evil"; http.uri; content:"/evil"; sid:1; rev:1;)
alert tcp any any -> any any (msg:"begun"; flow:to_server; content:"/evil"; tag:session,3,packets; sid:2; rev:1;)
alert udp any any -> any 9999 (msg:"datagram"; content:"payload of evil"; sid:3; rev:1;)
alert pkthdr any any -> any any (msg:"short"; decode-event:ipv4.pkt_too_small; sid:4; rev:1;)
`;

/** Replays frames with pcap-log; alerts, and the files that were written. */
function replay(
  frames: TimedFrame[],
  options: { [key: string]: Tree },
  db = 'none',
): { alerts: EveEvent[]; files: string[] } {
  writeFileSync(join(dir, 'in.pcap'), pcapFile([...frames].sort((a, b) => a.tsUs - b.tsUs)));
  return replayFile(join(dir, 'in.pcap'), options, db);
}

function replayFile(
  file: string,
  options: { [key: string]: Tree },
  db = 'none',
): { alerts: EveEvent[]; files: string[] } {
  const log = mkdtempSync(join(dir, 'log-'));
  writeFileSync(join(dir, 'my.rules'), rules);
  writeFileSync(
    join(dir, 'c.yaml'),
    JSON.stringify({ outputs: [{ 'pcap-log': options }, { 'eve-log': { enabled: 'yes', types: ['alert'] } }] }),
  );
  const r = peccary([
    'replay',
    file,
    '-c',
    join(dir, 'c.yaml'),
    '-S',
    join(dir, 'my.rules'),
    '-l',
    log,
    '--db',
    db,
    '--quiet',
  ]);
  assert.equal(r.status, 0, r.stderr);
  const lines = readFileSync(join(log, 'eve.json'), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const files = readdirSync(log).filter((name) => /^log\.pcap\.[\d-]+$/.test(name));
  const events: EveEvent[] = lines.map((line) => JSON.parse(line));
  return { alerts: events.filter((e) => e.event_type === 'alert'), files: files.map((name) => join(log, name)) };
}

const alertsOnly = { enabled: 'yes', conditional: 'alerts' };
const sids = (alerts: EveEvent[]): (number | undefined)[] => alerts.map((e) => e.alert?.signature_id).sort();
const hexes = (frames: readonly TimedFrame[]): string[] =>
  frames.map((f) => `${f.tsUs} ${Buffer.from(f.bytes).toString('hex')}`);

function get(uri: string, port: number, from: number, more: object = {}): TimedFrame[] {
  return tcpSession({
    startUs: from,
    stepUs: second,
    client: { port },
    exchanges: [
      { from: 'client', data: `GET /before HTTP/1.1\r\nHost: a\r\n\r\n` },
      { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
      { from: 'client', data: `GET ${uri} HTTP/1.1\r\nHost: a\r\n\r\n` },
      { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
    ],
    ...more,
  });
}

describe('packets kept of flows with alerts', () => {
  it('are all of such a flow, before and after, and none of others; they give the same alerts again', () => {
    const evil = get('/evil', 5001, startUs);
    const { alerts, files } = replay(
      [...evil, ...get('/good', 5002, startUs + 100), ...get('/fine', 5003, startUs + 200)],
      alertsOnly,
    );
    assert.deepEqual(sids(alerts), [1, 2]);
    assert.equal(files.length, 1);
    assert.deepEqual(hexes(readFrames(files[0])), hexes(evil));
    assert.deepEqual(
      alerts.map((e) => e.capture_file),
      [files[0], files[0]],
    );
    assert.equal(statSync(files[0]).mode & 0o777, 0o640);
    const again = replayFile(files[0], alertsOnly);
    const told = (all: EveEvent[]): object[] => all.map((e) => ({ ...e, flow_id: 0, pcap_cnt: 0, capture_file: '' }));
    assert.deepEqual(told(again.alerts), told(alerts));
    assert.deepEqual(hexes(readFrames(again.files[0])), hexes(evil));
  });

  it('are those within the time before and after the alert', () => {
    const evil = get('/evil', 5001, startUs);
    const { alerts, files } = replay(evil, { ...alertsOnly, before: '2s', after: '1s' });
    assert.deepEqual(sids(alerts), [1, 2]);
    const at = alerts.map((e) => Date.parse(String(e.timestamp).replace(/\d{3}\+0000$/, 'Z')) * 1000);
    const within = evil.filter((f) => f.tsUs >= at[0] - 2 * second && f.tsUs <= at[at.length - 1] + second);
    assert.ok(within.length >= 4 && within.length < evil.length);
    assert.deepEqual(hexes(readFrames(files[0])), hexes(within));
  });

  it('are there when the alert comes with the end of the flow', () => {
    const open = get('/good', 5001, startUs, {
      exchanges: [{ from: 'client', data: 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n' }],
      acks: false,
      close: 'none',
    });
    const { alerts, files } = replay(open, alertsOnly);
    assert.ok(alerts.some((e) => e.pkt_src === 'stream (flow timeout)'));
    assert.deepEqual(hexes(readFrames(files[0])), hexes(open));
  });

  it('keep VLAN tags, and all fragments of a datagram', () => {
    const tagged = get('/evil', 5001, startUs, {
      link: (packet: Uint8Array) => {
        const whole = frame(packet);
        return Uint8Array.from([...whole.subarray(0, 12), 0x81, 0, 0, 7, ...whole.subarray(12)]);
      },
    });
    const whole = udpFrame({ srcPort: 9, dstPort: 9999 }, `payload of evil${'.'.repeat(3000)}`);
    const pieces = fragmentPacket(whole.subarray(14), 1000, 77).map((p, i) => ({
      tsUs: startUs + i * 1000 + 7,
      bytes: frame(p),
    }));
    const { alerts, files } = replay([...tagged, ...pieces], alertsOnly);
    assert.deepEqual(sids(alerts), [1, 2, 3]);
    assert.deepEqual(hexes(readFrames(files[0])).sort(), hexes([...tagged, ...pieces]).sort());
    assert.deepEqual(sids(replayFile(files[0], alertsOnly).alerts), [1, 2, 3]);
  });

  it('are one when a packet without a flow has the alert', () => {
    const short = { tsUs: startUs, bytes: Uint8Array.from([...new Uint8Array(12).fill(2), 8, 0, 0x45, 0, 0]) };
    const { alerts, files } = replay([short, ...get('/good', 5001, startUs)], alertsOnly);
    assert.deepEqual(sids(alerts), [4]);
    assert.deepEqual(hexes(readFrames(files[0])), hexes([short]));
  });

  it('are no more of a flow than flow-limit, and nothing where nothing alerts', () => {
    const evil = get('/evil', 5001, startUs);
    const { files } = replay(evil, { ...alertsOnly, 'flow-limit': '300' });
    const kept = readFrames(files[0]);
    assert.ok(kept.length > 2 && kept.reduce((n, f) => n + f.bytes.length, 0) <= 300);
    assert.deepEqual(replay(get('/good', 5001, startUs), alertsOnly).files, []);
  });
});

describe('packets kept of flows with alerts, from the database', () => {
  it('are named by alerts show, and alerts export has them while their file is there', () => {
    const db = join(dir, 'my.db');
    const evil = get('/evil', 5001, startUs);
    const { files } = replay([...evil, ...get('/good', 5002, startUs + 100)], alertsOnly, db);
    rmSync(join(dir, 'in.pcap'));
    assert.ok(peccary(['alerts', 'show', '1', '--db', db]).stdout.includes(`its packets are in ${files[0]}\n`));
    const exported = (): Buffer =>
      execFileSync(process.execPath, [program, 'alerts', 'export', '--format', 'pcapng', '--db', db]);
    writeFileSync(join(dir, 'out.pcapng'), exported());
    assert.deepEqual(hexes(readFrames(join(dir, 'out.pcapng'))), hexes(evil));
    const comments = execFileSync(
      'tshark',
      ['-r', join(dir, 'out.pcapng'), '-Y', 'frame.comment', '-T', 'fields', '-e', 'frame.comment'],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    assert.match(comments, /1:1:1 evil/);
    rmSync(files[0]);
    writeFileSync(join(dir, 'out.pcapng'), exported());
    assert.equal(readFrames(join(dir, 'out.pcapng')).length, 2); // those stored with the two alerts
  });
});

describe('packets kept by the other conditions', () => {
  it('are all', () => {
    const frames = [...get('/evil', 5001, startUs), ...get('/good', 5002, startUs + 1)].sort((a, b) => a.tsUs - b.tsUs);
    const { files } = replay(frames, { enabled: 'yes' });
    assert.deepEqual(hexes(readFrames(files[0])), hexes(frames));
  });

  it('are those that the tag of a rule names, the first with it', () => {
    const evil = get('/evil', 5001, startUs);
    const { alerts, files } = replay([...evil, ...get('/good', 5002, startUs + 1)], {
      enabled: 'yes',
      conditional: 'tag',
    });
    const first = alerts.find((e) => e.alert?.signature_id === 2)?.pcap_cnt;
    assert.ok(first !== undefined);
    const kept = readFrames(files[0]);
    assert.ok(kept.length >= 3 && kept.length <= 5);
    const from = evil.findIndex((f) => f.tsUs === kept[0].tsUs);
    assert.deepEqual(hexes(kept), hexes(evil.slice(from, from + kept.length)));
    assert.equal('capture_file' in alerts[0], false);
  });
});

describe('capture files', () => {
  const log = (more: { [key: string]: Tree } = {}, live = false): PcapLog => {
    const options = pcapLogOptions(new Settings({ outputs: [{ 'pcap-log': { enabled: 'yes', ...more } }] }), dir);
    assert.ok(options);
    return new PcapLog(options, live);
  };
  const batch = new FrameBatch();
  const write = (to: PcapLog, flow: number, bytes: Uint8Array, tsUs = startUs, linkType = 1, origin = 0): void => {
    batch.add(bytes, 0, bytes.length, bytes.length, tsUs, flow, linkType, origin);
    to.write(batch.take());
  };
  const packet = (n: number, len = 60): Uint8Array => new Uint8Array(len).fill(n);
  const files = (name = 'log.pcap'): string[] => captureFiles(join(dir, name)).map((f) => f.path);
  /** As Wireshark reads it: interface, time, length of each packet. */
  const tshark = (file: string): string[] =>
    execFileSync(
      'tshark',
      ['-r', file, '-T', 'fields', '-e', 'frame.interface_name', '-e', 'frame.time_epoch', '-e', 'frame.len'],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
      .trimEnd()
      .split('\n');

  it('have nanoseconds, and are read by Wireshark', () => {
    const to = log();
    write(to, 1, udpFrame({}, ''), startUs + 0.25);
    write(to, 2, udpFrame({}, 'abc'), startUs + 999_999);
    to.end();
    assert.deepEqual(tshark(files()[0]), ['\t1700000000.000000250\t42', '\t1700000000.999999000\t45']);
  });

  it('are pcapng with an interface for each link type once there are several', () => {
    const to = log();
    write(to, 1, packet(1));
    write(to, 1, packet(2), startUs, 101);
    write(to, 1, packet(3));
    to.end();
    assert.deepEqual(
      files().map((f) => tshark(f).length),
      [1, 2],
    );
    const [, mixed] = files();
    assert.equal(readFileSync(mixed).readUInt32LE(0), 0x0a0d0d0a);
    assert.deepEqual(
      readFrames(mixed).map((f) => f.bytes[0]),
      [2, 3],
    );
  });

  it('are pcapng with the names of interfaces when a sensor has several', () => {
    const to = log({}, true);
    to.useOrigins(['eth0', 'eth1']);
    write(to, 1, packet(1), startUs, 1, 0);
    write(to, 1, packet(2), startUs + 1.5, 1, 1);
    to.end();
    assert.deepEqual(tshark(files()[0]), ['eth0\t1700000000.000000000\t60', 'eth1\t1700000000.000001500\t60']);
  });

  it('are begun anew at the limit and at HUP; the oldest go for number and for size, of earlier runs too', () => {
    const names = (): number => files().length;
    const fill = (to: PcapLog, packets: number): void => {
      for (let i = 0; i < packets; i++) write(to, i, packet(i, 1000));
      to.flush();
    };
    const first = log({ limit: '10kb' });
    fill(first, 25);
    assert.equal(names(), 3);
    first.reopen();
    fill(first, 1);
    first.end();
    assert.equal(names(), 4);
    const oldest = files()[0];
    const second = log({ limit: '10kb', 'max-files': 3 });
    fill(second, 1);
    second.end();
    assert.equal(names(), 3);
    assert.equal(files().includes(oldest), false);
    assert.equal(second.removed, 2);
    const third = log({ limit: '10kb', 'max-size': '30kb' });
    fill(third, 100);
    third.end();
    const bytes = captureFiles(join(dir, 'log.pcap')).reduce((n, f) => n + f.bytes, 0);
    assert.ok(bytes <= 30 * 1024 && bytes > 15 * 1024, `${bytes}`);
    assert.deepEqual(readdirSync(dir).filter((n) => n.endsWith('.idx')).length, names());
    assert.deepEqual([third.written, third.lost], [100, 0]);
  });

  it('give the packets of one flow, over several files; nothing of a file that is gone', () => {
    for (const linkTypes of [[1], [1, 101]]) {
      const to = log({ limit: '10kb', filename: `of-${linkTypes.length}` });
      if (linkTypes.length > 1) write(to, 9, packet(0), startUs, 101);
      let from = '';
      for (let i = 0; i < 30; i++) {
        write(to, i % 3, packet(i, 1000), startUs + i, linkTypes[i % linkTypes.length]);
        if (i === 6) from = to.path();
      }
      to.end();
      const got = [...flowPackets([from, from], new Set([1]))];
      assert.ok(got.length >= 7);
      got.forEach((p, n) => {
        const i = p.bytes[0];
        assert.deepEqual([i % 3, p.bytes.length, p.wireLen], [1, 1000, 1000]);
        assert.deepEqual([p.tsUs, p.linkType], [startUs + i, linkTypes[i % linkTypes.length]]);
        assert.ok(n === 0 || i > got[n - 1].bytes[0]);
      });
      assert.equal([...flowPackets(files(`of-${linkTypes.length}`), new Set([0, 1, 2]))].length, 30);
      assert.deepEqual([...flowPackets([from], new Set([77]))], []);
      assert.deepEqual([...flowPackets([join(dir, 'of-1.1234'), join(dir, 'no', 'a.1')], new Set([1]))], []);
    }
  });

  it('that cannot be written hold nothing up: their packets are counted, with why', () => {
    writeFileSync(join(dir, 'file'), '');
    const to = log({ dir: 'file' });
    write(to, 1, packet(1));
    write(to, 1, packet(2));
    to.end();
    assert.deepEqual([to.written, to.lost, to.path()], [0, 2, '']);
    assert.match(to.fault ?? '', /file/);
  });
});

describe('keys of pcap-log', () => {
  const options = (tree: { [key: string]: Tree }) =>
    pcapLogOptions(new Settings({ outputs: [{ 'pcap-log': { enabled: 'yes', ...tree } }] }), '/log');

  it("have Suricata's names and defaults, and are off", () => {
    assert.equal(pcapLogOptions(new Settings(), '/log'), null);
    const o = options({});
    assert.deepEqual(
      [o?.filename, o?.limit, o?.maxFiles, o?.capture.what, o?.maxBytes],
      ['/log/log.pcap', 1000 * 2 ** 20, 0, CaptureWhat.All, 10 * 2 ** 30],
    );
    const set = options({
      filename: 'a',
      dir: '/pcap',
      limit: '32mb',
      'max-files': 5,
      conditional: 'alerts',
      before: '5m',
      after: '0',
      'max-size': '50mb',
      'buffer-size': '1mb',
    });
    assert.deepEqual([set?.filename, set?.limit, set?.maxFiles], ['/pcap/a', 25 * 2 ** 20, 5]);
    assert.deepEqual([set?.capture.beforeUs, set?.capture.afterUs], [300 * second, 0]);
    assert.equal(set?.capture.what, CaptureWhat.Alerts);
  });

  it('refuse what is not there', () => {
    assert.throws(() => options({ conditional: 'some' }), /pcap-log\.conditional: expected all or alerts or tag/);
    assert.throws(() => options({ mode: 'multi' }), /pcap-log\.mode: expected normal/);
    assert.throws(() => options({ compression: 'lz4' }), /pcap-log\.compression: expected none/);
    assert.throws(() => options({ before: 'long' }), /pcap-log\.before/);
  });
});
