import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LiveSensor, MirrorLab, mirrorLabMissing, until } from '../tools/mirror-lab.js';
import type { ProgramResult } from '../tools/peccary.js';
import { parseExposition } from './exposition.js';
import { RawClient } from './raw-client.js';

const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

const onTarget = (sid: number, text: string): string =>
  `alert http any any -> any any (msg:"target ${text}"; flow:to_server; http.uri; content:"${text}"; sid:${sid};)\n`;
const agents =
  'alert http any any -> any any (msg:"agent"; http.user_agent; dataset:isset,agents,type string; sid:50;)\n';
const broken = 'alert http any any -> any any (msg:"broken"; bogus:1; sid:99;)\n';

/** Runs a program to its end while this process goes on. */
function runs(program: string, ...args: string[]): Promise<ProgramResult> {
  return new Promise((resolve) => {
    execFile(program, args, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : ((error.code as unknown as number) ?? null), stdout, stderr }),
    );
  });
}

describe('a running sensor and those who steer it', function () {
  this.timeout(60_000);
  let lab: MirrorLab;
  let rules: string;
  let sensor: LiveSensor;

  before(async function () {
    const missing = mirrorLabMissing();
    if (missing !== '') {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    lab = new MirrorLab();
    spawnSync('ip', ['-n', lab.monitor, 'link', 'set', 'lo', 'up']);
    rules = join(lab.lab.dir, 'r.rules');
    writeFileSync(rules, onTarget(1, '/one') + agents + broken);
    const metrics = ['--set', 'outputs.metrics.enabled=yes', '--set', 'outputs.metrics.listen=127.0.0.1:9945'];
    sensor = await lab.sensor('-S', rules, '--db', 'none', ...metrics);
  });
  after(() => lab?.close());

  const ctl = (...args: string[]): Promise<ProgramResult> =>
    runs(process.execPath, Main, 'ctl', ...args, '--socket', sensor.socket);
  const said = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await ctl(...args);
    assert.deepEqual([status, stderr], [0, ''], args.join(' '));
    return stdout;
  };

  it('says at the start where it listens; the socket is for its user alone', () => {
    assert.ok(sensor.said.includes(`control=${sensor.socket} metrics=http://127.0.0.1:9945/metrics`), sensor.said);
    assert.ok(!/unix-command|outputs\.metrics/.test(sensor.said.replaceAll(/control=\S+/g, '')), sensor.said);
    assert.equal(statSync(sensor.socket).mode & 0o777, 0o600);
  });

  it('the client suricatasc drives it through its commands (Suricata manual, "Interacting via Unix Socket")', async function () {
    if (spawnSync('which', ['suricatasc']).status !== 0) {
      console.log('      skipped: needs suricatasc of the Debian package suricata');
      this.skip();
    }
    for (let i = 0; i < 3; i++) lab.lab.curl(`/one${i}`);
    await until(() => sensor.alerted(1).length === 3, 'three alerts');
    const message = async (command: string): Promise<unknown> => {
      const { status, stdout } = await runs('suricatasc', '-c', command, sensor.socket);
      const answer = JSON.parse(stdout);
      assert.deepEqual([command, status, answer.return], [command, 0, 'OK']);
      return answer.message;
    };
    assert.match(String(await message('version')), /^Peccary \d/);
    assert.ok(Number(await message('uptime')) >= 0);
    assert.match(String(await message('running-mode')), /^(single|workers)$/);
    assert.equal(await message('capture-mode'), 'AF_PACKET_DEV');
    assert.deepEqual(await message('iface-list'), { count: 1, ifaces: [lab.port] });
    const stat = (await message(`iface-stat ${lab.port}`)) as Record<string, number>;
    assert.ok(stat.pkts > 10 && stat.drop === 0 && stat['invalid-checksums'] === 0, JSON.stringify(stat));
    const counters = (await message('dump-counters')) as { decoder: { pkts: number }; detect: { alert: number } };
    assert.ok(counters.decoder.pkts > 10);
    assert.equal(counters.detect.alert, 3);
    assert.match(String(await message('conf-get unix-command.filename')), /control\.socket$/);
    for (const reload of ['reload-rules', 'ruleset-reload-rules', 'ruleset-reload-nonblocking']) {
      assert.equal(await message(reload), 'done');
    }
    await until(() => (sensor.said.match(/rules reloaded/g) ?? []).length === 3, 'three reloads');
    assert.deepEqual(await message('ruleset-stats'), [{ id: 0, rules_loaded: 2, rules_failed: 1, rules_skipped: 0 }]);
    const [refused] = (await message('ruleset-failed-rules')) as { rule: string; filename: string; line: number }[];
    assert.deepEqual([refused.rule, refused.filename, refused.line], [broken.trim(), rules, 3]);
    const [{ last_reload: at }] = (await message('ruleset-reload-time')) as { last_reload: string }[];
    assert.ok(Math.abs(Date.parse(at.replace('+0000', 'Z')) - Date.now()) < 60_000, at);
    assert.equal(await message('reopen-log-files'), 'done');
    const agent = Buffer.from('Scanner/1').toString('base64');
    assert.equal(await message(`dataset-add agents string ${agent}`), 'data added');
    lab.lab.curl('/two', '-A', 'Scanner/1');
    await until(() => sensor.alerted(50).length === 1, 'the alert of a value that was added');
    assert.equal(await message(`dataset-remove agents string ${agent}`), 'data removed');
    assert.ok(JSON.stringify(await message('command-list')).includes('iface-bypassed-stat'));
    const refusedByBoth = await runs('suricatasc', '-c', 'iface-stat none', sensor.socket);
    assert.deepEqual(JSON.parse(refusedByBoth.stdout), { message: 'Iface does not exist', return: 'NOK' });
  });

  it('ctl shows what it counted, and Prometheus the same', async () => {
    lab.lab.curl('/seen');
    await until(() => sensor.requests().some((r) => r.includes('/seen')), 'the request');
    const [row] = JSON.parse(await said('interfaces', '--json'));
    assert.deepEqual([row.name, row.up, row.drop], [lab.port, true, 0]);
    assert.ok(row.pkts > 5 && row.bytes > 500);
    const stats = JSON.parse(await said('stats', '--json'));
    const fetched = await runs('ip', 'netns', 'exec', lab.monitor, 'curl', '-s', 'http://127.0.0.1:9945/metrics');
    const metrics = parseExposition(fetched.stdout);
    const value = (name: string, label = ''): number =>
      metrics.get(name)?.samples.find((s) => (Object.values(s.labels)[0] ?? '') === label)?.value ?? Number.NaN;
    assert.equal(value('peccary_http_transactions_total'), stats['app_layer.tx.http']);
    assert.equal(value('peccary_alerts_total'), stats['detect.alert']);
    assert.equal(value('peccary_counter', 'tcp.sessions'), stats['tcp.sessions']);
    // Frames of the network itself may come between the questions.
    const [later] = JSON.parse(await said('interfaces', '--json'));
    const packets = value('peccary_interface_packets_total', lab.port);
    assert.ok(packets >= row.pkts && packets <= later.pkts, `${row.pkts} <= ${packets} <= ${later.pkts}`);
    assert.equal(value('peccary_interface_kernel_drops_total', lab.port), 0);
    assert.equal(value('peccary_kernel_drops_total'), 0);
    assert.equal(value('peccary_events_lost_total'), 0);
    assert.ok(value('peccary_packets_total') > 5 && value('peccary_bytes_total') > 500);
    assert.ok(value('peccary_flows_total') > 0);
    assert.equal(value('peccary_rules', 'loaded'), 2);
    assert.ok(value('process_resident_memory_bytes') > 50_000_000);
  });

  it('rules that are reloaded by ctl take effect; a set that cannot be loaded leaves the old one and says why', async () => {
    writeFileSync(rules, onTarget(7, '/fresh') + agents + broken);
    assert.equal(await said('reload'), '2 rules loaded, 1 refused, 0 skipped\n');
    lab.lab.curl('/fresh');
    await until(() => sensor.alerted(7).length === 1, 'the alert of the new rule');
    writeFileSync(rules, `${onTarget(8, '/never')}alert http any any -> any any (msg:"worse"; nonsense; sid:100;)\n`);
    const { status, stderr } = await ctl('reload');
    assert.equal(status, 1);
    assert.match(stderr, /r\.rules:2/);
    lab.lab.curl('/fresh');
    await until(() => sensor.alerted(7).length === 2, 'the alert of the rule that stays');
  });

  it('log files that were renamed are opened anew', async () => {
    lab.lab.curl('/before');
    await until(() => sensor.requests().some((r) => r.includes('/before')), 'the request');
    renameSync(sensor.eve, `${sensor.eve}.1`);
    assert.equal(await said('reopen'), 'done\n');
    lab.lab.curl('/after');
    await until(() => existsSync(sensor.eve) && sensor.requests().some((r) => r.includes('/after')), 'the request');
    assert.ok(!readFileSync(sensor.eve, 'latin1').includes('/before'));
    assert.ok(readFileSync(`${sensor.eve}.1`, 'latin1').includes('/before'));
  });

  it('loses no request while clients of the socket do their worst', async () => {
    writeFileSync(lab.lab.accessLog, '');
    const load = lab.requests('/busy', 2000, 8);
    let stop = false;
    const noise = async (bytes: string | Buffer): Promise<void> => {
      while (!stop) {
        const client = await RawClient.connect(sensor.socket);
        client.write(bytes);
        while ((await client.line()) !== null);
        client.close();
      }
    };
    const hello = '{"version":"0.2"}';
    const all = [
      noise(`${hello}${'x'.repeat(10_000_000)}`),
      noise(Buffer.alloc(100_000, 0xff)),
      noise(`${hello}nonsense\n${'{"command":"dump-counters"}\n'.repeat(20)}${'y'.repeat(70_000)}`),
    ];
    await load;
    stop = true;
    await Promise.all(all);
    const served = lab.served().length;
    assert.equal(served, 2000);
    await until(() => sensor.requests().filter((r) => r.includes('/busy')).length === served, 'every request');
    assert.equal(JSON.parse(await said('interfaces', '--json'))[0].drop, 0);
  });

  it('a second sensor does not take the socket; after SIGKILL the next one does', async () => {
    const second = await lab.sensor('-S', rules, '--db', 'none', '--set', `unix-command.filename=${sensor.socket}`);
    assert.match(second.said, /no control socket: another sensor listens at/);
    assert.match(second.said, /control=none/);
    assert.equal(await second.stop(), 0);
    assert.match(await said('uptime'), /s\n$/);
    const path = sensor.socket;
    sensor.signal('SIGKILL');
    await sensor.exited;
    assert.ok(existsSync(path));
    const { status, stderr } = await ctl('uptime');
    assert.equal(status, 1);
    assert.match(stderr, /nothing listens there any more/);
    const set = `unix-command.filename=${path}`;
    const third = await lab.sensor('-S', rules, '--db', 'none', '--set', set, '--set', 'unix-command.enabled=yes');
    assert.match(await said('uptime'), /^\d+ s\n$/);
    assert.equal(await said('shutdown'), 'Closing Peccary\n');
    assert.equal(await third.exited, 0);
    assert.match(third.said, /stopped packets=/);
    assert.ok(!existsSync(path));
  });

  it('`unix-command.enabled: yes` and metrics that cannot be had keep it from running, a wrong value ends with 2', async () => {
    const run = (...args: string[]): Promise<ProgramResult> => {
      const all = ['netns', 'exec', lab.monitor, process.execPath, Main, 'run', '-i', lab.port, '-l', lab.lab.dir];
      return runs('ip', ...all, '-S', rules, '--db', 'none', ...args);
    };
    const needed = await run('--set', 'unix-command.enabled=yes', '--set', `unix-command.filename=${rules}`);
    assert.deepEqual([needed.status, needed.stderr.includes('is there and is not a socket')], [2, true], needed.stderr);
    const wrong = ['--set', 'outputs.metrics.enabled=yes', '--set', 'outputs.metrics.listen=nowhere'];
    for (const args of [wrong, ['-T', ...wrong]]) {
      const { status, stderr } = await run(...args);
      assert.equal(status, 2);
      assert.match(stderr, /outputs\.metrics\.listen: expected an address and a port/);
    }
  });
});
