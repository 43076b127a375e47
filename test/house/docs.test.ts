import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { packageRoot } from '../../src/core/package-root.js';

describe('docs/keywords.md', () => {
  it('is what the keyword files say', () => {
    const done = spawnSync(process.execPath, ['scripts/docs.mjs', '--check'], { cwd: packageRoot(), encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
  });
});
