import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';
import { inProcess } from '../tools/in-process.js';
import { peccary } from '../tools/peccary.js';
import { db, dir, fill, useDatabase } from './alerts-database.js';

const file = (): string => join(dir, 'threshold.config');

async function tune(...args: string[]) {
  return inProcess(['alerts', ...args, '--db', db, '--file', file()]);
}

const content = (): string[] => readFileSync(file(), 'utf8').split('\n');

describe('alerts suppress', () => {
  useDatabase();
  beforeEach(fill);

  it('writes a line with who, when and why, and says what it would have hidden', async () => {
    const r = await tune('suppress', '2', '--by', 'src', '--why', 'our own\nscanner \\');
    assert.equal(r.status, 0, r.stderr);
    assert.equal(
      r.stdout,
      "of the past week's 2 alerts of this signature it would have hidden 2\n" +
        `${file()}:2: suppress gen_id 1, sig_id 1000001, track by_src, ip 192.0.2.1\n`,
    );
    const [comment, line, end] = content();
    assert.match(
      comment,
      /^# peccary: \S+, \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, alert 2 "WEB traversal in path": our own\\x0ascanner $/,
    );
    assert.equal(line, 'suppress gen_id 1, sig_id 1000001, track by_src, ip 192.0.2.1');
    assert.equal(end, '');
    const again = await tune('suppress', '5', '--by', 'src', '--for', '7d');
    assert.match(again.stdout, /threshold\.config:2: already there: suppress/);
    assert.equal(content().length, 3);
    assert.match(
      (await inProcess(['alerts', 'show', '2', '--db', db])).stdout,
      /\nTriage\n.*: suppressed: suppress gen_id 1/,
    );
  });

  it('takes the whole signature, the other side, IPv6, another generator', async () => {
    writeFileSync(file(), 'suppress gen_id 1, sig_id 9');
    await tune('suppress', '4');
    await tune('suppress', '4', '--by', 'dst');
    assert.deepEqual(
      content().filter((l) => !l.startsWith('#')),
      [
        'suppress gen_id 1, sig_id 9',
        'suppress gen_id 120, sig_id 3',
        'suppress gen_id 120, sig_id 3, track by_dst, ip 2001:db8::1',
        '',
      ],
    );
  });

  it('writes nothing with --dry-run', async () => {
    const r = await tune('suppress', '2', '--dry-run');
    assert.match(r.stdout, /would have hidden 2\nwould be written to .*\n {2}suppress gen_id 1, sig_id 1000001\n/);
    assert.throws(content, /ENOENT/);
  });

  it('says what is missing', async () => {
    for (const [args, message] of [
      [['suppress', '99'], /there is no alert 99/],
      [['suppress', '2', '--for', 'ever'], /Expected a time/],
      [['suppress', '2', '--by', 'host'], /src, dst/],
      [['threshold', '2', '--count', '0'], /whole number from 1/],
    ] as [string[], RegExp][]) {
      const r = await tune(...args);
      assert.equal(r.status, 2);
      assert.match(r.stderr, message);
    }
    const r = await inProcess(['alerts', 'suppress', '2', '--db', db, '--file', join(dir, 'no', 'file')]);
    assert.equal(r.status, 2);
    assert.match(r.stderr, /cannot be written.*--file/);
  });
});

describe('alerts threshold', () => {
  useDatabase();
  beforeEach(fill);

  it('writes an event_filter and counts as Suricata would', async () => {
    const hidden = async (...args: string[]) =>
      /of the past week's (\d+) alerts of this signature it would have hidden (\d+)/
        .exec((await tune('threshold', '2', '--dry-run', ...args)).stdout)
        ?.slice(1, 3)
        .map(Number);
    assert.deepEqual(await hidden(), [2, 1]);
    assert.deepEqual(await hidden('--within', '10m'), [2, 0]);
    assert.deepEqual(await hidden('--type', 'threshold', '--count', '2'), [2, 1]);
    assert.deepEqual(await hidden('--type', 'threshold', '--count', '2', '--within', '10m'), [2, 2]);
    assert.deepEqual(await hidden('--type', 'both', '--count', '1'), [2, 1]);
    const r = await tune('threshold', '2', '--count', '3', '--within', '10m', '--by', 'dst', '--for', '1d');
    assert.match(
      r.stdout,
      /:2: event_filter gen_id 1, sig_id 1000001, type limit, track by_dst, count 3, seconds 600\n$/,
    );
    assert.match(content()[0], /^# peccary: expires \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ; /);
  });
});

describe('a false positive', () => {
  useDatabase();
  const capture = join(packageRoot(), 'pcaps', 'attack-path-traversal.pcap');
  const rules = () => join(dir, 'own.rules');
  const replay = (...args: string[]): number => {
    const set = ['--set', `threshold-file=${file()}`];
    const r = peccary(['replay', capture, '-S', rules(), '-k', 'none', '-l', dir, '--json', ...set, ...args]);
    assert.equal(r.status, 0, r.stderr);
    return JSON.parse(r.stdout).alerts;
  };

  it('is gone from the next replay once it is suppressed, until the suppression ends', () => {
    writeFileSync(rules(), 'alert http any any -> any any (msg:"path"; http.uri; content:"/"; sid:7;)\n');
    const before = replay();
    assert.ok(before > 3);
    const done = peccary(['alerts', 'suppress', '1', '--by', 'src', '--for', '1h', '-l', dir, '--file', file()]);
    assert.equal(done.status, 0, done.stderr);
    assert.match(
      done.stdout,
      new RegExp(`past week's ${before} alerts of this signature it would have hidden ${before}\n`),
    );
    assert.equal(replay(), 0);
    writeFileSync(file(), readFileSync(file(), 'utf8').replace(/expires \d{4}/, 'expires 2020'));
    assert.equal(replay(), before);
    const check = peccary(['rules', 'check', '-S', rules(), '--set', `threshold-file=${file()}`]);
    assert.match(check.stdout + check.stderr, /threshold\.config:2.*not applied any more: it expired at 2020-/s);
  });
});
