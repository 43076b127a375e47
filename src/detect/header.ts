/**
 * Header tests: protocol, addresses, ports, flow keyword. Addresses and ports are those of the direction under
 * inspection: data of the client may become inspectable with a packet of the server, and its rules mean the client.
 *
 * An address's class (see src/rules/compile/interval-classes.ts) is looked up at most once a packet and side.
 */
import { type Packet, PacketFlag } from '../decode/packet.js';
import { IpProto } from '../protocol/ip.js';
import { RuleCol, RuleFlag } from '../rules/compile/layout.js';
import type { RuntimeRules } from '../rules/compile/tables.js';

let table: Int32Array = new Int32Array(0);
let protocols: Uint32Array = new Uint32Array(8);
let v4Starts: Uint32Array = new Uint32Array(1);
let v4Classes: Uint32Array = new Uint32Array(1);
let v6Starts: Uint32Array = new Uint32Array(4);
let v6Classes: Uint32Array = new Uint32Array(1);
let addressRows: Uint32Array = new Uint32Array(1);
let addressWords = 1;
let portClasses: Uint16Array = new Uint16Array(65536);
let portRows: Uint32Array = new Uint32Array(1);
let portWords = 1;

export function bindHeaders(rules: RuntimeRules): void {
  table = rules.table;
  protocols = rules.protocols;
  ({ v4Starts, v4Classes, v6Starts, v6Classes } = rules.addresses);
  addressRows = rules.addresses.rows;
  addressWords = rules.addresses.rowWords;
  portClasses = rules.ports.classes;
  portRows = rules.ports.rows;
  portWords = rules.ports.rowWords;
}

// What is under inspection.
let packet: Packet;
let swapped = false;
let flagsWanted = 0;
/** Words of the class rows of the source and destination, -1: not looked up yet. */
let srcRow = -1;
let dstRow = -1;

/** Begins the tests of one direction of a packet. */
export function beginHeaders(p: Packet, dir: number): void {
  packet = p;
  swapped = p.flow !== 0 && dir !== p.dir;
  flagsWanted = dir === 0 ? RuleFlag.ToServer : RuleFlag.ToClient;
  srcRow = -1;
  dstRow = -1;
}

function v4Class(address: number): number {
  const a = address >>> 0;
  let lo = 0;
  let hi = v4Starts.length - 1;
  while (lo < hi) {
    const mid = (lo + hi + 1) >>> 1;
    if (v4Starts[mid] <= a) lo = mid;
    else hi = mid - 1;
  }
  return v4Classes[lo];
}

function notAfter(at: number, a0: number, a1: number, a2: number, a3: number): boolean {
  if (v6Starts[at] !== a0) return v6Starts[at] < a0;
  if (v6Starts[at + 1] !== a1) return v6Starts[at + 1] < a1;
  if (v6Starts[at + 2] !== a2) return v6Starts[at + 2] < a2;
  return v6Starts[at + 3] <= a3;
}

function v6Class(a0: number, a1: number, a2: number, a3: number): number {
  let lo = 0;
  let hi = v6Starts.length / 4 - 1;
  while (lo < hi) {
    const mid = (lo + hi + 1) >>> 1;
    if (notAfter(mid * 4, a0 >>> 0, a1 >>> 0, a2 >>> 0, a3 >>> 0)) lo = mid;
    else hi = mid - 1;
  }
  return v6Classes[lo];
}

function classOf(p: Packet, source: boolean): number {
  if (p.ipVersion === 4) return v4Class(source ? p.src0 : p.dst0);
  if (p.ipVersion === 6) {
    return source ? v6Class(p.src0, p.src1, p.src2, p.src3) : v6Class(p.dst0, p.dst1, p.dst2, p.dst3);
  }
  return 0;
}

/** Address class of the source, or destination, of the direction under inspection. */
export function srcClass(): number {
  if (srcRow < 0) srcRow = classOf(packet, !swapped) * addressWords;
  return srcRow / addressWords;
}
export function dstClass(): number {
  if (dstRow < 0) dstRow = classOf(packet, swapped) * addressWords;
  return dstRow / addressWords;
}

function addressesFit(src: number, dst: number): boolean {
  if (src !== 0) {
    if (srcRow < 0) srcRow = classOf(packet, !swapped) * addressWords;
    if ((addressRows[srcRow + (src >>> 5)] & (1 << (src & 31))) === 0) return false;
  }
  if (dst !== 0) {
    if (dstRow < 0) dstRow = classOf(packet, swapped) * addressWords;
    if ((addressRows[dstRow + (dst >>> 5)] & (1 << (dst & 31))) === 0) return false;
  }
  return true;
}

function portFits(set: number, port: number): boolean {
  return set === 0 || (portRows[portClasses[port] * portWords + (set >>> 5)] & (1 << (set & 31))) !== 0;
}

function portsFit(at: number): boolean {
  const p = packet;
  if (p.ipProto !== IpProto.Tcp && p.ipProto !== IpProto.Udp && p.ipProto !== IpProto.Sctp) return false;
  if ((p.flags & PacketFlag.Fragment) !== 0) return false;
  const src = swapped ? p.dstPort : p.srcPort;
  const dst = swapped ? p.srcPort : p.dstPort;
  return portFits(table[at + RuleCol.SrcPorts], src) && portFits(table[at + RuleCol.DstPorts], dst);
}

/** Whether the header of rule `n` fits the direction under inspection. */
export function headerFits(n: number): boolean {
  const at = n * RuleCol.Stride;
  const flags = table[at + RuleCol.Flags];
  const p = packet;
  if ((flags & RuleFlag.Ipv4Only) !== 0 && p.ipVersion !== 4) return false;
  if ((flags & RuleFlag.Ipv6Only) !== 0 && p.ipVersion !== 6) return false;
  const proto = table[at + RuleCol.Proto];
  if (proto !== 0 && (protocols[proto * 8 + (p.ipProto >>> 5)] & (1 << (p.ipProto & 31))) === 0) return false;
  if ((flags & RuleFlag.HasPorts) !== 0 && !portsFit(at)) return false;
  return addressesFit(table[at + RuleCol.Src], table[at + RuleCol.Dst]);
}

/** Whether the flow keyword of a rule with these flags fits: direction, state, fragments. */
export function flowFits(flags: number): boolean {
  if ((flags & flagsWanted) === 0) return false;
  const state = packet.flags;
  if ((flags & RuleFlag.NeedsFlow) !== 0 && packet.flow === 0) return false;
  if ((flags & RuleFlag.Established) !== 0 && (state & PacketFlag.Established) === 0) return false;
  if ((flags & RuleFlag.NotEstablished) !== 0 && (state & PacketFlag.Established) !== 0) return false;
  if ((flags & RuleFlag.OnlyFrag) !== 0 && (state & PacketFlag.Reassembled) === 0) return false;
  return (flags & RuleFlag.NoFrag) === 0 || (state & PacketFlag.Reassembled) === 0;
}

/** What of a rule's header and flow keyword does not fit; a higher number was got to later. */
export const enum HeaderFault {
  Direction = 1,
  IpVersion = 2,
  Protocol = 3,
  /** The rule names ports and the packet has none that count. */
  NoPorts = 4,
  Source = 5,
  Destination = 6,
  SourcePort = 7,
  DestinationPort = 8,
  NoFlow = 9,
  NotEstablished = 10,
  Established = 11,
  NotReassembled = 12,
  Reassembled = 13,
  None = 14,
}

/** Which part of `headerFits` and `flowFits` of rule `n` says no: for a recorder. */
export function headerFault(n: number): HeaderFault {
  const at = n * RuleCol.Stride;
  const flags = table[at + RuleCol.Flags];
  const p = packet;
  if ((flags & flagsWanted) === 0) return HeaderFault.Direction;
  if ((flags & RuleFlag.Ipv4Only) !== 0 && p.ipVersion !== 4) return HeaderFault.IpVersion;
  if ((flags & RuleFlag.Ipv6Only) !== 0 && p.ipVersion !== 6) return HeaderFault.IpVersion;
  if (!headerFits(n)) {
    const proto = table[at + RuleCol.Proto];
    if (proto !== 0 && (protocols[proto * 8 + (p.ipProto >>> 5)] & (1 << (p.ipProto & 31))) === 0) {
      return HeaderFault.Protocol;
    }
    if (!addressesFit(table[at + RuleCol.Src], 0)) return HeaderFault.Source;
    if (!addressesFit(0, table[at + RuleCol.Dst])) return HeaderFault.Destination;
    if (!portFits(table[at + RuleCol.SrcPorts], swapped ? p.dstPort : p.srcPort)) return HeaderFault.SourcePort;
    if (!portFits(table[at + RuleCol.DstPorts], swapped ? p.srcPort : p.dstPort)) return HeaderFault.DestinationPort;
    return HeaderFault.NoPorts;
  }
  return flowFits(flags) ? HeaderFault.None : flowFault(flags);
}

function flowFault(flags: number): HeaderFault {
  const state = packet.flags;
  if ((flags & RuleFlag.NeedsFlow) !== 0 && packet.flow === 0) return HeaderFault.NoFlow;
  const established = (state & PacketFlag.Established) !== 0;
  if ((flags & RuleFlag.Established) !== 0 && !established) return HeaderFault.NotEstablished;
  if ((flags & RuleFlag.NotEstablished) !== 0 && established) return HeaderFault.Established;
  return (flags & RuleFlag.OnlyFrag) !== 0 ? HeaderFault.NotReassembled : HeaderFault.Reassembled;
}
