/** Outputs over unix datagram sockets and to syslog (Suricata user guide 7.0, "EVE Output", "Output types"). */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRefusal, openDatagram } from '../../src/addon/datagram.js';
import { closeHandle, handleCounts } from '../../src/addon/handles.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { outputConfig } from '../../src/output/config.js';
import { DatagramSink } from '../../src/output/datagram-sink.js';
import { openOutputs } from '../../src/output/outputs.js';
import { OutputPort } from '../../src/output/port.js';
import { syslogMessage, syslogOptions } from '../../src/output/syslog.js';
import * as samples from './samples.js';

/** Binds argv[1]; after a line on its input it writes what it receives to argv[2], a hex line a datagram. */
const receiver = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
try: os.unlink(sys.argv[1])
except FileNotFoundError: pass
s.bind(sys.argv[1])
print('bound', flush=True)
sys.stdin.readline()
with open(sys.argv[2], 'ab', buffering=0) as out:
    while True: out.write(s.recv(1 << 20).hex().encode() + b'\\n')
`;

let dir = '';
let socket = '';
let children: ChildProcess[] = [];

async function until(what: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !what(); await sleep(10)) assert.ok(Date.now() < end, 'it does not happen');
}

/** A receiver at `socket`; `read`: at once, else after `go`. */
async function receive(read = true): Promise<{ go(): void; stop(): Promise<void> }> {
  const child = spawn('python3', ['-c', receiver, socket, join(dir, 'got')], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  let bound = false;
  child.stdout.on('data', () => {
    bound = true;
  });
  await until(() => bound);
  const go = (): void => void child.stdin.write('\n');
  if (read) go();
  return {
    go,
    stop: () =>
      new Promise((done) => {
        child.once('exit', () => done());
        child.kill();
      }),
  };
}

/** What was received, a datagram an element. */
function got(): string[] {
  try {
    const lines = readFileSync(join(dir, 'got'), 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => Buffer.from(line, 'hex').toString('utf8'));
  } catch {
    return [];
  }
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peccary-datagram-'));
  socket = join(dir, 'socket');
});
afterEach(() => {
  for (const child of children) child.kill();
  children = [];
  rmSync(dir, { recursive: true, force: true });
});

const plain = (line: string): string => line;
const numbered = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => `${from + i}\n`);

describe('a unix datagram socket', () => {
  it('gets each line as a datagram, finished ones too', async () => {
    await receive();
    const sink = new DatagramSink(socket, plain, false, () => undefined);
    sink.push('{"ä":1}\n');
    sink.pushBytes(Buffer.from('one\ntwo\n'), 2);
    sink.close();
    await until(() => got().length === 3);
    assert.deepEqual(got(), ['{"ä":1}\n', 'one\n', 'two\n']);
    assert.deepEqual([sink.refused, sink.fault], [0, null]);
  }).timeout(60_000);

  it('may be there later, and go away for a while: what comes meanwhile waits', async () => {
    const told: string[] = [];
    const sink = new DatagramSink(socket, plain, false, (m) => told.push(m));
    for (const line of numbered(0, 10)) sink.push(line);
    const first = await receive();
    const flushed = (n: number) => () => {
      sink.flush();
      return got().length === n;
    };
    await until(flushed(10));
    await first.stop();
    for (const line of numbered(10, 10)) sink.push(line);
    await receive();
    await until(flushed(20));
    assert.deepEqual(got(), numbered(0, 20));
    sink.close();
    assert.equal(sink.refused, 0);
    assert.match(told[0], /socket: no such file or directory; tried again every 500 ms/i);
    assert.match(told[1], /socket: connected/);
    assert.match(told[2], /socket: connection refused/i);
    assert.match(told[3], /socket: connected/);
    assert.equal(told.length, 4);
  }).timeout(60_000);

  it('whose receiver does not read loses what its queue cannot hold, counted as slow', async () => {
    const slow = await receive(false);
    const sink = new DatagramSink(socket, plain, false, () => undefined);
    const line = (i: number): string => `${i} ${'x'.repeat(16_000)}\n`;
    for (let i = 0; i < 800; i++) sink.push(line(i));
    const { away, long } = sink.losses;
    assert.ok(sink.losses.slow > 100 && sink.losses.slow < 400, `${sink.losses.slow}`);
    assert.deepEqual([away, long, sink.stuck, sink.waiting], [0, 0, false, true]);
    assert.match(sink.fault ?? '', /the receiver was too slow for \d+$/);
    slow.go();
    const kept = 800 - sink.losses.slow;
    await until(() => {
      sink.flush();
      return got().length === kept;
    });
    assert.deepEqual(
      got(),
      Array.from({ length: kept }, (_, i) => line(i)),
    );
    assert.equal(sink.waiting, false);
    sink.close();
  }).timeout(60_000);

  it('that nobody ever has loses what its queue cannot hold, counted as away', () => {
    const sink = new DatagramSink(socket, plain, false, () => undefined);
    for (let i = 0; i < 70_000; i++) sink.push('x\n');
    assert.deepEqual(sink.losses, { away: 70_000 - 65_536, slow: 0, long: 0 });
    assert.equal(sink.waiting, false);
    assert.match(sink.fault ?? '', /nobody received 4464$/);
  });

  it('does not get what is longer than a datagram may be; that is counted, and the others come', async () => {
    await receive();
    const sink = new DatagramSink(socket, plain, false, () => undefined);
    sink.push('before\n');
    for (const length of [7_000_000, 9_000_000]) sink.push(`${'x'.repeat(length)}\n`);
    sink.push('after\n');
    sink.close();
    await until(() => got().length === 2);
    assert.deepEqual(got(), ['before\n', 'after\n']);
    assert.deepEqual(sink.losses, { away: 0, slow: 0, long: 2 });
  }).timeout(60_000);

  it('of a replay is waited for', async () => {
    const slow = await receive(false);
    const sink = new DatagramSink(socket, plain, true, () => undefined);
    const line = 'x'.repeat(100_000);
    for (let i = 0; i < 30; i++) sink.push(line);
    assert.equal(sink.waiting, true);
    slow.go();
    await sleep(1); // its pipe is written between two turns
    for (let i = 30; i < 200; i++) sink.push(line); // 20 MB, more than twice the queue
    sink.close();
    await until(() => got().length === 200);
    assert.equal(sink.refused, 0);
  }).timeout(60_000);

  it('that cannot be opened says why; one that is closed is gone', () => {
    const before = handleCounts();
    const refused = openDatagram('/'.repeat(200), 4096);
    assert.ok(isRefusal(refused) && /name too long/i.test(refused.message));
    const none = openDatagram(socket, 4096);
    assert.ok(isRefusal(none) && /no such file/i.test(none.message));
    assert.deepEqual(handleCounts(), before);
    assert.equal(closeHandle(0), false);
  });
});

describe('outputs over datagram sockets', () => {
  const open = (outputs: Tree[], told: string[] = []) => {
    const config = outputConfig(new Settings({ outputs }), { eve: null, logDir: dir, inline: false, live: true });
    const run = { kind: 'live' as const, inputs: ['eth0'], append: false, version: '0', startedUs: samples.t0 };
    return openOutputs({ ...config, db: null, workers: 1, live: true, run, onTrouble: (m) => told.push(m) });
  };

  it('are EVE and fast lines as files have them, and messages to syslog with identity, facility and level', async () => {
    await receive();
    const types = ['alert'];
    const outputs = open([
      { 'eve-log': { enabled: 'yes', filetype: 'unix_dgram', filename: 'socket', types } },
      { 'eve-log': { enabled: 'yes', filename: 'eve.json', types } },
      {
        'eve-log': {
          enabled: 'yes',
          filetype: 'syslog',
          path: socket,
          identity: 'ids',
          facility: 'local5',
          level: 'Warning',
          prefix: '@cee: ',
          types,
        },
      },
      { fast: { enabled: 'yes', filetype: 'unix_dgram', filename: 'socket' } },
    ]);
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    port.useRules(outputs.setRules([samples.loadedRule()]));
    port.push(samples.alert());
    port.close();
    const summary = await outputs.close(null);
    assert.deepEqual([summary.faults, summary.socketAway, summary.socketSlow, summary.socketLong], [[], 0, 0, 0]);
    await until(() => got().length === 3);
    const line = readFileSync(join(dir, 'eve.json'), 'utf8');
    const syslog = got().find((m) => m.startsWith('<'));
    const fast = got().find((m) => m.includes('[**]'));
    assert.ok(got().includes(line));
    assert.match(syslog ?? '', /^<172>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ids\[\d+\]: @cee: \{"timestamp"/);
    assert.equal(syslog?.slice(syslog.indexOf('{')), line.trimEnd());
    assert.match(fast ?? '', /\[1:1000001:3\]/);
  }).timeout(60_000);

  it('reach a receiver that was slow for a while, though nothing new comes', async () => {
    const slow = await receive(false);
    const outputs = open([
      { 'eve-log': { enabled: 'yes', filetype: 'unix_dgram', filename: 'socket', types: ['flow'] } },
    ]);
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    for (let i = 0; i < 3000; i++) port.push(samples.flowEvent());
    port.flush();
    slow.go();
    await until(() => got().length === 3000);
    port.close();
    assert.deepEqual((await outputs.close(null)).faults, []);
  }).timeout(60_000);

  it('of a sensor tell when nobody receives, and count what is lost', async () => {
    const told: string[] = [];
    const outputs = open([{ 'eve-log': { enabled: 'yes', filetype: 'syslog', path: socket, types: ['flow'] } }], told);
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    for (let i = 0; i < 5; i++) port.push(samples.flowEvent());
    port.close();
    const summary = await outputs.close(null);
    assert.deepEqual([summary.socketAway, summary.socketSlow], [5, 0]);
    assert.match(summary.faults[0], /socket: nobody received 5 \(5 records are missing there\)/);
    assert.match(told[0], /socket: no such file or directory/i);
  }).timeout(60_000);

  it('know the facilities and levels that Suricata knows', () => {
    const priority = (facility: string, level: string): number =>
      syslogOptions(new Settings({ a: { facility, level } }), 'a').priority;
    assert.deepEqual(
      [priority('kern', 'Emergency'), priority('local7', 'debug'), priority('security', 'ERROR')],
      [0, 191, 35],
    );
    assert.deepEqual(syslogOptions(new Settings(), 'a'), { path: '/dev/log', identity: 'peccary', priority: 134 });
    assert.throws(() => priority('loud', 'info'), /a\.facility: expected one of kern, user/);
    assert.throws(() => priority('kern', 'loud'), /a\.level: expected one of emergency, alert/);
  });

  it('date messages as RFC 3164 has it', () => {
    const o = { path: '', identity: 'p', priority: 14 };
    assert.equal(syslogMessage(o, 'text\n', 7, new Date(2026, 1, 3, 4, 5, 6)), '<14>Feb  3 04:05:06 p[7]: text');
  });
});
