/**
 * A sensor whose surroundings fail: what it watches goes on, and nothing that was promised is lost. PECCARY_LOCK_SECONDS=30
 * holds the lock on the database for as long.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { type LiveSensor, MirrorLab, mirrorLabMissing, realTime, until } from '../tools/mirror-lab.js';

const LockMs = Number(process.env.PECCARY_LOCK_SECONDS ?? 3) * 1000;

const Rule = 'alert http any any -> any any (msg:"target"; flow:to_server; http.uri; content:"/hit"; sid:1;)\n';
const Limited =
  'alert http any any -> any any (msg:"at times"; flow:to_server; http.uri; content:"/hit"; threshold:type limit, ' +
  'track by_src, seconds 1, count 1; sid:2;)\n';

/** Where Debian's libfaketime is, or null. */
function fakeTime(): string | null {
  const listed = spawnSync('dpkg', ['-L', 'libfaketime'], { encoding: 'utf8' }).stdout ?? '';
  return listed.split('\n').find((path) => path.endsWith('/libfaketimeMT.so.1')) ?? null;
}

describe('a sensor in trouble, a real Apache and curl', function () {
  this.timeout(60_000 + LockMs);
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
    writeFileSync(rules, Rule);
  });

  after(() => lab?.close());

  const sensor = (...args: string[]): Promise<LiveSensor> =>
    lab.sensorWith({ through: realTime() }, '-S', rules, ...args);

  function query(file: string, sql: string): unknown {
    const db = new Database(file, { readonly: true });
    try {
      return db.prepare(sql).pluck().get();
    } finally {
      db.close();
    }
  }

  /** `count` different targets were asked for: each is one http event, one alert and one row. */
  function assertWhole(s: LiveSensor, count: number): void {
    assert.equal(new Set(s.alerted(1)).size, count);
    assert.equal(s.alerted(1).length, count);
    assert.equal(s.requests().length, count);
    assert.equal(query(s.db, 'SELECT count(*) FROM alert'), count);
    assert.equal(query(s.db, 'PRAGMA integrity_check'), 'ok');
    assert.match(s.said, /stopped .*kernel_drops=0/);
  }

  it('another process locks the database for a while: what comes meanwhile is in it afterwards, once', async () => {
    const s = await sensor();
    await lab.requests('/hit-before', 50, 1);
    await until(() => query(s.db, 'SELECT count(*) FROM alert') === 50, 'alerts before');
    const other = new Database(s.db);
    other.exec('BEGIN IMMEDIATE');
    const end = Date.now() + LockMs;
    let n = 50;
    for (let i = 0; i === 0 || Date.now() < end; i++, n += 200) {
      await lab.requests(`/hit-locked${i}-`, 200, 4);
      await sleep(200);
    }
    await s.says(/database is locked.*events wait until it can be written/);
    assert.equal(query(s.db, 'SELECT count(*) FROM alert'), 50);
    other.exec('ROLLBACK');
    other.close();
    await until(() => query(s.db, 'SELECT count(*) FROM alert') === n, 'alerts after', 30_000);
    assert.equal(await s.stop(), 0);
    assertWhole(s, n);
    assert.match(s.said, /all outputs can be written again/);
  });

  it('the disk of the log folder is full for a while: what comes meanwhile is written when there is room', async () => {
    const disk = join(lab.lab.dir, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
    try {
      const spill = ['--set', `outputs.spill.dir=${lab.lab.dir}`];
      const s = await lab.sensorWith({ through: realTime(), within: disk }, '-S', rules, ...spill);
      await lab.requests('/hit-room', 20, 1);
      await until(() => s.count('alert') === 20, 'alerts before');
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(join(disk, 'filler'), Buffer.alloc(Number(bavail) * Number(bsize)));
      for (let i = 0; i < 3; i++) await lab.requests(`/hit-full${i}-`, 200, 4);
      await s.says(/(ENOSPC|disk is full|disk I\/O error).*events wait until it can be written/, 20_000);
      assert.ok(s.count('alert') < 620, 'not all can have been written');
      rmSync(join(disk, 'filler'));
      await s.says(/all outputs can be written again/, 20_000);
      await lab.requests('/hit-again', 20, 1);
      await until(() => s.count('alert') >= 640, 'alerts after', 30_000);
      assert.equal(await s.stop(), 0);
      assertWhole(s, 640);
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });

  it('the clock of the sensor is set back an hour: alerts, thresholds and flows go on', async function () {
    const library = fakeTime();
    if (library === null) {
      console.log('      skipped: needs the Debian package faketime');
      this.skip();
    }
    const clock = join(lab.lab.dir, 'clock');
    writeFileSync(clock, '+0\n');
    const env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    const file = join(lab.lab.dir, 'clock.rules');
    writeFileSync(file, Rule + Limited);
    const s = await lab.sensorWith({ env }, '-S', file, '--set', 'flow-timeouts.tcp.closed=1');
    await lab.requests('/hit-before', 20, 1);
    await until(() => s.alerted(1).length === 20, 'alerts before');
    writeFileSync(clock, '-3600\n');
    s.signal('SIGHUP');
    await s.says(/SIGHUP: the log files were reopened/);
    const said = Date.parse(s.said.trimEnd().split('\n').at(-1)?.split(' ')[0] ?? '');
    assert.ok(said < Date.now() - 3_000_000, `the sensor's clock is not set: ${s.said}`);
    await lab.requests('/hit-after', 20, 1);
    await until(() => s.alerted(1).length === 40, 'alerts after');
    await until(() => s.count('flow') >= 2, 'both connections to end', 20_000);
    // The threshold's second is over whatever the clock says.
    await lab.requests('/hit-late', 3, 1);
    await until(() => s.alerted(1).length === 43, 'alerts at last');
    assert.equal(await s.stop(), 0);
    const limited = s.alerted(2);
    assert.ok(limited.length >= 2 && limited.length <= 4, `${limited.length} alerts of one a second`);
    assert.equal(s.requests().length, 43);
    assert.equal(query(s.db, 'SELECT count(*) FROM alert'), 43 + limited.length);
    // libfaketime leaves these when its process ends by a signal or exit().
    for (const name of [`faketime_shm_${s.pid}`, `sem.faketime_sem_${s.pid}`])
      rmSync(`/dev/shm/${name}`, { force: true });
    assert.match(s.said, /stopped .*kernel_drops=0/);
  });
});
