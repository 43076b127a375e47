/** Runs the compiled command line as a user would, in a process of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

export function peccary(args: string[], options: { cwd?: string; input?: string | Buffer } = {}): Outcome {
  const main = join(packageRoot(), 'out/src/cli/main.js');
  const done = spawnSync(process.execPath, [main, ...args], {
    cwd: options.cwd ?? packageRoot(),
    input: options.input ?? '',
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, COLUMNS: '80' },
  });
  return { status: done.status, stdout: done.stdout, stderr: done.stderr };
}
