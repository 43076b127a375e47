/** Log files: rotation and reopening (Suricata user guide 7.0, "EVE Output", "Rotate log file"). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Settings, type Tree } from '../../src/core/settings.js';
import { outputConfig } from '../../src/output/config.js';
import { logFileOptions, nextOpening, plainFile, timeSpan } from '../../src/output/log-file.js';
import { openOutputs } from '../../src/output/outputs.js';
import { OutputPort } from '../../src/output/port.js';
import { Sink } from '../../src/output/sink.js';
import { timeName } from '../../src/output/time-pattern.js';
import * as samples from './samples.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peccary-log-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const text = (name: string): string => readFileSync(join(dir, name), 'utf8');
const options = (tree: Tree) => logFileOptions(new Settings({ outputs: [{ 'eve-log': tree }] }), 'outputs.eve-log');
const settings = (tree: Tree): Settings =>
  new Settings({ outputs: [{ 'eve-log': { enabled: 'yes', ...(tree as object) } }] });

function live(tree: Tree, onTrouble: (m: string) => void = () => undefined) {
  const config = outputConfig(settings(tree), { eve: null, logDir: dir, inline: false, live: true });
  const run = { kind: 'live' as const, inputs: ['eth0'], append: false, version: '0', startedUs: samples.t0 };
  return openOutputs({ ...config, db: null, workers: 1, live: true, run, onTrouble });
}

describe('keys of log files', () => {
  it('are read as Suricata names them, sizes and numbers of old files besides', () => {
    assert.deepEqual(options({}), plainFile);
    assert.deepEqual(
      options({ filemode: '640', append: 'no', 'rotate-interval': '30s', 'rotate-size': '1mb', 'rotate-keep': 3 }),
      { ...plainFile, append: false, mode: 0o640, every: 30, maxBytes: 1_048_576, keep: 3 },
    );
    for (const every of ['minute', 'hour', 'day']) assert.equal(options({ 'rotate-interval': every }).every, every);
    assert.throws(() => options({ 'rotate-interval': 'often' }), /rotate-interval: expected minute, hour, day/);
    assert.throws(() => options({ filemode: '888' }), /filemode/);
  });

  it('name the kinds of files and sockets that Suricata has', () => {
    for (const filetype of ['regular', 'unix_stream', 'unix_dgram', 'syslog'])
      assert.equal(options({ filetype }).type, filetype);
    assert.throws(() => options({ filetype: 'carrier-pigeon' }), /expected regular, unix_stream, unix_dgram or syslog/);
  });

  it('give times with units', () => {
    assert.deepEqual(['90', '2m', '12H', '30d', '1w', '', '0', 'x', '-1s'].map(timeSpan), [
      90,
      120,
      43_200,
      2_592_000,
      604_800,
      null,
      null,
      null,
      null,
    ]);
  });

  it('open files at full minutes, hours and days of local time', () => {
    const at = new Date(2026, 0, 31, 23, 59, 30, 5);
    const next = (every: 'minute' | 'hour' | 'day' | number) => nextOpening(every, at) - at.getTime();
    assert.deepEqual([next('minute'), next('hour'), next('day')], [29_995, 29_995, 29_995]);
    assert.equal(next(7), 7000);
    assert.equal(nextOpening(null, at), Number.POSITIVE_INFINITY);
  });

  it('name files by time, as strftime(3)', () => {
    const at = new Date(2026, 1, 3, 4, 5, 6);
    assert.equal(timeName('eve-%Y-%m-%d-%H:%M:%S.json', at), 'eve-2026-02-03-04:05:06.json');
    assert.equal(timeName('%y%j %F %T %s%% %Q', at), `26034 2026-02-03 04:05:06 ${at.getTime() / 1000}% %Q`);
  });
});

describe('a log file', () => {
  it('is renamed when it is long enough, and so many old ones are kept; each ends with a whole line', () => {
    const sink = new Sink(join(dir, 'eve.json'), { ...plainFile, maxBytes: 100, keep: 3 });
    for (let i = 0; i < 50; i++) {
      sink.push(`line ${i} ${'x'.repeat(30)}\n`);
      sink.flush();
    }
    sink.close();
    assert.deepEqual(readdirSync(dir).sort(), ['eve.json', 'eve.json.1', 'eve.json.2', 'eve.json.3']);
    const all = ['eve.json.3', 'eve.json.2', 'eve.json.1', 'eve.json'].map(text).join('');
    const numbers = all
      .trimEnd()
      .split('\n')
      .map((l) => Number(l.split(' ')[1]));
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, i) => 50 - numbers.length + i),
    );
    assert.ok(text('eve.json.1').length >= 100 && text('eve.json.1').length < 150);
  });

  it('is opened under a new name when the interval is over', async () => {
    const sink = new Sink(join(dir, 'eve-%s.json'), { ...plainFile, every: 1 });
    for (let i = 0; i < 5; i++) {
      sink.push(`line ${i}\n`);
      sink.flush();
      await sleep(500);
    }
    sink.close();
    const files = readdirSync(dir).sort();
    assert.ok(files.length >= 2, String(files));
    assert.equal(files.map(text).join(''), 'line 0\nline 1\nline 2\nline 3\nline 4\n');
  });

  it('gets its mode, and is emptied with `append: no`', () => {
    writeFileSync(join(dir, 'eve.json'), 'old\n');
    const sink = new Sink(join(dir, 'eve.json'), { ...plainFile, append: false, mode: 0o660 });
    sink.push('new\n');
    sink.close();
    assert.equal(text('eve.json'), 'new\n');
    assert.equal(statSync(join(dir, 'eve.json')).mode & 0o777, 0o660);
  });

  it('that ends within a line, after a kill, gets that line ended first', () => {
    writeFileSync(join(dir, 'eve.json'), '{"whole":1}\n{"cut":');
    const sink = new Sink(join(dir, 'eve.json'));
    sink.push('{"next":1}\n');
    sink.close();
    assert.equal(text('eve.json'), '{"whole":1}\n{"cut":\n{"next":1}\n');
  });

  it('that is a pipe nobody reads is tried again, and given up at the end', async () => {
    const fifo = join(dir, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    const sink = new Sink(`/proc/self/fd/${reader}`, plainFile, true);
    // Opened by its name a pipe blocks: this is the end that does not, as standard output may be.
    Object.assign(sink, { fd: reader });
    sink.push(`${'x'.repeat(200_000)}\n`);
    sink.flush();
    assert.ok(sink.stuck);
    assert.match(sink.trouble ?? '', /EAGAIN/);
    sink.giveUp();
    assert.deepEqual([sink.stuck, sink.refused], [false, 1]);
    assert.match(sink.fault ?? '', /EAGAIN/);
    sink.close();
  });

  it('that was moved away is made anew when asked to, and not before (logrotate and SIGHUP)', async () => {
    const outputs = live({ types: ['http'] });
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    port.push(samples.httpEvent({ pcapCnt: 1 }));
    port.flush();
    while (text('eve.json') === '') await sleep(10);
    renameSync(join(dir, 'eve.json'), join(dir, 'eve.json.old'));
    assert.deepEqual(await outputs.reopen(), []);
    assert.equal(text('eve.json'), '');
    port.push(samples.httpEvent({ pcapCnt: 2 }));
    port.close();
    await outputs.close(null);
    const numbers = (name: string) =>
      text(name)
        .trimEnd()
        .split('\n')
        .map((l) => JSON.parse(l).pcap_cnt);
    assert.deepEqual([numbers('eve.json.old'), numbers('eve.json')], [[1], [2]]);
    assert.deepEqual(await outputs.reopen(), []); // after the end there is nothing to open
  });

  it('stays the one before when it cannot be opened anew', async () => {
    const outputs = live({ types: ['http'], filename: 'sub/eve.json' });
    await outputs.ready();
    renameSync(join(dir, 'sub'), join(dir, 'moved'));
    writeFileSync(join(dir, 'sub'), '');
    const [fault] = await outputs.reopen();
    assert.match(fault, /cannot write to .*sub.eve\.json/);
    const port = new OutputPort(outputs.portMemory(0));
    port.push(samples.httpEvent());
    port.close();
    const s = await outputs.close(null);
    assert.deepEqual(s.faults, []);
    assert.equal(text('moved/eve.json').trimEnd().split('\n').length, 1);
  });
});

describe('stats events (Suricata user guide 7.0, "Event type: Stats")', () => {
  it('are written when the main thread has them', async () => {
    const outputs = live({ types: ['stats'] });
    await outputs.ready();
    outputs.stats({ tsUs: samples.t0, uptimeS: 8, counters: { 'decoder.pkts': 5, 'own.counter': 1 } });
    await outputs.close(null);
    const e = JSON.parse(text('eve.json'));
    assert.deepEqual([e.event_type, e.stats], ['stats', { uptime: 8, decoder: { pkts: 5 } }]);
  });

  it('come every 8 seconds unless configured', () => {
    const s = (tree: Tree) =>
      outputConfig(new Settings(tree), { eve: null, logDir: dir, inline: false, live: true }).statsSeconds;
    assert.deepEqual([s({}), s({ stats: { interval: 3 } }), s({ stats: { enabled: 'no' } })], [8, 3, 0]);
  });
});

describe('filetype unix_stream', () => {
  /** A server that keeps what it gets. */
  async function listen(path: string): Promise<{ got: () => string; server: Server; sockets: Socket[] }> {
    let got = '';
    const sockets: Socket[] = [];
    const server = createServer((s) => {
      sockets.push(s);
      s.on('data', (d) => {
        got += d.toString();
      });
      s.on('error', () => undefined);
    });
    await new Promise<void>((done) => server.listen(path, done));
    return { got: () => got, server, sockets };
  }

  const tree = { types: ['http'], filetype: 'unix_stream', filename: 'eve.sock' };
  const numbers = (got: string): number[] =>
    got
      .trimEnd()
      .split('\n')
      .map((l) => JSON.parse(l).pcap_cnt);

  it('sends whole lines in order, keeps what comes before somebody listens, and connects again', async () => {
    const path = join(dir, 'eve.sock');
    const told: string[] = [];
    const outputs = live(tree, (m) => told.push(m));
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    const push = (from: number, to: number) => {
      for (let i = from; i <= to; i++) port.push(samples.httpEvent({ pcapCnt: i }));
      port.flush();
    };
    push(1, 500);
    await sleep(100);
    const first = await listen(path);
    while (!first.got().includes('"pcap_cnt":500,')) await sleep(10);
    assert.deepEqual(
      numbers(first.got()),
      Array.from({ length: 500 }, (_, i) => i + 1),
    );
    first.server.close();
    for (const s of first.sockets) s.destroy();
    const second = await listen(path);
    while (second.sockets.length === 0) await sleep(10);
    push(501, 600);
    port.close();
    const s = await outputs.close(null);
    assert.deepEqual(s.faults, []);
    while (!second.got().includes('"pcap_cnt":600,')) await sleep(10);
    assert.deepEqual(
      numbers(second.got()),
      Array.from({ length: 100 }, (_, i) => i + 501),
    );
    assert.match(told[0], /eve\.sock: .*ENOENT.*; tried again every 500 ms/);
    assert.ok(told.includes(`${path}: connected`));
    second.server.close();
    for (const x of second.sockets) x.destroy();
  });

  it('counts what nobody took', async () => {
    const outputs = live(tree);
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    for (let i = 1; i <= 100; i++) port.push(samples.httpEvent({ pcapCnt: i }));
    port.close();
    const s = await outputs.close(null);
    assert.match(s.faults[0], /eve\.sock: nobody listens, or not fast enough \(100 records are missing there\)/);
  }).timeout(20_000);
});
