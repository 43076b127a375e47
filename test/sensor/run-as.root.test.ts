import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MirrorLab, mirrorLabMissing, until } from '../tools/mirror-lab.js';

const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
/** The user nobody of every Linux. */
const Nobody = 65_534;
const asNobody = ['setpriv', `--reuid=${Nobody}`, `--regid=${Nobody}`, '--clear-groups'];
const CaptureOnly = '0000000000003000';
const None = '0000000000000000';

describe('a sensor that goes on as another user (Suricata manual, "Dropping Privileges After Startup")', function () {
  this.timeout(40_000);
  let lab: MirrorLab;
  let rules = '';

  before(function () {
    let missing = mirrorLabMissing();
    const [program, ...args] = [...asNobody, 'test', '-r', Main];
    if (missing === '' && spawnSync(program, args).status !== 0) missing = 'needs a folder that other users may read';
    if (missing !== '') {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    lab = new MirrorLab();
    rules = join(lab.lab.dir, 'a.rules');
    writeFileSync(rules, 'alert http any any -> any any (msg:"hit"; http.uri; content:"/hit"; sid:1;)\n');
  });

  after(() => lab?.close());

  /** A field of /proc/PID/status of every thread. */
  function ofThreads(pid: number, field: string): string[] {
    return readdirSync(`/proc/${pid}/task`).map((task) => {
      const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'latin1');
      return new RegExp(`^${field}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '';
    });
  }

  it('only main thread and worker can capture, nothing else is left; interface and rules come back all the same', async () => {
    const s = await lab.sensorWith({ owner: Nobody }, '-S', rules, '--user', 'nobody');
    assert.deepEqual(new Set(ofThreads(s.pid, 'Uid')), new Set([String(Nobody)]));
    for (const set of ['CapPrm', 'CapEff']) {
      const found = ofThreads(s.pid, set);
      assert.deepEqual(new Set(found), new Set([CaptureOnly, None]));
      assert.equal(found.filter((caps) => caps === CaptureOnly).length, 2, found.join(' '));
    }
    const main = readFileSync(`/proc/${s.pid}/status`, 'latin1');
    assert.match(main, new RegExp(`^CapBnd:\\s+${CaptureOnly}$`, 'm'));
    assert.match(main, /^NoNewPrivs:\s+1$/m);
    assert.match(main, /^Groups:\s+65534\s*$/m);
    await lab.requests('/hit-a', 3, 1);
    await until(() => s.alerted(1).length === 3, 'alerts');
    assert.equal(statSync(s.db).uid, Nobody);
    lab.unplug();
    await s.says(/waiting for it to come back/);
    lab.plug();
    await s.says(/is back/);
    s.signal('SIGUSR2');
    await s.says(/rules reloaded/, 20_000);
    await lab.requests('/hit-b', 3, 1);
    await until(() => s.alerted(1).length === 6, 'alerts after');
    assert.equal(await s.stop(), 0);
  });

  it('a user that is not there, and one who is not root, are told; a group needs a user', async () => {
    await assert.rejects(lab.sensor('-S', rules, '--user', 'no-such-user'), /there is no user no-such-user/);
    await assert.rejects(lab.sensor('-S', rules, '--set', 'run-as.group=nogroup'), /--group needs --user/);
    const how = { owner: Nobody, through: asNobody };
    await assert.rejects(lab.sensorWith(how, '-S', rules, '--user', 'nobody'), /only root can go on as nobody/);
  });

  it('with --supervise the parent stays root, and a sensor after a crash can capture again', async () => {
    const args = ['-S', rules, '--db', 'none', '--supervise', '--set', 'run-as.user=nobody'];
    const s = await lab.sensorWith({ owner: Nobody }, ...args);
    const child = (): number => Number(readFileSync(`/proc/${s.pid}/task/${s.pid}/children`, 'latin1').trim());
    assert.deepEqual([ofThreads(s.pid, 'Uid')[0], ofThreads(child(), 'Uid')[0]], ['0', String(Nobody)]);
    process.kill(child(), 'SIGSEGV');
    await s.says(/the sensor captures again/, 30_000);
    assert.equal(ofThreads(child(), 'Uid')[0], String(Nobody));
    await lab.requests('/hit-c', 3, 1);
    await until(() => s.alerted(1).length === 3, 'alerts');
    assert.equal(await s.stop(), 0);
  });
});
