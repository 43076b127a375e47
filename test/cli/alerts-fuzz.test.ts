import assert from 'node:assert/strict';
import fc from 'fast-check';
import { inProcess } from '../tools/in-process.js';
import { db, fill, useDatabase } from './alerts-database.js';

const names = [
  ...[
    'sid',
    'gid',
    'signature',
    'category',
    'severity',
    'action',
    'src',
    'dst',
    'ip',
    'port',
    'host',
    'url',
    'user-agent',
  ],
  ...['method', 'status', 'text', 'flow', 'tag', 'not', 'since', 'until', 'run', 'state', 'after', 'sort', 'limit'],
];
const values = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }).map((s) => s.replaceAll('\0', '\\0')),
  fc.constantFrom(
    "'; DROP TABLE alert; --",
    "' OR '1'='1",
    '%',
    '_',
    '\\',
    '"',
    '")',
    'x* NEAR(y) OR z',
    '1:2',
    '192.0.2.0/24',
  ),
  fc.constantFrom(
    '2h',
    '9999999999w',
    '::/0',
    '1-2',
    '4xx',
    'src=::',
    'text="',
    'sid=1',
    'blocked',
    'all',
    '1e999',
    '-1',
    '\u202e',
  ),
);
const filters = fc.array(fc.tuple(fc.constantFrom(...names), values), { maxLength: 4 });

describe('filters of any kind', () => {
  useDatabase();

  it('are answered or refused: no fault, no SQL, nothing that steers a terminal', async () => {
    await fill();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('list', 'top', 'group', 'timeline', 'stats'),
        filters,
        async (command, given) => {
          const few = command === 'list' ? given : given.filter(([name]) => !['after', 'sort', 'limit'].includes(name));
          const args = few.map(([name, value]) => `--${name}=${value}`);
          const { status, stdout, stderr } = await inProcess([
            'alerts',
            command,
            '--format',
            'json',
            '--db',
            db,
            ...args,
          ]);
          const told = `${command} ${args.join(' ')}: ${stderr}`;
          assert.ok(status === 0 || status === 2, told);
          assert.doesNotMatch(stderr, /defect|SQLITE_|SELECT |no such (column|table)|syntax error/, told);
          assert.doesNotMatch(stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/, told);
          if (status === 0) JSON.parse(stdout);
          else assert.equal(stdout, '', told);
        },
      ),
      { numRuns: 300 },
    );
    const whole = await inProcess(['alerts', 'list', '--run', 'all', '--format', 'json', '--db', db]);
    assert.equal(JSON.parse(whole.stdout).length, 5);
  }).timeout(120_000);
});
