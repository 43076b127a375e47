/**
 * The current packet: one reused object a nesting level (tunnel or reassembly), filled in place by decode.
 * Numbers only, so that filling it allocates nothing. Borrowed until the next packet of that level.
 */
import { counter, counts } from '../core/counters.js';

const cEvents = counter('decoder.events_limit');

export const enum PacketFlag {
  /** Made by Peccary and not a packet anyone sent: end of a flow. Keywords on headers do not apply. */
  Pseudo = 0x0001,
  /** Pseudo packet that flushes a flow at its end (EVE pkt_src "stream (flow timeout)"). */
  FlowEnd = 0x0002,
  /** Made from fragments. */
  Reassembled = 0x0004,
  /** Came out of a tunnel. */
  Tunnelled = 0x0008,
  /** Captured bytes are fewer than the bytes on the wire. */
  Truncated = 0x0010,
  /**
   * A header is damaged (counted as decoder.invalid). What could be decoded before and behind it is still
   * there and still inspected: ipVersion and l4Off say how far decoding came.
   */
  Invalid = 0x0020,
  /** A fragment (not the whole datagram): no transport header. */
  Fragment = 0x0040,
  /** Transport or IPv4 header checksum is wrong (only when checked). */
  BadChecksum = 0x0080,
  /** The payload was added to a TCP stream: packet-or-stream rules look at the stream instead. */
  StreamAdded = 0x0100,
  /** TCP timestamps option present: tsVal, tsEcr. */
  TcpTimestamp = 0x0200,
  /** TCP MSS option present. */
  TcpMss = 0x0400,
  /** TCP window scale option present. */
  TcpWscale = 0x0800,
  /** TCP SACK permitted option present. */
  TcpSackOk = 0x1000,
  /** TCP fast open cookie option present (RFC 7413), also an empty request. */
  TcpFastOpen = 0x2000,
  /** TCP MD5 signature option present (RFC 2385). */
  TcpMd5 = 0x4000,
  /** Nothing of this packet's payload is inspected (bypassed, passed or past a limit). */
  NoPayloadInspection = 0x8000,
  /** Nothing of this packet is inspected at all. */
  NoPacketInspection = 0x1_0000,
  /** TCP data or state found invalid by the stream engine (out of window, bad ACK …). */
  StreamInvalid = 0x2_0000,
  /** The flow was established when this packet was seen (both directions, for TCP a finished handshake). */
  Established = 0x4_0000,
  /** This packet is a TCP retransmission. */
  Retransmission = 0x8_0000,
  /** The TCP SACK option is present. */
  TcpSack = 0x10_0000,
  /** A flow is to be looked up: a whole TCP, UDP, SCTP, ESP or ICMP message, or the outer packet of 6in4. */
  WantsFlow = 0x20_0000,
  /** Its TTL is lower than one that came the same way in its flow: it may not arrive. */
  LowTtl = 0x40_0000,
  /** Other reasons why its receiver may not take what it carries. */
  Doubtful = 0x80_0000,
  /** An exception policy drops it (inline only): no memory for its flow, or for the fragment. */
  Refused = 0x100_0000,
  /** Whoever captured it vouches for its transport checksum, which may not be filled in yet. */
  ChecksumKnown = 0x200_0000,
}

/** Where a packet came from (EVE's alert pkt_src). */
export const enum PacketOrigin {
  Wire = 0,
  GreTunnel = 1,
  Ipv4Tunnel = 2,
  Ipv6Tunnel = 3,
  TeredoTunnel = 4,
  VxlanTunnel = 5,
  GeneveTunnel = 6,
  Defrag = 7,
  FlowTimeout = 8,
}

/** EVE's pkt_src by PacketOrigin. */
export const packetOriginNames: readonly string[] = [
  'wire/pcap',
  'gre tunnel',
  'ipv4 tunnel',
  'ipv6 tunnel',
  'teredo tunnel',
  'vxlan encapsulation',
  'geneve encapsulation',
  'defrag',
  'stream (flow timeout)',
];

export const enum PacketLimit {
  /** Events kept a packet, as many as Suricata keeps; more are dropped. */
  Events = 15,
  /** VLAN tags kept (Suricata: 3 with QinQinQ). */
  Vlans = 3,
}

export class Packet {
  /** 1-based number in the capture; 0 for pseudo packets. */
  no = 0;
  /** Capture time in microseconds since 1970. */
  tsUs = 0;
  flags = 0;
  /** Nesting: 0 as captured, +1 for each tunnel or reassembly. */
  level = 0;
  /** Tunnels around this packet (reassembly does not count). */
  tunnels = 0;
  /** Link-layer frame as captured (level 0's for all levels). */
  linkType = 0;
  frameOff = 0;
  frameLen = 0;
  /** Length on the wire of the frame. */
  wireLen = 0;
  /** Offset of the Ethernet header or 0. */
  ethOff = 0;
  /** Ethertype of what the innermost link header carries, or 0. */
  etherType = 0;
  vlanCount = 0;
  /** VLAN identifiers (12 bits), outermost first. */
  vlan0 = 0;
  vlan1 = 0;
  vlan2 = 0;
  /** Index of the capture file or interface. */
  origin = 0;

  /** 4, 6, or 0 when there is no IP header. */
  ipVersion = 0;
  ipOff = 0;
  /** IPv4: IHL * 4; IPv6: 40 (extension headers follow, see l4Off). */
  ipHdrLen = 0;
  /** Bytes of the datagram from ipOff as the header says, cut to what was captured. */
  ipLen = 0;
  /** Upper-layer protocol (after IPv6 extension headers). */
  ipProto = 0;
  /** TTL or hop limit. */
  ttl = 0;
  /** TOS or traffic class. */
  tos = 0;
  /** IPv4 identification, or IPv6 fragment identification. */
  ipId = 0;
  /** IPv4 flags in bits 0..2 (bit 0 MF, 1 DF, 2 reserved). */
  ipFlags = 0;
  /** Fragment offset in bytes. */
  fragOff = 0;
  moreFragments = 0;
  /** IPv6: offset of the fragment header or 0. */
  fragHdrOff = 0;
  /** IPv6: offset of the byte that announces the fragment header (in the header before it). */
  fragPrevOff = 0;
  /** Bitset of IPv4 options seen: see Ipv4OptBit in src/protocol/ipv4.ts. */
  ipOpts = 0;
  /** Addresses as big-endian 32-bit words (unsigned kept as signed |0); IPv4 uses word 0, others 0. */
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;

  /** Offset of the transport header, 0 when none could be decoded. */
  l4Off = 0;
  l4HdrLen = 0;
  srcPort = 0;
  dstPort = 0;
  payloadOff = 0;
  payloadLen = 0;

  /** TCP, unsigned 32-bit values kept as signed |0. */
  seq = 0;
  ack = 0;
  tcpFlags = 0;
  window = 0;
  urgent = 0;
  tsVal = 0;
  tsEcr = 0;
  mss = 0;
  wscale = 0;
  /** ICMP or ICMPv6. */
  icmpType = 0;
  icmpCode = 0;
  /** ICMP echo and similar: id and sequence, else -1. */
  icmpId = -1;
  icmpSeq = -1;
  /** MTU of an ICMPv6 Packet Too Big message, else -1. */
  icmpMtu = -1;
  /** ICMP errors: offset of the IP header they quote (0: none or unusable), its protocol and ports. */
  embOff = 0;
  embProto = 0;
  embSrcPort = 0;
  embDstPort = 0;

  /** Where the packet came from: PacketOrigin. */
  source = 0;
  /** What this packet carries for openTunnel: TunnelKind (src/decode/tunnel-kind.ts), offset and length; 0 none. */
  tunnelKind = 0;
  tunnelOff = 0;
  tunnelLen = 0;
  /** Headers passed so far, those of outer packets included (bound: decoder.max-layers). */
  layers = 0;
  /** While decoding: the bytes that the next layer takes. */
  restOff = 0;
  restLen = 0;

  /** Flow id (0: none) and Dir. */
  flow = 0;
  dir = 0;
  /** Events in `events`. */
  eventCount = 0;
  /** Event ids (src/protocol/events.ts): decoder and stream events of this packet. */
  readonly events = new Uint16Array(PacketLimit.Events);

  /**
   * Forgets the last packet. Leaves no, tsUs, origin (the caller's) and the frame fields (set by every decode),
   * and leaves stale what a flag or another field guards: seq, ack, window, TCP option values, ICMP id,
   * sequence and MTU.
   */
  reset(): void {
    this.flags = 0;
    this.level = 0;
    this.tunnels = 0;
    this.ethOff = 0;
    this.etherType = 0;
    this.vlanCount = 0;
    this.vlan0 = 0;
    this.vlan1 = 0;
    this.vlan2 = 0;
    this.clearIp();
    this.ipProto = 0;
    this.clearTransport();
    this.embOff = 0;
    this.source = 0;
    this.tunnelKind = 0;
    this.layers = 0;
    this.flow = 0;
    this.dir = 0;
    this.eventCount = 0;
  }

  /** Takes back the IP header: what was seen of it is not usable. */
  clearIp(): void {
    this.ipVersion = 0;
    this.ipOff = 0;
    this.ipHdrLen = 0;
    this.ipLen = 0;
    this.ttl = 0;
    this.tos = 0;
    this.ipId = 0;
    this.ipFlags = 0;
    this.fragOff = 0;
    this.moreFragments = 0;
    this.fragHdrOff = 0;
    this.ipOpts = 0;
    this.src0 = 0;
    this.src1 = 0;
    this.src2 = 0;
    this.src3 = 0;
    this.dst0 = 0;
    this.dst1 = 0;
    this.dst2 = 0;
    this.dst3 = 0;
  }

  /** Takes back the transport header. */
  clearTransport(): void {
    this.l4Off = 0;
    this.l4HdrLen = 0;
    this.srcPort = 0;
    this.dstPort = 0;
    this.payloadOff = 0;
    this.payloadLen = 0;
    this.tcpFlags = 0;
    this.icmpType = 0;
    this.icmpCode = 0;
  }

  addEvent(id: number): void {
    if (this.eventCount < PacketLimit.Events) this.events[this.eventCount++] = id;
    else counts[cEvents]++;
  }
}
