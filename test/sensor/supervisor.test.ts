import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { RestartLimit, RestartPolicy } from '../../src/sensor/restart-policy.js';
import { Lines, lossesText, parseLosses, parseSign, Supervision, signText } from '../../src/sensor/supervision.js';
import { Supervisor } from '../../src/sensor/supervisor.js';
import { until } from '../tools/mirror-lab.js';

describe('when a sensor is started again', () => {
  it('waits longer each time, a minute at most, and gives up after ten short lives', () => {
    const policy = new RestartPolicy();
    const waits = Array.from({ length: RestartLimit.Attempts + 1 }, () => policy.wait(500));
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000, null]);
  });

  it('begins anew after a sensor that ran for a minute', () => {
    const policy = new RestartPolicy();
    for (let i = 0; i < RestartLimit.Attempts; i++) policy.wait(0);
    assert.equal(policy.wait(RestartLimit.LivedMs), RestartLimit.FirstMs);
    assert.equal(policy.wait(0), 2 * RestartLimit.FirstMs);
  });
});

describe('what a sensor and its supervisor tell each other', () => {
  it('is read as it was written', () => {
    const sign = { ready: true, packets: 12_345_678_901, flows: 7, interfaces: ['eth0', 'enp3s0.42'] };
    assert.deepEqual(parseSign(signText(sign).trimEnd()), sign);
    const early = { ready: false, packets: 0, flows: 0, interfaces: [] };
    assert.deepEqual(parseSign(signText(early).trimEnd()), early);
    const losses = { restarts: 3, flowsLost: 40, packetsUnseen: 500 };
    assert.deepEqual(parseLosses(lossesText(losses).trimEnd()), losses);
  });

  it('a sensor that was taken over can name no path and flood no memory', () => {
    for (const name of ['../../etc/passwd', 'a/b', 'an-interface-name-too-long']) {
      assert.equal(parseSign(`sign 1 0 0 ${name}`), null);
    }
    assert.deepEqual(parseSign('sign 1 0 0 .. .')?.interfaces, []);
    assert.equal(parseSign('sign 1 -1 0 eth0'), null);
    assert.equal(parseSign(`sign 1 ${'9'.repeat(16)} 0 eth0`), null);
    const taken: string[] = [];
    const lines = new Lines((line) => taken.push(line));
    for (let i = 0; i < 1000; i++) lines.feed('x'.repeat(1000));
    lines.feed('sign 1 2 3 eth0\nsign 1 4 5 eth0\n');
    assert.deepEqual(taken, ['sign 1 4 5 eth0']);
  });

  it('lines come whole however they are cut', () => {
    const line = fc.string({ maxLength: 40, unit: 'grapheme-ascii' }).map((s) => s.replaceAll('\n', ' '));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(50)), (written, cuts) => {
        const taken: string[] = [];
        const lines = new Lines((l) => taken.push(l));
        let text = written.map((l) => `${l}\n`).join('');
        for (const cut of cuts) {
          lines.feed(text.slice(0, cut));
          text = text.slice(cut);
        }
        lines.feed(text);
        assert.deepEqual(taken, written);
      }),
    );
    assert.ok(Supervision.Line >= 16 * 16 + 64, 'sixteen names of interfaces have room');
  });
});

describe('a supervisor', function () {
  this.timeout(40_000);
  const dir = mkdtempSync(join(tmpdir(), 'peccary-supervisor-'));
  after(() => rmSync(dir, { recursive: true }));
  const said: string[] = [];
  beforeEach(() => said.splice(0));

  /**
   * A supervisor over a program in the place of the sensor: `start` is what its nth life does; `sign()` says that it
   * captures. The status that the supervisor ends with.
   */
  function supervise(name: string, start: string): { status: Promise<number>; pids(): number[] } {
    const program = join(dir, `${name}.mjs`);
    const lives = join(dir, `${name}.pids`);
    writeFileSync(lives, '');
    writeFileSync(
      program,
      `import { appendFileSync, readFileSync, writeSync } from 'node:fs';
const n = readFileSync(${JSON.stringify(lives)}, 'latin1').split('\\n').length;
appendFileSync(${JSON.stringify(lives)}, process.pid + '\\n');
const sign = (flows = 0) => writeSync(3, 'sign 1 10 ' + flows + ' lo\\n');
const beat = () => setInterval(sign, 200);
${start}`,
    );
    const log = (level: string, message: string, facts = {}): void => {
      said.push(`${level}: ${message} ${JSON.stringify(facts)}`);
    };
    const times = { startMs: 20_000, hangMs: 4000 };
    return {
      status: new Supervisor([process.execPath, program], log, times).run(),
      pids: () => readFileSync(lives, 'latin1').split('\n').filter(Boolean).map(Number),
    };
  }

  it('ends with a sensor that ends in good order, and with one that cannot start and says why', async () => {
    assert.equal(await supervise('good', 'sign(); setTimeout(() => process.exit(0), 200);').status, 0);
    const bad = supervise('bad', 'process.exit(2);');
    assert.equal(await bad.status, 2);
    assert.equal(bad.pids().length, 1);
    assert.deepEqual(said, []);
  });

  it('starts one again that crashed, tells why and what it cost, and passes on signals', async () => {
    const s = supervise(
      'crash',
      `process.on('SIGTERM', () => process.exit(0));
process.on('SIGHUP', () => process.exit(7));
sign(5);
beat();
if (n === 1) setTimeout(() => process.kill(process.pid, 'SIGSEGV'), 100);`,
    );
    await until(() => s.pids().length === 2 && said.length === 2, 'the second life', 20_000);
    assert.match(said[0], /^error: the sensor ended \(SIGSEGV\) and is started again .*"flows_lost":5,"restarts":1/);
    assert.match(said[1], /^info: the sensor captures again .*"restarts":1,"flows_lost":5,"packets_unseen":\d+/);
    process.emit('SIGHUP', 'SIGHUP');
    await until(() => s.pids().length === 3 && said.length === 4, 'the third life', 20_000);
    assert.match(said[2], /ended \(status 7\) and is started again/);
    process.emit('SIGTERM', 'SIGTERM');
    assert.equal(await s.status, 0);
    assert.equal(process.listenerCount('SIGHUP'), 0);
  });

  it('kills one that does not answer and starts it again', async () => {
    const s = supervise(
      'hang',
      `process.on('SIGTERM', () => process.exit(0));
sign();
beat();
if (n === 1) for (;;);`,
    );
    await until(() => s.pids().length === 2 && said.length === 3, 'the second life', 30_000);
    assert.match(said[0], /^error: the sensor has not answered for \d+ s and is killed/);
    assert.match(said[1], /ended \(no heartbeat\) and is started again/);
    process.emit('SIGTERM', 'SIGTERM');
    assert.equal(await s.status, 0);
  });

  it('told to stop while it waits, it ends', async () => {
    const s = supervise('wait', "sign(); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);");
    await until(() => said.some((line) => line.includes('started again')), 'the end', 20_000);
    process.emit('SIGTERM', 'SIGTERM');
    assert.equal(await s.status, 0);
    assert.equal(s.pids().length, 1);
  });
});
