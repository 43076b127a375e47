import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, it } from 'mocha';
import { packageRoot } from '../../src/core/package-root.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import type { BanClock } from '../../src/respond/ban-clock.js';
import { banConfig } from '../../src/respond/ban-config.js';
import { BanCounts } from '../../src/respond/ban-counts.js';
import { gateways4, gateways6 } from '../../src/respond/ban-guard.js';
import { BanKeeper, type Offence } from '../../src/respond/bans.js';
import { ClientLimit, ClientTable } from '../../src/respond/client-table.js';
import { elementsOf, type NftChange, type NftResult } from '../../src/respond/nft.js';
import type { Firewall } from '../../src/respond/nft-queue.js';
import type { BanPolicy } from '../../src/rules/ban-spec.js';
import { until } from '../tools/mirror-lab.js';

/** A firewall that does as it is told, until it is told not to. */
class FirewallDouble implements Firewall {
  readonly banned = new Map<string, number>();
  rebuilt = 0;
  fault: string | null = null;
  /** Takes changes and forgets them. */
  deaf = false;

  async rebuild(bans: readonly NftChange[]): Promise<NftResult> {
    this.rebuilt++;
    this.banned.clear();
    if (!this.deaf) for (const { address, seconds } of bans) this.banned.set(address, seconds);
    return { fault: null, answer: '' };
  }

  async change(changes: readonly NftChange[]): Promise<NftResult> {
    if (this.fault !== null) return { fault: this.fault, answer: '' };
    for (const { address, seconds } of changes) {
      if (seconds === 0) this.banned.delete(address);
      else if (!this.deaf) this.banned.set(address, seconds);
    }
    return { fault: null, answer: '' };
  }

  async listed(): Promise<Set<string>> {
    return new Set(this.banned.keys());
  }
}

class ClockDouble implements BanClock {
  monotonicMs = 5_000_000;
  shiftMs = Date.UTC(2026, 0, 1) - 5_000_000;
  boot = 'first';
  nowMs = (): number => this.monotonicMs;
  wallMs = (): number => this.monotonicMs + this.shiftMs;
}

const policy: BanPolicy = { name: 'logins', after: 3, withinS: 10, forS: 60, by: 'src', rules: [] };
const offence = (address: string, more: Partial<Offence> = {}): Offence => ({
  policy: 'logins',
  gid: 1,
  sid: 5100911,
  address,
  forwarded: '',
  times: 1,
  tsUs: 0,
  ...more,
});

interface Line {
  event: string;
  address?: string;
  [key: string]: unknown;
}

describe('bans', () => {
  let dir: string;
  let clock: ClockDouble;
  let firewall: FirewallDouble;
  let keepers: BanKeeper[];
  let clients: ClientTable | null;
  const said: string[] = [];

  const open = async (keys: Record<string, Tree> = {}): Promise<BanKeeper> => {
    const tree = {
      bans: { enabled: 'yes', allow: ['198.51.100.0/24', '2001:db8:a::/48'], ...keys },
      outputs: [{ forwarded: { 'trusted-proxies': ['203.0.113.1'] } }],
    };
    const config = banConfig(new Settings(tree), dir);
    assert.ok(config !== null);
    const log = (_: string, message: string): void => void said.push(message);
    const keeper = await BanKeeper.open(config, config.dryRun ? null : firewall, clients, clock, log);
    keeper.setPolicies([policy]);
    keepers.push(keeper);
    return keeper;
  };
  const close = async (keeper: BanKeeper): Promise<void> => {
    keepers.splice(keepers.indexOf(keeper), 1);
    await keeper.close();
  };
  const lines = (): Line[] => {
    try {
      const text = readFileSync(join(dir, 'bans.json'), 'utf8');
      return text
        .split('\n')
        .filter((l) => l !== '')
        .map((l) => JSON.parse(l) as Line);
    } catch {
      return [];
    }
  };
  const told = (event: string): Line[] => lines().filter((l) => l.event === event);
  const tell = (event: string, count: number): Promise<void> => until(() => told(event).length >= count, event, 30_000);

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-bans-'));
    clock = new ClockDouble();
    firewall = new FirewallDouble();
    keepers = [];
    clients = null;
    said.length = 0;
  });

  afterEach(async () => {
    const valid = new Ajv().compile(JSON.parse(readFileSync(join(packageRoot(), 'docs/bans.schema.json'), 'utf8')));
    const all = lines();
    for (const keeper of [...keepers]) await close(keeper);
    rmSync(dir, { recursive: true, force: true });
    for (const line of all) assert.ok(valid(line), `${JSON.stringify(line)}: ${JSON.stringify(valid.errors)}`);
  });

  it('begin with the offence that makes the number within the time, and end on time', async () => {
    const keeper = await open();
    keeper.offend([offence('198.18.7.1', { times: 2 })]);
    clock.monotonicMs += 11_000;
    keeper.offend([
      offence('198.18.7.1', { times: 2 }),
      offence('198.18.7.2'),
      offence('2001:DB8::0001', { times: 3 }),
    ]);
    assert.deepEqual(
      keeper.list().map((b) => b.address),
      ['2001:db8::1'],
      'those before count no more',
    );
    keeper.offend([offence('198.18.7.1')]);
    await tell('ban', 2);
    assert.deepEqual(
      [...firewall.banned],
      [
        ['2001:db8::1', 60],
        ['198.18.7.1', 60],
      ],
    );
    const [, { address, policy: by, sid, offences, duration, times, enforced }] = told('ban');
    assert.deepEqual(
      [address, by, sid, offences, duration, times, enforced],
      ['198.18.7.1', 'logins', 5100911, 3, 60, 1, true],
    );
    clock.monotonicMs += 59_999;
    await new Promise((done) => setTimeout(done, 250));
    assert.equal(told('expired').length, 0);
    clock.monotonicMs += 1;
    await tell('expired', 2);
    assert.deepEqual([firewall.banned.size, keeper.list().length], [0, 0]);
  });

  it('last longer each time, at most bans.repeat.longest, and begin anew after bans.repeat.memory', async () => {
    const keeper = await open({ repeat: { factor: 4, longest: '10m', memory: '1h' } });
    const durations: number[] = [];
    for (const pauseS of [0, 10, 10, 4000]) {
      clock.monotonicMs += pauseS * 1000;
      keeper.offend([offence('198.18.7.1', { times: 3 })]);
      const [ban] = keeper.list();
      durations.push(ban.durationS);
      clock.monotonicMs += ban.durationS * 1000;
      await until(() => keeper.list().length === 0, 'its end', 30_000);
    }
    assert.deepEqual(durations, [60, 240, 600, 60]);
  });

  it('are refused for the allow-list, proxies, own and unusable addresses; told once, not each time', async () => {
    const keeper = await open();
    const never = ['198.51.100.7', '2001:db8:a::9', '203.0.113.1', '127.0.0.1', '::1', '224.0.0.5', '0.0.0.0'];
    for (let i = 0; i < 3; i++) keeper.offend(never.map((address) => offence(address, { times: 3 })));
    keeper.offend([offence('203.0.113.1', { times: 3, forwarded: '198.18.7.9' })]);
    await tell('refused', never.length + 1);
    assert.deepEqual(
      told('refused').map((l) => l.address),
      [...never, '198.18.7.9'],
    );
    assert.equal(keeper.counters()['ban.refused'], 3 * never.length + 1);
    assert.equal(firewall.banned.size, 0);
    assert.match(String(await keeper.order('198.51.100.8', null)), /never banned: allow-list/);
  });

  it('are believed of trusted proxies alone: who else names a client is banned himself', async () => {
    const keeper = await open();
    keeper.offend([offence('198.18.7.1', { times: 3, forwarded: '198.18.7.77' })]);
    assert.deepEqual(
      keeper.list().map((b) => b.address),
      ['198.18.7.1'],
    );
    await tell('ban', 1);
  });

  it('of clients behind a trusted proxy are for the workers of an inline sensor, never for the firewall', async () => {
    clients = ClientTable.create();
    const keeper = await open();
    keeper.offend([offence('203.0.113.1', { times: 3, forwarded: '198.18.7.9' })]);
    await tell('ban', 1);
    const [{ address, via, enforced }] = told('ban');
    assert.deepEqual([address, via, enforced], ['198.18.7.9', '203.0.113.1', true]);
    assert.deepEqual([clients.has('198.18.7.9'), clients.has('203.0.113.1'), firewall.banned.size], [true, false, 0]);
    assert.equal(await keeper.pardon('198.18.7.9'), null);
    assert.equal(clients.size, 0);
    keeper.offend([offence('203.0.113.1', { times: 3, forwarded: '198.18.7.9' })]);
    await tell('ban', 2);
    await close(keeper);
    clients = null;
    const passive = await open();
    assert.equal(passive.list().length, 0, 'beside the wire there is nothing to be done');
    await tell('unbanned', 2);
  });

  it('outlive the sensor, whatever is done to the clock; another boot goes by the clock', async () => {
    await open().then(async (keeper) => {
      keeper.offend([offence('198.18.7.1', { times: 3 })]);
      await keeper.order('198.18.7.2', 1000);
      await close(keeper);
    });
    firewall.banned.clear();
    clock.monotonicMs += 30_000;
    clock.shiftMs += 86_400_000;
    const again = await open();
    assert.deepEqual(
      [...firewall.banned],
      [
        ['198.18.7.1', 30],
        ['198.18.7.2', 970],
      ],
    );
    await close(again);
    clock.boot = 'second';
    clock.monotonicMs = 1000;
    clock.shiftMs = Date.UTC(2025, 0, 1);
    const other = await open();
    assert.deepEqual(
      [...firewall.banned].sort(),
      [
        ['198.18.7.1', 60],
        ['198.18.7.2', 1000],
      ],
      'no longer than they were',
    );
    clock.shiftMs = Date.UTC(2027, 0, 1);
    await close(other);
    assert.equal((await open()).list().length, 0);
    await tell('expired', 2);
  });

  it('that do not take effect are told, and put back when others flush the firewall', async () => {
    const keeper = await open();
    firewall.deaf = true;
    keeper.offend([offence('198.18.7.1', { times: 3 })]);
    await tell('failed', 1);
    assert.equal(told('ban')[0].enforced, false);
    assert.match(said.join(), /has not taken effect: the kernel does not have it/);
    firewall.deaf = false;
    clock.monotonicMs += 30_001;
    await until(() => firewall.banned.has('198.18.7.1'), 'the ban that was put back', 30_000);
    firewall.fault = 'No such file or directory';
    assert.equal(await keeper.order('198.18.7.3', 100), null, 'the table is made anew');
    assert.deepEqual([...firewall.banned.keys()].sort(), ['198.18.7.1', '198.18.7.3']);
  });

  it('are bounded in number and in how many begin in a second; more are counted and told', async () => {
    const keeper = await open({ max: 3, 'per-second': 2 });
    const many = Array.from({ length: 10 }, (_, i) => offence(`198.18.7.${i + 1}`, { times: 3 }));
    keeper.offend(many);
    assert.equal(keeper.list().length, 2);
    clock.monotonicMs += 1000;
    await tell('limited', 1);
    assert.deepEqual([told('limited')[0].count, keeper.counters()['ban.limited']], [8, 8]);
    keeper.offend(many.map((o) => ({ ...o, times: 1 })));
    assert.equal(keeper.list().length, 3, 'one offence is enough for those that had to wait');
    assert.match(String(await keeper.order('198.18.7.99', null)), /bans\.max/);
  });

  it('are carried out in batches, however many there are', async () => {
    const keeper = await open({ 'per-second': 10_000 });
    keeper.offend(Array.from({ length: 3000 }, (_, i) => offence(`198.18.${i >> 8}.${i & 255}`, { times: 3 })));
    await tell('ban', 3000);
    assert.equal(firewall.banned.size, 3000);
    assert.ok(keeper.counters()['ban.nft_runs'] <= 4, `${keeper.counters()['ban.nft_runs']} runs`);
  });

  it('of a dry run are recorded and leave nothing behind for the next start', async () => {
    const dry = await open({ 'dry-run': 'yes' });
    dry.offend([offence('198.18.7.1', { times: 3 })]);
    await tell('ban', 1);
    const [{ dry_run, enforced }] = told('ban');
    assert.deepEqual([dry_run, enforced, dry.list().length, firewall.rebuilt], [true, false, 1, 0]);
    await close(dry);
    assert.equal((await open()).list().length, 0);
  });

  it('forget those longest silent when there is no room to count', () => {
    const counts = new BanCounts(100);
    for (let i = 0; i < 1000; i++) assert.ok(!counts.add('p', `a${i}`, 1, 2, 60, i));
    assert.deepEqual([counts.size, counts.forgotten], [100, 900]);
    assert.ok(counts.add('p', 'a999', 1, 2, 60, 1001));
    assert.ok(!counts.add('p', 'a0', 1, 2, 60, 1001));
  });
});

describe('the table of banned clients', () => {
  it('holds any form of an address, in another thread too, and no more than it has room for', () => {
    const table = ClientTable.create();
    const reader = new ClientTable(table.memory);
    assert.ok(table.replace(['192.0.2.1', '2001:DB8::1', '::ffff:192.0.2.2', '64:ff9b::192.0.2.3', 'unknown']));
    assert.equal(reader.size, 4);
    const known = ['192.0.2.1', '::ffff:192.0.2.1', '2001:db8:0:0::0001', '192.0.2.2', '64:ff9b::c000:203'];
    for (const address of known) assert.ok(reader.has(address), address);
    for (const address of ['192.0.2.3', '2001:db8::2', '::', '', 'x']) assert.ok(!reader.has(address), address);
    const many = Array.from({ length: ClientLimit.Most }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    assert.ok(table.replace(many));
    assert.ok(many.every((a) => reader.has(a)) && !reader.has('192.0.2.1'));
    assert.ok(!table.replace([...many, '192.0.2.1']));
    assert.equal(reader.size, ClientLimit.Most);
    assert.ok(table.replace([]));
    assert.ok(!reader.has('10.0.0.0'));
  });
});

describe('what bans read of the host', () => {
  it('finds next hops in /proc/net/route and /proc/net/ipv6_route', () => {
    const v4 = 'Iface\tDestination\tGateway\tFlags\neth0\t00000000\t0100A8C0\t0003\neth0\t0000A8C0\t00000000\t0001\n';
    assert.deepEqual(gateways4(v4), ['192.168.0.1']);
    const none = '0'.repeat(32);
    const v6 = `${none} 00 ${none} 00 fe800000000000000000000000000001 00000400 1 0 3 eth0\n${none} 80 ${none} 00 ${none} 0 lo\n`;
    assert.deepEqual(gateways6(v6), ['fe80::1']);
  });

  it('reads the elements of a set as libnftables-json(5) writes them', () => {
    const set = { elem: ['198.18.7.1', { elem: { val: '198.18.7.2', timeout: 3, expires: 2 } }] };
    assert.deepEqual(elementsOf(JSON.stringify({ nftables: [{ metainfo: {} }, { set }] })), [
      '198.18.7.1',
      '198.18.7.2',
    ]);
    assert.deepEqual(elementsOf('{"nftables":[{"set":{}}]}'), []);
    assert.equal(elementsOf('{'), null);
    assert.equal(elementsOf('{"nftables":[]}'), null);
  });
});
