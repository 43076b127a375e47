import assert from 'node:assert/strict';
import { inProcess } from '../tools/in-process.js';
import type { ProgramResult } from '../tools/peccary.js';
import { db, fill, useDatabase } from './alerts-database.js';

const list = (...args: string[]): Promise<ProgramResult> =>
  inProcess(['alerts', 'list', '--format', 'json', '--db', db, ...args]);

async function ids(...args: string[]): Promise<number[]> {
  const r = await list(...args);
  assert.equal(r.status, 0, r.stderr);
  return JSON.parse(r.stdout).map((a: { id: number }) => a.id);
}

describe('filters of alerts', () => {
  useDatabase();
  beforeEach(fill);

  it('name signature, generator, category, severity and action', async () => {
    assert.deepEqual(await ids('--gid', '120'), [4]);
    assert.deepEqual(await ids('--category', 'application ATTACK'), [5, 4, 2]);
    assert.deepEqual(await ids('--category', 'web-application'), [5, 4, 3, 2]);
    assert.deepEqual(await ids('--severity', '2-3'), [4, 3]);
    assert.deepEqual(await ids('--severity', '1,3'), [5, 4, 2]);
    assert.deepEqual(await ids('--action', 'blocked'), [3]);
    assert.deepEqual(await ids('--action', 'allowed,blocked'), [5, 4, 3, 2]);
    assert.deepEqual(await ids('--signature', 'scan', '--signature', 'sql'), [4, 3]);
  });

  it('name the transaction: method, status, user agent', async () => {
    assert.deepEqual(await ids('--method', 'post'), [3]);
    assert.deepEqual(await ids('--method', 'GET,POST'), [5, 3, 2]);
    assert.deepEqual(await ids('--status', '4xx'), [5, 2]);
    assert.deepEqual(await ids('--status', '200,404'), [5, 2]);
    assert.deepEqual(await ids('--status', '405-499'), []);
    assert.deepEqual(await ids('--user-agent', 'CURL/'), [5, 2]);
  });

  it('name addresses of both versions, ports and the flow', async () => {
    assert.deepEqual(await ids('--ip', '2001:db8::/32'), [4]);
    assert.deepEqual(await ids('--src', '::/0'), [4]);
    assert.deepEqual(await ids('--src', '0.0.0.0/0'), [5, 3, 2]);
    assert.deepEqual(await ids('--src', '192.0.2.0-192.0.2.9'), [5, 2]);
    assert.deepEqual(await ids('--port', '900-1000'), [3]);
    assert.deepEqual(await ids('--flow', '77001'), [5, 2]);
    assert.deepEqual(await ids('--flow', '2,3'), [4, 3]);
  });

  it('search words in message, URL, host, heads, bodies and payload', async () => {
    assert.deepEqual(await ids('--text', 'traversal'), [5, 2]);
    assert.deepEqual(await ids('--text', 'ETC'), [5, 2]);
    assert.deepEqual(await ids('--text', 'shop'), [3]);
    assert.deepEqual(await ids('--text', 'cookie'), [3]);
    assert.deepEqual(await ids('--text', '"probe of"'), [4]);
    assert.deepEqual(await ids('--text', '"of probe"'), []);
    assert.deepEqual(await ids('--text', 'trav*'), [5, 2]);
    assert.deepEqual(await ids('--text', 'trav'), []);
    assert.deepEqual(await ids('--text', 'curl passwd'), [5, 2]);
    assert.deepEqual(await ids('--text', 'curl probe'), []);
    assert.deepEqual(await ids('--text', 'probe', '--text', 'shop'), [4, 3]);
  });

  it('exclude with --not, alerts without the field are left', async () => {
    assert.deepEqual(await ids('--not', 'src=192.0.2.0/24'), [4, 3]);
    assert.deepEqual(await ids('--not', 'host=shop'), [5, 4, 2]);
    assert.deepEqual(await ids('--not', 'method=GET'), [4, 3]);
    assert.deepEqual(await ids('--not', 'sid=2', '--not', 'sid=3'), [5, 2]);
    assert.deepEqual(await ids('--not', 'text=curl', '--not', 'port=999'), [4]);
    assert.deepEqual(await ids('--not', 'status=4xx', '--src', '0.0.0.0/0'), [3]);
  });

  it('are refused with what they expect', async () => {
    for (const [args, message] of [
      [['--status', '4x'], /a status, such as 404, 4xx/],
      [['--severity', '3-1'], /a span/],
      [['--action', 'dropped'], /allowed or blocked/],
      [['--not', 'colour=red'], /FILTER=VALUE.*sid, gid/s],
      [['--not', 'src'], /FILTER=VALUE/],
      [['--not', 'src=x'], /CIDR/],
      [['--text', '--'], /words/],
      [['--text', Array.from({ length: 30 }, (_, i) => `w${i}`).join(' ')], /at most 16/],
      [['--flow', '1x'], /flow_id/],
      [['--tag', 'a b'], /a tag/],
      [['--state', 'new'], /open, archived/],
      [['--after', 'x'], /id of an alert/],
      [['--after', '999'], /not there/],
    ] as [string[], RegExp][]) {
      const r = await list(...args);
      assert.equal(r.status, 2, args.join(' '));
      assert.match(r.stderr.replaceAll('\n', ' '), message, args.join(' '));
    }
  });

  it('are told in a help that fits a screen, whatever the command', async () => {
    const { stdout } = await inProcess(['help', 'alerts']);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) (?=\[|<| )/gm)].map((m) => m[1]);
    assert.ok(commands.length > 14, commands.join());
    for (const command of [...commands, '']) {
      const help = await inProcess(['alerts', ...(command === '' ? [] : [command]), '--help']);
      const lines = help.stdout.split('\n');
      assert.ok(lines.length <= 41, `${command}: ${lines.length} lines`);
      assert.ok(Math.max(...lines.map((l) => l.length)) <= 88, command);
    }
  });
});
