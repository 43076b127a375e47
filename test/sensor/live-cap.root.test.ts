/** `--capture cap`: npm's cap captures what libpcap does; what it does not count is said to be not known. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LiveSensor, MirrorLab, mirrorLabMissing, until } from '../tools/mirror-lab.js';

const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const Rules = `alert http any any -> any any (msg:"traversal"; http.uri.raw; content:"/../"; sid:1;)
alert http any any -> any any (msg:"select"; http.request_body; content:"union select"; sid:2;)
`;
const Ways = ['libpcap', 'cap'] as const;

function capMissing(): string {
  try {
    createRequire(import.meta.url)('cap');
    return '';
  } catch {
    return 'needs the optional npm package cap: npm install cap';
  }
}

describe('--capture cap on a mirrored port', function () {
  this.timeout(60_000);
  let lab: MirrorLab;
  let rules = '';
  const sensors = new Map<string, LiveSensor>();

  before(async function () {
    const missing = mirrorLabMissing() || capMissing();
    if (missing !== '') {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    lab = new MirrorLab();
    execFileSync('ip', ['-n', lab.monitor, 'link', 'set', 'lo', 'up']);
    rules = join(lab.lab.dir, 'cap.rules');
    writeFileSync(rules, Rules);
    const fixed = ['-i', 'lo', '-S', rules, '--bpf', 'tcp port 80', '--set', 'health.interval=1'];
    for (const way of Ways) sensors.set(way, await lab.sensor('--capture', way, ...fixed));
  });

  after(() => lab?.close());

  const sensor = (way: string): LiveSensor => sensors.get(way) as LiveSensor;

  it('both see the same requests and alert on the same, with the filter in force', async () => {
    await lab.requests('/page.html?n=', 200, 4);
    await lab.requests('/index.html?f=/../etc', 10, 2);
    lab.lab.curl('/cgi-bin/form', '-d', 'q=1 union select 2');
    const served = lab.served().sort();
    assert.equal(served.length, 211);
    for (const way of Ways) {
      await until(() => sensor(way).count('http') >= served.length, `${way}: http events`, 30_000);
      assert.deepEqual(sensor(way).requests().sort(), served, way);
      await until(() => sensor(way).alerted(2).length > 0, `${way}: the alert on a body`, 30_000);
      assert.equal(sensor(way).alerted(1).length, 10, way);
    }
    assert.deepEqual(sensor('cap').alerted(1).sort(), sensor('libpcap').alerted(1).sort());
    const events = sensor('cap').events('http');
    assert.ok(events.every((e) => e.in_iface === lab.port && e.pcap_cnt === undefined));
  });

  it('drops of the kernel are not known: told at the start, in health, of the interface and at the end', async () => {
    const cap = sensor('cap');
    assert.equal(cap.said.split('what the kernel or an interface drops is not known').length, 2);
    assert.doesNotMatch(sensor('libpcap').said, /not known/);
    await cap.says(/health: .*kernel_drops=("?)not known\1/, 30_000);
    const ask = (...words: string[]): string =>
      spawnSync(process.execPath, [Main, 'ctl', '--socket', cap.socket, ...words], { encoding: 'utf8' }).stdout;
    assert.match(ask('health'), /not known: kernel_drops, interface_drops/);
    assert.match(ask('interfaces'), new RegExp(`${lab.port} +up .*not known`));
    assert.equal(await cap.stop(), 0);
    assert.match(cap.said, /stopped packets=[1-9]\d* .*kernel_drops=("?)not known\1 alerts=11\n/);
    assert.equal(await sensor('libpcap').stop(), 0);
    assert.match(sensor('libpcap').said, /stopped .*kernel_drops=0 alerts=11\n/);
    const packets = Ways.map((way) => /stopped packets=(\d+)/.exec(sensor(way).said)?.[1]);
    assert.equal(packets[0], packets[1]);
  });

  it('it has one worker, interfaces alone, and says what an interface or a filter lacks', () => {
    const refused = (...args: string[]): string => {
      const own = ['-S', rules, '--db', 'none', '-l', lab.lab.dir, '--capture', 'cap'];
      const run = spawnSync(process.execPath, [Main, 'run', ...own, ...args], { encoding: 'utf8', timeout: 30_000 });
      assert.notEqual(run.status, 0);
      return run.stderr;
    };
    assert.match(refused('-i', 'lo', '--workers', '2'), /--capture cap has one worker: .*one thread only/);
    assert.match(refused('-q', '0'), /--capture cap has no meaning with -q/);
    assert.match(refused('-i', 'absent0'), /absent0: cap: /);
    assert.match(refused('-i', 'lo', '--bpf', 'tcp prot 80'), /lo: cap: .*syntax error/);
  });
});
