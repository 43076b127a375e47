/** The part of a replay's worker in a frame that it has to decode to tell whose it is. */
import { holdCounts, putBackCounts } from '../core/counters.js';
import { decodeFrame } from '../decode/decode.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { openTunnel } from '../decode/tunnel.js';
import { DefragStatus, insertFragment } from '../defrag/defrag.js';
import { packetOwner } from '../flow/owner.js';
import { checkPacket, samplesChecksums } from './checksums.js';
import type { FramePart } from './frame-part.js';
import { Place, type ReplayTurn } from './replay-turn.js';

export class ReplayPart implements FramePart {
  /** The frame counts here: decoding, reassembly, packets that nobody owns. */
  counted = false;

  constructor(
    private readonly turn: ReplayTurn,
    private readonly me: number,
    private readonly workers: number,
  ) {}

  decode(p: Packet, off: number, capLen: number, wireLen: number, linkType: number): void {
    if (!this.counted) holdCounts();
    decodeFrame(p, off, capLen, wireLen, linkType);
    if (!this.counted) putBackCounts();
  }

  /** Every worker puts all fragments together. */
  open(p: Packet, inner: Packet): boolean {
    if (!this.counted) holdCounts();
    const isFragment = (p.flags & PacketFlag.Fragment) !== 0;
    const opened = isFragment ? insertFragment(p, inner) === DefragStatus.Complete : openTunnel(p, inner);
    if (!this.counted) putBackCounts();
    return opened;
  }

  takes(p: Packet): boolean {
    const owner = packetOwner(p, this.workers);
    if (owner < 0 ? this.counted : owner === this.me) {
      this.turn.at(p.no * Place.PerPacket + Place.Outermost - p.level, 0);
      return true;
    }
    if (samplesChecksums()) {
      holdCounts();
      checkPacket(p);
      putBackCounts();
    }
    return false;
  }
}
