import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { pageText } from '../tools/lab.js';
import { type LiveSensor, MirrorLab, mirrorLabMissing, realTime, until } from '../tools/mirror-lab.js';

/** Requests of the first test; PECCARY_REQUESTS=50000 for the whole proof. */
const Requests = Number(process.env.PECCARY_REQUESTS ?? 5000);

const Rules = `alert http any any -> any any (msg:"traversal"; flow:to_server; http.uri; content:"=/../"; sid:1;)
alert http any any -> any any (msg:"shell"; flow:to_server; http.user_agent; content:"() {"; sid:2;)
alert http any any -> any any (msg:"form"; flow:to_server; http.request_body; content:"union select"; sid:3;)
`;

/** A rule on every target that holds `text`. */
const onTarget = (sid: number, text: string): string =>
  `alert http any any -> any any (msg:"target ${text}"; flow:to_server; http.uri; content:"${text}"; sid:${sid};)\n`;

const counted = (list: readonly string[]): Map<string, number> => {
  const out = new Map<string, number>();
  for (const x of list) out.set(x, (out.get(x) ?? 0) + 1);
  return out;
};

describe('a sensor on a mirrored port, a real Apache and curl', function () {
  this.timeout(30_000);
  let lab: MirrorLab;

  before(function () {
    const missing = mirrorLabMissing();
    if (missing !== '') {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    lab = new MirrorLab({ content: (root) => writeFileSync(join(root, 'page.html'), pageText(1, 8000)) });
  });

  after(() => lab?.close());

  beforeEach(() => writeFileSync(lab.lab.accessLog, ''));

  function rulesFile(name: string, text: string): string {
    const file = join(lab.lab.dir, name);
    writeFileSync(file, text);
    return file;
  }

  /** Everything Apache served is in the http events, each as often. */
  async function assertNoneMissing(sensor: LiveSensor, served = lab.served()): Promise<void> {
    await until(() => sensor.count('http') >= served.length, `${served.length} http events`, 30_000);
    assert.deepEqual(counted(sensor.requests()), counted(served));
  }

  it('every request is in the http events, every attack alerted, nothing dropped; SIGTERM ends it with 0', async function () {
    this.timeout(30_000 + Requests * 20);
    const pidFile = join(lab.lab.dir, 'pid');
    const ring = ['--set', `af-packet.0.interface=${lab.port}`, '--set', 'af-packet.0.buffer-size=256mb'];
    const rules = rulesFile('a.rules', Rules);
    const sensor = await lab.sensorWith({ through: realTime() }, '-S', rules, '--pidfile', pidFile, ...ring);
    assert.match(readFileSync(pidFile, 'latin1'), /^\d+\n$/);
    const attacks = Math.floor(Requests / 25);
    const beganMs = Date.now();
    const load = Promise.all([
      lab.requests('/page.html?n=', Requests - attacks - 10, 20),
      lab.requests('/index.html?f=/../etc', attacks, 2),
    ]);
    for (let i = 0; i < 5; i++) {
      lab.lab.curl('/index.html', '-A', '() { :; }; echo');
      lab.lab.curl('/cgi-bin/form', '-d', `q=1 union select ${i}`);
    }
    await load;
    const tookS = (Date.now() - beganMs) / 1000;
    const served = lab.served();
    assert.equal(served.length, Requests);
    await assertNoneMissing(sensor, served);
    assert.equal(await sensor.stop(), 0);
    const traversals = served.map((line) => line.split(' ')[1]).filter((target) => target.includes('=/../'));
    assert.deepEqual(counted(sensor.alerted(1)), counted(traversals));
    assert.equal(traversals.length, attacks);
    for (const sid of [2, 3]) assert.equal(sensor.alerted(sid).length, 5, `alerts of ${sid}`);
    assert.match(sensor.said, new RegExp(`stopped packets=\\d+ bytes=\\d+ kernel_drops=0 alerts=${attacks + 10}\\n`));
    assert.ok(sensor.events('http').every((e) => e.in_iface === lab.port && e.pcap_cnt === undefined));
    assert.ok(!existsSync(pidFile));
    const db = new Database(sensor.db, { readonly: true });
    assert.equal(db.prepare('SELECT count(*) FROM alert').pluck().get(), attacks + 10);
    db.close();
    const tail = /stopped .*/.exec(sensor.said)?.[0];
    if (Requests > 5000) console.log(`      ${Math.round(Requests / tookS)} requests a second; ${tail}`);
  });

  it('a reload under load: no request missed, each alerted by the old rules or the new', async () => {
    const file = rulesFile('b.rules', onTarget(1, '/swap'));
    const sensor = await lab.sensorWith({ through: realTime() }, '-S', file, '--db', 'none');
    let reloaded = false;
    const load = (async () => {
      for (let i = 0; !reloaded; i++) await lab.requests(`/swap${i}-`, 1000, 4);
    })();
    await until(() => lab.served().length > 500, '500 requests');
    writeFileSync(file, onTarget(2, '/swap') + onTarget(3, '/other'));
    sensor.signal('SIGUSR2');
    await sensor.says(/rules reloaded loaded=2 refused=0/, 20_000);
    reloaded = true;
    await load;
    await lab.requests('/swap-late', 20, 1);
    await assertNoneMissing(sensor);
    assert.equal(await sensor.stop(), 0);
    const before = sensor.alerted(1);
    const since = sensor.alerted(2);
    assert.ok(before.length > 0 && since.length > 20, `${before.length} and ${since.length} alerts`);
    assert.equal(new Set(before).size, before.length);
    assert.equal(new Set(since).size, since.length);
    assert.deepEqual(new Set([...before, ...since]), new Set(lab.served().map((line) => line.split(' ')[1])));
    assert.match(sensor.said, /stopped .*kernel_drops=0/);
  });

  it('a reload of rules with an error leaves those before in force and says where it is', async () => {
    const file = rulesFile('c.rules', onTarget(1, '/kept'));
    const sensor = await lab.sensor('-S', file, '--db', 'none');
    writeFileSync(file, `${onTarget(2, '/kept')}alert http any any -> any any (msg:"broken"; content:"x; sid:3;)\n`);
    sensor.signal('SIGUSR2');
    await sensor.says(/not reloaded, those before stay in force: \S*c\.rules:2:\d+: /);
    await lab.requests('/kept', 3, 1);
    await until(() => sensor.alerted(1).length === 3, 'alerts of the rule before');
    writeFileSync(file, onTarget(2, '/kept'));
    sensor.signal('SIGUSR2');
    await sensor.says(/rules reloaded/);
    await lab.requests('/kept', 3, 1);
    await until(() => sensor.alerted(2).length === 3, 'alerts of the mended rule');
    assert.equal(sensor.alerted(1).length, 3);
    assert.equal(await sensor.stop(), 0);
  });

  it('killed at once: the database is whole and lacks the last second at most; the next start goes on', async () => {
    const file = rulesFile('d.rules', onTarget(1, '/tick'));
    const sensor = await lab.sensor('-S', file);
    const script = join(lab.lab.dir, 'tick.mjs');
    writeFileSync(
      script,
      `import http from 'node:http';
const agent = new http.Agent({ keepAlive: true });
for (let i = 1; ; i++) {
  await new Promise((ok) => http.get({ host: '10.80.0.80', path: '/tick' + i, agent }, (r) => r.resume().on('end', ok)));
  console.log(Date.now());
  await new Promise((ok) => setTimeout(ok, 5));
}`,
    );
    const child = spawn(...lab.lab.clientCommand(process.execPath, [script]), { stdio: ['ignore', 'pipe', 'ignore'] });
    let times = '';
    child.stdout?.on('data', (d: Buffer) => {
      times += d.toString();
    });
    await until(() => times.split('\n').length > 300, '300 requests', 12_000);
    const killedMs = Date.now();
    sensor.signal('SIGKILL');
    await sensor.exited;
    child.kill('SIGKILL');
    const due = times.split('\n').filter((t) => t !== '' && Number(t) < killedMs - 1000).length;
    const db = new Database(sensor.db, { readonly: true });
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    const stored = db.prepare('SELECT count(*) FROM alert').pluck().get() as number;
    db.close();
    assert.ok(due > 50 && stored >= due, `${stored} of ${due} alerts are there`);
    const next = await lab.sensor('-S', file, '--db', sensor.db);
    await lab.requests('/tick-again', 3, 1);
    assert.equal(await next.stop(), 0);
    const again = new Database(sensor.db, { readonly: true });
    assert.equal(again.prepare('SELECT count(*) FROM alert').pluck().get(), stored + 3);
    again.close();
  });

  it('HUP after a rotation: what comes later is in a new file, nothing is lost', async () => {
    const sensor = await lab.sensor('-S', rulesFile('h.rules', onTarget(1, '/log')), '--db', 'none');
    await lab.requests('/log-a', 3, 1);
    await until(() => sensor.alerted(1).length === 3, 'alerts before');
    const rotated = `${sensor.eve}.1`;
    renameSync(sensor.eve, rotated);
    sensor.signal('SIGHUP');
    await sensor.says(/SIGHUP: the log files were reopened/);
    await lab.requests('/log-b', 3, 1);
    await until(() => sensor.alerted(1).length === 3, 'alerts in the new file');
    assert.equal(await sensor.stop(), 0);
    assert.deepEqual(sensor.alerted(1), ['/log-b1', '/log-b2', '/log-b3']);
    assert.equal(readFileSync(rotated, 'utf8').split('"event_type":"alert"').length - 1, 3);
  });

  it('the interface is deleted and made again: the sensor says so and goes on', async () => {
    const sensor = await lab.sensor('-S', rulesFile('e.rules', onTarget(1, '/back')), '--db', 'none');
    await lab.requests('/back-a', 2, 1);
    await until(() => sensor.alerted(1).length === 2, 'alerts before');
    lab.unplug();
    await sensor.says(/warning: pmy\S+: .*waiting for it to come back/);
    lab.plug();
    await sensor.says(/pmy\S+: is back/);
    await lab.requests('/back-b', 2, 1);
    await until(() => sensor.alerted(1).length === 4, 'alerts after');
    assert.equal(await sensor.stop(), 0);
  });

  it('an interface that is not there, and a filter that is none, end the start with what is wrong', async () => {
    await assert.rejects(lab.sensor('-i', 'no-such-if', '--db', 'none'), /peccary: no-such-if: .*ip link/);
    await assert.rejects(lab.sensor('--bpf', 'tcp prt 80', '--db', 'none'), /packet filter "tcp prt 80": /);
  });

  it('--bpf leaves out what does not match; --log-format json says it in JSON', async () => {
    const file = rulesFile('f.rules', onTarget(1, '/only'));
    const sensor = await lab.sensor('-S', file, '--db', 'none', '--bpf', 'tcp port 443', '--log-format', 'json');
    await lab.requests('/only', 2, 1);
    lab.lab.curl(':443/only-this');
    await until(() => sensor.alerted(1).length > 0, 'the alert');
    assert.equal(await sensor.stop(), 0);
    assert.deepEqual(sensor.alerted(1), ['/only-this']);
    const lines = sensor.said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(lines[0].level, 'info');
    assert.equal(lines.at(-1)?.message, 'stopped');
  });
});
