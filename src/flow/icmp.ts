/**
 * How ICMP packets belong to flows (RFC 792, RFC 4443), by Suricata's rule: a request and its reply are one flow;
 * an ICMPv4 "destination unreachable" belongs to the TCP or UDP flow whose header it quotes, and other ICMPv4
 * errors have no flow.
 */
import { dv, u8 } from '../core/memory.js';
import type { Packet } from '../decode/packet.js';
import { IpProto } from '../protocol/ip.js';

const bytes = u8;
const view = dv;

const enum Icmp4 {
  Unreachable = 3,
  SourceQuench = 4,
  Redirect = 5,
  TimeExceeded = 11,
  ParameterProblem = 12,
}

/** Type of the answer to each ICMPv4 type, -1 when it has none. */
const counterpart4 = new Int16Array(256).fill(-1);
/** The same for ICMPv6. */
const counterpart6 = new Int16Array(256).fill(-1);
const pair = (table: Int16Array, a: number, b: number): void => {
  table[a] = b;
  table[b] = a;
};
for (const [a, b] of [
  [8, 0],
  [10, 9],
  [13, 14],
  [15, 16],
  [17, 18],
])
  pair(counterpart4, a, b);
for (const [a, b] of [
  [128, 129],
  [130, 131],
  [133, 134],
  [135, 136],
  [139, 140],
  [144, 145],
  [146, 147],
]) {
  pair(counterpart6, a, b);
}

/** Type of the answer to an ICMP type, or -1. */
export function icmpCounterpart(proto: number, type: number): number {
  return proto === IpProto.Icmp ? counterpart4[type & 0xff] : counterpart6[type & 0xff];
}

/** True for ICMPv4 errors: they never open a flow. */
export function isIcmpError(p: Packet): boolean {
  if (p.ipProto !== IpProto.Icmp) return false;
  const t = p.icmpType;
  return (
    t === Icmp4.Unreachable ||
    t === Icmp4.SourceQuench ||
    t === Icmp4.Redirect ||
    t === Icmp4.TimeExceeded ||
    t === Icmp4.ParameterProblem
  );
}

/** Addresses and ports of the datagram that an ICMPv4 "destination unreachable" quotes. */
export class QuotedHeader {
  proto = 0;
  src = 0;
  dst = 0;
  srcPort = 0;
  dstPort = 0;
}

/**
 * Reads the quoted IPv4 header and ports. False when the packet is not such an error or the quote is too short
 * (a whole TCP header or the 8 bytes of UDP are asked for).
 */
export function quotedHeader(p: Packet, out: QuotedHeader): boolean {
  if (p.ipProto !== IpProto.Icmp || p.icmpType !== Icmp4.Unreachable || p.l4Off === 0) return false;
  const off = p.l4Off + 8;
  const end = p.ipOff + p.ipLen;
  if (off + 20 > end || bytes[off] >> 4 !== 4) return false;
  const l4 = off + (bytes[off] & 15) * 4;
  const proto = bytes[off + 9];
  const need = proto === IpProto.Tcp ? 20 : proto === IpProto.Udp ? 8 : -1;
  if (need < 0 || l4 < off + 20 || l4 + need > end) return false;
  out.proto = proto;
  out.src = view.getInt32(off + 12);
  out.dst = view.getInt32(off + 16);
  out.srcPort = view.getUint16(l4);
  out.dstPort = view.getUint16(l4 + 2);
  return true;
}
