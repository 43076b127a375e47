/**
 * Live handles of several workers: one for each on every interface, all of an interface in one fanout group, so that the
 * kernel gives each packet to the worker that owns it. They are opened and held here (the main thread) in order of the
 * workers, because the order of joining is their place in the group: a worker that is replaced leaves its handle, its place
 * and what its ring holds to the next.
 */
import { closeHandle } from '../addon/handles.js';
import { isRefusal, joinFanout } from '../addon/pcap.js';
import { PeccaryError } from '../core/errors.js';
import { fanoutProgram } from './fanout-program.js';
import type { LiveInterface } from './live-config.js';
import { openTap } from './live-source.js';
import type { OwnerSeeds } from './owner-hash.js';

const enum Limit {
  /** Milliseconds between looks whether an interface is away, and before handles that were offered are looked at. */
  WatchMs = 500,
  OfferMs = 3000,
}

/** Gives a worker the new handle of an interface that has come back. */
export type OfferHandle = (worker: number, index: number, handle: number) => void;

export class Fanout {
  /** By interface, then worker; empty while the interface is away. */
  private readonly handles: number[][];
  private readonly offeredMs: number[];
  private readonly program: Uint32Array;
  private timer: NodeJS.Timeout | undefined;

  /** Opens the interfaces for `workers` workers. Throws PeccaryError when one cannot be opened. */
  constructor(
    private readonly interfaces: readonly LiveInterface[],
    private readonly workers: number,
    seeds: OwnerSeeds,
  ) {
    this.program = fanoutProgram(seeds);
    this.handles = interfaces.map(() => []);
    this.offeredMs = interfaces.map(() => Number.NEGATIVE_INFINITY);
    for (const [i, one] of interfaces.entries()) {
      const fault = this.open(i, one);
      if (fault === null) continue;
      this.close();
      throw fault;
    }
  }

  private open(i: number, one: LiveInterface): PeccaryError | null {
    let group = 0;
    for (let w = 0; w < this.workers; w++) {
      const handle = openTap(one);
      if (typeof handle !== 'number') return this.drop(i, handle);
      this.handles[i].push(handle);
      const joined = joinFanout(handle, group, this.program);
      if (isRefusal(joined)) {
        const why = `${one.name}: the kernel does not spread packets over workers: ${joined.message}`;
        return this.drop(i, new PeccaryError('capture', `${why}; use one worker`));
      }
      group = joined;
    }
    return null;
  }

  private drop(i: number, why: PeccaryError): PeccaryError {
    for (const handle of this.handles[i].splice(0)) closeHandle(handle);
    return why;
  }

  /** Handles of a worker by interface, 0 where it is away. */
  of(worker: number): number[] {
    return this.handles.map((list) => list[worker] ?? 0);
  }

  /** Opens interfaces anew that all workers have found to be away (`isAway`), when they are back. */
  watch(isAway: (worker: number, index: number) => boolean, offer: OfferHandle): void {
    this.timer = setInterval(() => {
      for (const [i, one] of this.interfaces.entries()) this.look(i, one, isAway, offer);
    }, Limit.WatchMs);
    this.timer.unref();
  }

  private look(
    i: number,
    one: LiveInterface,
    isAway: (worker: number, index: number) => boolean,
    offer: OfferHandle,
  ): void {
    const now = performance.now();
    if (now - this.offeredMs[i] < Limit.OfferMs) return;
    for (let w = 0; w < this.workers; w++) if (!isAway(w, i)) return;
    for (const handle of this.handles[i].splice(0)) closeHandle(handle);
    if (this.open(i, one) !== null) return;
    this.offeredMs[i] = now;
    for (const [w, handle] of this.handles[i].entries()) offer(w, i, handle);
  }

  /** Nothing is opened any more. */
  stop(): void {
    clearInterval(this.timer);
  }

  close(): void {
    this.stop();
    for (const list of this.handles) for (const handle of list.splice(0)) closeHandle(handle);
  }
}
