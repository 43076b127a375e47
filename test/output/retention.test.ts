/** Alerts go by age and size, with what only they use. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Settings } from '../../src/core/settings.js';
import { outputConfig, retentionPolicy } from '../../src/output/config.js';
import { openOutputs } from '../../src/output/outputs.js';
import { OutputPort } from '../../src/output/port.js';
import type { AlertRecord } from '../../src/output/records.js';
import { type Database, openForReading, openForWriting } from '../../src/output/store/open.js';
import { Retention, type RetentionPolicy } from '../../src/output/store/retention.js';
import { countUses } from '../../src/output/store/schema.js';
import { AlertStore } from '../../src/output/store/store.js';
import { peccary } from '../tools/peccary.js';
import * as samples from './samples.js';

let dir = '';
let path = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peccary-retention-'));
  path = join(dir, 'peccary.db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const rule = samples.rule();
const DayUs = 86_400e6;
/** Of a day, so that ages do not depend on the hour. */
const now = Date.now() * 1000;

/** Alert `i`: five to a flow, each with its own URL and bytes; host and user agent are those of all. */
function alert(i: number, tsUs: number, over: Partial<AlertRecord> = {}): AlertRecord {
  const txId = i % 5;
  return samples.alert({
    tsUs,
    flowId: 1 + Math.floor(i / 5),
    txId,
    pcapCnt: i,
    http: samples.http({ txId, url: `/path/${i}`, requestHead: Buffer.from(`GET /path/${i} HTTP/1.1\r\n\r\n`) }),
    payload: Buffer.from(`payload ${i} `.repeat(20)),
    packet: Buffer.from(`packet ${i} `.repeat(20)),
    ...over,
  });
}

async function open(
  kind: 'live' | 'replay' = 'live',
  retention: RetentionPolicy | null = null,
  startedUs = now,
  name = 'a',
) {
  const db = await openForWriting(path);
  const run = { kind, inputs: [name], append: false, version: '0', startedUs };
  return { db, store: new AlertStore(db, { path, sensor: 's', run, retention }) };
}

const count = (db: Database, table: string): number =>
  db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;

/** `n` alerts by SQL alone: five to a flow, a transaction and a packet each, 5000 URLs. */
function fill(db: Database, n: number): void {
  const each = `WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < ${n + 8})`;
  db.exec(`BEGIN;
    ${each} INSERT INTO text (id, hash, value) SELECT i, i, '/' || i FROM n WHERE i < 5010;
    ${each} INSERT INTO bytes (id, run_id, hash, data, kind) SELECT i, 1, i, randomblob(200), 1 FROM n;
    ${each} INSERT INTO flow SELECT i, 1, i, 'TCP', x'c0000201', x'c6336407', 4000, 80, 1, 2, 3, 4, 5, 6, 'http', NULL, NULL
      FROM n WHERE i % 5 = 0;
    ${each} INSERT INTO http (id, run_id, flow_id, tx_id, port, url_id, status, length)
      SELECT i, 1, i - i % 5, i % 5, -1, 10 + i % 5000, 200, 0 FROM n;
    ${each} INSERT INTO alert (id, run_id, time_us, signature_id, src, dst, src_port, dst_port, proto, blocked, pcap_cnt, origin,
        flow_id, http_id, url_id, packet_id, rest)
      SELECT i, 1, ${now} + i, 1, x'c0000201', x'c6336407', 4000, 80, 'TCP', 0, i, 0, i - i % 5, i, 10 + i % 5000, i, '{}'
      FROM n;
    ${countUses}
    COMMIT`);
}

function sound(db: Database): void {
  assert.deepEqual(db.pragma('foreign_key_check'), []);
  assert.deepEqual(db.pragma('integrity_check', { simple: true }), 'ok');
  for (const [table, uses] of [
    [
      'text',
      'SELECT host_id FROM alert UNION SELECT url_id FROM alert UNION SELECT host_id FROM http UNION SELECT url_id FROM http UNION SELECT user_agent_id FROM http UNION SELECT referer_id FROM http',
    ],
    [
      'bytes',
      'SELECT payload_id FROM alert UNION SELECT packet_id FROM alert UNION SELECT request_head_id FROM http UNION SELECT response_head_id FROM http UNION SELECT request_body_id FROM http UNION SELECT response_body_id FROM http',
    ],
    ['flow', 'SELECT flow_id FROM alert'],
    ['http', 'SELECT http_id FROM alert'],
  ]) {
    const used = db.prepare(`SELECT count(*) FROM ${table} WHERE id IN (SELECT * FROM (${uses}))`).pluck().get();
    assert.equal(used, count(db, table), `${table}: rows that nothing uses`);
  }
}

describe('retention', () => {
  it('removes what is older, with the flows, transactions, text and bytes that only it used', async () => {
    const { db, store } = await open();
    // Alert 3 and 4 of the second flow are young: the flow stays.
    for (let i = 0; i < 10; i++) store.add(alert(i, i < 8 ? now - 40 * DayUs : now), () => rule);
    store.add(alert(8, now, { payload: Buffer.from('payload 0 '.repeat(20)) }), () => rule);
    store.commit();
    sound(db);
    const steps = new Retention(db);
    assert.equal(steps.stepAge(now - 30 * DayUs), 8);
    assert.equal(steps.stepAge(now - 30 * DayUs), 0);
    assert.deepEqual(
      ['alert', 'flow', 'http'].map((t) => count(db, t)),
      [3, 1, 2],
    );
    assert.equal(
      db.prepare('SELECT count(*) FROM bytes WHERE data = CAST(? AS BLOB)').pluck().get('payload 0 '.repeat(20)),
      1,
    );
    sound(db);
    store.close(null);
  });

  it('takes the age of a replay from when it was replayed, and its run goes too', async () => {
    const old = await open('replay', null, now - 40 * DayUs, 'old');
    old.store.add(alert(0, now), () => rule);
    old.store.close(null);
    const young = await open('replay', null, now, 'young');
    young.store.add(alert(1, now - 4000 * DayUs), () => rule);
    young.store.close(null);
    const db = await openForWriting(path);
    const steps = new Retention(db);
    assert.equal(steps.stepAge(now - 30 * DayUs), 1);
    assert.equal(steps.stepAge(now - 30 * DayUs), 0);
    assert.deepEqual(db.prepare('SELECT name FROM run').pluck().all(), ['young']);
    assert.equal(count(db, 'alert'), 1);
    sound(db);
    db.close();
  });

  it('keeps a database of 200,000 alerts within its size, in short steps, and the file shrinks', async function () {
    this.timeout(300_000);
    const { db, store } = await open();
    store.add(alert(0, now), () => rule);
    store.commit();
    fill(db, 200_000);
    const steps = new Retention(db);
    const limit = Math.floor(steps.usedBytes() / 2);
    const times: number[] = [];
    let removed = 0;
    for (;;) {
      const from = process.cpuUsage();
      const n = steps.stepSize(limit);
      const { user, system } = process.cpuUsage(from);
      times.push((user + system) / 1000);
      if (n === 0) break;
      removed += n;
    }
    assert.ok(steps.usedBytes() <= limit);
    assert.ok(removed > 60_000 && removed < 140_000, `${removed} removed`);
    assert.equal(count(db, 'alert'), 200_000 - removed);
    assert.equal(db.prepare('SELECT min(pcap_cnt) FROM alert').pluck().get(), 10 + removed - 1);
    times.sort((a, b) => a - b);
    assert.ok(times[Math.floor(times.length * 0.9)] < 100, `a step took ${times.at(-1)} ms of CPU`);
    const pages = () => db.pragma('page_count', { simple: true }) as number;
    const before = pages();
    while (steps.stepVacuum(0));
    assert.ok(pages() < before * 0.6);
    sound(db);
    store.close(null);
  });

  it('of a sensor is automatic: the file stops growing, and reading goes on meanwhile', async function () {
    this.timeout(120_000);
    const config = outputConfig(new Settings({ outputs: [{ database: { 'max-size': '4mb' } }] }), {
      eve: null,
      logDir: dir,
      inline: false,
      live: true,
    });
    const run = { kind: 'live' as const, inputs: ['eth0'], append: false, version: '0', startedUs: now };
    const outputs = openOutputs({ ...config, db: path, workers: 1, live: true, run });
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    port.useRules(outputs.setRules([samples.loadedRule()]));
    const db = await openForReading(path);
    let slowest = 0;
    for (let i = 0; i < 20_000; i++) {
      port.push(alert(i, now + i));
      if (i % 200 !== 199) continue;
      port.flush();
      const from = performance.now();
      db.prepare('SELECT count(*) FROM alert').get();
      slowest = Math.max(slowest, performance.now() - from);
      await new Promise((done) => setTimeout(done, 50));
    }
    db.close();
    port.close();
    const s = await outputs.close(null);
    assert.deepEqual([s.faults, s.lostEvents], [[], 0]);
    assert.ok(slowest < 5000, `a question waited ${slowest} ms`);
    const size = statSync(path).size;
    assert.ok(size < 12 * 1024 * 1024, `${size} bytes`);
    const after = await openForReading(path);
    const newest = after.prepare('SELECT max(pcap_cnt) FROM alert').pluck().get();
    assert.equal(newest, 19_999);
    assert.ok(count(after, 'alert') < 15_000);
    sound(after);
    after.close();
  });

  it('by another process does not mislead the writer about what is still there', async () => {
    const { db, store } = await open();
    store.add(alert(0, now - 40 * DayUs), () => rule);
    store.commit();
    const other = await openForWriting(path);
    const steps = new Retention(other);
    while (steps.stepAge(now - 30 * DayUs) > 0);
    assert.equal(count(other, 'text'), 0);
    other.close();
    store.add(alert(0, now), () => rule);
    store.commit();
    sound(db);
    assert.equal(count(db, 'alert'), 1);
    assert.equal(count(db, 'text'), 4);
    store.close(null);
  });

  it('leaves nothing of a transaction that ends after its alert was removed, once its flow goes', async () => {
    const { db, store } = await open();
    store.add(alert(0, now - 40 * DayUs), () => rule);
    store.add(alert(1, now), () => rule);
    store.commit();
    const steps = new Retention(db);
    assert.equal(steps.stepAge(now - 30 * DayUs), 1);
    const http = samples.http({ txId: 0, url: '/late' });
    store.add(samples.httpEvent({ flowId: 1, alerted: true, http }), () => rule);
    store.commit();
    assert.equal(count(db, 'http'), 2);
    assert.equal(steps.stepAge(now + 1), 1);
    assert.deepEqual(
      ['alert', 'http', 'flow', 'text', 'bytes'].map((t) => count(db, t)),
      [0, 0, 0, 0, 0],
    );
    store.close(null);
  });

  it('is configured below outputs.database; 10 GiB unless it is', () => {
    const policy = (tree: Record<string, string>) => retentionPolicy(new Settings({ outputs: [{ database: tree }] }));
    assert.deepEqual(policy({}), { maxAgeS: 0, maxBytes: 10 * 2 ** 30 });
    assert.deepEqual(policy({ 'max-age': '30d', 'max-size': '0' }), { maxAgeS: 30 * 86_400, maxBytes: 0 });
    assert.throws(() => policy({ 'max-age': 'long' }), /outputs\.database\.max-age: expected a time such as 30d/);
  });
});

describe('peccary alerts prune', () => {
  const prune = (...args: string[]) => peccary(['alerts', 'prune', '--db', path, ...args]);

  it('removes by age and size, says how many, and with --dry-run only says so', async () => {
    const { store } = await open();
    for (let i = 0; i < 3000; i++) store.add(alert(i, i < 1000 ? now - 40 * DayUs : now), () => rule);
    store.close(null);
    assert.equal(prune('--older-than', '30d', '--dry-run').stdout, '1,000 alerts of 3,000 would be removed\n');
    assert.match(prune('--older-than', '30d').stdout, /^1,000 alerts removed, 2,000 left; .* freed\n$/);
    const before = statSync(path).size;
    assert.match(prune('--max-size', '1M').stdout, /^[\d,]+ alerts removed, [\d,]+ left; [\d.]+ MB freed\n$/);
    assert.ok(statSync(path).size <= 1.2 * 2 ** 20 && statSync(path).size < before);
    const db = await openForReading(path);
    assert.ok(count(db, 'alert') > 100 && count(db, 'alert') < 2000);
    sound(db);
    db.close();
  }).timeout(60_000);

  it('wants to be told what to remove, from which database', () => {
    assert.match(prune().stderr, /nothing says what to remove; give --older-than or --max-size/);
    assert.match(prune('--older-than', 'soon').stderr, /Expected a time such as 12h/);
    assert.match(prune('--max-size', '2M').stderr, /there is no alert database/);
  }).timeout(30_000);
});
