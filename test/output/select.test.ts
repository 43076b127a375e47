/** Questions over columns and rows give what the rows alone give. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommonWord, MadeAlerts, madeRules } from '../../bench/lib/made-alerts.js';
import { addressRange, addressText } from '../../src/output/address-bytes.js';
import type { AlertRecord, HttpEventRecord } from '../../src/output/records.js';
import { BlockLen } from '../../src/output/store/column.js';
import type { Condition } from '../../src/output/store/condition.js';
import { type Database, openForReading, openForWriting } from '../../src/output/store/open.js';
import { firstByAddress, firstById } from '../../src/output/store/order.js';
import { Retention } from '../../src/output/store/retention.js';
import { countAlertsOf, countUpTo, selectAlerts } from '../../src/output/store/select.js';
import { AlertStore } from '../../src/output/store/store.js';
import { summaryOf } from '../../src/output/store/summary.js';
import { hasValue, type TopField, timelineOf, topOf } from '../../src/output/store/top.js';
import * as samples from './samples.js';

const Total = BlockLen + 5000;
const DayUs = 86_400e6;
const rules = [...madeRules(), samples.rule({ msg: 'SAMPLE of a Rule', sid: 77 })];

let dir = '';
let path = '';
let db: Database;
let clock = 0;

/** Changes the store as time goes by: what is due each second is done. */
function settle(store: AlertStore): void {
  for (let i = 0; i < 40; i++) {
    store.commit();
    clock += 2000;
    store.tidy(performance.now() + clock, false);
  }
}

before(async function () {
  this.timeout(120_000);
  dir = mkdtempSync(join(tmpdir(), 'peccary-select-'));
  path = join(dir, 'peccary.db');
  const writing = await openForWriting(path);
  const run = { kind: 'live' as const, inputs: ['eth0'], append: false, version: '0', startedUs: samples.t0 };
  const store = new AlertStore(writing, { path, sensor: 's', run, retention: null });
  const made = new MadeAlerts({ total: Total, seed: 5, startUs: samples.t0, spanUs: 30 * DayUs });
  const early: AlertRecord[] = [];
  let n = 0;
  for (let batch = made.batch(4000); batch.length > 0; batch = made.batch(4000)) {
    for (const r of batch) {
      if (r.kind === 'alert') {
        if (++n % 997 === 0) {
          r.client = '203.0.113.200';
          r.http = null;
          r.txId = -1;
        }
        if (n % 2003 === 0) r.src = '';
        if (n % 1009 === 0) {
          // Out of order in time, and answered late.
          r.tsUs -= DayUs;
          early.push(r);
        }
        if (n % 5003 === 0)
          Object.assign(r, { proto: 'UDP', srcPort: -1, dstPort: -1, payload: Buffer.from('Übergröße, and so on') });
      }
      store.add(r, (i) => rules[i]);
    }
    store.commit();
    clock += 2000;
    if (n > BlockLen + 4000) store.tidy(performance.now() + clock, false);
  }
  settle(store);
  // Answers to requests whose alerts have columns already.
  for (const a of early.slice(0, 20)) {
    const late: HttpEventRecord = samples.httpEvent({
      flowId: a.flowId,
      alerted: true,
      http: { ...(a.http ?? samples.http()), status: 599, responseHead: Buffer.from('HTTP/1.1 599 Latecomer\r\n\r\n') },
    });
    store.add(late, (i) => rules[i]);
  }
  store.commit();
  // Others are gone.
  const steps = new Retention(writing);
  for (let removed = 0; removed < 300; ) removed += steps.stepAge(samples.t0 + DayUs / 10) || 300;
  store.close(null);
  assert.equal(store.fault, null);
  const triaging = await openForWriting(path);
  triaging.exec(`INSERT INTO triage SELECT id, id % 2, id % 3 = 0 FROM alert WHERE id % 7 = 0;
    INSERT INTO alert_tag SELECT id, 'scan' FROM alert WHERE id % 5 = 0;
    INSERT INTO alert_tag SELECT id, 'odd' FROM alert WHERE id % 10 = 0;
    INSERT INTO alert_note SELECT NULL, id, 1, 'me', iif(id % 2, 'comment', 'archived'), '' FROM alert, (VALUES (1), (2)) WHERE id % 9 = 0`);
  triaging.close();
  db = await openForReading(path);
});

after(() => {
  db?.close();
  rmSync(dir, { recursive: true, force: true });
});

const joins: [alias: string, sql: string][] = [
  ['h', 'LEFT JOIN http h ON h.id = a.http_id'],
  ['f', 'LEFT JOIN flow f ON f.id = a.flow_id'],
  ['th', 'LEFT JOIN text th ON th.id = a.host_id'],
  ['tu', 'LEFT JOIN text tu ON tu.id = a.url_id'],
  ['ta', 'LEFT JOIN text ta ON ta.id = h.user_agent_id'],
  ['s', 'LEFT JOIN signature s ON s.id = a.signature_id'],
  ['p', 'LEFT JOIN bytes p ON p.id = a.payload_id'],
  ['rh', 'LEFT JOIN bytes rh ON rh.id = h.response_head_id'],
];

/** Alerts with the tables that an expression names. */
function joined(expression: string): string {
  const used = (alias: string) => new RegExp(`\\b${alias}\\.`).test(expression);
  const more = joins.filter(([alias]) => used(alias) || (alias === 'h' && (used('ta') || used('rh'))));
  return `alert a ${more.map(([, sql]) => sql).join(' ')}`;
}

function byRows(where: string, order = 'DESC'): number[] {
  const sql = `SELECT a.id FROM ${joined(where)} WHERE ${where} ORDER BY a.time_us ${order}, a.id ${order}`;
  return db.prepare(sql).pluck().all() as number[];
}

const ids = (c: Condition, newest = true): number[] => [...selectAlerts(db, c, { newest })].map((f) => f.id);
const range = (text: string) => {
  const r = addressRange(text);
  assert.ok(r !== null);
  return [r];
};
const word = (text: string, prefix = false): Condition => ({ field: 'text', text, prefix });
/** The same word in SQL: every text with anything but letters and digits as spaces. */
const holds = (pattern: RegExp) => {
  const name = `holds${Math.abs(hashOf(pattern.source))}`;
  db.function(name, { deterministic: true }, (v: unknown) =>
    v !== null && pattern.test(Buffer.isBuffer(v) ? v.toString('latin1') : Buffer.from(String(v)).toString('latin1'))
      ? 1
      : 0,
  );
  return `(${['s.msg', 'th.value', 'tu.value', 'ta.value', 'p.data', 'rh.data'].map((c) => `${name}(${c})`).join(' OR ')})`;
};
const hashOf = (s: string): number => [...s].reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) | 0, 7);

/** Conditions and the same in SQL over the rows. */
function cases(): [string, Condition, string][] {
  const topSrc = topOf(db, { and: [] }, 'src', 1)[0].value as Buffer;
  const day = samples.t0 + 3 * DayUs;
  return [
    ['any', { and: [] }, '1'],
    ['signature', { field: 'signature', ids: [3, 700] }, 'a.signature_id IN (3, 700)'],
    ['run', { field: 'run', ids: [1] }, 'a.run_id = 1'],
    ['no run', { field: 'run', ids: [9] }, '0'],
    ['src', { field: 'src', ranges: range(addressText(topSrc)) }, `a.src = x'${topSrc.toString('hex')}'`],
    [
      'src block',
      { field: 'src', ranges: range('64.0.0.0/3') },
      `length(a.src) = 4 AND a.src BETWEEN x'40000000' AND x'5fffffff'`,
    ],
    [
      'src v6',
      { field: 'src', ranges: range('2001:db8:8000::/33') },
      `length(a.src) = 16 AND a.src BETWEEN x'20010db8800000000000000000000000' AND x'20010db8ffffffffffffffffffffffff'`,
    ],
    ['dst', { field: 'dst', ranges: range('198.51.100.0/28') }, `a.dst BETWEEN x'c6336400' AND x'c633640f'`],
    ['client', { field: 'ip', ranges: range('203.0.113.200') }, `x'cb0071c8' IN (a.src, a.dst, a.client)`],
    ['actor', { field: 'actor', ranges: range('203.0.113.200') }, `coalesce(a.client, f.src, a.src) = x'cb0071c8'`],
    [
      'port',
      { field: 'port', spans: [{ lo: 8000, hi: 8050 }] },
      'a.src_port BETWEEN 8000 AND 8050 OR a.dst_port BETWEEN 8000 AND 8050',
    ],
    ['dst port', { field: 'dst_port', spans: [{ lo: 80, hi: 80 }] }, 'a.dst_port = 80'],
    ['status', { field: 'status', spans: [{ lo: 500, hi: 599 }] }, 'h.status BETWEEN 500 AND 599'],
    ['late status', { field: 'status', spans: [{ lo: 599, hi: 599 }] }, 'h.status = 599'],
    ['method', { field: 'method', words: ['post', 'HEAD'] }, "h.method IN ('POST', 'HEAD')"],
    ['proto', { field: 'proto', words: ['UDP'] }, "a.proto = 'UDP'"],
    ['host', { field: 'host', has: 'CART' }, "th.value LIKE '%cart%'"],
    ['exact host', { field: 'host', has: 'cart1.example', exact: true }, "th.value = 'cart1.example'"],
    ['url', { field: 'url', has: '_' }, "instr(tu.value, '_') > 0"],
    ['url part', { field: 'url', has: '/etc/PASS' }, "tu.value LIKE '%/etc/pass%'"],
    ['user agent', { field: 'user_agent', has: 'agent/12' }, "ta.value LIKE '%agent/12%'"],
    ['blocked', { field: 'blocked', value: 1 }, 'a.blocked = 1'],
    [
      'flow',
      { field: 'flow', ids: [7 * 2 ** 32 + 900, 7 * 2 ** 32 + 30_000] },
      `f.flow_id IN (${7 * 2 ** 32 + 900}, ${7 * 2 ** 32 + 30_000})`,
    ],
    ['id', { field: 'id', ids: [400, BlockLen - 1, BlockLen, 10 ** 9] }, `a.id IN (400, ${BlockLen - 1}, ${BlockLen})`],
    ['archived', { field: 'mark', is: 'archived' }, 'a.id % 7 = 0 AND a.id % 2 = 1'],
    ['escalated', { field: 'mark', is: 'escalated' }, 'a.id % 21 = 0'],
    ['commented', { field: 'mark', is: 'commented' }, 'a.id % 9 = 0 AND a.id % 2 = 1'],
    ['not archived', { not: { field: 'mark', is: 'archived' } }, 'NOT (a.id % 7 = 0 AND a.id % 2 = 1)'],
    ['tags', { field: 'tag', tags: ['odd', 'scan'] }, 'a.id % 5 = 0'],
    ['no tag', { field: 'tag', tags: ["o'dd"] }, '0'],
    ['ids in any order', { field: 'id', ids: [BlockLen, 10 ** 9, 400] }, `a.id IN (400, ${BlockLen})`],
    ['time', { field: 'time', since: day, until: day + DayUs }, `a.time_us BETWEEN ${day} AND ${day + DayUs}`],
    ['word', word(CommonWord), holds(/(?<![0-9a-z\x80-\xff])passwd(?![0-9a-z\x80-\xff])/i)],
    ['word of a message', word('SAMPLE'), "s.msg LIKE 'sample %'"],
    ['word beyond ASCII', word('Übergröße'), "instr(p.data, 'Übergröße') > 0"],
    ['word that came late', word('latecomer'), 'h.status = 599'],
    [
      'beginning',
      word('confi', true),
      "s.msg LIKE '% confi%' OR th.value LIKE 'confi%' OR tu.value LIKE '%/confi%' OR CAST(p.data AS TEXT) LIKE '%/confi%' OR CAST(p.data AS TEXT) LIKE '% confi%'",
    ],
    ['phrase', word('../etc/passwd'), holds(/(?<![0-9a-z\x80-\xff])etc\/passwd(?![0-9a-z\x80-\xff])/i)],
    ['no word', word('"*'), '0'],
    [
      'and',
      {
        and: [
          { field: 'blocked', value: 1 },
          { field: 'dst_port', spans: [{ lo: 80, hi: 80 }] },
        ],
      },
      'a.blocked = 1 AND a.dst_port = 80',
    ],
    [
      'or',
      {
        or: [
          { field: 'blocked', value: 1 },
          { field: 'signature', ids: [2] },
        ],
      },
      'a.blocked = 1 OR a.signature_id = 2',
    ],
    [
      'not',
      { not: { or: [{ field: 'method', words: ['GET'] }, word('config5')] } },
      "NOT (coalesce(h.method = 'GET', 0) OR coalesce(th.value = 'config5.example', 0))",
    ],
  ];
}

describe('questions over columns and rows', function () {
  this.timeout(240_000);

  it('has columns of some alerts, not of others, and wrong ones of a few', () => {
    const n = (sql: string) => db.prepare(sql).pluck().get() as number;
    assert.equal(n('SELECT count(*) FROM block'), 1);
    assert.ok(n('SELECT sum(removed) FROM block') > 0);
    assert.ok(n('SELECT count(*) FROM late') >= 10);
    assert.ok(n(`SELECT count(*) FROM alert WHERE id >= ${BlockLen}`) > 4000);
  });

  it('gives the alerts that the rows give, in their order', () => {
    for (const [name, condition, where] of cases()) {
      const want = byRows(where);
      assert.deepEqual(ids(condition), want, name);
      assert.equal(countAlertsOf(db, condition), want.length, name);
      if (want.length < 9000) assert.deepEqual(ids(condition, false), byRows(where, 'ASC'), name);
      if (!['no run', 'no tag', 'no word', 'word of a message', 'url'].includes(name))
        assert.ok(want.length > 0, `${name}: nothing`);
    }
  });

  it('goes on after any alert, both ways', () => {
    const c: Condition = { field: 'dst_port', spans: [{ lo: 8000, hi: 8100 }] };
    const all = [...selectAlerts(db, c, { newest: true })];
    for (const at of [0, 1, Math.floor(all.length / 2), all.length - 1]) {
      const after = all[at];
      assert.deepEqual([...selectAlerts(db, c, { newest: true, after })], all.slice(at + 1));
      assert.deepEqual([...selectAlerts(db, c, { newest: false, after })], all.slice(0, at).reverse());
    }
  });

  it('gives pages by number and by address, after any alert', () => {
    for (const [condition, where] of [
      [{ and: [] }, '1'],
      [{ field: 'blocked', value: 1 }, 'a.blocked = 1'],
      [
        { field: 'src', ranges: range('64.0.0.0/3') },
        `length(a.src) = 4 AND a.src BETWEEN x'40000000' AND x'5fffffff'`,
      ],
    ] as [Condition, string][]) {
      const rows = (order: string) =>
        db.prepare(`SELECT id, src, dst, time_us AS timeUs FROM alert a WHERE ${where} ORDER BY ${order}`).all() as {
          id: number;
          src: Buffer;
          dst: Buffer;
          timeUs: number;
        }[];
      const numbers = rows('id').map((r) => r.id);
      assert.deepEqual(firstById(db, condition, -1, null), numbers);
      for (const at of [0, 100, numbers.length - 30])
        assert.deepEqual(firstById(db, condition, 50, numbers[at]), numbers.slice(at + 1, at + 51));
      for (const by of ['src', 'dst'] as const) {
        const want = rows(`${by}, time_us DESC, id DESC`);
        const all = want.map((r) => r.id);
        assert.deepEqual(firstByAddress(db, condition, by, -1, null), all);
        assert.deepEqual(firstByAddress(db, condition, by, 60, null), all.slice(0, 60));
        const wide = want.findIndex((r) => r[by].length === 16);
        for (const at of [0, 5, Math.floor(all.length / 2), wide, all.length - 3].filter((i) => i >= 0)) {
          const after = { ...want[at], key: want[at][by] };
          assert.deepEqual(firstByAddress(db, condition, by, 40, after), all.slice(at + 1, at + 41), `${by} ${at}`);
        }
      }
    }
    assert.equal(firstByAddress(db, { and: [] }, 'src', 1, null).length, 1);
    assert.ok((db.prepare("SELECT count(*) FROM alert WHERE src = x''").pluck().get() as number) > 5);
  });

  it('counts no further than asked, and says so', () => {
    const all = countAlertsOf(db, { and: [] });
    const none = Number.POSITIVE_INFINITY;
    assert.deepEqual(countUpTo(db, { and: [] }, { most: all, parts: none }), { count: all, all: true });
    assert.deepEqual(countUpTo(db, { and: [] }, { most: all - 1, parts: none }), { count: all - 1, all: false });
    assert.deepEqual(countUpTo(db, { and: [] }, { most: 10, parts: none }), { count: 10, all: false });
    const some = countUpTo(db, { and: [] }, { most: all, parts: 1 });
    assert.ok(!some.all && some.count > 0 && some.count < all);
  });

  it('sums up in one walk what the rows say', () => {
    for (const [condition, where] of [
      [{ and: [] }, '1'],
      [{ not: { field: 'mark', is: 'archived' } }, 'NOT (a.id % 7 = 0 AND a.id % 2 = 1)'],
      [{ field: 'run', ids: [9] }, '0'],
    ] as [Condition, string][]) {
      const want = db
        .prepare(
          `SELECT count(*) AS alerts, min(time_us) AS firstUs, max(time_us) AS lastUs, count(DISTINCT nullif(src, x'')) AS sources
           FROM alert a WHERE ${where}`,
        )
        .get() as object;
      const rules = db.prepare(`SELECT signature_id, count(*) FROM alert a WHERE ${where} GROUP BY 1`).raw().all();
      const { bySignature, also, ...got } = summaryOf(db, condition, [{ field: 'blocked', value: 1 }]);
      assert.deepEqual(got, want);
      assert.deepEqual(bySignature, new Map(rules as [number, number][]));
      assert.deepEqual(also, [byRows(`${where} AND a.blocked = 1`).length]);
    }
  });

  it('counts what is most frequent as the rows do', () => {
    const columns: Record<TopField, string> = {
      signature: 'a.signature_id',
      run: 'a.run_id',
      src: 'a.src',
      dst: 'a.dst',
      client: 'coalesce(a.client, f.src, a.src)',
      host: 'th.value',
      url: 'tu.value',
      user_agent: 'ta.value',
      referer: 'h.referer_id',
      method: 'h.method',
      proto: 'a.proto',
      status: 'h.status',
      src_port: 'a.src_port',
      dst_port: 'a.dst_port',
    };
    const key = (v: unknown) => (Buffer.isBuffer(v) ? v.toString('hex') : String(v));
    const conditions: [Condition, string][] = [
      [{ and: [] }, '1'],
      [{ field: 'blocked', value: 1 }, 'a.blocked = 1'],
    ];
    for (const [i, [by, column]] of Object.entries(columns).entries()) {
      for (const [condition, where] of [conditions[i % 2]]) {
        const counts = new Map(
          (
            db
              .prepare(
                `SELECT ${column} AS v, count(*) AS n FROM ${joined(`${where} ${column}`)} WHERE ${where} AND ${column} IS NOT NULL AND ${column} IS NOT -1 GROUP BY 1`,
              )
              .all() as { v: unknown; n: number }[]
          ).map((r) => [key(r.v), r.n]),
        );
        const got = topOf(db, condition, by as TopField, 5);
        const want = [...counts.values()].sort((a, b) => b - a).slice(0, 5);
        assert.deepEqual(
          got.map((t) => t.count),
          want,
          by,
        );
        for (const t of got) assert.equal(counts.get(key(t.value)), t.count, by);
        for (const t of got.slice(0, 1)) {
          const found = ids({ and: [condition, hasValue(by as TopField, t.value)] });
          const time = (id: number) => db.prepare('SELECT time_us FROM alert WHERE id = ?').pluck().get(id);
          assert.deepEqual(
            [t.count, t.lastUs, t.firstUs],
            [found.length, time(found[0]), time(found[found.length - 1])],
            by,
          );
        }
      }
    }
  });

  it('counts alerts over time', () => {
    const o = { fromUs: samples.t0 + 5 * DayUs, stepUs: DayUs, steps: 12 };
    const where = `a.time_us >= ${o.fromUs} AND a.time_us < ${o.fromUs + 12 * DayUs}`;
    const rows = db
      .prepare(
        `SELECT (a.time_us - ${o.fromUs}) / ${DayUs} AS day, a.signature_id AS s, count(*) AS n FROM alert a WHERE ${where} AND a.blocked = 1 GROUP BY 1, 2`,
      )
      .all() as { day: number; s: number; n: number }[];
    const c: Condition = { field: 'blocked', value: 1 };
    const all = timelineOf(db, c, { ...o, bySignature: false }).get(0) ?? [];
    for (let day = 0; day < 12; day++)
      assert.equal(
        all[day],
        rows.filter((r) => r.day === day).reduce((sum, r) => sum + r.n, 0),
      );
    const each = timelineOf(db, c, { ...o, bySignature: true });
    for (const r of rows) assert.equal(each.get(r.s)?.[r.day], r.n);
    assert.equal(each.size, new Set(rows.map((r) => r.s)).size);
  });

  it('scans no table of alerts: every statement goes by an index or the key', () => {
    const statements = new Set<string>();
    const prepare = db.prepare;
    db.prepare = function (this: Database, sql: string) {
      statements.add(sql);
      return prepare.call(this, sql);
    } as typeof prepare;
    try {
      for (const [, condition] of cases()) {
        selectAlerts(db, condition, { newest: true }).next();
        countAlertsOf(db, condition);
      }
      topOf(db, { field: 'blocked', value: 1 }, 'src', 3);
      firstById(db, { field: 'blocked', value: 1 }, 3, null);
      firstByAddress(db, { field: 'blocked', value: 1 }, 'src', 3, null);
      countUpTo(db, { and: [] }, { most: 3, parts: 2 });
      summaryOf(db, { and: [] }, [{ field: 'mark', is: 'archived' }]);
      timelineOf(db, { and: [] }, { fromUs: 0, stepUs: 1e15, steps: 2, bySignature: true });
    } finally {
      db.prepare = prepare;
    }
    const plans = [...statements]
      .filter((sql) => !sql.includes('holds'))
      .map((sql) => {
        const values = new Array((sql.match(/\?/g) ?? []).length).fill('[]');
        const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[];
        return { sql, plan: plan.map((p) => p.detail).join('; ') };
      });
    assert.ok(plans.length > 15);
    const scans = plans.filter(({ plan }) =>
      /SCAN (a|h|f|g|alert|http|flow|bytes|block_column|triage|alert_tag|alert_note)\b/.test(plan),
    );
    assert.deepEqual(scans, []);
    assert.ok(plans.filter(({ plan }) => /SEARCH a USING INTEGER PRIMARY KEY/.test(plan)).length > 10);
  });

  it('leaves nothing of alerts that are removed: no columns, words or counts', async () => {
    const writing = await openForWriting(path);
    const steps = new Retention(writing);
    const n = (sql: string) => writing.prepare(sql).pluck().get() as number;
    while (steps.stepAge(samples.t0 + 20 * DayUs) > 0);
    assert.ok(n('SELECT count(*) FROM alert') > 1000);
    assert.equal(n('SELECT count(*) FROM alert'), countAlertsOf(writing, { and: [] }));
    while (steps.stepAge(samples.t0 + 40 * DayUs) > 0);
    for (const table of [
      'alert',
      'http',
      'flow',
      'text',
      'bytes',
      'text_use',
      'bytes_use',
      'block',
      'block_column',
      'late',
    ])
      assert.equal(n(`SELECT count(*) FROM ${table}`), 0, table);
    for (const table of ['text', 'bytes'])
      assert.equal(
        n(`SELECT count(*) FROM ${table}_words WHERE ${table}_words MATCH 'get OR made OR passwd'`),
        0,
        table,
      );
    writing.close();
  });
});
