import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { CountBound, type SortKey, sortKeys } from '../../src/output/query/list.js';
import { alertName, closeSources, openSources, parseAlertName, type Source } from '../../src/output/query/sources.js';
import { openForReading, openForWriting } from '../../src/output/store/open.js';
import { AlertStore } from '../../src/output/store/store.js';
import * as samples from '../output/samples.js';
import { inProcess } from '../tools/in-process.js';
import { dir, useDatabase } from './alerts-database.js';

/** A database of alerts at these times (seconds) with addresses and rules that repeat. */
async function write(path: string, alerts: { t: number; a: number; rule: number }[]): Promise<void> {
  const rules = [samples.rule(), samples.rule({ sid: 2, msg: 'aé', priority: 3 }), samples.rule({ sid: 3, msg: 'a' })];
  const store = new AlertStore(await openForWriting(path), {
    path,
    sensor: 's',
    run: { kind: 'replay', inputs: ['x'], append: false, version: '0', startedUs: 1 },
    retention: null,
  });
  alerts.forEach(({ t, a, rule }, i) => {
    const src = a === 0 ? '' : a === 3 ? '2001:db8::1' : `192.0.2.${a}`;
    const { sid } = rules[rule];
    store.add(samples.alert({ tsUs: samples.t0 + t * 1e6, src, rule, sid, flowId: i + 1 }), (n) => rules[n] ?? null);
  });
  store.close(null);
  assert.equal(store.fault, null);
}

async function ids(sources: string[], ...args: string[]): Promise<string[]> {
  const dbs = sources.flatMap((s) => ['--db', s]);
  const r = await inProcess(['alerts', 'list', '--format', 'json', ...dbs, ...args]);
  assert.equal(r.status, 0, r.stderr);
  return JSON.parse(r.stdout).map((a: { id: number | string }) => String(a.id));
}

const rows = fc.array(fc.record({ t: fc.nat(5), a: fc.nat(3), rule: fc.nat(2) }), { maxLength: 12 });

describe('pages of alerts', () => {
  useDatabase();

  it('together are the whole list, in every order, of one database and of several', async () => {
    let n = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(rows, { minLength: 1, maxLength: 3 }),
        fc.constantFrom<SortKey>(...sortKeys),
        fc.integer({ min: 1, max: 5 }),
        async (databases, sort, size) => {
          const paths = databases.map((_, i) => join(dir, `${n}-${i}.db`));
          n++;
          for (const [i, path] of paths.entries()) await write(path, databases[i]);
          const whole = await ids(paths, '--sort', sort, '--limit', '0');
          assert.equal(new Set(whole).size, databases.flat().length);
          const paged: string[] = [];
          for (;;) {
            const after = paged.length === 0 ? [] : ['--after', paged[paged.length - 1]];
            const page = await ids(paths, '--sort', sort, '--limit', String(size), ...after);
            paged.push(...page);
            if (page.length < size) break;
          }
          assert.deepEqual(paged, whole);
        },
      ),
      { numRuns: 15 },
    );
  }).timeout(120_000);
});

describe('several databases', () => {
  useDatabase();
  let sources: Source[] = [];
  afterEach(() => closeSources(sources.splice(0)));

  it('are asked as one, in the order of time, with ids that say which', async () => {
    const [a, b] = [join(dir, 'edge1.db'), join(dir, 'edge2.db')];
    await write(a, [
      { t: 1, a: 1, rule: 0 },
      { t: 3, a: 1, rule: 0 },
    ]);
    await write(b, [{ t: 2, a: 2, rule: 1 }]);
    assert.deepEqual(await ids([dir]), ['edge1:2', 'edge2:1', 'edge1:1']);
    assert.deepEqual(await ids([a, b], '--src', '192.0.2.2'), ['edge2:1']);
    const show = await inProcess(['alerts', 'show', 'edge2:1', '--db', dir]);
    assert.match(show.stdout, /^Alert edge2:1 /);
    const top = await inProcess(['alerts', 'top', '--by', 'host', '--format', 'json', '--db', dir]);
    assert.deepEqual(
      JSON.parse(top.stdout).map((r: { count: number }) => r.count),
      [3],
    );
    const stats = JSON.parse((await inProcess(['alerts', 'stats', '--format', 'json', '--db', dir])).stdout);
    assert.deepEqual(
      stats.map((s: { alerts: number }) => s.alerts),
      [2, 1],
    );
    const sql = await inProcess(['alerts', 'sql', 'SELECT count(*) AS n FROM alert', '--format', 'csv', '--db', dir]);
    assert.equal(sql.stdout, 'database,n\r\nedge1,2\r\nedge2,1\r\n');
    const group = await inProcess(['alerts', 'group', '--format', 'json', '--db', dir]);
    assert.deepEqual(
      JSON.parse(group.stdout).map((g: { count: number; newest: string }) => [g.count, g.newest]),
      [
        [2, 'edge1:2'],
        [1, 'edge2:1'],
      ],
    );
    const archive = await inProcess(['alerts', 'archive', 'edge2:1', 'edge1:1', '--db', dir]);
    assert.equal(archive.stdout, '2 alerts archived\n');
    assert.deepEqual(await ids([dir]), ['edge1:2']);
    for (const [id, message] of [
      ['1', /of which database\? Write one of them before it: edge1, edge2/],
      ['edge9:1', /no database "edge9" among those asked/],
      ['edge2:7', /there is no alert 7/],
    ] as [string, RegExp][]) {
      const r = await inProcess(['alerts', 'show', id, '--db', dir]);
      assert.equal(r.status, 2);
      assert.match(r.stderr, message);
    }
  });

  it('have a name each', async () => {
    const paths = [join(dir, 'a.db'), join(dir, 'b.db')];
    for (const p of paths) await write(p, []);
    sources = await openSources(paths, openForReading);
    assert.deepEqual(
      sources.map((s) => alertName(s, 7)),
      ['a:7', 'b:7'],
    );
    assert.deepEqual(parseAlertName('a:7'), { source: 'a', id: 7 });
    assert.equal(parseAlertName('a:b:7'), null);
  });
});

describe('many alerts', () => {
  useDatabase();

  it('are not all counted to tell that there are more', async () => {
    const path = join(dir, 'many.db');
    const alerts = Array.from({ length: CountBound.Alerts + 50 }, (_, i) => ({ t: i, a: 1, rule: 0 }));
    await write(path, alerts);
    const said = async (...args: string[]) =>
      (await inProcess(['alerts', 'list', '--db', path, ...args])).stderr.split(';')[0];
    assert.equal(await said('--limit', '2'), '2 alerts of 10,000 or more');
    assert.equal(await said('--limit', '2', '--text', 'passwd'), '2 alerts of 10,000 or more');
    assert.equal(await said('--limit', '2', '--until', '2026-01-02T03:05'), '2 alerts of 55');
    assert.equal(await said('--limit', '10040'), '10,040 alerts of 10,040 or more');
  }).timeout(60_000);
});
