/** Bans with real time: Apache's basic authentication in one namespace, clients of several addresses in another. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { Lab, labMissing, ServerIp } from '../tools/lab.js';
import { LiveSensor, until } from '../tools/mirror-lab.js';

const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const Patience = 30_000;

const Clients = {
  attacker: '192.168.80.21',
  friend: '192.168.80.22',
  allowed: '192.168.80.23',
  proxy: '192.168.80.24',
  tester: '192.168.80.25',
};

const Bans = `
bans:
  enabled: yes
  allow: [192.168.80.23]
  repeat: { factor: 2, longest: 1h }
  rules:
    - name: logins
      signatures: [5100911]
      ban: after 3 in 10s for 3s by src
outputs:
  - forwarded:
      trusted-proxies: [192.168.80.24]
`;

interface Told {
  timestamp: string;
  event: string;
  address?: string;
  [key: string]: unknown;
}

function missing(): string {
  const lab = labMissing();
  if (lab !== '') return lab;
  return spawnSync('which', ['nft']).status === 0 ? '' : 'needs the Debian package nftables';
}

describe('bans against Apache', function () {
  this.timeout(60_000);
  const why = missing();
  let lab: Lab;
  let sensor: LiveSensor;
  let dir: string;

  const start = async (...more: string[]): Promise<LiveSensor> => {
    const s = new LiveSensor(lab.names.server, lab.names.wire, dir, ['-c', join(dir, 'bans.yaml'), ...more]);
    await s.says(/listening on/, Patience);
    return s;
  };
  /** curl from an address; whether there was an answer at all. */
  const curl = (from: string, path: string, ...args: string[]): boolean => {
    const options = ['-s', '-o', '/dev/null', '--connect-timeout', '0.5', '--max-time', '5', '--interface', from];
    return lab.inClient('curl', [...options, ...args, `http://${ServerIp}${path}`]).status === 0;
  };
  const guess = (from: string, times: number, ...args: string[]): void => {
    for (let i = 0; i < times; i++) curl(from, '/private', '-u', `ann:guess${i}`, ...args);
  };
  const told = (event: string, address: string, name = 'bans.json'): Told[] => {
    const file = join(dir, name);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Told).filter((t) => t.event === event && t.address === address);
  };
  const ctl = (...words: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [Main, 'ctl', '--socket', sensor.socket, ...words], { encoding: 'utf8' });
  const kernel = (): string =>
    execFileSync('ip', ['netns', 'exec', lab.names.server, 'nft', 'list', 'table', 'inet', 'peccary']).toString();

  before(async function () {
    if (why !== '') {
      console.log(`      skipped: ${why}`);
      this.skip();
    }
    lab = new Lab();
    const { client, server, wire } = lab.names;
    for (const address of Object.values(Clients)) {
      execFileSync('ip', ['-n', client, 'addr', 'add', `${address}/32`, 'dev', wire.replace('pvb', 'pva')]);
      execFileSync('ip', ['-n', server, 'route', 'add', `${address}/32`, 'dev', wire]);
    }
    dir = join(lab.dir, 'sensor');
    mkdirSync(dir);
    writeFileSync(join(dir, 'bans.yaml'), Bans);
    sensor = await start();
  });

  after(() => {
    sensor?.kill();
    lab?.close();
  });

  it('three failed logins ban the client, and nobody else, until the time is over', async () => {
    guess(Clients.attacker, 2);
    assert.ok(curl(Clients.attacker, '/'), 'two failures are allowed');
    guess(Clients.attacker, 1);
    await until(() => told('ban', Clients.attacker).length === 1, 'the ban', Patience);
    const [ban] = told('ban', Clients.attacker);
    assert.ok(!curl(Clients.attacker, '/'), 'its next connection fails');
    assert.ok(curl(Clients.friend, '/'), 'that of another client does not');
    assert.deepEqual([ban.enforced, ban.duration, ban.times, ban.policy, ban.sid], [true, 3, 1, 'logins', 5100911]);
    await until(() => told('expired', Clients.attacker).length === 1, 'the end of the ban', Patience);
    const [expired] = told('expired', Clients.attacker);
    assert.ok(expired.timestamp >= String(ban.until), 'not before its time');
    assert.equal(expired.enforced, true);
    assert.ok(curl(Clients.attacker, '/'), 'it is let in again');
  });

  it('a ban outlives SIGKILL and a restart, ends on time, and lasts longer the second time', async () => {
    guess(Clients.attacker, 3);
    await until(() => told('ban', Clients.attacker).length === 2, 'the second ban', Patience);
    const [, ban] = told('ban', Clients.attacker);
    assert.deepEqual([ban.duration, ban.times], [6, 2]);
    sensor.signal('SIGKILL');
    await sensor.exited;
    assert.ok(!curl(Clients.attacker, '/'), 'the kernel keeps it out without the sensor');
    sensor = await start();
    if (told('expired', Clients.attacker).length === 1) {
      assert.ok(!curl(Clients.attacker, '/'), 'it is still banned');
      assert.match(ctl('bans').stdout, /192\.168\.80\.21/);
    }
    await until(() => told('expired', Clients.attacker).length === 2, 'the end of the second ban', Patience);
    const [, expired] = told('expired', Clients.attacker);
    assert.ok(expired.timestamp >= String(ban.until), 'not before its time');
    assert.ok(curl(Clients.attacker, '/'));
  });

  it('an allowed client, a trusted proxy and who asks through it are never banned, which is told', async () => {
    guess(Clients.allowed, 4);
    guess(Clients.proxy, 4);
    guess(Clients.proxy, 4, '-H', 'X-Forwarded-For: 203.0.113.7');
    guess(Clients.friend, 2, '-H', `X-Forwarded-For: ${Clients.attacker}`);
    const all = [Clients.allowed, Clients.proxy, '203.0.113.7'];
    await until(() => all.every((a) => told('refused', a).length === 1), 'three refusals', Patience);
    const reasons = all.map((a) => told('refused', a)[0]);
    assert.deepEqual(
      reasons.slice(0, 2).map((t) => t.reason),
      ['allow-list', 'trusted proxy'],
    );
    assert.match(String(reasons[2].reason), /trusted proxy.*inline/);
    assert.equal(reasons[2].via, Clients.proxy);
    for (const address of [...all, Clients.attacker]) assert.ok(!kernel().includes(address), address);
    for (const address of [Clients.allowed, Clients.proxy]) assert.ok(curl(address, '/'));
  });

  it('peccary ctl bans, lists and lets in again', () => {
    assert.equal(ctl('ban', Clients.tester, '2h').stdout, 'banned\n');
    assert.ok(!curl(Clients.tester, '/'));
    const { bans } = JSON.parse(ctl('bans', '--json').stdout) as { bans: { address: string; duration: number }[] };
    assert.deepEqual(
      bans.map(({ address, duration }) => [address, duration]),
      [[Clients.tester, 7200]],
    );
    assert.equal(ctl('unban', Clients.tester).stdout, 'unbanned\n');
    assert.ok(curl(Clients.tester, '/'));
    assert.match(ctl('unban', Clients.tester).stderr, /is not banned/);
    assert.match(ctl('ban', ServerIp).stderr, /never banned: own address/);
    assert.match(ctl('ban', '2001:db8::66').stdout, /^banned/);
    assert.match(kernel(), /2001:db8::66/);
  });

  it('an IPv6 client is banned as well', async () => {
    const { client, server, wire } = lab.names;
    const [own, other, friend] = ['fd80::80', 'fd80::21', 'fd80::22'];
    const address = (ns: string, a: string, dev: string): void =>
      void execFileSync('ip', ['-n', ns, 'addr', 'add', `${a}/64`, 'dev', dev, 'nodad']);
    address(server, own, wire);
    for (const a of [other, friend]) address(client, a, wire.replace('pvb', 'pva'));
    const refuse = `require('node:http').createServer((q, a) => { a.statusCode = 401; a.end('no'); }).listen(8080, '${own}')`;
    const web = spawn('ip', ['netns', 'exec', server, process.execPath, '-e', refuse], { stdio: 'ignore' });
    const get = (from: string): boolean =>
      lab.inClient('curl', [
        ...['-s', '-g', '-o', '/dev/null', '--connect-timeout', '0.5', '--max-time', '5', '--interface', from],
        ...['-u', 'ann:guess', `http://[${own}]:8080/`],
      ]).status === 0;
    try {
      await until(() => get(friend), 'the server', Patience);
      for (let i = 0; i < 3; i++) get(other);
      await until(() => told('ban', other).length === 1, 'the ban', Patience);
      assert.equal(told('ban', other)[0].enforced, true);
      assert.ok(!get(other) && get(friend));
    } finally {
      web.kill('SIGKILL');
    }
  });

  it('a dry run records what it would have done', async () => {
    await sensor.stop();
    sensor = await start('--set', 'bans.dry-run=yes', '--set', 'bans.table=dry', '--set', 'bans.filename=dry.json');
    guess(Clients.friend, 3);
    const file = join(dir, 'dry.json');
    await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('"ban"'), 'its record', Patience);
    const line = JSON.parse(readFileSync(file, 'utf8').split('\n')[0]) as Told;
    assert.deepEqual([line.event, line.address, line.enforced, line.dry_run], ['ban', Clients.friend, false, true]);
    assert.ok(curl(Clients.friend, '/'));
  });

  it('inline, the requests of a client behind a trusted proxy are dropped, not those of the proxy', async function () {
    if (spawnSync('which', ['iptables']).status !== 0) {
      console.log('      skipped: needs the Debian package iptables');
      this.skip();
    }
    await sensor.stop();
    for (const [chain, side] of [
      ['INPUT', '--dport'],
      ['OUTPUT', '--sport'],
    ]) {
      const rule = ['-I', chain, '-p', 'tcp', side, '80', '-j', 'NFQUEUE', '--queue-num', '0'];
      execFileSync('ip', ['netns', 'exec', lab.names.server, 'iptables', ...rule]);
    }
    const more = ['-q', '0', '--set', 'bans.filename=inline.json'];
    sensor = new LiveSensor(lab.names.server, null, dir, ['-c', join(dir, 'bans.yaml'), ...more]);
    await sensor.says(/answering|listening/, Patience);
    const asked = (client: string): string[] => ['-H', `X-Forwarded-For: ${client}`];
    guess(Clients.proxy, 3, ...asked('203.0.113.8'));
    const file = join(dir, 'inline.json');
    await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('"ban"'), 'the ban', Patience);
    const line = told('ban', '203.0.113.8', 'inline.json')[0];
    assert.deepEqual([line.address, line.via, line.enforced], ['203.0.113.8', Clients.proxy, true]);
    writeFileSync(lab.accessLog, '');
    assert.ok(!curl(Clients.proxy, '/banned', ...asked('203.0.113.8')), 'no answer for it');
    assert.ok(curl(Clients.proxy, '/other', ...asked('203.0.113.9')), 'one for others by the same proxy');
    const served = (): string => readFileSync(lab.accessLog, 'latin1');
    await until(() => served().includes('/other'), 'the access log', Patience);
    assert.ok(!served().includes('/banned'), 'the server never saw the request');
  });
});
