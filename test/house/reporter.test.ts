import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';

describe('the test reporter', () => {
  it('ends with one line that counts what passed, failed and was skipped', () => {
    const dir = mkdtempSync(join(tmpdir(), 'peccary-reporter-'));
    try {
      const spec = join(dir, 'spec.cjs');
      writeFileSync(
        spec,
        `it('a', () => {}); it('b', () => {}); it('c', () => { throw new Error('broken') });
         it('d', function () { this.skip() });`,
      );
      const mocha = join(packageRoot(), 'node_modules/mocha/bin/mocha.js');
      const done = spawnSync(process.execPath, [mocha, spec], { cwd: packageRoot(), encoding: 'utf8' });
      assert.equal(done.status, 1);
      assert.equal(done.stdout.trimEnd().split('\n').at(-1), '2 passed, 1 failed, 1 skipped');
      assert.match(done.stdout, /Error: broken/);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
