/** Runs one target in a thread: the main thread sees each input before it is tried, and so knows what hung or crashed. */
import { parentPort, workerData } from 'node:worker_threads';
import { seeded } from '../test/tools/seeded.js';
import { corpusOf } from './corpus.js';
import { mutate } from './mutate.js';
import { MaxInputLen } from './target.js';
import { targets } from './targets.js';

export interface FuzzJob {
  target: string;
  seed: number;
  /** Milliseconds since 1970 at which to stop. */
  until: number;
  /** Inputs tried so far, then the length of the one being tried. */
  state: Int32Array;
  /** The input being tried. */
  input: Uint8Array;
}

const job = workerData as FuzzJob;
const target = await targets[job.target]();
const random = seeded(job.seed);
const pool = [...target.seeds(), ...corpusOf(job.target).map((entry) => entry.bytes)];
const words = target.words.map((word) => (typeof word === 'string' ? Buffer.from(word, 'latin1') : word));

function attempt(bytes: Uint8Array): boolean {
  job.input.set(bytes);
  Atomics.store(job.state, 1, bytes.length);
  Atomics.add(job.state, 0, 1);
  try {
    target.run(bytes);
    return true;
  } catch (error) {
    parentPort?.postMessage({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    return false;
  }
}

let whole = pool.every((bytes) => attempt(bytes.subarray(0, MaxInputLen)));
while (whole && Date.now() < job.until) whole = attempt(mutate(random, pool, words));
