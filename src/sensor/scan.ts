/**
 * Looks ahead at frames that several workers may share: who owns the packets within, and reassembly of the fragments that
 * are this worker's. Frames are decoded once more when they are processed; what is counted here is not counted there.
 */
import { Crossing, CrossTask } from '../capture/crossing.js';
import { holdCounts, putBackCounts } from '../core/counters.js';
import { decodeFrame } from '../decode/decode.js';
import { Packet, PacketFlag } from '../decode/packet.js';
import { decodeDatagram, openTunnel, TunnelLimit } from '../decode/tunnel.js';
import { DefragStatus, insertFragment } from '../defrag/defrag.js';
import { packetOwner } from '../flow/owner.js';
import { LinkType } from '../protocol/link-type.js';

/** Takes datagrams that became whole, inner ones first. `owners`: a bit for each worker that has a part in it. */
export type TakeDatagram = (c: Crossing, owners: number) => void;

export class Scanner {
  /** Events that reassembly gave the fragment in the frame looked at last. */
  readonly events: number[] = [];
  /** Taken from the time of packets; see EngineClock. */
  shiftUs = 0;
  private readonly stack: Packet[] = Array.from({ length: TunnelLimit.Depth + 1 }, () => new Packet());
  private readonly datagram = new Crossing();
  /** What is looked at: a frame, or the datagram of `base` as if it were one. */
  private row = new Crossing();
  private base = 0;
  private readonly within: Crossing[] = Array.from({ length: TunnelLimit.Depth + 1 }, () => new Crossing());
  /** Its decoding is not to be counted. */
  private quiet = false;

  constructor(
    private readonly me: number,
    private readonly workers: number,
    private readonly take: TakeDatagram,
  ) {}

  /** A frame from the kernel: the workers that own a packet in it, a bit each. */
  frame(c: Crossing): number {
    this.begin(c, false);
    decodeFrame(this.stack[0], c.off, c.capLen, c.wireLen, c.linkType);
    return this.visit(0, 1 << this.me);
  }

  /** A record from another worker, who has counted it: only what is to be reassembled here matters. */
  crossed(c: Crossing): void {
    this.begin(c, true);
    holdCounts();
    decodeFrame(this.stack[0], c.off, c.capLen, c.wireLen, c.linkType);
    const level = c.task === CrossTask.Datagram ? openDatagram(this.stack, c) : 0;
    putBackCounts();
    if (level > 0) this.enter(level);
    if (level >= 0) this.visit(level, 0);
  }

  /** What is in the datagram at `level` is described from there on. */
  private enter(level: number): void {
    const p = this.stack[level];
    const c = this.within[level];
    c.off = p.ipOff;
    c.capLen = c.wireLen = p.ipLen;
    c.linkType = LinkType.Raw;
    c.origin = p.origin;
    c.tsUs = this.row.tsUs;
    this.row = c;
    this.base = level;
  }

  private begin(c: Crossing, quiet: boolean): void {
    this.row = c;
    this.base = 0;
    this.quiet = quiet;
    this.events.length = 0;
    const p = this.stack[0];
    p.no = 0;
    p.tsUs = c.tsUs - this.shiftUs;
    p.origin = c.origin;
  }

  /** Owners of the packet at `level` and those within. `nobody`: the bits for a packet that nobody owns. */
  private visit(level: number, nobody: number): number {
    const p = this.stack[level];
    const inner = this.stack[level + 1];
    const owner = packetOwner(p, this.workers);
    let owners = owner < 0 ? nobody : 1 << owner;
    if ((p.flags & PacketFlag.Fragment) !== 0) {
      if (owner === this.me) this.reassemble(p, inner, level);
    } else if (this.open(p, inner)) owners |= this.visit(level + 1, nobody);
    return owners;
  }

  private open(p: Packet, inner: Packet): boolean {
    if (!this.quiet) return openTunnel(p, inner);
    holdCounts();
    const opened = openTunnel(p, inner);
    putBackCounts();
    return opened;
  }

  private reassemble(p: Packet, inner: Packet, level: number): void {
    const before = p.eventCount;
    const whole = insertFragment(p, inner) === DefragStatus.Complete;
    for (let i = before; i < p.eventCount; i++) this.events.push(p.events[i]);
    if (!whole) return;
    // Nobody has looked at what is in it: it counts here, and what nobody owns in it is this worker's.
    const { row, base, quiet, datagram } = this;
    const { ipOff, ipLen } = inner;
    const doubtful = (inner.flags & PacketFlag.Doubtful) !== 0 ? 1 : 0;
    const found = this.events.splice(0);
    this.quiet = false;
    this.enter(level + 1);
    const owners = this.visit(level + 1, 1 << this.me);
    this.row = row;
    this.base = base;
    this.quiet = quiet;
    this.events.splice(0, this.events.length, ...found);
    datagram.task = CrossTask.Datagram;
    datagram.off = row.off;
    datagram.capLen = row.capLen;
    datagram.wireLen = row.wireLen;
    datagram.linkType = row.linkType;
    datagram.origin = row.origin;
    datagram.tsUs = row.tsUs;
    datagram.datagramOff = ipOff;
    datagram.datagramLen = ipLen;
    datagram.level = level - base;
    datagram.doubtful = doubtful;
    this.take(datagram, owners);
  }
}

/**
 * Decodes what leads to a datagram (stack[0] is decoded) and the datagram itself. Its level, or -1 when that cannot be
 * (which whoever reassembled it would have seen).
 */
export function openDatagram(stack: readonly Packet[], c: Crossing): number {
  for (let level = 0; level < c.level; level++) {
    if (!openTunnel(stack[level], stack[level + 1])) return -1;
  }
  const outer = stack[c.level];
  const inner = stack[c.level + 1];
  if (!decodeDatagram(inner, outer, c.datagramOff, c.datagramLen, outer.ipVersion)) return -1;
  if (c.doubtful !== 0) inner.flags |= PacketFlag.Doubtful;
  return c.level + 1;
}
