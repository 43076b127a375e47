/**
 * `npm run fuzz -- TARGET [--minutes N] [--seed N]`: seeds, the corpus, then changed inputs, for N minutes (default 1).
 * An input that throws, hangs for more than HangMs or ends the thread is kept in fuzz/corpus/TARGET/; exit status 1.
 */
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { keep } from './corpus.js';
import { MaxInputLen } from './target.js';
import { targets } from './targets.js';
import type { FuzzJob } from './worker.js';

const HangMs = 5000;
const TickMs = 500;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});

/** Fuzzes one target; returns whether all inputs held. */
function fuzz(target: string, minutes: number, seed: number): Promise<boolean> {
  const job: FuzzJob = {
    target,
    seed,
    until: Date.now() + minutes * 60_000,
    state: new Int32Array(new SharedArrayBuffer(8)),
    input: new Uint8Array(new SharedArrayBuffer(MaxInputLen)),
  };
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: job });
  return new Promise((done) => {
    let seen = 0;
    let seenAt = Date.now();
    let fault: string | null = null;
    const watch = setInterval(() => {
      const count = Atomics.load(job.state, 0);
      if (count !== seen) {
        seen = count;
        seenAt = Date.now();
      } else if (Date.now() - seenAt > HangMs && count > 0) {
        fault = `no end after ${HangMs} ms`;
        void worker.terminate();
      }
    }, TickMs);
    worker.on('message', (message: { failed: string }) => {
      fault = message.failed;
    });
    worker.on('error', (error) => {
      fault = error.stack ?? error.message;
    });
    worker.on('exit', () => {
      clearInterval(watch);
      const count = Atomics.load(job.state, 0);
      process.stdout.write(`${target}: ${count} inputs, seed ${seed}: ${fault === null ? 'all held' : 'FAILED'}\n`);
      if (fault !== null && count > 0) {
        const file = keep(target, job.input.slice(0, Atomics.load(job.state, 1)));
        process.stdout.write(`input kept in ${file}\n`);
      }
      if (fault !== null) process.stdout.write(`${fault}\n`);
      done(fault === null);
    });
  });
}

const wanted = positionals.length > 0 ? positionals : Object.keys(targets);
const unknown = wanted.filter((name) => !(name in targets));
if (unknown.length > 0) {
  process.stderr.write(`unknown target ${unknown.join(', ')}; there are ${Object.keys(targets).join(', ')}\n`);
  process.exit(2);
}
for (const name of wanted) {
  if (!(await fuzz(name, Number(values.minutes), Number(values.seed)))) process.exitCode = 1;
}
