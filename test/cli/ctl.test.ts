import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ControlSocket, serveControl } from '../../src/control/server.js';
import { packageVersion } from '../../src/core/package-root.js';
import { SensorDouble } from '../control/sensor-double.js';
import type { ProgramResult } from '../tools/peccary.js';

const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const patience = { handshakeMs: 5000, commandMs: 5000, replyMs: 5000 };

/** Runs `peccary ctl ARGS` while this process goes on serving. */
function ctl(...args: string[]): Promise<ProgramResult> {
  return new Promise((resolve) => {
    execFile(process.execPath, [Main, 'ctl', ...args], (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : ((error.code as unknown as number) ?? null), stdout, stderr }),
    );
  });
}

describe('peccary ctl', function () {
  this.timeout(20_000);
  let dir: string;
  let path: string;
  let sensor: SensorDouble;
  let control: ControlSocket;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-ctl-'));
    path = join(dir, 'a.socket');
    sensor = new SensorDouble();
    control = await serveControl(sensor, path, () => undefined, patience);
  });
  afterEach(async () => {
    await control.close();
    rmSync(dir, { recursive: true });
  });

  const answered = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await ctl(...args, '--socket', path);
    assert.deepEqual([status, stderr], [0, '']);
    return stdout;
  };

  it('stats: a table of what is not zero, all of it, or what is named', async () => {
    assert.match(await answered('stats'), /^counter +value\nuptime +\d\d\ndecoder\.pkts +1,234,567\n/);
    assert.ok(!(await answered('stats')).includes('tcp.sessions'));
    assert.match(await answered('stats', '--all'), /^tcp\.sessions +0$/m);
    assert.deepEqual(JSON.parse(await answered('stats', 'decoder', 'flow', '--json')), {
      'decoder.pkts': 1_234_567,
      'decoder.bytes': 2 ** 40,
      'flow.total': 4,
    });
    assert.equal(await answered('stats', 'deco'), 'no counter of deco that is not zero\n');
  });

  it('interfaces, uptime, info, config', async () => {
    const lines = (await answered('interfaces')).split('\n');
    assert.match(lines[0], /^interface +state +packets +bytes +dropped by kernel/);
    assert.match(lines[1], /^eth0 +up +10 +20 kB +3 +4 +5$/);
    assert.match(lines[2], /^span "1"\\ +away +0 /);
    assert.match(await answered('uptime'), /^1 min \d+ s\n$/);
    assert.equal(
      (await answered('info')).replace(/up .*/, 'up'),
      `Peccary ${packageVersion()}\nAF_PACKET_DEV, workers, up\n`,
    );
    assert.equal(await answered('config', 'sensor-name'), 'büro\n');
  });

  it('rules: counts and the refused with the reason; nothing of a rule steers the terminal', async () => {
    const file = join(dir, 'a.rules');
    writeFileSync(file, 'alert \x1b[31m bad\n');
    sensor.refused = [{ file, line: 1, column: 1, sid: null, reason: 'no header', hint: null }];
    const text = await answered('rules');
    assert.match(text, /^12 rules loaded, 2 refused, 1 skipped; last loaded 2026-01-02T03:04:05/);
    assert.match(text, /a\.rules:1 +no header +alert \\x1b\[31m bad/);
    assert.equal(JSON.parse(await answered('rules', '--json')).refused[0].reason, 'no header');
  });

  it('reload, reopen, dataset, send and shutdown reach the sensor', async () => {
    assert.equal(await answered('reload'), '12 rules loaded, 2 refused, 1 skipped\n');
    assert.equal(await answered('reload', '--no-wait'), 'the reload has begun\n');
    assert.equal(await answered('reopen'), 'done\n');
    assert.equal(await answered('dataset', 'add', 'ua', 'string', 'hellö'), 'data added\n');
    assert.equal(
      await answered('send', 'dataset-remove', 'setname=ua', 'settype=md5', 'datavalue=a=b'),
      'data removed\n',
    );
    assert.equal(JSON.parse(await answered('send', 'command-list')).commands[0], 'shutdown');
    assert.equal(await answered('shutdown'), 'Closing Peccary\n');
    assert.deepEqual(sensor.asked, [
      'reload',
      'reload',
      'reopen',
      `add ua string ${Buffer.from('hellö').toString('base64')}`,
      'remove ua md5 a=b',
      'shutdown',
    ]);
  });

  it("ends with 1 and the sensor's words when it refuses", async () => {
    sensor.report = { ...sensor.report, fault: 'a.rules: cannot be read' };
    const refused = { status: 1, stdout: '', stderr: 'peccary: a.rules: cannot be read\n' };
    assert.deepEqual(await ctl('reload', '--socket', path), refused);
    assert.equal((await ctl('config', 'nope', '--socket', path)).stderr, 'peccary: Unable to get value\n');
    assert.equal((await ctl('send', 'pcap-file', '--socket', path)).status, 1);
  });

  it('finds the socket by the configuration', async () => {
    const set = `unix-command.filename=${path}`;
    assert.match((await ctl('uptime', '--set', set)).stdout, /^1 min/);
    writeFileSync(join(dir, 'c.yaml'), `unix-command:\n  filename: ${path}\n`);
    assert.match((await ctl('uptime', '-c', join(dir, 'c.yaml'))).stdout, /^1 min/);
  });

  it('ends with 1 when no sensor answers, and tells where it looked and how to say where', async () => {
    const gone = join(dir, 'gone.socket');
    const { status, stderr } = await ctl('uptime', '--socket', gone);
    assert.equal(status, 1);
    assert.ok(
      stderr.startsWith(`peccary: no sensor answers (${gone}: there is no such socket): start one with`),
      stderr,
    );
    assert.match(stderr, /--socket or unix-command\.filename/);
    const both = await ctl('uptime', '-l', dir, '--set', 'unix-command.filename=none.socket');
    assert.match(both.stderr, /\/var\/run\/peccary\/none\.socket: .*; .*\/none\.socket: there is no such socket/);
    writeFileSync(gone, '');
    assert.match((await ctl('uptime', '--socket', gone)).stderr, /nothing listens|not a socket/);
  });

  it('ends with 1 when what answers is no sensor, or goes away', async () => {
    const other = join(dir, 'other.socket');
    for (const [answer, reason] of [
      ['220 mail.example ESMTP\n', /what answers there is not a sensor/],
      ['{"return":"NOK","message":"no room"}\n', /no room/],
      ['', /closed the connection/],
    ] as const) {
      const server = createServer((socket) =>
        socket
          .on('error', () => undefined)
          .resume()
          .end(answer),
      ).listen(other);
      await new Promise((resolve) => server.once('listening', resolve));
      const { status, stderr } = await ctl('uptime', '--socket', other);
      await new Promise((resolve) => server.close(resolve));
      assert.equal(status, 1);
      assert.match(stderr, reason);
    }
  });

  it('ends with 2 for what cannot be asked', async () => {
    for (const args of [
      [],
      ['restart'],
      ['config'],
      ['uptime', 'now'],
      ['dataset', 'toggle', 'a', 'ip', '::1'],
      ['send', 'conf-get', 'variable'],
    ]) {
      const { status, stdout, stderr } = await ctl(...args, '--socket', path);
      assert.deepEqual([status, stdout], [2, ''], args.join(' '));
      assert.match(stderr, /missing required|Allowed choices|usage: peccary ctl|expected KEY=VALUE/);
    }
  });
});
