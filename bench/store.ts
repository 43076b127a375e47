/**
 * `npm run bench -- --store [--alerts N]`: fills a database with N (ten million) made alerts with payloads through the
 * store as the writer uses it, a commit each second, and asks it questions.
 *
 * The rate is told beside that of the same rows and bytes inserted into one table without indexes, deduplication, columns
 * or words, measured just before: what SQLite can do at best here. Questions are told in milliseconds, median of five.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { addressBytes } from '../src/output/address-bytes.js';
import type { AlertRecord } from '../src/output/records.js';
import { BlockMaker } from '../src/output/store/blocks.js';
import { openForReading, openForWriting } from '../src/output/store/open.js';
import { AlertStore } from '../src/output/store/store.js';
import { WordIndex } from '../src/output/store/word-index.js';
import { MadeAlerts, madeRules } from './lib/made-alerts.js';
import { median } from './lib/measure.js';
import { questions } from './lib/store-questions.js';

/** Alerts of one measurement of a rate. */
const Part = 200_000;
const Batch = 4096;
const CommitMs = 1000;
const Runs = 5;
const DayUs = 86_400e6;

/** Alerts a second of processor time and of the clock. */
interface Rate {
  cpu: number;
  wall: number;
}

class Stopwatch {
  private cpuMs = 0;
  private wallMs = 0;

  run(what: () => void): number {
    const [from, cpu] = [performance.now(), process.cpuUsage()];
    what();
    const { user, system } = process.cpuUsage(cpu);
    const took = performance.now() - from;
    this.cpuMs += (user + system) / 1000;
    this.wallMs += took;
    return took;
  }

  rate(n: number): Rate {
    return { cpu: Math.round((n / this.cpuMs) * 1000), wall: Math.round((n / this.wallMs) * 1000) };
  }
}

const alertsOf = (made: MadeAlerts): AlertRecord[] => made.batch(Batch).filter((r) => r.kind === 'alert');

/** The same rows in one table that has nothing else. */
function plainRate(path: string, options: ConstructorParameters<typeof MadeAlerts>[0]): Rate {
  const db = new Sqlite(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  db.exec(`CREATE TABLE plain (id INTEGER PRIMARY KEY, time INTEGER, sid INTEGER, src BLOB, dst BLOB, src_port INTEGER,
    dst_port INTEGER, proto TEXT, flow INTEGER, method TEXT, host TEXT, url TEXT, agent TEXT, status INTEGER, payload BLOB, packet BLOB)`);
  const insert = db.prepare(`INSERT INTO plain VALUES (NULL${', ?'.repeat(15)})`);
  const made = new MadeAlerts(options);
  const watch = new Stopwatch();
  let n = 0;
  while (n < Part) {
    const records = alertsOf(made);
    watch.run(() => {
      db.exec('BEGIN');
      for (const r of records) {
        const h = r.http;
        insert.run(
          Math.floor(r.tsUs),
          r.sid,
          addressBytes(r.src),
          addressBytes(r.dst),
          r.srcPort,
          r.dstPort,
          r.proto,
          r.flowId,
          h?.method ?? null,
          h?.hostname ?? null,
          h?.url ?? null,
          h?.userAgent ?? null,
          h?.status ?? 0,
          r.payload,
          r.packet,
        );
      }
      db.exec('COMMIT');
    });
    n += records.length;
  }
  db.close();
  return watch.rate(n);
}

/** Fills the database; rates of the first and the last part. */
async function fill(path: string, total: number, made: MadeAlerts): Promise<{ first: Rate; last: Rate }> {
  const rules = madeRules();
  const run = { kind: 'live' as const, inputs: ['made'], append: false, version: '0', startedUs: Date.now() * 1000 };
  const store = new AlertStore(await openForWriting(path), { path, sensor: 'made', run, retention: null });
  const rates: Rate[] = [];
  let watch = new Stopwatch();
  let [n, inPart, since, clock] = [0, 0, 0, 0];
  while (n < total) {
    const records = made.batch(Batch);
    since += watch.run(() => {
      for (const r of records) store.add(r, (i) => rules[i]);
      if (since < CommitMs) return;
      store.commit();
      clock += CommitMs;
      store.tidy(clock, true);
      since = 0;
    });
    const alerts = records.filter((r) => r.kind === 'alert').length;
    n += alerts;
    inPart += alerts;
    if (inPart < Part && n < total) continue;
    // A rest at the end is too short to be told.
    if (inPart >= Part || rates.length === 0) rates.push(watch.rate(inPart));
    if (rates.length % 10 === 0) console.log(`  ${n} alerts, ${rates[rates.length - 1].wall} a second`);
    watch = new Stopwatch();
    inPart = 0;
  }
  store.close(null);
  if (store.fault !== null) throw new Error(store.fault);
  return { first: rates[0], last: rates[rates.length - 1] };
}

/** What the writer does while nothing comes. */
async function finish(path: string): Promise<number> {
  const db = await openForWriting(path);
  const watch = new Stopwatch();
  const took = watch.run(() => {
    const blocks = new BlockMaker(db);
    while (blocks.step());
    const words = new WordIndex(db);
    while (words.step(performance.now() + 1000));
  });
  db.close();
  return took;
}

async function answers(path: string): Promise<{ name: string; whole: boolean; ms: number }[]> {
  const db = await openForReading(path);
  const out = questions(db).map(({ name, whole, ask }) => {
    const times = Array.from({ length: Runs }, () => new Stopwatch().run(ask));
    return { name, whole, ms: median(times) };
  });
  db.close();
  return out;
}

/** Ends with 1 when a question takes longer than people are promised. */
export async function benchStore(total: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'peccary-store-bench-'));
  try {
    const path = join(dir, 'alerts.db');
    const options = { total, seed: 1, startUs: Date.UTC(2026, 0, 1) * 1000, spanUs: 30 * DayUs };
    const plain = plainRate(join(dir, 'plain.db'), options);
    const { first, last } = await fill(path, total, new MadeAlerts(options));
    const rest = await finish(path);
    const bytes = statSync(path).size;
    const asked = await answers(path);
    console.log(
      `${total} alerts on ${cpus().length} x ${cpus()[0].model}, ${(bytes / total).toFixed(0)} bytes an alert`,
    );
    console.log('alerts a second                 of the clock  of processor time');
    for (const [name, r] of Object.entries({
      'one table without indexes': plain,
      'the store, fresh': first,
      'the store, full': last,
    }))
      console.log(`${name.padEnd(32)}${String(r.wall).padStart(12)}${String(r.cpu).padStart(19)}`);
    console.log(
      `the store / one table: ${(first.cpu / plain.cpu).toFixed(2)} fresh, ${(last.cpu / plain.cpu).toFixed(2)} full`,
    );
    console.log(`columns and words left to make at the end: ${(rest / 1000).toFixed(1)} s`);
    const slow = asked.filter((a) => a.ms > (a.whole ? 2000 : 200));
    for (const a of asked) console.log(`${a.name.padEnd(44)}${a.ms.toFixed(1).padStart(9)} ms`);
    mkdirSync('bench/results', { recursive: true });
    const result = {
      date: new Date().toISOString(),
      cpu: cpus()[0].model,
      total,
      bytes,
      plain,
      first,
      last,
      rest,
      asked,
    };
    writeFileSync('bench/results/store.json', `${JSON.stringify(result, null, 1)}\n`);
    for (const a of slow) console.log(`too slow: ${a.name}`);
    return slow.length === 0 ? 0 : 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
