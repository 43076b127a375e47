import assert from 'node:assert/strict';
import { Commander } from '../../src/control/commands.js';
import type { Reply } from '../../src/control/messages.js';
import type { Ban } from '../../src/respond/ban-store.js';
import { SensorDouble } from './sensor-double.js';

const ban: Ban = {
  address: '192.0.2.1',
  via: null,
  policy: 'logins',
  gid: 1,
  sid: 5100911,
  sinceMs: Date.UTC(2026, 0, 1),
  untilMs: Date.UTC(2026, 0, 1, 1),
  endsMs: 0,
  durationS: 3600,
  times: 2,
};

describe('commands that ban', () => {
  let sensor: SensorDouble;
  const asked: unknown[] = [];
  const run = (command: string, args: Record<string, unknown> = {}): Promise<Reply> =>
    new Commander(sensor, () => undefined).run({ command, arguments: args });

  beforeEach(() => {
    sensor = new SensorDouble();
    asked.length = 0;
    const answer = (...what: unknown[]): Promise<string | null> => {
      asked.push(what);
      return Promise.resolve(what[0] === '192.0.2.66' ? 'a reason' : null);
    };
    sensor.bans = { order: answer, pardon: answer, list: () => [ban], dryRun: false };
  });

  it('are refused where bans are not enabled', async () => {
    sensor.bans = null;
    for (const command of ['bans', 'ban', 'unban']) {
      assert.deepEqual(await run(command), { ok: false, message: 'Bans are not enabled (bans.enabled)' });
    }
  });

  it('list who is banned, since when, until when and why', async () => {
    const { message } = await run('bans');
    const { address, via, policy, gid, sid, times } = ban;
    const [since, until] = ['2026-01-01T00:00:00.000Z', '2026-01-01T01:00:00.000Z'];
    const bans = [{ address, via, policy, gid, sid, since, until, duration: 3600, times }];
    assert.deepEqual(message, { count: 1, dry_run: false, bans });
  });

  it('take an address and a time, and tell why they cannot', async () => {
    assert.deepEqual(await run('ban', { address: '192.0.2.9', duration: '2h' }), { ok: true, message: 'banned' });
    assert.deepEqual(await run('ban', { address: '192.0.2.9' }), { ok: true, message: 'banned' });
    assert.deepEqual(await run('unban', { address: '192.0.2.9' }), { ok: true, message: 'unbanned' });
    assert.deepEqual(asked, [['192.0.2.9', 7200], ['192.0.2.9', null], ['192.0.2.9']]);
    assert.deepEqual(await run('ban', { address: '192.0.2.66' }), { ok: false, message: 'a reason' });
    const wrong = [{}, { address: 1 }, { address: 'x', duration: 5 }, { address: 'x', duration: '2y' }];
    for (const args of [...wrong, { address: 'x', duration: '0' }, { address: 'x', duration: '366d' }]) {
      assert.equal((await run('ban', args)).ok, false, JSON.stringify(args));
    }
    assert.equal(asked.length, 4);
  });
});
