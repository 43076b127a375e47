/** Live packets out of the ring that CapFeed fills on the main thread (`--capture cap`). */
import { counter, counts } from '../core/counters.js';
import { Region, u8 } from '../core/memory.js';
import { type Batch, BatchLimit, type CaptureFault, type PacketSource, SourceStatus } from './batch.js';
import type { LiveInterface } from './live-config.js';
import { InterfaceCell } from './live-source.js';
import { PacketRing } from './packet-ring.js';

const mem = u8;

const enum Limit {
  /** Bytes of a batch, besides one packet more. */
  Arena = 1 << 20,
  WaitMs = 100,
}

const cRingFull = counter('capture.cap_ring_full');
const cReopened = counter('capture.cap_reopened');

export class CapSource implements PacketSource {
  readonly origins: string[];
  readonly faults: CaptureFault[] = [];
  readonly bytesRead = 0;
  readonly bytesTotal = 0;
  private readonly ring: PacketRing;

  /** `cells`: InterfaceCell.Stride of each interface; what the feed counts there goes into the counters. */
  constructor(
    list: readonly LiveInterface[],
    ring: SharedArrayBuffer,
    private readonly cells: Float64Array,
  ) {
    this.origins = list.map((i) => i.name);
    this.ring = new PacketRing(ring);
  }

  next(batch: Batch, waitMs: number = Limit.WaitMs): SourceStatus {
    batch.firstNo = batch.step = 0;
    if (this.collect(batch) === 0) {
      this.ring.wait(waitMs);
      this.collect(batch);
    }
    return batch.count > 0 ? SourceStatus.Packets : SourceStatus.Idle;
  }

  /** Moves packets into the arena until the batch or the ring's present content ends; how many. */
  private collect(batch: Batch): number {
    const { ring, cells } = this;
    let at = Region.ArenaOff as number;
    let n = 0;
    while (n < BatchLimit.Packets && at < Region.ArenaOff + Limit.Arena && ring.peek()) {
      batch.off[n] = at;
      batch.capLen[n] = ring.len;
      batch.wireLen[n] = ring.wireLen;
      batch.tsUs[n] = ring.tsUs;
      batch.linkType[n] = ring.linkType;
      batch.origin[n] = ring.origin;
      const cell = ring.origin * InterfaceCell.Stride;
      cells[cell + InterfaceCell.Packets]++;
      cells[cell + InterfaceCell.Bytes] += ring.wireLen;
      n++;
      ring.take(mem, at);
      at += (ring.len + 7) & ~7;
    }
    batch.vlanTci.fill(0, 0, n);
    batch.count = n;
    return n;
  }

  /** Nothing waits for a verdict here. */
  settle(_batch: Batch): void {}

  /** What the feed has counted since; the kernel's counts the package does not pass on. */
  count(): void {
    const { cells } = this;
    for (let at = 0; at < this.origins.length * InterfaceCell.Stride; at += InterfaceCell.Stride) {
      const [full, reopened] = [cells[at + InterfaceCell.RingFull], cells[at + InterfaceCell.Reopened]];
      counts[cRingFull] += full - cells[at + InterfaceCell.SeenRingFull];
      counts[cReopened] += reopened - cells[at + InterfaceCell.SeenReopened];
      cells[at + InterfaceCell.SeenRingFull] = full;
      cells[at + InterfaceCell.SeenReopened] = reopened;
    }
  }

  close(): void {
    this.count();
    this.ring.closeConsumer();
  }
}
