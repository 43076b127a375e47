/** A disk that is full for a while, on a small tmpfs of our own. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { Settings } from '../../src/core/settings.js';
import { outputConfig } from '../../src/output/config.js';
import { FrameBatch } from '../../src/output/frame-batch.js';
import { openOutputs } from '../../src/output/outputs.js';
import { pcapLogOptions } from '../../src/output/pcap-config.js';
import { captureFiles, PcapLog } from '../../src/output/pcap-log.js';
import { OutputPort } from '../../src/output/port.js';
import { readFrames } from '../tools/frames.js';
import * as samples from './samples.js';

describe('a disk that is full for a while', function () {
  this.timeout(60_000);
  let dir = '';
  let disk = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-full-'));
    disk = join(dir, 'disk');
    execFileSync('mkdir', [disk]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
  });
  afterEach(() => {
    execFileSync('umount', [disk]);
    rmSync(dir, { recursive: true, force: true });
  });

  /** Fills the disk but for what our files have already. */
  function fill(): void {
    const { bavail, bsize } = statfsSync(disk);
    const whole = Buffer.alloc(Number(bavail) * Number(bsize));
    writeFileSync(join(disk, 'filler'), whole);
  }

  async function run(spillDir: string, budget: number, full: number) {
    const told: string[] = [];
    const config = outputConfig(new Settings(), {
      eve: join(disk, 'eve.json'),
      logDir: disk,
      inline: false,
      live: true,
    });
    const outputs = openOutputs({
      ...config,
      queueBytes: 16_384,
      spill: { dir: spillDir, budget, wait: false },
      db: join(disk, 'peccary.db'),
      workers: 1,
      live: true,
      run: { kind: 'live', inputs: ['eth0'], append: false, version: '0', startedUs: samples.t0 },
      onTrouble: (m) => told.push(m),
    });
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    port.useRules(outputs.setRules([samples.loadedRule()]));
    let n = 0;
    const push = (count: number) => {
      for (let i = 0; i < count; i++) port.push(samples.alert({ pcapCnt: ++n, payload: Buffer.from(`payload ${n}`) }));
      port.flush();
    };
    push(20);
    await sleep(500);
    fill();
    for (let i = 0; i < full; i++) {
      push(20);
      await sleep(100);
    }
    const during = outputs.losses();
    rmSync(join(disk, 'filler'));
    for (let i = 0; i < 10; i++) {
      await sleep(200);
      push(5);
    }
    port.close();
    const s = await outputs.close(null);
    const lines = readFileSync(join(disk, 'eve.json'), 'utf8').trimEnd().split('\n');
    const events = lines.map((l) => JSON.parse(l) as { event_type: string; pcap_cnt: number });
    const db = new Sqlite(join(disk, 'peccary.db'), { readonly: true });
    const stored = db.prepare('SELECT pcap_cnt FROM alert ORDER BY id').pluck().all() as number[];
    assert.deepEqual(db.pragma('integrity_check', { simple: true }), 'ok');
    db.close();
    return { s, n, during, told, lines: events.map((e) => e.pcap_cnt), stored };
  }

  it('costs nothing while the spill, on another disk, has room', async () => {
    const r = await run(dir, 1 << 30, 30);
    assert.deepEqual([r.s.lostEvents, r.s.faults], [0, []]);
    assert.ok(r.s.spilledBatches > 5);
    const all = Array.from({ length: r.n }, (_, i) => i + 1);
    assert.deepEqual(r.lines, all);
    assert.deepEqual(r.stored, all);
    assert.match(r.told[0], /ENOSPC|disk is full|disk I\/O error/);
    assert.equal(r.told.at(-1), 'all outputs can be written again');
  });

  it('past the budget of the spill costs what is counted, and no more', async () => {
    const r = await run(dir, 40_000, 60);
    assert.ok(r.during.lostEvents > 0);
    const missing = (name: RegExp) => {
      const text = r.s.faults.find((f) => name.test(f)) ?? '';
      return Number(/\((\d+) records/.exec(text)?.[1] ?? 0);
    };
    assert.equal(r.lines.length + r.s.lostEvents + missing(/eve\.json/), r.n);
    assert.equal(r.stored.length + r.s.lostEvents + missing(/database/), r.n);
    assert.ok(r.lines.includes(r.n) && r.stored.includes(r.n));
    assert.deepEqual(
      r.lines,
      [...r.lines].sort((a, b) => a - b),
    );
  });

  it('costs packets of the capture file, which are counted; what is written stays readable, and it goes on', async () => {
    const options = pcapLogOptions(new Settings({ outputs: [{ 'pcap-log': { enabled: 'yes' } }] }), disk);
    assert.ok(options);
    const log = new PcapLog(options, true);
    const frames = new FrameBatch();
    const write = (): void => {
      for (let i = 0; i < 300; i++) frames.add(new Uint8Array(1000).fill(i), 0, 1000, 1000, samples.t0, 1, 1, 0);
      log.write(frames.take());
      log.flush();
    };
    for (let i = 0; i < 20; i++) write(); // 6 MB
    assert.ok(log.lost >= 2000 && log.written >= 3000 && log.lost + log.written === 6000, `${log.lost} ${log.written}`);
    assert.match(log.fault ?? '', /no space left/i);
    const [first] = captureFiles(join(disk, 'log.pcap'));
    const kept = readFrames(first.path);
    assert.ok(kept.length >= 3000 && kept.every((f) => f.bytes.length === 1000));
    rmSync(first.path);
    const before = log.written;
    for (let i = 0; i < 300 && log.written === before; i++) {
      write();
      await sleep(100);
    }
    assert.ok(log.written > before);
    log.end();
  });
});
