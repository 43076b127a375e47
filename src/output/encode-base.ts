/** The common fields of records, from the current packet and the flow columns. */
import type { Packet } from '../decode/packet.js';
import { PacketFlag, PacketOrigin, packetOriginNames } from '../decode/packet.js';
import { FlowFlag, flows } from '../flow/columns.js';
import { Dir, IpProto } from '../protocol/ip.js';
import { flowVars } from './encode-vars.js';
import { flowId } from './flow-id.js';
import { protoName } from './proto-names.js';
import type { EventBase, FlowRecord } from './records.js';

const f = flows;

const hex4 = (n: number): string => n.toString(16).padStart(4, '0');
const pairOf = (w: number): string => `${hex4(w >>> 16)}:${hex4(w & 0xffff)}`;

/** Text of an address held as big-endian words (see Packet.src0); IPv6 in full, as EVE has it. */
function wordsText(ipv6: boolean, w0: number, w1: number, w2: number, w3: number): string {
  if (!ipv6) return `${w0 >>> 24}.${(w0 >>> 16) & 255}.${(w0 >>> 8) & 255}.${w0 & 255}`;
  return `${pairOf(w0)}:${pairOf(w1)}:${pairOf(w2)}:${pairOf(w3)}`;
}

export function clientText(flow: number): string {
  return wordsText((f.flags[flow] & FlowFlag.Ipv6) !== 0, f.cli0[flow], f.cli1[flow], f.cli2[flow], f.cli3[flow]);
}

export function serverText(flow: number): string {
  return wordsText((f.flags[flow] & FlowFlag.Ipv6) !== 0, f.srv0[flow], f.srv1[flow], f.srv2[flow], f.srv3[flow]);
}

export function packetSrcText(p: Packet): string {
  return p.ipVersion === 0 ? '' : wordsText(p.ipVersion === 6, p.src0, p.src1, p.src2, p.src3);
}

export function packetDstText(p: Packet): string {
  return p.ipVersion === 0 ? '' : wordsText(p.ipVersion === 6, p.dst0, p.dst1, p.dst2, p.dst3);
}

/** EVE's pkt_src. */
function originText(p: Packet): string {
  return packetOriginNames[(p.flags & PacketFlag.FlowEnd) !== 0 ? PacketOrigin.FlowTimeout : p.source];
}

function hasPorts(proto: number): boolean {
  return proto === IpProto.Tcp || proto === IpProto.Udp || proto === IpProto.Sctp;
}

export function isIcmp(proto: number): boolean {
  return proto === IpProto.Icmp || proto === IpProto.Icmpv6;
}

function vlans(count: number, a: number, b: number, c: number): number[] {
  return count === 0 ? [] : [a, b, c].slice(0, count);
}

/** Fields of the packet as it was seen: source and destination are the packet's own. */
export function packetBase(p: Packet): EventBase {
  const ip = p.ipVersion !== 0;
  // The pseudo packet of a flow's end has ports without having a transport header.
  const ports = ip && hasPorts(p.ipProto) && (p.l4Off !== 0 || (p.flags & PacketFlag.FlowEnd) !== 0);
  const icmp = ip && isIcmp(p.ipProto) && p.l4Off !== 0;
  return {
    tsUs: p.tsUs,
    flowId: p.flow === 0 ? 0 : flowId(f.serial[p.flow]),
    pcapCnt: p.no,
    src: packetSrcText(p),
    dst: packetDstText(p),
    srcPort: ports ? p.srcPort : -1,
    dstPort: ports ? p.dstPort : -1,
    proto: ip ? protoName(p.ipProto) : '',
    icmpType: icmp ? p.icmpType : -1,
    icmpCode: icmp ? p.icmpCode : -1,
    vlan: vlans(p.vlanCount, p.vlan0, p.vlan1, p.vlan2),
    origin: p.origin,
    pktSrc: originText(p),
    vars: flowVars(p.flow, true),
  };
}

/** Fields of a flow's own event: source and destination by direction, no packet. */
export function flowBaseAt(flow: number, dir: Dir, tsUs: number, origin: number): EventBase {
  const proto = f.ipProto[flow];
  const ports = hasPorts(proto);
  const toServer = dir === Dir.ToServer;
  const v2 = f.vlan2[flow];
  const v1 = f.vlan1[flow];
  const v0 = f.vlan0[flow];
  return {
    tsUs,
    flowId: flowId(f.serial[flow]),
    pcapCnt: 0,
    src: toServer ? clientText(flow) : serverText(flow),
    dst: toServer ? serverText(flow) : clientText(flow),
    srcPort: ports ? (toServer ? f.cliPort[flow] : f.srvPort[flow]) : -1,
    dstPort: ports ? (toServer ? f.srvPort[flow] : f.cliPort[flow]) : -1,
    proto: protoName(proto),
    icmpType: -1,
    icmpCode: -1,
    vlan: vlans(v2 !== 0 ? 3 : v1 !== 0 ? 2 : v0 !== 0 ? 1 : 0, v0, v1, v2),
    origin,
    pktSrc: '',
    vars: flowVars(flow, false),
  };
}

/** The same for an event that packet `p` brought about, whichever way the packet went. */
export function flowBase(flow: number, dir: Dir, p: Packet): EventBase {
  const base = flowBaseAt(flow, dir, p.tsUs, p.origin);
  base.pcapCnt = p.no;
  base.pktSrc = originText(p);
  return base;
}

export function flowRecord(flow: number): FlowRecord {
  const ports = hasPorts(f.ipProto[flow]);
  return {
    src: clientText(flow),
    dst: serverText(flow),
    srcPort: ports ? f.cliPort[flow] : -1,
    dstPort: ports ? f.srvPort[flow] : -1,
    startUs: f.startUs[flow],
    lastUs: f.lastUs[flow],
    pktsToServer: f.pktsToServer[flow],
    pktsToClient: f.pktsToClient[flow],
    bytesToServer: f.bytesToServer[flow],
    bytesToClient: f.bytesToClient[flow],
  };
}
