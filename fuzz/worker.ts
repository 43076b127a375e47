/**
 * Runs one target in a thread: the main thread sees each input before it is tried, and so knows what hung or crashed.
 * An input that makes the stages count what no input made them count before joins those that are changed further.
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { counterSnapshot, counts } from '../src/core/counters.js';
import { seeded } from '../test/tools/seeded.js';
import { corpusOf } from './corpus.js';
import { mutate } from './mutate.js';
import { MaxInputLen, takeWays } from './target.js';
import { targets } from './targets.js';

export interface FuzzJob {
  target: string;
  seed: number;
  /** Start from the corpus too. */
  corpus: boolean;
  /** Milliseconds since 1970 at which to stop. */
  until: number;
  /** Inputs tried so far, then the length of the one being tried. */
  state: Int32Array;
  /** The input being tried. */
  input: Uint8Array;
}

/** What a thread tells at its end. */
export interface FuzzEnd {
  /** What did not hold, or null. */
  failed: string | null;
  /** Inputs that showed something new. */
  kept: number;
  /** Most processor time one input took, milliseconds. */
  slowestMs: number;
  /** MiB of the thread's heap after the first inputs, and at the end. */
  heapMiB: [number, number];
}

const enum Bound {
  /** Processor time of one input. */
  InputMs = 2000,
  /** MiB that the heap may grow from its first measure to any later one. */
  GrowthMiB = 48,
  /** Inputs kept for what they showed, and their bytes. */
  Kept = 2000,
  KeptBytes = 8 << 20,
  /** Inputs before the heap's first measure, and between measures. */
  Measure = 2000,
}

const job = workerData as FuzzJob;
const target = await targets[job.target]();
const random = seeded(job.seed);
const known = job.corpus ? corpusOf(job.target) : [];
const pool = [...target.seeds(), ...known.map((entry) => entry.bytes.subarray(0, MaxInputLen))];
const words = target.words.map((word) => (typeof word === 'string' ? Buffer.from(word, 'latin1') : word));
const given = pool.length;
const end: FuzzEnd = { failed: null, kept: 0, slowestMs: 0, heapMiB: [0, 0] };

setFlagsFromString('--expose-gc');
/** Bytes outside of the heap that were there from the beginning: the memory of the stages. */
const { external } = process.memoryUsage();
const collect = runInNewContext('gc') as () => void;

/** Processor time of this thread, milliseconds. */
function busyMs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

const counters = Object.keys(counterSnapshot()).length;
const before = new Float64Array(counters);
/** By counter, the magnitudes (powers of two) by which some input moved it. */
const moved = new Uint32Array(counters);

const seenWays = new Set<number>();

/** Whether the input just tried led where none did before it, or moved some counter as far as none before it. */
function isNew(): boolean {
  let fresh = false;
  for (const way of takeWays()) {
    if (seenWays.has(way)) continue;
    seenWays.add(way);
    fresh = true;
  }
  for (let i = 0; i < counters; i++) {
    const by = Math.abs(counts[i] - before[i]);
    if (by === 0) continue;
    const bit = 1 << Math.min(31, Math.floor(Math.log2(by)) + 1);
    if ((moved[i] & bit) !== 0) continue;
    moved[i] |= bit;
    fresh = true;
  }
  return fresh;
}

let keptBytes = 0;
function keepInput(bytes: Uint8Array): void {
  end.kept++;
  if (pool.length - given === Bound.Kept || keptBytes + bytes.length > Bound.KeptBytes) {
    keptBytes -= pool.splice(given, 1)[0]?.length ?? 0;
  }
  pool.push(bytes);
  keptBytes += bytes.length;
}

function measureHeap(): void {
  collect();
  const use = process.memoryUsage();
  const mib = Math.round((use.heapUsed + use.external - external) / 2 ** 20);
  if (end.heapMiB[0] === 0) end.heapMiB[0] = mib;
  end.heapMiB[1] = mib;
  if (mib - end.heapMiB[0] > Bound.GrowthMiB) end.failed = `the heap grew from ${end.heapMiB[0]} to ${mib} MiB`;
}

function attempt(bytes: Uint8Array): boolean {
  job.input.set(bytes);
  Atomics.store(job.state, 1, bytes.length);
  const tried = Atomics.add(job.state, 0, 1) + 1;
  before.set(counts.subarray(0, counters));
  const start = busyMs();
  try {
    target.run(bytes);
  } catch (error) {
    end.failed = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return false;
  }
  const took = busyMs() - start;
  end.slowestMs = Math.max(end.slowestMs, Math.round(took));
  if (took > Bound.InputMs) end.failed = `${Math.round(took)} ms for ${bytes.length} bytes`;
  if (isNew() && tried > given) keepInput(bytes);
  if (tried % Bound.Measure === 0) measureHeap();
  return end.failed === null;
}

let whole = pool.slice().every((bytes) => attempt(bytes));
while (whole && Date.now() < job.until) whole = attempt(mutate(random, pool, words, target.shape));
if (whole) measureHeap();
parentPort?.postMessage(end);
