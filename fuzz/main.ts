/**
 * `npm run fuzz -- [TARGET …] [--minutes N] [--seed N]`: seeds, the corpus, then changed inputs, for N minutes a target
 * (default 1). An input that throws, takes too long or ends the thread is kept in fuzz/corpus/TARGET/, and the target
 * goes on with another seed until it has failed MaxFaults times; exit status 1.
 */
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { keep } from './corpus.js';
import { MaxInputLen } from './target.js';
import { targets } from './targets.js';
import type { FuzzEnd, FuzzJob } from './worker.js';

/** Clock time without an end of one input: far above the processor time that the thread itself looks at. */
const HangMs = 30_000;
const TickMs = 500;
const MaxFaults = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Fuzzes one target with one seed (`corpus`: known inputs too, which may hold the one that failed before); what went wrong, or null. */
function fuzz(target: string, until: number, seed: number, corpus: boolean): Promise<string | null> {
  const job: FuzzJob = {
    target,
    seed,
    corpus,
    until,
    state: new Int32Array(new SharedArrayBuffer(8)),
    input: new Uint8Array(new SharedArrayBuffer(MaxInputLen)),
  };
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: job });
  return new Promise((done) => {
    let seen = 0;
    let seenAt = Date.now();
    let fault: string | null = null;
    let end: FuzzEnd | null = null;
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
    worker.on('message', (message: FuzzEnd) => {
      end = message;
      fault = message.failed;
    });
    worker.on('error', (error) => {
      fault = error.stack ?? error.message;
    });
    worker.on('exit', () => {
      clearInterval(watch);
      const count = Atomics.load(job.state, 0);
      const how =
        end === null
          ? ''
          : `, ${end.kept} showed something new, slowest ${end.slowestMs} ms, heap ${end.heapMiB.join(' to ')} MiB`;
      say(`${target}: ${count} inputs, seed ${seed}${how}: ${fault === null ? 'all held' : 'FAILED'}`);
      if (fault !== null && count > 0) {
        say(`input kept in ${keep(target, job.input.slice(0, Atomics.load(job.state, 1)))}`);
      }
      if (fault !== null) say(fault);
      done(fault);
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
  const until = Date.now() + Number(values.minutes) * 60_000;
  for (let faults = 0; faults < MaxFaults && (faults === 0 || Date.now() < until); faults++) {
    if ((await fuzz(name, until, Number(values.seed) + faults, faults === 0)) === null) break;
    process.exitCode = 1;
  }
}
say(`resident at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
