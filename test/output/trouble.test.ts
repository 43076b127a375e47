/** Outputs of a sensor that cannot be written for a while. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { Settings } from '../../src/core/settings.js';
import { outputConfig } from '../../src/output/config.js';
import { openOutputs } from '../../src/output/outputs.js';
import { OutputPort } from '../../src/output/port.js';
import * as samples from './samples.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peccary-trouble-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function open(eve: string | null, queueBytes: number, budget: number, told: string[]) {
  const config = outputConfig(new Settings(), { eve, logDir: dir, inline: false, live: true });
  return openOutputs({
    ...config,
    queueBytes,
    spill: { dir, budget, wait: false },
    db: join(dir, 'peccary.db'),
    workers: 1,
    live: true,
    run: { kind: 'live', inputs: ['eth0'], append: false, version: '0', startedUs: samples.t0 },
    onTrouble: (m) => told.push(m),
  });
}

const stored = (): number[] => {
  const db = new Sqlite(join(dir, 'peccary.db'), { readonly: true });
  try {
    return db.prepare('SELECT pcap_cnt FROM alert ORDER BY id').pluck().all() as number[];
  } finally {
    db.close();
  }
};

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe('a database that another process has locked', () => {
  it('is waited for: what comes goes to the spill, and nothing is lost or twice', async () => {
    const told: string[] = [];
    const outputs = open(null, 16_384, 1 << 30, told);
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    port.useRules(outputs.setRules([samples.loadedRule()]));
    let n = 0;
    const push = (count: number) => {
      for (let i = 0; i < count; i++) port.push(samples.alert({ pcapCnt: ++n, payload: Buffer.from(`payload ${n}`) }));
      port.flush();
    };
    push(20);
    while (stored().length < 20) await sleep(20);
    const other = new Sqlite(join(dir, 'peccary.db'));
    other.exec('BEGIN IMMEDIATE');
    for (let i = 0; i < 30; i++) {
      push(20);
      await sleep(100);
    }
    assert.deepEqual(stored(), upTo(20));
    assert.ok(readdirSync(dir).some((f) => f.endsWith('.spill')));
    assert.match(told[0], /database is locked; events wait/);
    other.exec('COMMIT');
    other.close();
    push(20);
    port.close();
    const s = await outputs.close(null);
    assert.deepEqual([s.faults, s.lostEvents, s.pushedEvents], [[], 0, 640]);
    assert.deepEqual(stored(), upTo(640));
    assert.equal(told.at(-1), 'all outputs can be written again');
  }).timeout(30_000);

  it('does not keep the log file waiting once the spill is full; what it misses is counted', async () => {
    const told: string[] = [];
    const outputs = open(join(dir, 'eve.json'), 4096, 20_000, told);
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    port.useRules(outputs.setRules([samples.loadedRule()]));
    const other = new Sqlite(join(dir, 'peccary.db'));
    other.exec('BEGIN IMMEDIATE');
    let n = 0;
    for (let i = 0; i < 100; i++) {
      for (let k = 0; k < 5; k++) port.push(samples.alert({ pcapCnt: ++n }));
      port.flush();
      await sleep(40);
    }
    const lines = () => readFileSync(join(dir, 'eve.json'), 'utf8').trimEnd().split('\n');
    const before = lines().length;
    assert.ok(before + outputs.losses().lostEvents > 400, `${before} lines while the database was locked`);
    assert.ok(before > 50);
    other.exec('COMMIT');
    other.close();
    await sleep(1500);
    port.push(samples.alert({ pcapCnt: ++n }));
    port.close();
    const s = await outputs.close(null);
    assert.equal(lines().length + s.lostEvents, n);
    const missing = Number(/\((\d+) records are missing there\)/.exec(s.faults[0])?.[1]);
    assert.equal(stored().length + missing + s.lostEvents, n);
    assert.equal(stored().at(-1), n);
  }).timeout(30_000);

  it('at the end is tried for a few seconds, then what is missing is counted', async () => {
    const outputs = open(null, 65_536, 1 << 20, []);
    await outputs.ready();
    const other = new Sqlite(join(dir, 'peccary.db'));
    other.exec('BEGIN IMMEDIATE');
    const port = new OutputPort(outputs.portMemory(0));
    port.useRules(outputs.setRules([samples.loadedRule()]));
    for (let i = 0; i < 300; i++) port.push(samples.alert());
    port.close();
    const from = performance.now();
    const s = await outputs.close(null);
    assert.ok(performance.now() - from < 12_000);
    assert.match(s.faults[0], /database is locked \(300 records are missing there\)/);
    other.close();
  }).timeout(30_000);
});
