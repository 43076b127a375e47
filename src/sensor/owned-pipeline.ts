/** The pipeline of one of several workers of a replay. */
import type { Batch } from '../capture/batch.js';
import { plainOwner } from '../capture/plain.js';
import type { Packet } from '../decode/packet.js';
import { endBatch } from '../stream/stream.js';
import { samplesChecksums } from './checksums.js';
import { Pipeline } from './pipeline.js';
import type { ReplayPart } from './replay-part.js';
import { Place, type ReplayTurn } from './replay-turn.js';

/** Packets of others after which a worker tells how far it is, less one; a power of two less one. */
const ToldMask = 63;

/** One of several workers of a replay. */
export interface OwnedReplay {
  turn: ReplayTurn;
  part: ReplayPart;
  me: number;
  workers: number;
}

export class OwnedPipeline extends Pipeline {
  /** As processBatch, of one of several workers that replay: what belongs to it. */
  processOwned(batch: Batch, { turn, part, me, workers }: OwnedReplay): void {
    const { firstNo, step } = batch;
    for (let i = 0; i < batch.count; i++) {
      const no = firstNo + i * step;
      const owner = plainOwner(batch.off[i], batch.capLen[i], batch.linkType[i], workers);
      if (owner === me) turn.at(no * Place.PerPacket + Place.Outermost, 0);
      else if (owner >= 0 && !samplesChecksums()) {
        if ((i & ToldMask) === 0) turn.at(no * Place.PerPacket, 0);
        continue;
      }
      part.counted = owner >= 0 ? owner === me : no % workers === me;
      this.processFrame(batch, i, no, owner === me ? null : part, part);
    }
    this.nowUs = batch.tsUs[batch.count - 1];
    endBatch();
    this.sweep(firstNo + (batch.count - 1) * step);
  }

  private processFrame(batch: Batch, i: number, no: number, owned: ReplayPart | null, part: ReplayPart): void {
    const p = this.stack[0];
    part.decode(p, batch.off[i], batch.capLen[i], batch.wireLen[i], batch.linkType[i]);
    p.no = no;
    p.tsUs = batch.tsUs[i];
    p.origin = batch.origin[i];
    this.part = owned;
    this.processPacket(0);
    this.part = null;
    if (part.counted) {
      this.packets++;
      this.bytes += batch.capLen[i];
    }
    if (this.inline) this.settleOwned(batch, i, p, owned);
    if (this.kept !== null && (part.counted || this.hasFlow())) this.keep(this.kept, batch, i, part.counted);
  }

  /** Who owns the outermost packet decides what becomes of the frame. */
  private settleOwned(batch: Batch, i: number, p: Packet, owned: ReplayPart | null): void {
    if (owned === null || owned.takes(p)) batch.fate[i] = this.settle(p);
    this.dropReason = '';
    this.rejected = this.replaced = false;
  }
}
