// Tasks that run compiled TypeScript: makes sure that it is compiled, then runs it with the remaining arguments.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const programs = {
  bench: '../out/bench/main.js',
  fuzz: '../out/fuzz/main.js',
  soak: '../out/bench/soak.js',
  'record-pcaps': '../out/test/tools/record-pcaps.js',
};

const [task, ...args] = process.argv.slice(2);
await setup('build');
const done = spawnSync(process.execPath, [fileURLToPath(new URL(programs[task], import.meta.url)), ...args], {
  stdio: 'inherit',
});
process.exitCode = done.status ?? 1;
