import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';

describe('package-lock.json', () => {
  const check = (lock: string | null): number | null => {
    const dir = mkdtempSync(join(tmpdir(), 'peccary-lock-'));
    try {
      mkdirSync(join(dir, 'scripts'));
      copyFileSync(join(packageRoot(), 'scripts/check-lockfile.mjs'), join(dir, 'scripts/check-lockfile.mjs'));
      if (lock === null) copyFileSync(join(packageRoot(), 'package-lock.json'), join(dir, 'package-lock.json'));
      else writeFileSync(join(dir, 'package-lock.json'), lock);
      return spawnSync(process.execPath, [join(dir, 'scripts/check-lockfile.mjs')]).status;
    } finally {
      rmSync(dir, { recursive: true });
    }
  };

  it('names no registry host', () => {
    assert.equal(check(null), 0);
  });

  it('is refused when it does', () => {
    assert.equal(check('{\n "resolved": "https://packages.example/a.tgz"\n}'), 1);
  });
});
