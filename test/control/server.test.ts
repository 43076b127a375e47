import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ControlSocket, MaxClients, openControlSocket, serveControl } from '../../src/control/server.js';
import { socketConfig } from '../../src/control/socket-path.js';
import { Settings } from '../../src/core/settings.js';
import { Hello, RawClient } from './raw-client.js';
import { SensorDouble } from './sensor-double.js';

const patience = { handshakeMs: 5000, commandMs: 5000, replyMs: 5000 };
const Version = '{"command":"version"}\n';

describe('the control socket', function () {
  this.timeout(20_000);
  let dir: string;
  let path: string;
  let sensor: SensorDouble;
  let control: ControlSocket;
  const notes: string[] = [];
  const note = (message: string): void => {
    notes.push(message);
  };
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-control-'));
    path = join(dir, 'a.socket');
    sensor = new SensorDouble();
    control = await serveControl(sensor, path, note, patience);
  });
  afterEach(async () => {
    await control.close();
    rmSync(dir, { recursive: true });
    assert.deepEqual(notes.splice(0), []);
  });

  /** It still serves: what every hostile client must leave behind. */
  const stillServes = async (): Promise<void> => {
    const client = await RawClient.greeted(path);
    assert.equal((await client.ask('running-mode')).message, 'workers');
    client.close();
  };

  describe('protocol (Suricata manual, "Protocol")', () => {
    it('greets a client that ends its version with a newline or without, in one piece or many', async () => {
      for (const hello of [Hello, `${Hello}\n`]) {
        const client = await RawClient.connect(path);
        for (const byte of hello) {
          client.write(byte);
          await sleep(1);
        }
        assert.equal(await client.line(), '{"return":"OK"}');
        assert.equal((await client.ask('running-mode')).message, 'workers');
        client.close();
      }
    });

    it('answers commands that come all at once, in order, also when the client has ended its side', async () => {
      const client = await RawClient.connect(path);
      client.socket.end(`${Hello}\n${Version}\n{"command":"running-mode"}\r\nnonsense\n{"command":"capture-mode"}\n`);
      const lines = [];
      for (let line = await client.line(); line !== null; line = await client.line()) lines.push(JSON.parse(line));
      assert.deepEqual(
        lines.map((l) => l.return),
        ['OK', 'OK', 'OK', 'NOK', 'OK'],
      );
      assert.deepEqual([lines[2].message, lines[4].message], ['workers', 'AF_PACKET_DEV']);
    });

    it('refuses other versions with the reason and closes', async () => {
      for (const hello of [
        '{"version":"0.1"}',
        '{"version":2}',
        '{}',
        'GET / HTTP/1.1\n',
        `{"command":"version"}\n`,
        '\n',
      ]) {
        const client = await RawClient.connect(path);
        client.write(hello);
        const { return: status, message } = JSON.parse((await client.line()) ?? '');
        assert.equal(status, 'NOK');
        assert.match(message, /0\.2/);
        assert.equal(await client.line(), null);
      }
      await stillServes();
    });

    it('runs a shutdown when the client has its answer', async () => {
      const client = await RawClient.greeted(path);
      assert.deepEqual(await client.ask('shutdown'), { message: 'Closing Peccary', return: 'OK' });
      assert.deepEqual(sensor.asked, ['shutdown']);
      client.close();
    });
  });

  describe('clients that mean harm', () => {
    it('a command of 10 MB without a newline: refused at 64 KiB, and closed', async () => {
      const client = await RawClient.greeted(path);
      const before = process.memoryUsage().arrayBuffers;
      client.write(Buffer.alloc(10_000_000, 'x'));
      assert.match((await client.line()) ?? '', /A command has at most 65536 bytes.*NOK/);
      assert.equal(await client.line(), null);
      assert.ok(process.memoryUsage().arrayBuffers - before < 20_000_000);
      await stillServes();
    });

    it('a command of 64 KiB is taken, one of a byte more is not', async () => {
      const padded = (length: number): string => `${'{"command":"version"'.padEnd(length - 1)}}\n`;
      const client = await RawClient.greeted(path);
      client.write(padded(65_536));
      assert.match((await client.line()) ?? '', /Peccary/);
      client.write(padded(65_537));
      assert.match((await client.line()) ?? '', /at most 65536/);
      assert.equal(await client.line(), null);
    });

    it('binary data, JSON of other types, braces without end', async () => {
      const client = await RawClient.greeted(path);
      const broken = [
        Buffer.from([0, 0xff, 0xfe, 0x80, 0x0a]),
        'null\n',
        '[]\n',
        '{"command":7}\n',
        `${'{"a":'.repeat(10_000)}\n`,
        '{"command":"version"}{"command":"version"}\n',
      ];
      for (const bytes of broken) {
        client.write(bytes);
        assert.equal(JSON.parse((await client.line()) ?? '').return, 'NOK');
      }
      assert.equal((await client.ask('uptime')).return, 'OK');
      client.close();
    });

    it('a greeting without end', async () => {
      const client = await RawClient.connect(path);
      client.write('{'.repeat(2000));
      assert.match((await client.line()) ?? '', /too long.*NOK/);
      assert.equal(await client.line(), null);
      await stillServes();
    });

    it('those that send nothing, half a greeting or half a command are closed; an idle one is not', async () => {
      await control.close();
      control = await serveControl(sensor, path, note, { handshakeMs: 100, commandMs: 100, replyMs: 5000 });
      const idle = await RawClient.greeted(path);
      const silent = await RawClient.connect(path);
      const half = await RawClient.connect(path);
      half.write('{"version');
      const slow = await RawClient.greeted(path);
      // A byte now and then does not count as progress.
      const drip = setInterval(() => slow.write('x'), 20);
      assert.equal(await silent.line(), null);
      assert.equal(await half.line(), null);
      assert.equal(await slow.line(), null);
      clearInterval(drip);
      assert.equal((await idle.ask('running-mode')).message, 'workers');
      idle.close();
    });

    it('one that does not read its answers holds up nobody and is closed', async () => {
      await control.close();
      control = await serveControl(sensor, path, note, { handshakeMs: 5000, commandMs: 5000, replyMs: 200 });
      sensor.counterValues = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`counter.number${i}`, i]));
      const deaf = await RawClient.greeted(path);
      deaf.socket.pause();
      for (let i = 0; i < 50; i++) deaf.write('{"command":"dump-counters"}\n');
      await stillServes();
      await sleep(600);
      deaf.socket.resume();
      let lines = 0;
      while ((await deaf.line()) !== null) lines++;
      assert.ok(lines < 50, `${lines} answers`);
    });

    it('one that goes away while its command runs', async () => {
      let open = (): void => undefined;
      sensor.gate = new Promise((resolve) => {
        open = resolve;
      });
      const client = await RawClient.greeted(path);
      client.write('{"command":"reload-rules"}\n');
      while (sensor.asked.length === 0) await sleep(5);
      client.close();
      await sleep(20);
      open();
      await stillServes();
    });

    it('a thousand commands each from many at once are all answered', async () => {
      const clients = await Promise.all(Array.from({ length: 40 }, () => RawClient.greeted(path)));
      const answered = await Promise.all(
        clients.map(async (client) => {
          client.write(Version.repeat(1000));
          let n = 0;
          while (n < 1000 && /"return":"OK"/.test((await client.line()) ?? '')) n++;
          return n;
        }),
      );
      assert.deepEqual(new Set(answered), new Set([1000]));
      for (const client of clients) client.close();
    });

    it('a client too many takes the place of the one that has been idle longest', async () => {
      const clients: RawClient[] = [];
      for (let i = 0; i < MaxClients; i++) clients.push(await RawClient.greeted(path));
      assert.equal((await clients[0].ask('uptime')).return, 'OK');
      const late = await RawClient.greeted(path);
      assert.equal(await clients[1].line(), null);
      assert.equal((await clients[0].ask('uptime')).return, 'OK');
      for (const client of [late, ...clients]) client.close();
    });

    it('when all are busy one more is told so', async () => {
      const clients: RawClient[] = [];
      for (let i = 0; i < MaxClients; i++) clients.push(await RawClient.connect(path));
      const late = await RawClient.connect(path);
      assert.match((await late.line()) ?? '', /64 clients already.*NOK/);
      assert.equal(await late.line(), null);
      for (const client of clients) client.close();
      await sleep(20);
      await stillServes();
    });
  });

  describe('its file', () => {
    it('is for its user alone and is gone when it closes, with every connection', async () => {
      assert.equal(statSync(path).mode & 0o777, 0o600);
      const client = await RawClient.greeted(path);
      await control.close();
      assert.equal(await client.line(), null);
      assert.deepEqual(readdirSync(dir), []);
    });

    it('does not change the mask of files made later', () => {
      const file = join(dir, 'later');
      writeFileSync(file, '');
      assert.equal(statSync(file).mode & 0o777, 0o666 & ~process.umask());
    });

    it('replaces one that a sensor left behind', async () => {
      const left = join(dir, 'left.socket');
      const { spawnSync } = await import('node:child_process');
      const code = `require('net').createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, 'SIGKILL'))`;
      spawnSync(process.execPath, ['-e', code]);
      assert.ok(existsSync(left));
      const second = await serveControl(sensor, left, note, patience);
      const client = await RawClient.greeted(left);
      client.close();
      await second.close();
      assert.deepEqual(readdirSync(dir), ['a.socket']);
    });

    it('is not taken from a sensor that runs', async () => {
      await assert.rejects(serveControl(sensor, path, note, patience), {
        name: 'PeccaryError',
        message: /another sensor listens at .*a\.socket: stop that one .*unix-command\.filename/,
      });
      await stillServes();
      assert.deepEqual(readdirSync(dir), ['a.socket']);
    });

    it('of two that start at once over a stale socket one serves', async () => {
      const left = join(dir, 'left.socket');
      for (let i = 0; i < 20; i++) {
        const stale = createServer().listen(left);
        await new Promise((resolve) => stale.once('listening', resolve));
        // Closing would remove the file: what stays behind after a kill is a second name of it.
        const { linkSync } = await import('node:fs');
        linkSync(left, join(dir, 'kept'));
        await new Promise((resolve) => stale.close(resolve));
        linkSync(join(dir, 'kept'), left);
        rmSync(join(dir, 'kept'));
        const both = await Promise.allSettled([
          serveControl(sensor, left, note, patience),
          serveControl(sensor, left, note, patience),
        ]);
        const serving = both.filter((b) => b.status === 'fulfilled');
        assert.equal(serving.length, 1);
        (await RawClient.greeted(left)).close();
        await serving[0].value.close();
      }
      assert.deepEqual(readdirSync(dir), ['a.socket']);
    });

    it('leaves alone what is no socket, and refuses a path that is too long', async () => {
      const file = join(dir, 'file');
      writeFileSync(file, 'text');
      await assert.rejects(serveControl(sensor, file, note, patience), /file: is there and is not a socket/);
      assert.ok(existsSync(file));
      const long = join(dir, 'x'.repeat(108));
      await assert.rejects(serveControl(sensor, long, note, patience), /at most 107 bytes/);
    });

    it('follows unix-command: off, a name with the logs or elsewhere, and `yes` means it must be there', async () => {
      const config = (unix: Record<string, string>) => socketConfig(new Settings({ 'unix-command': unix }), dir);
      const open = async (unix: Record<string, string>): Promise<ControlSocket | null> => {
        const wanted = config(unix);
        assert.ok(wanted !== null);
        return openControlSocket(sensor, wanted, note);
      };
      assert.equal(config({ enabled: 'no' }), null);
      assert.deepEqual(config({}), {
        required: false,
        paths: ['/var/run/peccary/peccary-command.socket', join(dir, 'peccary-command.socket')],
      });
      assert.deepEqual(config({ enabled: 'yes', filename: '/x/y' }), { required: true, paths: ['/x/y'] });
      await assert.rejects(open({ enabled: 'maybe' }), /unix-command\.enabled: expected yes or no/);
      const elsewhere = await open({ filename: join(dir, 'made', 'b.socket') });
      assert.equal(elsewhere?.path, join(dir, 'made', 'b.socket'));
      await elsewhere?.close();
      await assert.rejects(open({ enabled: 'yes', filename: path }), /another sensor listens/);
      assert.equal(await open({ enabled: 'auto', filename: path }), null);
      assert.match(notes.splice(0).join(), /^no control socket: another sensor listens/);
    });
  });
});
