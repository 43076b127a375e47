import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPeccary } from '../tools/engine-alerts.js';
import { prepare, recorded, results } from './keyword-cases.js';

describe('Rules that use every keyword, over traffic made from them and near misses of it', () => {
  it('alert as recorded (node out/test/detect/record-keyword-cases.js compares with Suricata 7.0.10)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'peccary-cases-'));
    try {
      const prepared = prepare(folder);
      assert.ok(prepared.cases.length > 1000);
      const got = await results(prepared, runPeccary, join(folder, 'peccary'));
      assert.deepEqual(got, readFileSync(recorded, 'utf8').trim().split('\n'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }).timeout(180_000);
});
