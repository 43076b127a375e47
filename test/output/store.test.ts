import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { PeccaryError } from '../../src/core/errors.js';
import type { EventRecord, RuleInfo } from '../../src/output/records.js';
import { type Database, openForReading, openForWriting } from '../../src/output/store/open.js';
import type { RunTotals } from '../../src/output/store/runs.js';
import { migrations } from '../../src/output/store/schema.js';
import { AlertStore, type StoreOptions } from '../../src/output/store/store.js';
import * as samples from './samples.js';

let dir = '';
let path = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peccary-store-'));
  path = join(dir, 'peccary.db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const rules: RuleInfo[] = [samples.rule(), samples.rule({ sid: 2, msg: 'other' })];

function options(inputs: string[], append = false): StoreOptions {
  return {
    path,
    sensor: 's1',
    run: { kind: 'replay', inputs, append, version: '0', startedUs: samples.t0 },
    retention: null,
  };
}

const totals: RunTotals = { packets: 10, bytes: 1000, firstUs: samples.t0, lastUs: samples.t0 + 5, lostEvents: 2 };

/** A run with these records, closed. */
async function record(records: EventRecord[], inputs = ['/a.pcap'], append = false): Promise<number> {
  const store = new AlertStore(await openForWriting(path), options(inputs, append));
  for (const r of records) store.add(r, (i) => rules[i] ?? null);
  const id = store.close(totals);
  assert.equal(store.fault, null);
  return id;
}

async function ask<T>(sql: string): Promise<T[]> {
  const db = await openForReading(path);
  try {
    return db.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
}

const count = async (table: string): Promise<number> =>
  (await ask<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))[0].n;

describe('alert store', () => {
  it('keeps an alert with its signature, flow, transaction, payload and packet', async () => {
    await record([{ kind: 'origins', names: ['/a.pcap'] }, samples.alert()]);
    const [row] = await ask<Record<string, unknown>>(
      `SELECT a.*, s.msg, s.category, f.pkts_toserver, h.method, h.status, t.value AS url, p.data AS payload, k.data AS packet, b.data AS body, r.origins, r.packets, r.lost_events
       FROM alert a JOIN signature s ON s.id = a.signature_id JOIN flow f ON f.id = a.flow_id JOIN http h ON h.id = a.http_id JOIN text t ON t.id = a.url_id
       JOIN bytes p ON p.id = a.payload_id JOIN bytes k ON k.id = a.packet_id JOIN bytes b ON b.id = h.response_body_id JOIN run r ON r.id = a.run_id`,
    );
    assert.equal(row.msg, 'WEB traversal in path');
    assert.equal(row.category, 'Web Application Attack');
    assert.equal(row.time_us, samples.t0);
    assert.deepEqual([...(row.src as Buffer)], [192, 0, 2, 1]);
    assert.deepEqual([row.method, row.status, row.url], ['GET', 404, '/a/../etc/passwd?x="1"']);
    assert.deepEqual(row.packet, Buffer.from([1, 2, 3, 4]));
    assert.match((row.payload as Buffer).toString('latin1'), /^GET \/a/);
    assert.match((row.body as Buffer).toString(), /^<html>/);
    assert.deepEqual([row.origins, row.packets, row.lost_events, row.pkts_toserver], ['["/a.pcap"]', 10, 2, 4]);
    assert.deepEqual(JSON.parse(row.rest as string).matches, [
      { buffer: 'http.uri', off: 2, len: 4, bytes: 'Ly4uLw==' },
    ]);
  });

  it('keeps what repeats once', async () => {
    const many = Array.from({ length: 50 }, (_, i) =>
      samples.alert({ tsUs: samples.t0 + i, rule: i % 2, sid: i % 2 === 0 ? 1000001 : 2 }),
    );
    await record(many);
    assert.deepEqual(
      [await count('alert'), await count('signature'), await count('flow'), await count('http')],
      [50, 2, 1, 1],
    );
    assert.equal(await count('bytes'), 5);
    assert.equal(await count('text'), 4);
  });

  it('brings transaction and flow up to date when they end, those of alerts only', async () => {
    const early = samples.http({
      hostname: null,
      status: 0,
      responseHead: null,
      responseBody: null,
      contentType: null,
      length: 0,
    });
    await record([
      samples.alert({ http: early }),
      samples.httpEvent({ alerted: true, http: samples.http() }),
      samples.httpEvent({ alerted: false, flowId: 5 }),
      samples.flowEvent({ flow: { ...samples.flow, pktsToServer: 9 } }),
      samples.flowEvent({ alerted: false, flowId: 6 }),
    ]);
    const rows = await ask<Record<string, unknown>>(
      'SELECT status, value AS host, state, pkts_toserver FROM alert a JOIN http h ON h.id = a.http_id JOIN flow f ON f.id = a.flow_id JOIN text t ON t.id = a.host_id',
    );
    assert.deepEqual(rows, [{ status: 404, host: 'www.example.org', state: 'closed', pkts_toserver: 9 }]);
    assert.deepEqual([await count('http'), await count('flow')], [1, 1]);
  });

  it('replaces the run of the same input, keeps it with append, and keeps runs of others', async () => {
    await record([samples.alert(), samples.alert()]);
    await record([samples.alert()], ['/b.pcap']);
    const second = await record([samples.alert()]);
    assert.deepEqual(
      await ask('SELECT name, count(*) AS n FROM alert JOIN run r ON r.id = run_id GROUP BY name ORDER BY name'),
      [
        { name: '/a.pcap', n: 1 },
        { name: '/b.pcap', n: 1 },
      ],
    );
    const third = await record([samples.alert()], ['/a.pcap'], true);
    assert.ok(third > second);
    assert.deepEqual([await count('run'), await count('alert'), await count('bytes')], [3, 3, 15]);
  });

  it('says what the database says when it takes no more, and counts what is missing', async () => {
    const db = await openForWriting(path);
    const store = new AlertStore(db, options(['/a.pcap']));
    const add = () => store.add(samples.alert(), (i) => rules[i] ?? null);
    add();
    store.commit();
    add();
    const pages = db.pragma('page_count', { simple: true }) as number;
    db.pragma(`max_page_count = ${pages}`);
    for (let i = 0; i < 200 && store.fault === null; i++) {
      store.add(samples.alert({ payload: Buffer.from(`${i}`.repeat(500)) }), (n) => rules[n] ?? null);
    }
    assert.match(store.fault ?? '', /^database: .*full/);
    const before = store.refused;
    assert.ok(before >= 2);
    add();
    assert.equal(store.refused, before + 1);
    store.close(null);
    assert.equal(await count('alert'), 1);
  });

  it('stores every kind of record that it keeps without fault', async () => {
    await record(samples.everyKind());
    assert.equal(await count('alert'), 4);
  });
});

describe('alert database file', () => {
  const refusal = async (make: () => void | Promise<void>, open: (p: string) => Promise<Database>, message: RegExp) => {
    await make();
    await assert.rejects(
      open(path),
      (e: unknown) => e instanceof PeccaryError && e.kind === 'database' && message.test(e.message),
    );
  };

  it('is brought up to date from an empty file, and opened again as it is', async () => {
    (await openForWriting(path)).close();
    (await openForWriting(path)).close();
    assert.deepEqual(await ask('PRAGMA user_version'), [{ user_version: migrations.length }]);
  });

  it('says what to run when there is none', () =>
    refusal(() => undefined, openForReading, /there is no alert database at .*peccary replay/));

  it('is refused when it is something else', async () => {
    await refusal(
      () => writeFileSync(path, 'not a database at all, not at all'),
      openForReading,
      /is not an alert database/,
    );
    await refusal(
      () => writeFileSync(path, 'not a database at all, not at all'),
      openForWriting,
      /is not an alert database/,
    );
    rmSync(path);
    const other = () => {
      const db = new Sqlite(path);
      db.exec('CREATE TABLE t (a)');
      db.close();
    };
    await refusal(other, openForWriting, /not one of Peccary's/);
  });

  it('is refused when a newer Peccary wrote it', async () => {
    (await openForWriting(path)).close();
    const newer = () => {
      const db = new Sqlite(path);
      db.pragma(`user_version = ${migrations.length + 1}`);
      db.close();
    };
    await refusal(newer, openForWriting, /newer Peccary/);
    await refusal(newer, openForReading, /newer Peccary/);
  });
});

/** Ends as soon as the child has said how many alerts it pushed at least `n` of. */
async function pushedAtLeast(child: ChildProcess, n: number): Promise<number> {
  let last = 0;
  child.stdout?.on('data', (d: Buffer) => {
    last = Number(d.toString().trim().split('\n').at(-1));
  });
  while (last < n) {
    assert.equal(child.exitCode, null, 'the child lives');
    await sleep(20);
  }
  return last;
}

describe('kill -9', () => {
  it('leaves a database that can be read, with at most the last second missing', async function () {
    this.timeout(30_000);
    const child = spawn(process.execPath, [new URL('./store-child.js', import.meta.url).pathname, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await pushedAtLeast(child, 500);
    const seen = await pushedAtLeast(child, 501);
    // A second and a little for a loaded machine: what was pushed by now is committed by then.
    await sleep(1500);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const [row] = await ask<{ n: number; last: number; ended: number | null }>(
      'SELECT count(*) AS n, max(pcap_cnt) AS last, (SELECT ended_us FROM run) AS ended FROM alert',
    );
    assert.ok(row.n >= seen, `${row.n} alerts, ${seen} were pushed a second before the kill`);
    assert.equal(row.n, row.last);
    assert.equal(row.ended, null);
    assert.deepEqual(await ask('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
    const again = new AlertStore(await openForWriting(path), options(['/other.pcap']));
    again.add(samples.alert(), (i) => rules[i] ?? null);
    again.close(null);
    assert.equal(await count('alert'), row.n + 1);
  });
});
