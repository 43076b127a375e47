/**
 * Who may touch what all workers share (the host table, data sets): with one worker nobody asks; live workers take turns by
 * a lock; those of a replay wait until all that comes before in the capture is done.
 */

/** `enter` and `leave` embrace an access; they may be nested. */
export interface SharedGate {
  enter(): void;
  leave(): void;
}

let gate: SharedGate | null = null;

/** Null: there is one worker. */
export function guardShared(by: SharedGate | null): void {
  gate = by;
}

export function enterShared(): void {
  if (gate !== null) gate.enter();
}

export function leaveShared(): void {
  if (gate !== null) gate.leave();
}

/** Int32 cells of a lock. */
const enum Lock {
  /** 0, or the number of the worker that has it, from 1. */
  Owner = 0,
  Waiting = 1,
  Cells = 2,
}

const enum Limit {
  /** Tries before sleeping, and milliseconds of sleep before the next. */
  Spins = 200,
  SleepMs = 1,
}

export const lockMemory = (): SharedArrayBuffer => new SharedArrayBuffer(Lock.Cells * 4);

/** A lock between worker threads, each with a number from 0. Held for a few table accesses at a time. */
export class SharedLock implements SharedGate {
  private readonly cells: Int32Array;
  private readonly id: number;
  private depth = 0;

  constructor(memory: SharedArrayBuffer, worker: number) {
    this.cells = new Int32Array(memory);
    this.id = worker + 1;
  }

  enter(): void {
    if (this.depth++ > 0) return;
    const { cells } = this;
    for (let n = 0; Atomics.compareExchange(cells, Lock.Owner, 0, this.id) !== 0; n++) {
      if (n < Limit.Spins) continue;
      Atomics.add(cells, Lock.Waiting, 1);
      const owner = Atomics.load(cells, Lock.Owner);
      if (owner !== 0) Atomics.wait(cells, Lock.Owner, owner, Limit.SleepMs);
      Atomics.sub(cells, Lock.Waiting, 1);
    }
  }

  leave(): void {
    if (--this.depth > 0) return;
    Atomics.store(this.cells, Lock.Owner, 0);
    if (Atomics.load(this.cells, Lock.Waiting) > 0) Atomics.notify(this.cells, Lock.Owner, 1);
  }
}

/** Takes the lock from a worker whose thread has ended. */
export function freeLock(memory: SharedArrayBuffer, worker: number): void {
  Atomics.compareExchange(new Int32Array(memory), Lock.Owner, worker + 1, 0);
}
