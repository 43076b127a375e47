/** The part of a live worker in a row of a shared batch. */
import { holdCounts, putBackCounts } from '../core/counters.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { openTunnel } from '../decode/tunnel.js';
import { packetOwner } from '../flow/owner.js';
import type { FramePart } from './frame-part.js';
import { type SharedBatch, SharedLimit } from './shared-batch.js';

export class SharedRow implements FramePart {
  row = 0;

  constructor(
    private readonly batch: SharedBatch,
    private readonly me: number,
    private readonly workers: number,
  ) {}

  /** Fragments were put together when the row was looked at first (scan.ts), and decoding was counted then. */
  open(p: Packet, inner: Packet): boolean {
    if ((p.flags & PacketFlag.Fragment) !== 0) {
      const { events, eventCount } = this.batch;
      const first = this.row * SharedLimit.Events;
      for (let e = 0; e < eventCount[this.row]; e++) p.addEvent(events[first + e]);
      return false;
    }
    holdCounts();
    const opened = openTunnel(p, inner);
    putBackCounts();
    return opened;
  }

  takes(p: Packet): boolean {
    const owner = packetOwner(p, this.workers);
    return owner < 0 ? this.batch.fresh[this.row] !== 0 : owner === this.me;
  }
}
