import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/core/package-root.js';

interface Stamps {
  filesBelow(path: string, endings: string[]): string[];
  hashOf(files: string[], words?: string[]): string;
  isStamped(file: string, hash: string): boolean;
  stamp(file: string, hash: string): void;
}
interface Packages {
  buildPackages: string[];
  testPackages: string[];
  missingPackages(packages: string[]): string[] | null;
}

const script = (name: string): string => pathToFileURL(join(packageRoot(), 'scripts', name)).href;

describe('set-up', () => {
  let dir = '';
  let stamps: Stamps;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-setup-'));
    stamps = (await import(script('stamp.mjs'))) as Stamps;
  });
  after(() => rmSync(dir, { recursive: true }));

  it('does a step again only when a file of its inputs changed, came or went', () => {
    mkdirSync(join(dir, 'in/deep'), { recursive: true });
    writeFileSync(join(dir, 'in/a.ts'), '1');
    writeFileSync(join(dir, 'in/deep/b.ts'), '2');
    writeFileSync(join(dir, 'in/notes.txt'), 'x');
    const hash = (): string => stamps.hashOf(stamps.filesBelow(join(dir, 'in'), ['.ts']));
    const mark = join(dir, 'out/.stamp');
    const first = hash();
    assert.equal(stamps.isStamped(mark, first), false);
    stamps.stamp(mark, first);
    assert.equal(stamps.isStamped(mark, hash()), true);
    writeFileSync(join(dir, 'in/notes.txt'), 'y');
    assert.equal(stamps.isStamped(mark, hash()), true);
    writeFileSync(join(dir, 'in/deep/b.ts'), '3');
    assert.equal(stamps.isStamped(mark, hash()), false);
    writeFileSync(join(dir, 'in/deep/b.ts'), '2');
    rmSync(join(dir, 'in/a.ts'));
    assert.equal(stamps.isStamped(mark, hash()), false);
  });

  it('knows which Debian packages are missing', async () => {
    const packages = (await import(script('packages.mjs'))) as Packages;
    const missing = packages.missingPackages(['no-such-package-as-this', 'libc6']);
    if (missing !== null) assert.deepEqual(missing, ['no-such-package-as-this']);
    assert.ok(packages.buildPackages.includes('libpcap-dev') && packages.testPackages.includes('tshark'));
  });

  it('says how it is used', () => {
    const done = spawnSync(process.execPath, [join(packageRoot(), 'scripts/setup.mjs'), 'everything'], {
      encoding: 'utf8',
    });
    assert.equal(done.status, 1);
    assert.match(done.stderr, /usage: node scripts\/setup\.mjs demo\|test\|build\|addon/);
  });
});
