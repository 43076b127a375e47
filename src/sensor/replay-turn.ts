/**
 * What the workers of a replay share to give what one worker gives. Each reads everything and takes the packets that it
 * owns; the place of a packet (its number and level, at the end of flows the flow's) is counted alike by all. Whoever
 * touches what all share (thresholds, bits and tags by host) waits until the others are past its place: then it finds what
 * it would have found with one worker. Nobody waits for who is ahead, so that the first of all goes on always.
 */
import type { OwnerSeeds } from '../capture/owner-hash.js';
import type { DatasetLogMemory } from '../detect/dataset-log.js';
import type { HostMemory } from '../detect/host-table.js';
import type { SharedGate } from '../detect/shared-access.js';
import type { OutputPort } from '../output/port.js';

/** Given to each worker; plain shared memory. */
export interface ReplayShare {
  worker: number;
  workers: number;
  seeds: OwnerSeeds;
  hosts: HostMemory;
  datasets: DatasetLogMemory;
  /** Place.Stride float64 of each worker. */
  places: SharedArrayBuffer;
  /** One Int32 that keeps memory accesses in order. */
  fence: SharedArrayBuffer;
  /** Number of the run in the ids of flows. */
  run: number;
}

export const enum Place {
  Main = 0,
  Sub = 1,
  Stride = 16,
  /** Places of a packet number: a level each, the innermost first, then ends of flows. */
  PerPacket = 16,
  Outermost = 8,
  Ends = 15,
}

const enum Limit {
  /** Looks at the others before sleeping, and milliseconds of sleep at a time. */
  Spins = 500,
  SleepMs = 1,
}

export class ReplayTurn implements SharedGate {
  private readonly places: Float64Array;
  private readonly fence: Int32Array;
  private readonly cell: number;
  private main = 0;
  private sub = 0;
  /** The turn of the present place has come. */
  private granted = false;

  constructor(
    share: ReplayShare,
    private readonly port: OutputPort,
  ) {
    this.places = new Float64Array(share.places);
    this.fence = new Int32Array(share.fence);
    this.cell = share.worker * Place.Stride;
  }

  /** This worker has done all that comes before this place. */
  at(main: number, sub: number): void {
    if (main === this.main && sub === this.sub) return;
    this.main = main;
    this.sub = sub;
    this.granted = false;
    this.places[this.cell + Place.Sub] = sub;
    this.places[this.cell + Place.Main] = main;
    this.port.order?.at(main, sub);
  }

  /** Waits until all others have done what comes before the present place. */
  enter(): void {
    if (this.granted) return;
    for (let n = 0; !this.isFirst(); n++) {
      // The writer must not wait for what this worker keeps while another waits for the writer.
      if (n === Limit.Spins) this.port.flush();
      if (n >= Limit.Spins) Atomics.wait(this.fence, 0, Atomics.load(this.fence, 0), Limit.SleepMs);
    }
    Atomics.add(this.fence, 0, 1);
    this.granted = true;
  }

  private isFirst(): boolean {
    Atomics.load(this.fence, 0);
    const { places, main, sub } = this;
    for (let at = 0; at < places.length; at += Place.Stride) {
      if (at === this.cell) continue;
      const theirs = places[at + Place.Main];
      if (theirs < main || (theirs === main && places[at + Place.Sub] <= sub)) return false;
    }
    return true;
  }

  leave(): void {
    Atomics.add(this.fence, 0, 1); // what was changed is seen before the next place is
  }

  /** This worker does nothing more. */
  end(): void {
    this.places[this.cell + Place.Main] = Number.POSITIVE_INFINITY;
  }
}
