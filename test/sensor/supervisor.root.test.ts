import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { type LiveSensor, MirrorLab, mirrorLabMissing, until } from '../tools/mirror-lab.js';

const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const Hang = fileURLToPath(new URL('../tools/hang-on-signal.js', import.meta.url));

describe('a supervised sensor, a real Apache and curl', function () {
  this.timeout(60_000);
  let lab: MirrorLab;
  let rules = '';

  before(function () {
    const missing = mirrorLabMissing();
    if (missing !== '') {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    lab = new MirrorLab();
    rules = join(lab.lab.dir, 'a.rules');
    const text = 'alert http any any -> any any (msg:"hit"; flow:to_server; http.uri; content:"/hit"; sid:1;)\n';
    writeFileSync(rules, text);
  });

  after(() => lab?.close());

  /** The process that is the sensor itself; 0: there is none. */
  function childOf(s: LiveSensor): number {
    return Number(readFileSync(`/proc/${s.pid}/task/${s.pid}/children`, 'latin1').trim().split(' ')[0]);
  }

  const times = (s: LiveSensor, what: RegExp): number => s.said.match(new RegExp(what, 'g'))?.length ?? 0;

  it('a crash of the process: it is started again, what was found is kept, and what it cost is told', async () => {
    const pidFile = join(lab.lab.dir, 'pid');
    const s = await lab.sensor('-S', rules, '--supervise', '--pidfile', pidFile);
    assert.equal(Number(readFileSync(pidFile, 'latin1')), s.pid);
    await lab.requests('/hit-a', 5, 1);
    await until(() => s.alerted(1).length === 5, 'alerts before');
    const stored = (): number => {
      const db = new Database(s.db, { readonly: true });
      try {
        assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
        return db.prepare('SELECT count(*) FROM alert').pluck().get() as number;
      } finally {
        db.close();
      }
    };
    await until(() => stored() === 5, 'alerts in the database');
    const first = childOf(s);
    process.kill(first, 'SIGSEGV');
    await s.says(/error: the sensor ended \(SIGSEGV\) and is started again flows_lost=\d+ restarts=1 wait_ms=1000/);
    await lab.requests('/hit-unseen', 20, 1);
    await s.says(/the sensor captures again restarts=1 flows_lost=\d+ packets_unseen=[1-9]/, 30_000);
    await lab.requests('/hit-b', 5, 1);
    await until(() => s.alerted(1).length === 10, 'alerts after');
    assert.notEqual(childOf(s), first);
    s.signal('SIGHUP');
    await s.says(/SIGHUP: the log files were reopened/);
    s.signal('SIGUSR2');
    await s.says(/rules reloaded/, 30_000);
    const ctl = [Main, 'ctl', 'stats', 'supervisor', '--json', '--socket', s.socket];
    const counted = JSON.parse(execFileSync(process.execPath, ctl, { encoding: 'utf8' })) as Record<string, number>;
    assert.equal(counted['supervisor.restarts'], 1);
    assert.ok(counted['supervisor.packets_unseen'] >= 40, JSON.stringify(counted));
    assert.equal(await s.stop(), 0);
    assert.equal(stored(), 10);
    assert.ok(!existsSync(pidFile));
  });

  it('a thread that hangs in the kernel: the sensor ends itself by force and is started again', async () => {
    const fifo = join(lab.lab.dir, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const how = { env: { PECCARY_TEST_FIFO: fifo }, options: ['--import', Hang] };
    const s = await lab.sensorWith(how, '-S', rules, '--db', 'none', '--supervise', '--set', 'health.stall-timeout=4');
    process.kill(childOf(s), 'SIGWINCH');
    await s.says(/a worker's thread cannot be ended: it stood still/, 30_000);
    await s.says(/the sensor ended \(\S+\) and is started again/, 30_000);
    await s.says(/the sensor captures again restarts=1/, 30_000);
    await lab.requests('/hit-c', 5, 1);
    await until(() => s.alerted(1).length === 5, 'alerts');
    assert.equal(await s.stop(), 0);
  });

  it('the supervisor is killed: the sensor ends in good order; the start says what is wrong, once', async () => {
    const s = await lab.sensor('-S', rules, '--db', 'none', '--supervise');
    await lab.requests('/hit-d', 3, 1);
    const child = childOf(s);
    s.signal('SIGKILL');
    await until(() => !existsSync(`/proc/${child}`), 'the end of the sensor', 30_000);
    assert.equal(s.alerted(1).length, 3);
    assert.match(s.said, /the supervisor has gone[\s\S]*stopped packets=/);
    await assert.rejects(lab.sensor('-S', rules, '-i', 'no-such-if', '--supervise'), /no-such-if: .*ip link/);
    assert.equal(times(s, /started again/), 0);
  });
});
