import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';

/** Runs the project's own layer rules over a small tree of files. */
function violations(files: Record<string, string>): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'peccary-layers-'));
  try {
    for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json'])
      copyFileSync(join(packageRoot(), file), join(dir, file));
    symlinkSync(join(packageRoot(), 'node_modules'), join(dir, 'node_modules'));
    writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
    const tool = join(packageRoot(), 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
    const done = spawnSync(process.execPath, [tool, '--config', '.dependency-cruiser.cjs', '-T', 'json', 'src'], {
      cwd: dir,
      encoding: 'utf8',
    });
    const report = JSON.parse(done.stdout) as { summary: { violations: { rule: { name: string }; from: string }[] } };
    return report.summary.violations.map((v) => `${v.rule.name}: ${v.from}`).sort();
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('layers of src/', () => {
  it('lets a folder import itself and what is left of it', () => {
    assert.deepEqual(
      violations({
        'src/core/a.ts': "export * from './b.js';\n",
        'src/core/b.ts': 'export const b = 1;\n',
        'src/http/c.ts': "export { b } from '../core/a.js';\n",
      }),
      [],
    );
  });

  it('refuses an import to the right, of types too', () => {
    assert.deepEqual(
      violations({
        'src/stream/a.ts': "import type { B } from '../http/b.js';\nexport const a: B = 1;\n",
        'src/http/b.ts': 'export type B = number;\n',
      }),
      ['stream-imports-to-the-left: src/stream/a.ts'],
    );
  });

  it('refuses a circle, a folder without a place and a file that is not there', () => {
    assert.deepEqual(
      violations({
        'src/core/a.ts': "import { b } from './b.js';\nexport const a = (): number => b();\n",
        'src/core/b.ts': "import { a } from './a.js';\nexport const b = (): number => a();\n",
        'src/cli/c.ts': "export * from '../extra/d.js';\nexport * from './absent.js';\n",
        'src/extra/d.ts': 'export const d = 1;\n',
      }),
      ['known-layer: src/cli/c.ts', 'no-cycles: src/core/a.ts', 'resolvable: src/cli/c.ts'],
    );
  });
});
