import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Settings, type Tree } from '../../src/core/settings.js';
import { BatchDecoder, BatchEncoder, structures } from '../../src/output/codec.js';
import { outputConfig } from '../../src/output/config.js';
import { type Outputs, type OutputsOptions, type OutputsSummary, openOutputs } from '../../src/output/outputs.js';
import { OutputPort } from '../../src/output/port.js';
import { Ring, ringMemory } from '../../src/output/ring.js';
import { SpillReader, SpillWriter, spillShare } from '../../src/output/spill.js';
import * as samples from './samples.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peccary-output-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('batches', () => {
  it('come out as they went in', () => {
    const records = samples.everyKind();
    const got = new BatchDecoder().decode(new BatchEncoder().encode(3, records));
    assert.equal(got.rules, 3);
    assert.deepEqual(JSON.parse(JSON.stringify(got.records)), JSON.parse(JSON.stringify(records)));
  });

  it('carry no field names: every kind of record has its structure', () => {
    const known = new Set(structures.map((s) => s.join(' ')));
    const walk = (o: unknown): void => {
      if (o === null || typeof o !== 'object' || o instanceof Uint8Array) return;
      if (Array.isArray(o)) return o.forEach(walk);
      if (!('counters' in o) && !('names' in o))
        assert.ok(known.has(Object.keys(o).join(' ')), Object.keys(o).join(' '));
      for (const [k, v] of Object.entries(o)) if (k !== 'counters') walk(v);
    };
    walk(samples.everyKind());
  });

  it('need no earlier batch to be read', () => {
    const encoder = new BatchEncoder();
    encoder.encode(1, samples.everyKind());
    const second = encoder.encode(1, [samples.alert(), samples.httpEvent()]);
    assert.equal(new BatchDecoder().decode(second).records.length, 2);
  });
});

describe('ring', () => {
  it('gives byte strings back in order, and refuses what does not fit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 1500 }), fc.constant(null)), { maxLength: 60 }),
        (steps) => {
          const memory = ringMemory(4096);
          const [writer, reader] = [new Ring(memory), new Ring(memory)];
          const model: string[] = [];
          let used = 0;
          for (const step of steps) {
            if (step === null) {
              const got = reader.take();
              const want = model.shift();
              assert.equal(got === null ? undefined : Buffer.from(got).toString('hex'), want);
              if (got !== null) used -= (got.length + 7) & ~3;
            } else {
              const fits = used + ((step.length + 7) & ~3) <= 4096;
              assert.equal(writer.put(step), fits);
              if (!fits) continue;
              model.push(Buffer.from(step).toString('hex'));
              used += (step.length + 7) & ~3;
            }
            assert.equal(reader.used(), used);
          }
        },
      ),
    );
  });
});

describe('spill', () => {
  it('gives back in order over several files, and removes them', () => {
    const share = spillShare(dir, 'peccary-1-0', 64 * 1024);
    const [writer, reader] = [new SpillWriter(share), new SpillReader(share)];
    const want: number[] = [];
    for (let i = 0; i < 30; i++) {
      assert.ok(writer.put(new Uint8Array(1000).fill(i)));
      want.push(i);
    }
    assert.ok(readdirSync(dir).length > 2);
    const got: number[] = [];
    for (let b = reader.take(); b !== null; b = reader.take()) {
      got.push(b[0]);
      assert.equal(b.length, 1000);
      reader.done(b);
    }
    assert.deepEqual(got, want);
    assert.equal(writer.busy(), false);
    reader.close();
    writer.close();
    assert.deepEqual(readdirSync(dir), []);
  });

  it('never has more on disk than its budget, and takes again once it was read', () => {
    const share = spillShare(dir, 'peccary-1-0', 40_000);
    const [writer, reader] = [new SpillWriter(share), new SpillReader(share)];
    let n = 0;
    while (writer.put(new Uint8Array(996))) n++;
    assert.equal(n, 40);
    assert.equal(writer.fault, null);
    for (let i = 0; i < 20; i++) reader.done(reader.take() ?? new Uint8Array(0));
    let more = 0;
    while (writer.put(new Uint8Array(996))) more++;
    assert.ok(more >= 15 && more <= 20, String(more));
    const onDisk = readdirSync(dir).reduce((sum, f) => sum + readFileSync(join(dir, f)).length, 0);
    assert.ok(onDisk <= 40_000);
  });

  it('says why when the directory cannot be written', () => {
    writeFileSync(join(dir, 'plain'), '');
    const writer = new SpillWriter(spillShare(join(dir, 'plain'), 'peccary-1-0', 40_000));
    assert.equal(writer.put(new Uint8Array(10)), false);
    assert.match(writer.fault ?? '', /spill file: /);
  });
});

/** Outputs that write EVE to a file, with the parts of `over` changed. */
function open(over: Partial<OutputsOptions> = {}, tree: Tree = {}): Outputs {
  const config = outputConfig(new Settings(tree), {
    eve: join(dir, 'eve.json'),
    logDir: dir,
    inline: false,
    live: false,
  });
  return openOutputs({
    ...config,
    db: null,
    workers: 1,
    live: false,
    run: { kind: 'replay', inputs: ['/captures/one.pcap'], append: false, version: '0', startedUs: samples.t0 },
    ...over,
  });
}

const lines = (): Record<string, unknown>[] =>
  readFileSync(join(dir, 'eve.json'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((l) => JSON.parse(l));

/** Pushes `n` http events in batches of `each` and closes. */
async function pour(outputs: Outputs, n: number, each: number): Promise<OutputsSummary> {
  await outputs.ready();
  const port = new OutputPort(outputs.portMemory(0));
  for (let i = 1; i <= n; i++) {
    port.push(samples.httpEvent({ pcapCnt: i }));
    if (i % each === 0) port.flush();
  }
  port.close();
  return outputs.close(null);
}

describe('hand-over to the writer thread', () => {
  it('writes everything in order before close returns', async () => {
    const outputs = open();
    outputs.setRules([samples.loadedRule()]);
    const s = await pour(outputs, 5000, 1000);
    assert.equal(s.pushedEvents, 5000);
    assert.equal(s.lostEvents, 0);
    assert.deepEqual(s.written, { http: 5000 });
    assert.deepEqual(
      lines().map((e) => e.pcap_cnt),
      Array.from({ length: 5000 }, (_, i) => i + 1),
    );
  });

  it('finds the rule of an alert in the set its batch was made with', async () => {
    const outputs = open();
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    port.useRules(outputs.setRules([samples.loadedRule({ msg: 'old' })]));
    port.push(samples.alert());
    port.useRules(outputs.setRules([samples.loadedRule({ msg: 'new' })]));
    port.push(samples.alert());
    port.close();
    await outputs.close(null);
    assert.deepEqual(
      lines().map((e) => (e.alert as { signature: string }).signature),
      ['old', 'new'],
    );
  });

  it('spills to disk when the writer is slow, and loses nothing', async () => {
    const s = await pour(open({ slowMs: 5, queueBytes: 16_384 }), 3000, 50);
    assert.ok(s.spilledBatches > 10, `${s.spilledBatches} batches went through the spill`);
    assert.equal(s.lostEvents, 0);
    assert.deepEqual(
      lines().map((e) => e.pcap_cnt),
      Array.from({ length: 3000 }, (_, i) => i + 1),
    );
    assert.deepEqual(readdirSync(dir), ['eve.json']);
  });

  it("loses and counts exactly what is past the spill's budget", async () => {
    const spill = { dir, budget: 32_768, wait: false };
    const outputs = open({ slowMs: 5, queueBytes: 16_384, spill });
    const s = await pour(outputs, 3000, 50);
    assert.ok(s.lostEvents > 0);
    const written = lines().map((e) => e.pcap_cnt as number);
    assert.equal(written.length + s.lostEvents, 3000);
    assert.deepEqual(
      written,
      [...written].sort((a, b) => a - b),
    );
  });

  it('counts lost alerts by themselves, and still names the files of later events', async () => {
    const outputs = open(
      { slowMs: 20, queueBytes: 4096, spill: { dir, budget: 0, wait: false } },
      { outputs: [{ 'eve-log': { 'pcap-file': 'yes' } }] },
    );
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    port.useOrigins(['/captures/one.pcap']);
    for (let i = 0; i < 40; i++) {
      port.push(samples.alert({ payload: null, packet: null }));
      port.push(samples.httpEvent());
      port.flush();
    }
    port.close();
    const s = await outputs.close(null);
    assert.ok(s.lostAlerts > 0);
    assert.equal(s.lostEvents, 2 * s.lostAlerts);
    for (const e of lines()) assert.equal(e.pcap_filename, '/captures/one.pcap');
  });

  it('waits for the writer instead when told to', async () => {
    const spill = { dir, budget: 0, wait: true };
    const s = await pour(open({ slowMs: 1, queueBytes: 65_536, spill }), 3000, 100);
    assert.equal(s.lostEvents, 0);
    assert.equal(s.spilledBatches, 0);
    assert.equal(lines().length, 3000);
  });

  it('removes spill files of processes that are gone', async () => {
    writeFileSync(join(dir, 'peccary-999999999-0.0.spill'), 'x');
    writeFileSync(join(dir, `peccary-${process.pid}-9.0.spill`), 'x');
    await pour(open(), 1, 1);
    assert.deepEqual(readdirSync(dir).sort(), ['eve.json', `peccary-${process.pid}-9.0.spill`]);
  });

  it('says what is wrong with an output that takes no more, and counts what is missing', async () => {
    const eve = outputConfig(new Settings(), { eve: '/dev/full', logDir: dir, inline: false, live: false }).eve;
    const s = await pour(open({ eve }), 100, 10);
    assert.deepEqual(
      s.faults.map((f) => f.replace(/ENOSPC.*write/, '…')),
      ['/dev/full: … (100 records are missing there)'],
    );
  });

  it('says so when the reader of standard output goes away', async () => {
    const child = spawn(process.execPath, [new URL('./stdout-child.js', import.meta.url).pathname], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (d: Buffer) => {
      said += d.toString();
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const [status] = await once(child, 'exit');
    assert.equal(status, 0, said);
    assert.match(said, /^unread, lost 0, gone true, faults 0\n$/);
  });

  it('says what is wrong with an output before anything is read', async () => {
    writeFileSync(join(dir, 'plain'), '');
    const eve = outputConfig(new Settings(), {
      eve: join(dir, 'plain', 'eve.json'),
      logDir: dir,
      inline: false,
      live: false,
    }).eve;
    const outputs = open({ eve });
    await assert.rejects(outputs.ready(), { name: 'PeccaryError', message: /cannot write to .*plain.eve\.json/ });
    const port = new OutputPort(outputs.portMemory(0));
    port.push(samples.httpEvent());
    port.close();
    await assert.rejects(outputs.close(null), { name: 'PeccaryError' });
    assert.equal(outputs.losses().lostEvents, 1);
  });
});

describe('outputs of the configuration', () => {
  const config = (tree: Tree, eve: string | null = null) =>
    outputConfig(new Settings(tree), { eve, logDir: '/log', inline: false, live: true });

  it('are in the log directory and off by default', () => {
    const o = config({});
    assert.deepEqual([o.eve, o.fast, o.spill.dir, o.spill.wait, o.sensor], [[], [], '/log', false, 'peccary']);
    const on = config({
      'sensor-name': 'edge',
      outputs: [
        { fast: { enabled: 'yes' } },
        { 'eve-log': { enabled: 'yes' } },
        { spill: { size: '2mb', dir: '/spill', 'when-full': 'wait' } },
      ],
    });
    assert.deepEqual([on.eve[0].filename, on.fast[0].filename, on.sensor], ['/log/eve.json', '/log/fast.log', 'edge']);
    assert.deepEqual(on.spill, { dir: '/spill', budget: 2 * 1024 * 1024, wait: true });
    assert.equal(config({}, '-').eve[0].filename, '-');
  });
});
