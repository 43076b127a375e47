/**
 * What the health of a sensor is judged by and no stage counts for itself: TCP flows of which one direction only was seen,
 * and those whose other direction went by under other VLAN tags. Looked at when a flow ends, never per packet.
 */
import { randomBytes } from 'node:crypto';
import { counter, counts } from '../core/counters.js';
import { FlowFlag, flows } from '../flow/columns.js';
import { Dir, IpProto } from '../protocol/ip.js';
import { TcpFlag } from '../protocol/tcp.js';
import { S, streamAt, tcb } from '../stream/columns.js';

const enum Limit {
  /** One-way flows that are remembered; a newer one takes the place of an older. A power of two. */
  Halves = 1 << 14,
  /** Packets of a flow below which one direction says nothing: a probe that was not answered. */
  Packets = 3,
  /** Bytes of a frame without data: Ethernet, two VLAN tags, IPv4 or IPv6, TCP with the options of a SYN. */
  Empty4 = 14 + 8 + 20 + 40,
  Empty6 = 14 + 8 + 40 + 40,
}

const cOneWay = counter('flow.tcp_one_way');
const cTwoWay = counter('flow.tcp_two_way');
const cVlanMismatch = counter('flow.tcp_vlan_mismatch');

/** What is remembered of one-way flows: hash of both ends, hash of the sender, VLAN tags. 0 in `pairs`: nothing. */
const halves = {
  pairs: new Int32Array(Limit.Halves),
  senders: new Int32Array(Limit.Halves),
  vlans: new Int32Array(Limit.Halves),
};
const seed = randomBytes(4).readInt32LE(0);

/** Forgets all flows (a new run in the same process). */
export function resetHealthInputs(): void {
  halves.pairs.fill(0);
}

/** Counts a flow that has ended. Call before its stream is released. */
export function judgeFlow(f: number): void {
  if (flows.ipProto[f] !== IpProto.Tcp) return;
  const seen = flows.flags[f] & (FlowFlag.SeenToServer | FlowFlag.SeenToClient);
  if (seen === (FlowFlag.SeenToServer | FlowFlag.SeenToClient)) {
    counts[cTwoWay]++;
    return;
  }
  if (seen === 0) return;
  const dir = seen === FlowFlag.SeenToServer ? Dir.ToServer : Dir.ToClient;
  if (hasConversed(f, dir)) counts[cOneWay]++;
  if (meetsOtherHalf(f, dir)) counts[cVlanMismatch] += 2;
}

/** Whether the only sender of a flow was answered by someone: it acknowledges after a SYN, or has sent data. */
function hasConversed(f: number, dir: Dir): boolean {
  const packets = dir === Dir.ToServer ? flows.pktsToServer[f] : flows.pktsToClient[f];
  if (packets < Limit.Packets) return false;
  const used = tcb[streamAt(f, dir) + S.TcpFlags];
  if ((used & TcpFlag.Ack) !== 0) return true;
  const bytes = dir === Dir.ToServer ? flows.bytesToServer[f] : flows.bytesToClient[f];
  return bytes > packets * ((flows.flags[f] & FlowFlag.Ipv6) !== 0 ? Limit.Empty6 : Limit.Empty4);
}

/** True when a flow between the same ends, the other way and under other tags, was remembered; it is forgotten then. */
function meetsOtherHalf(f: number, dir: Dir): boolean {
  const client = mix(flows.cli0[f] ^ mix(flows.cli1[f] ^ mix(flows.cli2[f] ^ mix(flows.cli3[f] ^ flows.cliPort[f]))));
  const server = mix(flows.srv0[f] ^ mix(flows.srv1[f] ^ mix(flows.srv2[f] ^ mix(flows.srv3[f] ^ flows.srvPort[f]))));
  const sender = dir === Dir.ToServer ? client : server;
  const pair = mix((client + server) | 0) | 1;
  const vlan = flows.vlan0[f] | (flows.vlan1[f] << 12) | (flows.vlan2[f] << 24);
  const at = (pair >>> 1) & (Limit.Halves - 1);
  if (halves.pairs[at] === pair && halves.senders[at] !== sender && halves.vlans[at] !== vlan) {
    halves.pairs[at] = 0;
    return true;
  }
  halves.pairs[at] = pair;
  halves.senders[at] = sender;
  halves.vlans[at] = vlan;
  return false;
}

function mix(h: number): number {
  h = Math.imul(h ^ seed ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
