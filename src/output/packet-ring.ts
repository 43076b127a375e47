/**
 * The last packets that a worker saw, so that the packets before an alert can be kept too (`outputs.pcap-log`). Bytes lie
 * in a ring, and packets of one flow are linked from the newest to the oldest. At an alert those of its flow within the
 * window go to the writer, then each packet of the flow as it comes, until the window or the flow ends.
 *
 * Numbers of packets, links and bytes only grow; what is older than the ring is long is no longer there. A flow is walked
 * back to what was handed over before, so that a packet is looked at once for each of its flows, however many alerts come.
 */
import { column } from '../core/columns.js';
import { counter, counts } from '../core/counters.js';
import { u8 } from '../core/memory.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { FlowLimit, flows } from '../flow/columns.js';
import { flowId } from './flow-id.js';
import { type CaptureOptions, CaptureWhat } from './pcap-config.js';
import type { OutputPort } from './port.js';

const mem = u8;
const { serial } = flows;

const enum Ring {
  /** Bytes of a packet on average, for how many packets the ring's columns have room. */
  Average = 256,
  /** Links a packet on average: it may belong to the flow of a tunnel and to that within. */
  Links = 2,
  LeastPackets = 4096,
  /** Lists of fragments, a power of two, and fragments looked at when a datagram is whole. */
  FragmentLists = 4096,
  FragmentsMost = 512,
}

const Ethernet = 1;
/** Batch.vlanTci has a tag; and its EtherType. */
const TagPresent = 0x1_0000;
const TagType = 0x8100;
const AddressBytes = 12;
const TagBytes = 4;

const cShort = counter('pcap_log.window_cut');
const cFlowLimit = counter('pcap_log.flow_limit');

export class PacketRing {
  private readonly options: CaptureOptions;
  private readonly port: OutputPort;
  private readonly bytes: Uint8Array;
  private readonly mask: number;
  private readonly linkMask: number;
  /** Byte, packet and link that come next; and where in the ring that byte lies. */
  private nextByte = 0;
  private at = 0;
  private nextPacket = 1;
  private nextLink = 1;
  /** Of packets, by number & mask. `sent`: the writer has it. */
  private readonly start: Float64Array;
  private readonly tsUs: Float64Array;
  private readonly capLen: Uint32Array;
  private readonly wireLen: Uint32Array;
  private readonly linkType: Uint16Array;
  private readonly origin: Uint16Array;
  private readonly sent: Uint8Array;
  /** Of links, by number & linkMask: the packet, and the link before it of the same flow (0: none). */
  private readonly packetOf: Float64Array;
  private readonly before: Float64Array;
  /** Of links of fragments: hash of their datagram. */
  private readonly datagram: Int32Array;
  /** By flow: newest link, time until which its packets are handed over (0: they are not), bytes handed over. */
  private readonly newest = column.f64(FlowLimit.Max + 1);
  private readonly untilUs = column.f64(FlowLimit.Max + 1);
  private readonly kept = column.f64(FlowLimit.Max + 1);
  /** By hash of a datagram: newest link. */
  private readonly fragments = new Float64Array(Ring.FragmentLists);
  /** Flows that alerted in this packet; and whether the packet itself is to be kept, of whatever flow. */
  private readonly alertedFlows: number[] = [];
  private wanted = false;
  private readonly walk: number[] = [];

  constructor(options: CaptureOptions, port: OutputPort) {
    this.options = options;
    this.port = port;
    let packets = Ring.LeastPackets as number;
    while (packets * Ring.Average < options.bufferBytes) packets *= 2;
    const links = packets * Ring.Links;
    this.mask = packets - 1;
    this.linkMask = links - 1;
    this.bytes = new Uint8Array(options.bufferBytes);
    this.start = new Float64Array(packets);
    this.tsUs = new Float64Array(packets);
    this.capLen = new Uint32Array(packets);
    this.wireLen = new Uint32Array(packets);
    this.linkType = new Uint16Array(packets);
    this.origin = new Uint16Array(packets);
    this.sent = new Uint8Array(packets);
    this.packetOf = new Float64Array(links);
    this.before = new Float64Array(links);
    this.datagram = new Int32Array(links);
  }

  /** Packet p has alerts: of its flow, or (without one) it alone is kept. */
  alerted(p: Packet): void {
    if (this.options.what !== CaptureWhat.Alerts) return;
    const { flow } = p;
    if (flow === 0) {
      this.wanted = true;
      return;
    }
    const until = p.tsUs + this.options.afterUs;
    const begins = !this.isKept(flow, p.tsUs);
    if (until > this.untilUs[flow]) this.untilUs[flow] = until;
    if (begins && !this.alertedFlows.includes(flow)) this.alertedFlows.push(flow);
  }

  /** A rule's tag names the packet that is being handled. */
  tagged(p: Packet): void {
    if (this.options.what === CaptureWhat.Tag && (p.flags & PacketFlag.FlowEnd) === 0) this.wanted = true;
  }

  /**
   * Takes a packet that the pipeline has dealt with: memory[off, off + capLen) as it was captured, `levels` of `stack` what
   * was found in it. `vlanTci`: see Batch. `mine`: this worker is the one that keeps the packet when all are kept.
   */
  take(stack: readonly Packet[], levels: number, off: number, capLen: number, vlanTci: number, mine: boolean): void {
    const outer = stack[0];
    const packet = this.store(outer, off, capLen, vlanTci);
    const all = mine && this.options.what === CaptureWhat.All;
    let inFlow = 0;
    for (let level = 0; level <= levels; level++) {
      const p = stack[level];
      if ((p.flags & PacketFlag.Fragment) !== 0) this.linkFragment(p, packet, level < levels ? stack[level + 1] : null);
      if (p.flow === 0) continue;
      inFlow = p.flow;
      this.newest[inFlow] = this.link(packet, this.newest[inFlow]);
    }
    for (let level = 0; level <= levels; level++) {
      const { flow } = stack[level];
      if (flow !== 0 && this.isKept(flow, outer.tsUs) && !this.alertedFlows.includes(flow)) this.send(packet, flow);
    }
    if (this.alertedFlows.length > 0) this.dumpAll();
    if (all || this.wanted) this.send(packet, inFlow);
    this.wanted = false;
  }

  /** A flow has ended: what its end brought is handed over, and it is forgotten. */
  ended(flow: number): void {
    const at = this.alertedFlows.indexOf(flow);
    if (at >= 0) {
      this.alertedFlows.splice(at, 1);
      this.dump(flow);
    }
    this.newest[flow] = this.untilUs[flow] = this.kept[flow] = 0;
  }

  /** Whether packets of the flow are handed over as they come. */
  private isKept(flow: number, tsUs: number): boolean {
    return this.untilUs[flow] !== 0 && this.untilUs[flow] >= tsUs;
  }

  private store(p: Packet, off: number, capLen: number, vlanTci: number): number {
    const tagged = (vlanTci & TagPresent) !== 0 && p.linkType === Ethernet && capLen >= AddressBytes;
    const len = tagged ? capLen + TagBytes : capLen;
    const size = this.bytes.length;
    if (this.at + len > size) {
      this.nextByte += size - this.at;
      this.at = 0;
    }
    const { at } = this;
    if (tagged) {
      this.bytes.set(mem.subarray(off, off + AddressBytes), at);
      const view = new DataView(this.bytes.buffer, at + AddressBytes, TagBytes);
      view.setUint16(0, TagType);
      view.setUint16(2, vlanTci & 0xffff);
      this.bytes.set(mem.subarray(off + AddressBytes, off + capLen), at + AddressBytes + TagBytes);
    } else this.bytes.set(mem.subarray(off, off + capLen), at);
    const packet = this.nextPacket++;
    const row = packet & this.mask;
    this.start[row] = this.nextByte;
    this.tsUs[row] = p.tsUs;
    this.capLen[row] = len;
    this.wireLen[row] = tagged ? p.wireLen + TagBytes : p.wireLen;
    this.linkType[row] = p.linkType;
    this.origin[row] = p.origin;
    this.sent[row] = 0;
    this.nextByte += len;
    this.at += len;
    return packet;
  }

  private link(packet: number, before: number): number {
    const link = this.nextLink++;
    this.packetOf[link & this.linkMask] = packet;
    this.before[link & this.linkMask] = before;
    return link;
  }

  /** Whether the link and the packet that it names are still there. */
  private isThere(link: number): boolean {
    if (link === 0 || link + this.linkMask < this.nextLink - 1) return false;
    const packet = this.packetOf[link & this.linkMask];
    if (packet + this.mask < this.nextPacket - 1) return false;
    return this.start[packet & this.mask] >= this.nextByte - this.bytes.length;
  }

  /** Fragments are found by their datagram; once it is whole they belong to the flow of what it holds. */
  private linkFragment(p: Packet, packet: number, inner: Packet | null): void {
    const mixed = Math.imul(p.src0 ^ p.src3, 0x9e37_79b1) ^ Math.imul(p.dst0 ^ p.dst3, 0x85eb_ca77) ^ p.ipId;
    const hash = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae3d);
    const list = (hash >>> 16) & (Ring.FragmentLists - 1);
    const newest = this.link(packet, this.fragments[list]);
    this.fragments[list] = newest;
    this.datagram[newest & this.linkMask] = hash;
    if (inner === null || inner.flow === 0) return;
    const found = this.walk;
    found.length = 0;
    const fromUs = p.tsUs - this.options.beforeUs;
    let link = this.before[newest & this.linkMask];
    for (let n = 0; n < Ring.FragmentsMost && this.isThere(link); n++) {
      const row = link & this.linkMask;
      const earlier = this.packetOf[row];
      if (this.tsUs[earlier & this.mask] < fromUs) break;
      if (this.datagram[row] === hash && earlier !== packet) found.push(earlier);
      link = this.before[row];
    }
    const kept = this.isKept(inner.flow, p.tsUs) && !this.alertedFlows.includes(inner.flow);
    for (let i = found.length - 1; i >= 0; i--) {
      this.newest[inner.flow] = this.link(found[i], this.newest[inner.flow]);
      if (kept) this.send(found[i], inner.flow);
    }
  }

  private dumpAll(): void {
    for (const flow of this.alertedFlows) this.dump(flow);
    this.alertedFlows.length = 0;
  }

  /** Hands over what there is of a flow within the window, the oldest first. */
  private dump(flow: number): void {
    const found = this.walk;
    found.length = 0;
    const from = this.untilUs[flow] - this.options.afterUs - this.options.beforeUs;
    let link = this.newest[flow];
    for (; this.isThere(link); link = this.before[link & this.linkMask]) {
      const packet = this.packetOf[link & this.linkMask];
      if (this.sent[packet & this.mask] !== 0 || this.tsUs[packet & this.mask] < from) break;
      found.push(packet);
    }
    if (link !== 0 && !this.isThere(link)) counts[cShort]++;
    for (let i = found.length - 1; i >= 0; i--) this.send(found[i], flow);
  }

  private send(packet: number, flow: number): void {
    const row = packet & this.mask;
    if (this.sent[row] !== 0) return;
    const len = this.capLen[row];
    const { flowBytes, what } = this.options;
    if (flow !== 0 && flowBytes > 0 && what === CaptureWhat.Alerts) {
      if (this.kept[flow] + len > flowBytes) {
        counts[cFlowLimit]++;
        return;
      }
      this.kept[flow] += len;
    }
    this.sent[row] = 1;
    const id = flow === 0 ? 0 : flowId(serial[flow]);
    const at = this.start[row] % this.bytes.length;
    this.port.pushFrame(
      this.bytes,
      at,
      len,
      this.wireLen[row],
      this.tsUs[row],
      id,
      this.linkType[row],
      this.origin[row],
    );
  }
}
