// `npm test [-- [--no-build] FOLDER…]`: set-up (unless --no-build), then mocha once a folder of test/, two at a time, those that need root last.
// Ends with one line "N passed, N failed, N skipped" and exit status 1 when a test failed or a process broke.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';
import { filesBelow } from './stamp.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const TotalLine = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m;

/** Test files by group: a folder of test/, then those that need root (`*.root.test.ts`) as one group a file. */
function groups(wanted) {
  const units = new Map();
  const rooted = [];
  for (const file of filesBelow(join(root, 'out/test'), ['.test.js'])) {
    const folder = file.slice(join(root, 'out/test/').length).split('/')[0];
    if (wanted.length > 0 && !wanted.includes(folder)) continue;
    if (file.endsWith('.root.test.js')) rooted.push({ name: `${folder} (root): ${basename(file)}`, files: [file] });
    else if (units.has(folder)) units.get(folder).files.push(file);
    else units.set(folder, { name: folder, files: [file] });
  }
  return { units: [...units.values()], rooted };
}

function runMocha(group) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(root, 'node_modules/mocha/bin/mocha.js'), ...group.files], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' },
    });
    let text = '';
    child.stdout.on('data', (piece) => (text += piece));
    child.stderr.on('data', (piece) => (text += piece));
    child.on('close', (status, signal) => {
      const total = TotalLine.exec(text);
      process.stdout.write(`\n== ${group.name}\n${text.replace(TotalLine, '').trimEnd()}\n`);
      const [passed, failed, skipped] = total === null ? [0, 0, 0] : total.slice(1).map(Number);
      const broken = total === null || (failed === 0 && status !== 0);
      if (broken)
        process.stdout.write(`  ${group.name}: the test process ended with ${signal ?? `status ${status}`}\n`);
      done({ passed, failed: failed + (broken ? 1 : 0), skipped });
    });
  });
}

async function runAll(list, jobs, sum) {
  let next = 0;
  const worker = async () => {
    while (next < list.length) {
      const result = await runMocha(list[next++]);
      for (const key of Object.keys(sum)) sum[key] += result[key];
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

const wanted = process.argv.slice(2).filter((word) => word !== '--no-build');
if (!process.argv.includes('--no-build')) await setup('test');
const { units, rooted } = groups(wanted);
const sum = { passed: 0, failed: 0, skipped: 0 };
await runAll(units, Math.min(2, availableParallelism()), sum);
await runAll(rooted, 1, sum);
if (sum.passed + sum.failed + sum.skipped === 0) {
  process.stdout.write('no tests found\n');
  sum.failed = 1;
}
process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`);
process.exitCode = sum.failed > 0 ? 1 : 0;
