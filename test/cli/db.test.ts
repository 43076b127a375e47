/** `peccary db`: databases are copied, checked, mended, brought up to date. */
import assert from 'node:assert/strict';
import { existsSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { MadeAlerts, madeRules } from '../../bench/lib/made-alerts.js';
import { fileProblems } from '../../src/output/store/check.js';
import { openForReading, openForWriting } from '../../src/output/store/open.js';
import { ApplicationId, migrations } from '../../src/output/store/schema.js';
import { AlertStore } from '../../src/output/store/store.js';
import * as samples from '../output/samples.js';
import { peccary } from '../tools/peccary.js';
import { db, dir, fill, ids, useDatabase } from './alerts-database.js';

useDatabase();

const run = (command: string, ...args: string[]) => peccary(['db', command, ...args, '--db', db]);

/** A database with `n` alerts. */
async function make(n: number): Promise<void> {
  const rules = madeRules();
  const store = new AlertStore(await openForWriting(db), {
    path: db,
    sensor: 's',
    run: { kind: 'live', inputs: ['eth0'], append: false, version: '0', startedUs: samples.t0 },
    retention: null,
  });
  for (const r of new MadeAlerts({ total: n, seed: 3, startUs: samples.t0, spanUs: 1e12 }).batch(n))
    store.add(r, (i) => rules[i]);
  store.close(null);
  assert.equal(store.fault, null);
}

function damage(from: number, to: number): void {
  const fd = openSync(db, 'r+');
  writeSync(fd, Buffer.alloc((to - from) * 4096, 0xa5), 0, (to - from) * 4096, from * 4096);
}

describe('peccary db', function () {
  this.timeout(120_000);

  it('checks what is sound, and tells what is not', async () => {
    await fill();
    assert.match(run('check').stdout, /peccary\.db is sound: 5 alerts of 2 runs/);
    const raw = new Sqlite(db);
    raw.pragma('foreign_keys = OFF');
    raw.exec('DELETE FROM text WHERE id = (SELECT url_id FROM alert WHERE id = 2); DELETE FROM bytes_use');
    raw.close();
    const r = run('check');
    assert.equal(r.status, 1);
    assert.match(r.stdout, /\d+ rows of alert name a url that is not there/);
    assert.match(r.stdout, /rows of bytes are counted as used more or less often/);
    assert.match(run('repair').stdout, /^mended: /);
    assert.match(run('check').stdout, /is sound: 5 alerts/);
    assert.deepEqual((await ids('--run', 'all')).sort(), [1, 2, 3, 4, 5]);
  });

  it('copies a database while it is written', async () => {
    await fill();
    const writing = await openForWriting(db);
    writing.exec("BEGIN IMMEDIATE; UPDATE run SET name = 'half'");
    const copy = join(dir, 'copy.db');
    const r = peccary(['db', 'backup', copy, '--db', db]);
    writing.exec('ROLLBACK');
    writing.close();
    assert.match(r.stdout, /copy\.db: 5 alerts of 2 runs/, r.stderr);
    assert.match(peccary(['db', 'check', '--db', copy]).stdout, /sound/);
    assert.match(peccary(['db', 'backup', copy, '--db', db]).stderr, /is there already/);
    peccary(['db', 'backup', dir, '--db', db]);
    assert.equal(
      readdirSync(dir).filter((f) => /^peccary-\d{8}-\d{6}\.db$|^peccary-\d{4}-\d\d-\d\d-\d{6}\.db$/.test(f)).length,
      1,
    );
  });

  it('saves what can be read of a damaged file, and sets that aside', async () => {
    await make(3000);
    const pages = readFileSync(db).length / 4096;
    damage(Math.floor(pages * 0.5), Math.floor(pages * 0.55));
    const broken = new Sqlite(db, { readonly: true });
    assert.notDeepEqual(fileProblems(broken), []);
    broken.close();
    assert.equal(run('check').status, 1);
    const r = run('repair');
    assert.equal(r.status, 0, r.stderr);
    assert.match(r.stdout, /the damaged file is now .*peccary\.db\.damaged/);
    assert.ok(existsSync(`${db}.damaged`));
    assert.match(run('check').stdout, /is sound/);
    const after = await openForReading(db);
    const n = after.prepare('SELECT count(*) FROM alert').pluck().get() as number;
    assert.ok(n > 1500 && n <= 3000, `${n} alerts saved`);
    // Ids are what people wrote down.
    assert.ok((after.prepare('SELECT max(id) FROM alert').pluck().get() as number) <= 3000);
    after.close();
  });

  it('leaves a file of which nothing can be read as it is, and says so', () => {
    writeFileSync(db, Buffer.alloc(65_536, 0x5a));
    assert.equal(run('check').status, 1);
    const r = run('repair');
    assert.equal(r.status, 1);
    assert.match(r.stderr, /nothing could be read of .*; it stays as it is/);
    assert.deepEqual(readFileSync(db), Buffer.alloc(65_536, 0x5a));
    assert.deepEqual(readdirSync(dir), ['peccary.db']);
  });

  it('brings every earlier format up to date, with all that is in it', async () => {
    for (let version = 1; version < migrations.length; version++) {
      const path = join(dir, `v${version}.db`);
      const old = new Sqlite(path);
      for (const sql of migrations.slice(0, version)) old.exec(sql);
      old.pragma(`user_version = ${version}`);
      old.pragma(`application_id = ${ApplicationId}`);
      const kind = version >= 4 ? ', kind' : '';
      old.exec(`INSERT INTO sensor VALUES (1, 's');
        INSERT INTO run (id, sensor_id, kind, name, version, started_us) VALUES (1, 1, 'replay', 'a', '0', 5);
        INSERT INTO signature VALUES (1, 1, 77, 1, 'OLD rule', 'alert', 1, NULL, '', '[]', '[]', NULL, '', 0, '');
        INSERT INTO text VALUES (1, 11, 'old.example'), (2, 12, '/old'), (3, 13, 'unused');
        INSERT INTO bytes (id, run_id, hash, data${kind}) VALUES (1, 1, 21, x'474554'${kind && ', 0'}), (2, 1, 22, x'0102'${kind && ', 1'});
        INSERT INTO flow (id, run_id, flow_id, proto, src, dst, src_port, dst_port, start_us, last_us, pkts_toserver, pkts_toclient, bytes_toserver, bytes_toclient, app_proto)
          VALUES (1, 1, 99, 'TCP', x'c0000201', x'c6336407', 4000, 80, 1, 2, 3, 4, 5, 6, 'http');
        INSERT INTO http (id, run_id, flow_id, tx_id, method, host_id, port, url_id, status, length, request_head_id) VALUES (1, 1, 1, 0, 'GET', 1, -1, 2, 404, 0, 1);
        INSERT INTO alert (id, run_id, time_us, signature_id, src, dst, src_port, dst_port, proto, blocked, pcap_cnt, origin, flow_id, http_id, host_id, url_id, payload_id, packet_id, rest)
          VALUES (1, 1, 7, 1, x'c0000201', x'c6336407', 4000, 80, 'TCP', 0, 1, 0, 1, 1, 1, 2, 1, 2, '{"vlan":[],"files":[],"matches":[]}');`);
      old.close();
      const refused = peccary(['alerts', 'list', '--db', path]);
      assert.match(
        refused.stderr,
        new RegExp(`older format \\(${version} of ${migrations.length}\\).*peccary db migrate`),
      );
      const r = peccary(['db', 'migrate', '--db', path]);
      assert.equal(r.stdout, `${path}: format ${version} is now ${migrations.length}\n`, r.stderr);
      if (version < 4) assert.match(peccary(['db', 'check', '--db', path]).stdout, /sound: 1 alert of 1 run/);
      const list = JSON.parse(
        peccary(['alerts', 'list', '--db', path, '--format', 'json', '--text', 'get', '--host', 'OLD']).stdout,
      );
      assert.deepEqual(
        list.map((a: { signature: string; url: string }) => [a.signature, a.url]),
        [['OLD rule', '/old']],
      );
    }
    const newest = join(dir, 'v2.db');
    assert.match(peccary(['db', 'migrate', '--db', newest]).stdout, /has this version's format/);
    const newer = new Sqlite(newest);
    newer.pragma(`user_version = ${migrations.length + 1}`);
    newer.close();
    for (const command of ['migrate', 'check', 'repair'])
      assert.match(peccary(['db', command, '--db', newest]).stderr, /was written by a newer Peccary/, command);
  });
});
