import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  acquireHandle,
  closeHandle,
  type HandleCounts,
  handleCounts,
  libraryVersions,
} from '../../src/addon/handles.js';
import { compileLiterals } from '../../src/addon/hyperscan.js';
import { compilePcre, pcreMatch } from '../../src/addon/pcre.js';
import { inputOff, put } from './scratch.js';

interface Report {
  shared: number;
  matched: number;
  acquired: boolean;
  counts: HandleCounts;
}

/** Runs the worker to its end; what it told. */
function runWorker(workerData: { database: number; pcre: number }, terminate = false): Promise<Report> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./handles-worker.js', import.meta.url), { workerData });
    let report: Report | undefined;
    worker.on('message', (m: Report) => {
      report = m;
      if (terminate) void worker.terminate();
    });
    worker.on('error', reject);
    worker.on('exit', () => (report === undefined ? reject(new Error('no report')) : resolve(report)));
  });
}

describe('handles across threads', () => {
  it('are shared by number, and an ended thread leaves nothing behind', async function () {
    this.timeout(20_000);
    const before = handleCounts();
    const database = compileLiterals([{ pattern: 'needle', flags: 0, id: 1 }]) as number;
    const pcre = compilePcre('n(e+)dle', 0) as number;
    for (let round = 0; round < 3; round++) {
      const reports = await Promise.all([runWorker({ database, pcre }), runWorker({ database, pcre }, true)]);
      for (const r of reports) {
        assert.deepEqual([r.shared, r.matched, r.acquired], [1, 2, true]);
        assert.ok(r.counts.decompressor >= 2 && r.counts.hsStream >= 1 && r.counts.bpf >= 1);
      }
    }
    const after = handleCounts();
    assert.deepEqual(after, { ...before, hsDatabase: before.hsDatabase + 1, pcre: before.pcre + 1 });
    assert.equal(pcreMatch(pcre, inputOff, put(inputOff, 'neeedle'), 0, 0), 2);
    closeHandle(database);
    closeHandle(pcre);
    assert.deepEqual(handleCounts(), before);
  });

  it('go stale with the last reference, even when the slot is used again', () => {
    const first = compilePcre('a', 0) as number;
    closeHandle(first);
    const second = compilePcre('b', 0) as number;
    assert.notEqual(first, second);
    assert.equal(acquireHandle(first), false);
    assert.equal(closeHandle(first), false);
    assert.throws(() => pcreMatch(first, inputOff, 1, 0, 0), /not a PCRE2 pattern/);
    closeHandle(second);
  });

  it('are never 0 or negative', () => {
    assert.equal(acquireHandle(0), false);
    assert.equal(acquireHandle(-1), false);
    assert.equal(closeHandle(0xffff_ffff), false);
  });
});

describe('the addon', () => {
  it('tells the run-time versions of its libraries', () => {
    const names = ['hyperscan', 'pcre2', 'libpcap', 'zlib', 'brotli', 'liblzma', 'zstd'];
    assert.deepEqual(Object.keys(libraryVersions()), names);
    for (const version of Object.values(libraryVersions())) assert.match(version, /\d+\.\d+/);
  });

  it('is not the zlib and brotli of node itself', () => {
    // Linked statically: the version is that of the system's headers, whatever node brings.
    assert.doesNotMatch(libraryVersions().zlib, /motley/);
  });

  it('names the remedy when it is not built', () => {
    const path = fileURLToPath(new URL('../../src/addon/handles.js', import.meta.url));
    const script = `import(${JSON.stringify(path)}).then((m) => m.handleCounts()).catch((e) => console.log(e.name, e.message))`;
    const run = spawnSync(process.execPath, ['-e', script], {
      env: { ...process.env, PECCARY_ADDON: '/nonexistent/peccary.node' },
      encoding: 'utf8',
    });
    assert.match(run.stdout, /^PeccaryError .*peccary\.node is missing: run "npm run build"/);
  });
});
