import assert from 'node:assert/strict';
import { inProcess } from '../tools/in-process.js';
import { db, fill, useDatabase } from './alerts-database.js';

async function alerts(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return inProcess(['alerts', ...args, '--db', db]);
}

async function ok(...args: string[]): Promise<string> {
  const r = await alerts(...args);
  assert.equal(r.status, 0, r.stderr);
  return r.stdout;
}

async function ids(...args: string[]): Promise<number[]> {
  return JSON.parse(await ok('list', '--format', 'json', ...args)).map((a: { id: number }) => a.id);
}

describe('triage of alerts', () => {
  useDatabase();
  beforeEach(fill);

  it('archives: what is dealt with is left out, and comes back with --undo', async () => {
    assert.equal(await ok('archive', '2', '3'), '2 alerts archived\n');
    assert.deepEqual(await ids(), [5, 4]);
    assert.deepEqual(await ids('--state', 'archived'), [3, 2]);
    assert.deepEqual(await ids('--state', 'all'), [5, 4, 3, 2]);
    assert.match(await ok('list', '--state', 'archived'), /SQL injection .*\(blocked, archived\)/);
    assert.equal(await ok('archive', '2,4'), '1 alert archived (1 other as before)\n');
    assert.equal(await ok('archive', '--undo', '2'), '1 alert taken out of the archive\n');
    assert.deepEqual(await ids(), [5, 2]);
    assert.equal((await ok('export')).trim().split('\n').length, 4);
  });

  it('changes all that filters leave, but not everything for want of a filter', async () => {
    assert.equal(await ok('archive', '--src', '192.0.2.0/24'), '2 alerts archived\n');
    assert.deepEqual(await ids(), [4, 3]);
    for (const [args, message] of [
      [['archive'], /say which alerts/],
      [['archive', '2', '--sid', '2'], /either ids or filters/],
      [['archive', '2', '99'], /there is no alert 99/],
      [['tag', 'a b', '2'], /no tag/],
      [['comment', ' ', '2'], /1 to 4096/],
    ] as [string[], RegExp][]) {
      const r = await alerts(...args);
      assert.equal(r.status, 2, args.join(' '));
      assert.match(r.stderr, message);
    }
    assert.deepEqual(await ids(), [4, 3]);
  });

  it('escalates, tags and comments, with who and when', async () => {
    await ok('escalate', '3', '--user', 'ana');
    await ok('tag', 'Campaign-7', '3', '4', '--user', 'ana');
    await ok('comment', 'really \x1b[31mbad', '3', '--user', 'ben');
    assert.deepEqual(await ids('--state', 'escalated'), [3]);
    assert.deepEqual(await ids('--tag', 'campaign-7'), [4, 3]);
    assert.deepEqual(await ids('--not', 'tag=campaign-7'), [5, 2]);
    const text = await ok('show', '3');
    assert.match(
      text,
      /\nTriage\n {2}escalated, #campaign-7\n {2}\d{4}-\d\d-\d\d \d\d:\d\d ana: escalated it\n {2}\S+ \S+ ana: tagged it campaign-7\n {2}\S+ \S+ ben: "really \\x1b\[31mbad"\n/,
    );
    const json = JSON.parse(await ok('show', '3', '--format', 'json'));
    assert.deepEqual(
      [json.escalated, json.archived, json.tags, json.history.map((h: { action: string }) => h.action)],
      [true, false, ['campaign-7'], ['escalated', 'tagged', 'comment']],
    );
    await ok('tag', '--undo', 'campaign-7', '3');
    await ok('escalate', '--undo', '3');
    assert.deepEqual(await ids('--state', 'escalated'), []);
    assert.deepEqual(await ids('--tag', 'campaign-7'), [4]);
    const stats = JSON.parse(await ok('stats', '--format', 'json'));
    assert.deepEqual([stats.alerts, stats.commented, stats.tags], [4, 1, [{ tag: 'campaign-7', count: 1 }]]);
  });
});
