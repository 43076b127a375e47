/**
 * What the workers of a sensor share to divide its traffic: the seeds of the owner hash, a ring for each pair of them, and
 * how far each has looked. Plain shared memory, given to each worker's thread as it is.
 */
import { randomBytes } from 'node:crypto';
import { CrossLimit, type CrossMemory, crossMemory } from '../capture/crossing.js';
import type { OwnerSeeds } from '../capture/owner-hash.js';

export const enum SharingLimit {
  /** Workers of a sensor or replay: owners are bits of an integer. */
  Workers = 16,
}

/** Float64 cells of a worker in `marks`; so many that two workers' lie in different cache lines. */
export const enum Mark {
  /** Capture time up to which it has handed on what came to it from the kernel that belongs to others. */
  Seen = 0,
  /** The same, with what others had handed to it by then. */
  HandedOn = 1,
  Stride = 16,
}

/** Int32 cells of `ticks`. */
export const enum Tick {
  /** Incremented with each change of a mark. */
  Marks = 0,
  /** Incremented to keep what is done before it before what is done after it. */
  Fence = 1,
  /** From here on, for each worker how far it has come in stopping (Stopping). */
  Stopping = 2,
}

export const enum Stopping {
  /** Not yet. */
  No = 0,
  /** The kernel holds nothing more for it. */
  Quiet = 1,
  /** Nor do the rings of others. */
  Over = 2,
}

/** Given to the worker with this number. */
export interface Sharing {
  worker: number;
  workers: number;
  seeds: OwnerSeeds;
  /** rings[from][to]; null for from = to. */
  rings: (CrossMemory | null)[][];
  marks: SharedArrayBuffer;
  ticks: SharedArrayBuffer;
}

/** What `workers` workers share; `worker` is filled in for each. */
export function shareTraffic(workers: number): Sharing {
  const marks = new SharedArrayBuffer(workers * Mark.Stride * 8);
  new Float64Array(marks).fill(Number.POSITIVE_INFINITY); // nobody waits for who has not begun
  const random = randomBytes(8);
  return {
    worker: 0,
    workers,
    seeds: { ends: random.readInt32LE(0), sum: random.readInt32LE(4) },
    rings: Array.from({ length: workers }, (_, from) =>
      Array.from({ length: workers }, (_, to) => (from === to ? null : crossMemory(CrossLimit.RingBytes))),
    ),
    marks,
    ticks: new SharedArrayBuffer((Tick.Stopping + workers) * 4),
  };
}

/** Nobody waits any more for a worker that has died. */
export function forgetMarks(sharing: Sharing, worker: number): void {
  const marks = new Float64Array(sharing.marks);
  marks.fill(Number.POSITIVE_INFINITY, worker * Mark.Stride, worker * Mark.Stride + 2);
  const ticks = new Int32Array(sharing.ticks);
  Atomics.add(ticks, Tick.Marks, 1);
  Atomics.notify(ticks, Tick.Marks);
}
