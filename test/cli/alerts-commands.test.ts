import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { sparkline } from '../../src/cli/alerts-timeline.js';
import { packageRoot } from '../../src/core/package-root.js';
import { groupAlerts } from '../../src/output/query/group.js';
import * as samples from '../output/samples.js';
import { inProcess } from '../tools/in-process.js';
import { mmdbFile, networkRecord } from '../tools/mmdb.js';
import { db, dir, fill, minute, run, Steering, useDatabase } from './alerts-database.js';

const main = join(packageRoot(), 'out/src/cli/main.js');

async function ok(...args: string[]): Promise<string> {
  const r = await inProcess(['alerts', ...args, '--db', db]);
  assert.equal(r.status, 0, r.stderr);
  return r.stdout;
}

describe('peccary alerts timeline', () => {
  useDatabase();
  beforeEach(fill);

  it('counts in equal parts, all together and each signature', async () => {
    const [all, first] = JSON.parse(await ok('timeline', '--step', '10m', '--format', 'json'));
    assert.deepEqual(
      [all.signature, all.count, all.start, all.step_seconds, all.counts],
      [null, 4, '2026-01-02T03:00:00.000000+0000', 600, [1, 1, 1, 1]],
    );
    assert.deepEqual([first.signature_id, first.counts], [1000001, [1, 0, 0, 1]]);
    const text = await ok('timeline', '--step', '10m', '--limit', '1');
    assert.equal(
      text,
      '2026-01-02 03:00:00 to 2026-01-02 03:40:00 UTC, 10m a character\n' +
        'alerts      sid  signature              over time\n' +
        '     4           all                    ████\n' +
        '     2  1000001  WEB traversal in path  █··█\n',
    );
    const csv = await ok('timeline', '--step', '10m', '--limit', '1', '--format', 'csv');
    assert.equal(csv.split('\r\n')[2], '2,1000001,WEB traversal in path,1 0 0 1');
  });

  it('covers the time asked for, and refuses too many parts', async () => {
    const [all] = JSON.parse(
      await ok(
        'timeline',
        '--since',
        '2026-01-02T03:00',
        '--until',
        '2026-01-02T04:00',
        '--step',
        '30m',
        '--format',
        'json',
      ),
    );
    assert.deepEqual(all.counts, [3, 1, 0]);
    const r = await inProcess(['alerts', 'timeline', '--since', '7d', '--step', '1s', '--db', db]);
    assert.equal(r.status, 2);
    assert.match(r.stderr, /--step: more than 2000 parts/);
    assert.equal(await ok('timeline', '--sid', '77'), 'No alerts.\n');
  });

  it('draws an SVG whose text is only text', async () => {
    const file = join(dir, 'a.svg');
    assert.equal(await ok('timeline', '--svg', file), `${file}\n`);
    const svg = readFileSync(file, 'utf8');
    assert.doesNotMatch(svg.replaceAll('\n', ''), Steering);
    assert.match(svg, /2 SQL injection \\x1b\[2Jin body: 1, at most 1 a bar/);
    assert.ok((svg.match(/<rect /g) ?? []).length >= 8);
    const none = await inProcess(['alerts', 'timeline', '--svg', join(dir, 'no', 'b.svg'), '--db', db]);
    assert.equal(none.status, 2);
  });

  it('has a line of eight heights, in which one alert is never nothing', () => {
    assert.equal(sparkline([0, 1, 4, 8]), '·▁▄█');
    assert.equal(sparkline([1, 1000]), '▁█');
    assert.equal(sparkline([]), '');
  });
});

describe('peccary alerts group', () => {
  useDatabase();

  it('joins what one source does with one signature, while the gaps are short', async () => {
    await run(
      [0, 10, 20, 200, 205].map((m) => samples.alert({ tsUs: samples.t0 + m * minute, dst: `198.51.100.${m + 1}` })),
      '/a.pcap',
    );
    const groups = JSON.parse(await ok('group', '--within', '15m', '--format', 'json'));
    assert.deepEqual(
      groups.map((g: Record<string, unknown>) => [g.count, g.destinations, g.newest, g.src_ip]),
      [
        [2, 2, '5', '192.0.2.1'],
        [3, 3, '3', '192.0.2.1'],
      ],
    );
    assert.match(
      await ok('group', '--within', '15m', '--limit', '1'),
      /^alerts .*\n +2 .* 198\.51\.100\.206 and 1 more +5\n$/s,
    );
    assert.equal(JSON.parse(await ok('group', '--within', '1d', '--format', 'json'))[0].count, 5);
  });

  it('finds the first groups without reading all, and the same as reading all', () => {
    const alert = fc.record({ gap: fc.nat(5), src: fc.nat(2), sid: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(alert, { maxLength: 30 }), fc.integer({ min: 1, max: 4 }), (list, limit) => {
        let timeUs = 1000;
        const alerts = list.map(({ gap, src, sid }, i) => {
          timeUs -= gap;
          const [a, b] = [Buffer.from([src, 0, 0, 0]), Buffer.from([9, 9, 9, 9])];
          return { id: i, timeUs, src: a, dst: b, gid: 1, sid, signature: '', severity: 1, source: 0 };
        });
        const all = groupAlerts(alerts, 3, -1);
        assert.equal(
          all.reduce((n, g) => n + g.count, 0),
          alerts.length,
        );
        assert.deepEqual(groupAlerts(alerts, 3, limit), all.slice(0, limit));
        for (let i = 1; i < all.length; i++) assert.ok(all[i].lastUs <= all[i - 1].lastUs);
      }),
    );
  });
});

describe('peccary alerts tail', () => {
  useDatabase();

  it('shows the newest last', async () => {
    await fill();
    const lines = (await ok('tail', '-n', '2', '--format', 'jsonl')).trim().split('\n');
    assert.deepEqual(
      lines.map((l) => JSON.parse(l).id),
      [4, 5],
    );
  });

  it('-f goes on with what comes, also in a new run of the sensor', async () => {
    await run([samples.alert()], 'eth0', 'live');
    const child = spawn(process.execPath, [
      main,
      'alerts',
      'tail',
      '-f',
      '--format',
      'jsonl',
      '--sid',
      '1000001',
      '--db',
      db,
    ]);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const seen = (n: number) =>
      new Promise<void>((done, fail) => {
        const until = Date.now() + 30_000;
        const look = setInterval(() => {
          if (text.split('\n').length <= n && Date.now() < until) return;
          clearInterval(look);
          if (text.split('\n').length > n) done();
          else fail(new Error(`only: ${text}`));
        }, 20);
      });
    try {
      await seen(1);
      await run([samples.alert(), samples.alert({ rule: 1, sid: 2 }), samples.alert()], 'eth0', 'live');
      await seen(3);
      assert.deepEqual(
        text
          .trim()
          .split('\n')
          .map((l) => JSON.parse(l).id),
        [1, 2, 4],
      );
    } finally {
      child.kill();
    }
  }).timeout(60_000);
});

describe('peccary alerts stats and top', () => {
  useDatabase();
  beforeEach(fill);

  it('stats tells what there is', async () => {
    const text = await ok('stats', '--run', 'all');
    assert.match(text, /^alerts: {5}5\nfrom: {7}2026-01-02 03:04:05\.123 to 2026-01-02 03:34:05\.123\n/);
    assert.match(text, /\nseverity: {3}3 of severity 1, 1 of severity 2, 1 of severity 3\nblocked: {4}1\n/);
    assert.match(text, /\nrun 2: {6}replay of \/new\.pcap, 4 alerts, 1 packet\nrun 1: /);
    assert.match(await ok('stats', '--sid', '77'), /^alerts: {5}0\n/);
  });

  it('top counts user agents, categories and networks', async () => {
    const top = async (...args: string[]) =>
      JSON.parse(await ok('top', '--format', 'json', ...args)).map((r: Record<string, unknown>) =>
        Object.values(r).slice(0, 2),
      );
    assert.deepEqual(await top('--by', 'user-agent'), [[2, 'curl/8.0']]);
    assert.deepEqual(await top('--by', 'category'), [
      [3, 'Web Application Attack'],
      [1, 'Web, "odd"'],
    ]);
    const networks = join(dir, 'asn.mmdb');
    writeFileSync(networks, mmdbFile([['192.0.2.0/24', '64500 Example Net']], networkRecord));
    assert.deepEqual(await top('--by', 'asn', '--asn-database', networks), [
      [2, 'AS64500 Example Net'],
      [2, 'unknown'],
    ]);
    const none = await inProcess(['alerts', 'top', '--by', 'asn', '--db', db]);
    assert.equal(none.status, 2);
    assert.match(none.stderr, /--asn-database FILE/);
  });
});

describe('peccary alerts sql', () => {
  useDatabase();
  beforeEach(fill);

  it('answers queries, with addresses and times as text', async () => {
    assert.equal(
      await ok(
        'sql',
        'SELECT ip(src) AS source, count(*) AS n, utc(min(time_us)) AS first FROM alert GROUP BY src ORDER BY source',
        '--format',
        'csv',
      ),
      'source,n,first\r\n192.0.2.1,3,2026-01-02T03:04:05.123456+0000\r\n2001:db8::7,1,2026-01-02T03:24:05.123456+0000\r\n203.0.113.5,1,2026-01-02T03:14:05.123456+0000\r\n',
    );
    assert.deepEqual(
      JSON.parse(
        await ok(
          'sql',
          "/* y */ -- x\n WITH a AS (SELECT x'00ff' AS b, NULL AS n) SELECT * FROM a",
          '--format',
          'json',
        ),
      ),
      [{ b: '00ff', n: null }],
    );
    assert.equal(await ok('sql', 'SELECT 1 WHERE 0'), 'No rows.\n');
    for (const format of ['table', 'json', 'jsonl', 'csv', 'markdown'])
      assert.doesNotMatch(
        (await ok('sql', 'SELECT value, value AS "a\x1b[2J" FROM text', '--format', format)).replaceAll('\r\n', '\n'),
        Steering,
      );
  });

  it('changes nothing: neither this database nor any other file', async () => {
    const before = readFileSync(db);
    const files = readdirSync(dir).filter((f) => !/-(wal|shm)$/.test(f));
    for (const query of [
      'DELETE FROM alert',
      'WITH x AS (SELECT 1) DELETE FROM alert',
      'DROP TABLE alert',
      'PRAGMA journal_mode = DELETE',
      'PRAGMA user_version = 9',
      `VACUUM INTO '${join(dir, 'copy.db')}'`,
      `ATTACH '${join(dir, 'other.db')}' AS o`,
      'SELECT 1; DELETE FROM alert',
      "INSERT INTO alert_note (alert_id, time_us, who, action, text) VALUES (1, 1, '', '', '') RETURNING id",
      'SELECT load_extension(1)',
      "SELECT writefile('x', 'y')",
      'CREATE TEMP TABLE t (a)',
      'nonsense',
      'SELECT * FROM nothing',
      "SELECT json('{')",
      '',
    ]) {
      const r = await inProcess(['alerts', 'sql', query, '--db', db]);
      assert.equal(r.status, 2, `${query}: ${r.stdout}`);
      assert.match(r.stderr, /^peccary: sql: /, query);
    }
    assert.deepEqual(
      readdirSync(dir).filter((f) => !/-(wal|shm)$/.test(f)),
      files,
    );
    assert.ok(readFileSync(db).equals(before));
  });
});

describe('a long answer', () => {
  useDatabase();
  beforeEach(fill);

  /** Runs a command on a terminal of its own. */
  const onTerminal = (args: string, env: Record<string, string>): string => {
    const command = `stty rows 6 cols 100; ${process.execPath} ${main} alerts ${args} --db ${db}`;
    const r = spawnSync('script', ['-qec', command, '/dev/null'], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    assert.equal(r.status, 0, r.stdout);
    return r.stdout.replaceAll('\r\n', '\n');
  };

  it('goes through the pager on a terminal, a short one and --no-pager do not', () => {
    const env = { PAGER: 'sed s/^/paged:/', NO_COLOR: '' };
    const long = onTerminal('show 2', env);
    assert.match(long, /^paged:.*\x1b\[1mAlert 2/);
    assert.match(long, /\npaged: {2}User-Agent: curl\/8\.0\n/);
    assert.doesNotMatch(onTerminal('list --limit 2', env), /paged/);
    assert.doesNotMatch(onTerminal('show 2 --no-pager', env), /paged/);
    // More than a pipe holds: the pager ends while much is still to be written.
    const query = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT i FROM n';
    const quit = onTerminal(`sql '${query}' --format jsonl`, { PAGER: 'head -n 1' });
    assert.equal(quit.trim().split('\n').length, 1);
  });

  it('fits the terminal', () => {
    const lines = onTerminal('list --no-color', {}).split('\n');
    assert.ok(Math.max(...lines.map((l) => l.length)) <= 100);
    assert.match(lines[1], /^ 5 {2}01-02 03:34:05 +1 /);
  });
});

describe('completion from the database', () => {
  useDatabase();
  beforeEach(fill);

  it('offers signatures, hosts and categories', async () => {
    assert.equal(await ok('words', 'sid'), '1000001\n120:3\n2\n');
    assert.equal(await ok('words', 'host', 'SH'), 'shop.example\n');
    // What would steer the terminal is not offered.
    assert.equal(await ok('words', 'signature'), 'PORT scan\nWEB traversal in path\n');
    const none = await inProcess(['alerts', 'words', 'sid', '--db', join(dir, 'none.db')]);
    assert.deepEqual([none.status, none.stdout, none.stderr], [0, '', '']);
  });

  it('is asked by the script of the shell', async () => {
    const script = (await inProcess(['completion', 'bash'])).stdout;
    const file = join(dir, 'complete.sh');
    const words = `COMP_WORDS=(run alerts list --db '${db}' --host w); COMP_CWORD=6; _peccary; printf '%s\\n' "\${COMPREPLY[@]}"`;
    writeFileSync(file, `run() { ${process.execPath} ${main} "$@"; }\n${script}\n${words}\n`);
    assert.equal(spawnSync('bash', [file], { encoding: 'utf8' }).stdout, 'www.example.org\n');
  });
});
