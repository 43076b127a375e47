/** Evaluates the conditions of a rule on packet, flow and shared state. */
import {
  icmpv4ChecksumOk,
  icmpv6ChecksumOk,
  ipv4ChecksumOk,
  tcpChecksumOk,
  udpChecksumOk,
} from '../decode/checksum.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { flowbitIsSet, flowintGet, flowvarGet } from '../flow/bits.js';
import { flows } from '../flow/columns.js';
import { AppProto } from '../protocol/app-proto.js';
import { EventRange } from '../protocol/events.js';
import { Dir, IpProto } from '../protocol/ip.js';
import { AppSide, ChecksumCode, FlagsMode, NumberCode, Op, StreamSide, Test } from '../rules/compile/layout.js';
import { streamSize } from '../stream/stream.js';
import { appEventSet, protocolJustFound } from './app-state.js';
import { geoipFits } from './geoip.js';
import { hostbitIsSet, xbitIsSet } from './host-bits.js';
import { reputationFits } from './iprep.js';
import { testNumber } from './number-test.js';
import { packetVarGet } from './packet-vars.js';
import { rpcCallHolds } from './rpc-call.js';

let code: Int32Array = new Int32Array(0);
let numbers: Float64Array = new Float64Array(0);
let pool: Uint8Array = new Uint8Array(0);

export function bindConditions(words: Int32Array, wide: Float64Array, bytes: Uint8Array): void {
  code = words;
  numbers = wide;
  pool = bytes;
  sought.clear();
}

/**
 * Whether all conditions from `pc` hold for the packet, looked at in direction `dir` of its flow. `pdOnly`: the rule
 * looks at protocol detection alone and counts only on the packet that decided it.
 */
export function conditionsHold(from: number, p: Packet, dir: number, pdOnly: boolean): boolean {
  return failingCondition(from, p, dir, pdOnly) < 0;
}

/** The first of them that does not hold, as a word of the code, or -1. */
export function failingCondition(from: number, p: Packet, dir: number, pdOnly: boolean): number {
  for (let pc = from; code[pc] !== Op.End; pc += code[pc + 1]) if (!holds(pc, p, dir, pdOnly)) return pc;
  return -1;
}

function holds(pc: number, p: Packet, dir: number, pdOnly: boolean): boolean {
  switch (code[pc]) {
    case Op.Number:
      return numberHolds(pc, p);
    case Op.TcpFlags:
      return (
        p.ipProto === IpProto.Tcp &&
        p.l4Off !== 0 &&
        (p.flags & PacketFlag.Pseudo) === 0 &&
        flagsHold(p.tcpFlags & ~code[pc + 3] & 0xff, code[pc + 2], code[pc + 4])
      );
    case Op.IpFlags:
      return (
        p.ipVersion === 4 && (p.flags & PacketFlag.Pseudo) === 0 && flagsHold(p.ipFlags, code[pc + 2], code[pc + 3])
      );
    case Op.IpOpts:
      return p.ipVersion === 4 && (p.flags & PacketFlag.Pseudo) === 0 && (p.ipOpts & code[pc + 2]) !== 0;
    case Op.IpProto:
      return p.ipVersion !== 0 && testNumber(p.ipProto, code[pc + 2], code[pc + 3], code[pc + 4]);
    case Op.SameIp:
      return p.ipVersion !== 0 && p.src0 === p.dst0 && p.src1 === p.dst1 && p.src2 === p.dst2 && p.src3 === p.dst3;
    case Op.Checksum:
      return checksumHolds(code[pc + 2], code[pc + 3] !== 0, p);
    case Op.Event:
      return eventHolds(code[pc + 2], p);
    case Op.StreamSize:
      return streamSizeHolds(pc, p);
    case Op.AppProtocol:
      return protocolHolds(pc, p, dir, pdOnly);
    case Op.FlowbitsTest:
      return flowbitsHold(pc, p.flow);
    case Op.FlowintTest:
      return flowintHolds(pc, p.flow);
    case Op.HostbitsTest:
      return (
        p.ipVersion !== 0 && hostbitIsSet(p, code[pc + 3], code[pc + 4], swappedFor(p, dir)) === (code[pc + 2] !== 0)
      );
    case Op.XbitsTest:
      return p.ipVersion !== 0 && xbitIsSet(p, code[pc + 3], code[pc + 4], swappedFor(p, dir)) === (code[pc + 2] !== 0);
    case Op.Iprep:
      return reputationFits(
        p,
        code[pc + 2],
        code[pc + 3],
        code[pc + 4],
        code[pc + 5],
        code[pc + 6],
        swappedFor(p, dir),
      );
    case Op.Geoip:
      return geoipFits(p, code[pc + 2], code[pc + 3], code[pc + 4] !== 0, swappedFor(p, dir));
    case Op.FlowVolume:
      return volumeHolds(pc, p);
    case Op.VarContains:
      return variableContains(pc, p.flow);
    case Op.RpcCall:
      return rpcCallHolds(p, numbers[code[pc + 2]], numbers[code[pc + 3]], numbers[code[pc + 4]]);
    default:
      return false;
  }
}

export function swappedFor(p: Packet, dir: number): boolean {
  return p.flow !== 0 && dir !== p.dir;
}

function flagsHold(have: number, want: number, mode: number): boolean {
  switch (mode) {
    case FlagsMode.Exact:
      return have === want;
    case FlagsMode.All:
      return (have & want) === want;
    case FlagsMode.Any:
      return (have & want) !== 0;
    default:
      return (have & want) === 0;
  }
}

function numberHolds(pc: number, p: Packet): boolean {
  // Pseudo packets have no header of their own; only a reassembled datagram has one worth testing.
  if ((p.flags & PacketFlag.FlowEnd) !== 0) return false;
  const v = numberField(code[pc + 2], p);
  return v >= 0 && testNumber(v, code[pc + 3], numbers[code[pc + 4]], numbers[code[pc + 5]]);
}

/** The field's value, or -1 when the packet has none. */
export function numberField(field: number, p: Packet): number {
  const tcp = p.ipProto === IpProto.Tcp && p.l4Off !== 0;
  const icmp = (p.ipProto === IpProto.Icmp || p.ipProto === IpProto.Icmpv6) && p.l4Off !== 0;
  switch (field) {
    case NumberCode.Dsize:
      // An ICMP error has its payload also when what it quotes is damaged.
      return (p.flags & PacketFlag.Invalid) !== 0 && !icmp ? -1 : p.payloadLen;
    case NumberCode.Ttl:
      return p.ipVersion === 0 ? -1 : p.ttl;
    case NumberCode.Tos:
      return p.ipVersion === 4 ? p.tos : -1;
    case NumberCode.Id:
      return p.ipVersion === 4 ? p.ipId : -1;
    case NumberCode.Seq:
      return tcp ? p.seq >>> 0 : -1;
    case NumberCode.Ack:
      return tcp ? p.ack >>> 0 : -1;
    case NumberCode.Window:
      return tcp ? p.window : -1;
    case NumberCode.Itype:
      return icmp ? p.icmpType : -1;
    case NumberCode.Icode:
      return icmp ? p.icmpCode : -1;
    case NumberCode.IcmpId:
      return icmp ? p.icmpId : -1;
    case NumberCode.IcmpSeq:
      return icmp ? p.icmpSeq : -1;
    case NumberCode.TcpMss:
      return tcp && (p.flags & PacketFlag.TcpMss) !== 0 ? p.mss : -1;
    case NumberCode.Icmpv6Mtu:
      return icmpv6Mtu(p);
    case NumberCode.FragOffset:
      return p.ipVersion === 4 ? p.fragOff >>> 3 : p.fragHdrOff !== 0 ? p.fragOff >>> 3 : -1;
    default:
      return p.level;
  }
}

/** MTU of a Packet Too Big message (RFC 4443 section 3.2), else -1. */
function icmpv6Mtu(p: Packet): number {
  return p.ipProto === IpProto.Icmpv6 && p.l4Off !== 0 ? p.icmpMtu : -1;
}

/** The checksum keywords compute whatever `-k` says; a packet without the layer matches neither value. */
function checksumHolds(layer: number, wanted: boolean, p: Packet): boolean {
  if ((p.flags & PacketFlag.Pseudo) !== 0 || ((p.flags & PacketFlag.Invalid) !== 0 && p.l4Off === 0)) return false;
  const has = (version: number, proto: number): boolean =>
    p.ipVersion === version && p.ipProto === proto && p.l4Off !== 0;
  switch (layer) {
    case ChecksumCode.Ipv4:
      return p.ipVersion === 4 && ipv4ChecksumOk(p) === wanted;
    case ChecksumCode.Tcpv4:
      return has(4, IpProto.Tcp) && tcpChecksumOk(p) === wanted;
    case ChecksumCode.Tcpv6:
      return has(6, IpProto.Tcp) && tcpChecksumOk(p) === wanted;
    case ChecksumCode.Udpv4:
      return has(4, IpProto.Udp) && udpChecksumOk(p) === wanted;
    case ChecksumCode.Udpv6:
      return has(6, IpProto.Udp) && udpChecksumOk(p) === wanted;
    case ChecksumCode.Icmpv4:
      return has(4, IpProto.Icmp) && icmpv4ChecksumOk(p) === wanted;
    default:
      return has(6, IpProto.Icmpv6) && icmpv6ChecksumOk(p) === wanted;
  }
}

function eventHolds(event: number, p: Packet): boolean {
  if (event >= EventRange.AppLayer) return p.flow !== 0 && appEventSet(p.flow, event);
  for (let i = 0; i < p.eventCount; i++) if (p.events[i] === event) return true;
  return false;
}

function streamSizeHolds(pc: number, p: Packet): boolean {
  if (p.flow === 0 || p.ipProto !== IpProto.Tcp) return false;
  const side = code[pc + 2];
  const test = code[pc + 3];
  const lo = numbers[code[pc + 4]];
  const hi = numbers[code[pc + 5]];
  const client = side !== StreamSide.Server && testNumber(streamSize(p.flow, Dir.ToServer), test, lo, hi);
  if (side === StreamSide.Client) return client;
  const server = testNumber(streamSize(p.flow, Dir.ToClient), test, lo, hi);
  if (side === StreamSide.Server) return server;
  return side === StreamSide.Both ? client && server : client || server;
}

function protocolHolds(pc: number, p: Packet, dir: number, pdOnly: boolean): boolean {
  const f = p.flow;
  if (f === 0 || (pdOnly && !protocolJustFound(dir))) return false;
  const want = code[pc + 2];
  const ts = flows.appProtoTs[f];
  const tc = flows.appProtoTc[f];
  let fits: boolean;
  switch (code[pc + 4]) {
    case AppSide.Server:
      fits = ts === want;
      break;
    case AppSide.Client:
      fits = tc === want;
      break;
    case AppSide.Both:
      fits = ts === want && tc === want;
      break;
    case AppSide.Final:
      fits = flows.appProto[f] === want;
      break;
    default: {
      const have = dir === Dir.ToServer ? ts : tc;
      if (have === AppProto.Unknown) return false;
      // While the other side may still tell what this is, nothing is known, not even what it is not.
      if (have === AppProto.Failed && flows.appProto[f] === AppProto.Unknown) return false;
      fits = have === want;
    }
  }
  return fits !== (code[pc + 3] !== 0);
}

function flowbitsHold(pc: number, flow: number): boolean {
  if (flow === 0) return false;
  const isset = code[pc + 2] !== 0;
  const n = code[pc + 3];
  // Several names in one keyword are alternatives.
  for (let i = 0; i < n; i++) if (flowbitIsSet(flow, code[pc + 4 + i]) === isset) return true;
  return false;
}

function flowintHolds(pc: number, flow: number): boolean {
  if (flow === 0) return false;
  const have = flowintGet(flow, code[pc + 2]);
  const test = code[pc + 3];
  if (test === Test.IsSet) return !Number.isNaN(have);
  if (test === Test.NotSet) return Number.isNaN(have);
  if (Number.isNaN(have)) return false;
  const operand = code[pc + 4] === 0 ? numbers[code[pc + 5]] : flowintGet(flow, code[pc + 5]);
  return !Number.isNaN(operand) && testNumber(have, test, operand, operand);
}

/** Bytes of variables that rules look for, by their place in the pool. */
const sought = new Map<number, Buffer>();

/** Whether the variable of the packet or flow has these bytes in it. */
function variableContains(pc: number, flow: number): boolean {
  const id = code[pc + 3];
  const value = code[pc + 2] === 0 ? packetVarGet(id) : flow === 0 ? null : flowvarGet(flow, id);
  if (value === null) return false;
  const at = code[pc + 4];
  let bytes = sought.get(at);
  if (bytes === undefined) {
    bytes = Buffer.from(pool.subarray(at, at + code[pc + 5]));
    sought.set(at, bytes);
  }
  return value.includes(bytes);
}

function volumeHolds(pc: number, p: Packet): boolean {
  const f = p.flow;
  if (f === 0) return false;
  const test = code[pc + 4];
  const lo = numbers[code[pc + 5]];
  const hi = numbers[code[pc + 6]];
  if (code[pc + 2] === 0) return testNumber(Math.floor((p.tsUs - flows.startUs[f]) / 1e6), test, lo, hi);
  const packets = code[pc + 2] === 1;
  const toServer = testNumber(packets ? flows.pktsToServer[f] : flows.bytesToServer[f], test, lo, hi);
  const toClient = testNumber(packets ? flows.pktsToClient[f] : flows.bytesToClient[f], test, lo, hi);
  switch (code[pc + 3]) {
    case StreamSide.Server:
      return toServer;
    case StreamSide.Client:
      return toClient;
    case StreamSide.Both:
      return toServer && toClient;
    default:
      return toServer || toClient;
  }
}
