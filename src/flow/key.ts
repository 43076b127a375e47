/**
 * The flow key: addresses, ports, protocol and VLAN identifiers. The hash is symmetric (both directions give the
 * same) and seeded, so that a sender cannot choose which flows share a row.
 */
import { randomBytes } from 'node:crypto';
import type { Packet } from '../decode/packet.js';
import { IpProto } from '../protocol/ip.js';
import { FlowFlag, flows } from './columns.js';
import { flowConfig } from './config.js';
import { icmpCounterpart, QuotedHeader, quotedHeader } from './icmp.js';

/** A packet's key. For ICMP the ports are its type and the type that answers it. */
export class FlowKey {
  hash = 0;
  proto = 0;
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;
  srcPort = 0;
  dstPort = 0;
  vlan0 = 0;
  vlan1 = 0;
  vlan2 = 0;
  ipv6 = false;
  /** The packet is an ICMP error and the key that of the flow it quotes. */
  quoted = false;
}

const seed = randomBytes(4).readInt32LE(0);
const quote = new QuotedHeader();
const { cli0, cli1, cli2, cli3, srv0, srv1, srv2, srv3, cliPort, srvPort, ipProto, hash } = flows;
const { vlan0, vlan1, vlan2, flags } = flows;

/** Finaliser of a 32-bit hash: every input bit reaches every output bit. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Fills `key` from a packet that has PacketFlag.WantsFlow. */
export function packetKey(p: Packet, key: FlowKey): void {
  const proto = p.ipProto;
  key.quoted = false;
  if (proto === IpProto.Tcp || proto === IpProto.Udp || proto === IpProto.Sctp) {
    key.srcPort = p.srcPort;
    key.dstPort = p.dstPort;
  } else if (proto === IpProto.Icmp || proto === IpProto.Icmpv6) {
    if (quotedHeader(p, quote)) {
      quotedKey(p, key);
      return;
    }
    const answer = icmpCounterpart(proto, p.icmpType);
    key.srcPort = p.icmpType;
    key.dstPort = answer < 0 ? 0 : answer;
  } else {
    key.srcPort = 0;
    key.dstPort = 0;
  }
  key.proto = proto;
  key.ipv6 = p.ipVersion === 6;
  key.src0 = p.src0;
  key.src1 = p.src1;
  key.src2 = p.src2;
  key.src3 = p.src3;
  key.dst0 = p.dst0;
  key.dst1 = p.dst1;
  key.dst2 = p.dst2;
  key.dst3 = p.dst3;
  finishKey(p, key);
}

function quotedKey(p: Packet, key: FlowKey): void {
  key.quoted = true;
  key.proto = quote.proto;
  key.ipv6 = false;
  key.src0 = quote.src;
  key.dst0 = quote.dst;
  key.src1 = key.src2 = key.src3 = key.dst1 = key.dst2 = key.dst3 = 0;
  key.srcPort = quote.srcPort;
  key.dstPort = quote.dstPort;
  finishKey(p, key);
}

function finishKey(p: Packet, key: FlowKey): void {
  if (flowConfig.useVlan) {
    key.vlan0 = p.vlan0;
    key.vlan1 = p.vlan1;
    key.vlan2 = p.vlan2;
  } else key.vlan0 = key.vlan1 = key.vlan2 = 0;
  // Each end is hashed by itself and the two results are added: the sum does not depend on their order.
  let a = mix(key.src0 ^ Math.imul(key.srcPort + 1, 0x9e3779b1) ^ seed);
  let b = mix(key.dst0 ^ Math.imul(key.dstPort + 1, 0x9e3779b1) ^ seed);
  if (key.ipv6) {
    a = mix(mix(mix(a ^ key.src1) ^ key.src2) ^ key.src3);
    b = mix(mix(mix(b ^ key.dst1) ^ key.dst2) ^ key.dst3);
  }
  const rest = key.proto | (key.vlan0 << 8) | (key.vlan1 << 20);
  key.hash = mix(((a + b) | 0) ^ Math.imul(rest, 0x27d4eb2f) ^ key.vlan2 ^ seed) >>> 0;
}

/** 0: the packet goes from client to server of flow f, 1: the other way, -1: it is not of this flow. */
export function keyMatches(f: number, key: FlowKey): number {
  if (hash[f] !== key.hash || ipProto[f] !== key.proto) return -1;
  if (vlan0[f] !== key.vlan0 || vlan1[f] !== key.vlan1 || vlan2[f] !== key.vlan2) return -1;
  if (((flags[f] & FlowFlag.Ipv6) !== 0) !== key.ipv6) return -1;
  if (
    cliPort[f] === key.srcPort &&
    srvPort[f] === key.dstPort &&
    cli0[f] === key.src0 &&
    srv0[f] === key.dst0 &&
    (!key.ipv6 || sameTail(f, key))
  ) {
    return 0;
  }
  if (
    cliPort[f] === key.dstPort &&
    srvPort[f] === key.srcPort &&
    cli0[f] === key.dst0 &&
    srv0[f] === key.src0 &&
    (!key.ipv6 || sameTailSwapped(f, key))
  ) {
    return 1;
  }
  return -1;
}

function sameTail(f: number, k: FlowKey): boolean {
  return (
    cli1[f] === k.src1 &&
    cli2[f] === k.src2 &&
    cli3[f] === k.src3 &&
    srv1[f] === k.dst1 &&
    srv2[f] === k.dst2 &&
    srv3[f] === k.dst3
  );
}

function sameTailSwapped(f: number, k: FlowKey): boolean {
  return (
    cli1[f] === k.dst1 &&
    cli2[f] === k.dst2 &&
    cli3[f] === k.dst3 &&
    srv1[f] === k.src1 &&
    srv2[f] === k.src2 &&
    srv3[f] === k.src3
  );
}
