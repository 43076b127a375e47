/**
 * The flow table: finds or opens the flow of each packet and decides when a flow has ended. Rows of chained flow
 * ids (the columns are in columns.ts); capture time is the only clock, so that a replay gives the same flows
 * whatever the speed. A flow that ended leaves the table at once and waits in a queue until the pipeline has
 * inspected what is left of it and calls `freeFlow`.
 */
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { applyToPacket, ExceptionPolicy } from '../decode/exception.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { Dir, IpProto } from '../protocol/ip.js';
import { TcpFlag } from '../protocol/tcp.js';
import { AgeLists, ageAppend, ageRemove, ageTouch, oldestOf, resetAges } from './ages.js';
import { configureFlowVars, releaseBits } from './bits.js';
import { FlowEnd, FlowFlag, FlowLimit, FlowState, flows } from './columns.js';
import { FlowBytes, flowConfig, readFlowConfig, TimeoutCell } from './config.js';
import { isIcmpError } from './icmp.js';
import { FlowKey, keyMatches, packetKey } from './key.js';
import { reusesSession } from './reuse.js';

const cMemuse = counter('flow.memuse');
const cActive = counter('flow.active');
const cTotal = counter('flow.total');
const cTcp = counter('flow.tcp');
const cUdp = counter('flow.udp');
const cIcmp4 = counter('flow.icmpv4');
const cIcmp6 = counter('flow.icmpv6');
const cReuse = counter('flow.tcp_reuse');
const cMemcap = counter('flow.memcap');
const cGetUsed = counter('flow.get_used');
const cGetUsedFailed = counter('flow.get_used_failed');
const cEmergencyEntered = counter('flow.emerg_mode_entered');
const cEmergencyOver = counter('flow.emerg_mode_over');
const cEvicted = counter('flow.wrk.flows_evicted');
const cTimeout = counter('flow.mgr.flows_timeout');
const cVolume = counter('flow.bypassed_by_volume');
const cBypassedPkts = counter('flow_bypassed.local_pkts');
const cBypassedBytes = counter('flow_bypassed.local_bytes');

/** Seconds of silence, by FlowState, after which a flow may be given up: new, established, closed, bypassed. */
const silentSeconds = [0, 1, 5, 3, 30] as const;

/** Ended flows that may wait above the memcap; an eviction needs its successor's id before it is finished. */
const EndedSlack = 256;

let rows = new Int32Array(flowConfig.hashSize);
let mask = rows.length - 1;
/** Ids used so far; freed ids are chained from `freeHead`. */
let highest = 0;
let freeHead = 0;
let live = 0;
let pending = 0;
let endedHead = 0;
let endedTail = 0;
let serial = 0;
let emergency = 0;

/** Flows are numbered by the packet that opened them. */
let byPacket = false;
/** More than the levels of a packet. */
const PacketLevels = 16;

/** Numbers flows by the packets that open them, so that several workers of a replay number them as one does. */
export function numberFlowsByPacket(on: boolean): void {
  byPacket = on;
}

const key = new FlowKey();
const { state, flags, next, hash, lastUs, startUs, endReason, ageList } = flows;

/** Reads `flow.*` and empties the table. `ips`: the engine can drop packets. */
export function configureFlow(settings: Settings, ips = false): void {
  readFlowConfig(settings, ips);
  configureFlowVars(settings);
  let size = 1;
  while (size < flowConfig.hashSize) size <<= 1;
  rows = new Int32Array(size);
  mask = size - 1;
  for (let f = 1; f <= highest; f++) {
    if (state[f] === FlowState.Free) continue;
    releaseBits(f);
    state[f] = FlowState.Free;
  }
  highest = freeHead = live = pending = endedHead = endedTail = serial = emergency = 0;
  resetAges();
}

/** Flows in the table; those that ended and wait to be finished are not counted. */
export function flowCount(): number {
  return live;
}

/** True while the memcap is met and the shorter timeouts hold. */
export function inEmergency(): boolean {
  return emergency !== 0;
}

/**
 * Finds the flow of the packet, or opens one. Sets p.flow, p.dir and PacketFlag.Established, and counts the packet.
 * Returns 0, and leaves p.flow 0, when the packet has no flow or none could be had (`flow.memcap`): then
 * `flow.memcap-policy` was applied to it.
 */
export function lookupFlow(p: Packet): number {
  p.flow = 0;
  if ((p.flags & PacketFlag.WantsFlow) === 0) return 0;
  packetKey(p, key);
  let f = rows[key.hash & mask];
  let answered = false;
  while (f !== 0) {
    const dir = keyMatches(f, key);
    if (dir >= 0) {
      const ended = isTimedOut(f, p.tsUs) ? FlowEnd.Timeout : reuses(f, dir, p) ? FlowEnd.TcpReuse : FlowEnd.None;
      if (ended === FlowEnd.None) {
        countPacket(f, dir, p);
        return f;
      }
      if (ended === FlowEnd.TcpReuse) counts[cReuse]++;
      else counts[cTimeout]++;
      answered = ended === FlowEnd.TcpReuse && (p.tcpFlags & TcpFlag.Ack) !== 0 && dir === Dir.ToClient;
      endFlow(f, ended);
      break;
    }
    f = next[f];
  }
  if (key.quoted || isIcmpError(p)) return 0;
  f = openFlow(p);
  if (f === 0) return refuse(p);
  countPacket(f, Dir.ToServer, p);
  // Opened by the answer to a SYN that the old session had: whoever sends it is the server.
  if (answered) flags[f] |= FlowFlag.SynAgain;
  return f;
}

/** No memory for the packet's flow: the policy says what becomes of it. */
function refuse(p: Packet): number {
  counts[cMemcap]++;
  applyToPacket(p, flowConfig.memcapPolicy, flowConfig.ips);
  return 0;
}

function reuses(f: number, dir: number, p: Packet): boolean {
  return key.proto === IpProto.Tcp && (p.tcpFlags & TcpFlag.Syn) !== 0 && !key.quoted && reusesSession(f, dir, p);
}

/** A flow has timed out when the capture's second lies more than its timeout after that of its last packet. */
function isTimedOut(f: number, nowUs: number): boolean {
  const limit = flowConfig.timeouts[emergency + ageList[f]];
  return Math.floor(nowUs / 1e6) > Math.floor(lastUs[f] / 1e6) + limit;
}

function countPacket(f: number, dir: number, p: Packet): void {
  p.flow = f;
  p.dir = dir;
  const bytes = p.wireLen;
  if (dir === Dir.ToServer) {
    if ((++flows.pktsToServer[f] & VolumeEvery) === 0) lookAtVolume(f);
    flows.bytesToServer[f] += bytes;
    flags[f] |= FlowFlag.SeenToServer;
    if (p.ttl < flows.maxTtlTs[f]) p.flags |= PacketFlag.LowTtl;
    else flows.maxTtlTs[f] = p.ttl;
  } else {
    if ((++flows.pktsToClient[f] & VolumeEvery) === 0) lookAtVolume(f);
    flows.bytesToClient[f] += bytes;
    flags[f] |= FlowFlag.SeenToClient;
    if (p.ttl < flows.maxTtlTc[f]) p.flags |= PacketFlag.LowTtl;
    else flows.maxTtlTc[f] = p.ttl;
  }
  const both = FlowFlag.SeenToServer | FlowFlag.SeenToClient;
  if (state[f] === FlowState.Established) p.flags |= PacketFlag.Established;
  else if (flows.ipProto[f] === IpProto.Tcp) {
    if (flows.tcpState[f] >= FirstEstablished) p.flags |= PacketFlag.Established;
  } else if ((flags[f] & both) === both) {
    p.flags |= PacketFlag.Established;
    setFlowState(f, FlowState.Established);
  }
  // Late packets (lower time) never make a flow younger than it is.
  if (p.tsUs > lastUs[f]) {
    const sameSecond = Math.floor(p.tsUs / 1e6) === Math.floor(lastUs[f] / 1e6);
    lastUs[f] = p.tsUs;
    if (!sameSecond) ageTouch(f);
  }
}

/** The volume of a flow is looked at with each 64th packet of a direction. */
const VolumeEvery = 63;

function lookAtVolume(f: number): void {
  const { bypassVolume } = flowConfig;
  if (bypassVolume === 0 || flows.bytesToServer[f] + flows.bytesToClient[f] <= bypassVolume) return;
  if (bypassFlow(f)) counts[cVolume]++;
}

/** From the next packet on the flow is not inspected any more; false when that was so already, or it has ended. */
export function bypassFlow(f: number): boolean {
  if (state[f] === FlowState.Bypassed || state[f] === FlowState.Free || endReason[f] !== FlowEnd.None) return false;
  setFlowState(f, FlowState.Bypassed);
  return true;
}

/** Counts a packet of a bypassed flow (Suricata's `flow_bypassed`). */
export function countBypassed(p: Packet): void {
  counts[cBypassedPkts]++;
  counts[cBypassedBytes] += p.wireLen;
}

/** First value of `flows.tcpState` with a finished handshake: TcpState.Established. */
const FirstEstablished = 3;

/** Changes the state of a flow and with it the timeout that holds. */
export function setFlowState(f: number, to: FlowState): void {
  if (state[f] === to || state[f] === FlowState.Free || state[f] === FlowState.Bypassed) return;
  ageRemove(f);
  state[f] = to;
  ageAppend(f);
}

function openFlow(p: Packet): number {
  const f = takeId(p.tsUs);
  if (f === 0) return 0;
  const ipv6 = key.ipv6;
  state[f] = FlowState.New;
  flags[f] = ipv6 ? FlowFlag.Ipv6 : 0;
  flows.ipProto[f] = key.proto;
  flows.cli0[f] = key.src0;
  flows.srv0[f] = key.dst0;
  flows.cli1[f] = key.src1;
  flows.cli2[f] = key.src2;
  flows.cli3[f] = key.src3;
  flows.srv1[f] = key.dst1;
  flows.srv2[f] = key.dst2;
  flows.srv3[f] = key.dst3;
  flows.cliPort[f] = key.srcPort;
  flows.srvPort[f] = key.dstPort;
  flows.icmpCode[f] = p.icmpCode;
  flows.vlan0[f] = key.vlan0;
  flows.vlan1[f] = key.vlan1;
  flows.vlan2[f] = key.vlan2;
  flows.pktsToServer[f] = flows.pktsToClient[f] = 0;
  flows.bytesToServer[f] = flows.bytesToClient[f] = 0;
  flows.appProto[f] = flows.appProtoTs[f] = flows.appProtoTc[f] = 0;
  flows.maxTtlTs[f] = flows.maxTtlTc[f] = 0;
  flows.tcpState[f] = 0;
  flows.cliIsn[f] = flows.srvIsn[f] = 0;
  flows.bits[f] = 0;
  endReason[f] = FlowEnd.None;
  startUs[f] = lastUs[f] = p.tsUs;
  flows.serial[f] = byPacket ? p.no * PacketLevels + p.level + 1 : ++serial;
  hash[f] = key.hash;
  if (live >= rows.length && rows.length < FlowLimit.Max) growRows();
  const row = key.hash & mask;
  next[f] = rows[row];
  rows[row] = f;
  ageAppend(f);
  live++;
  counts[cActive]++;
  counts[cTotal]++;
  if (key.proto === IpProto.Tcp) counts[cTcp]++;
  else if (key.proto === IpProto.Udp) counts[cUdp]++;
  else if (key.proto === IpProto.Icmp) counts[cIcmp4]++;
  else if (key.proto === IpProto.Icmpv6) counts[cIcmp6]++;
  return f;
}

/** Doubles the rows: chains stay short however many flows the memcap admits. */
function growRows(): void {
  const old = rows;
  rows = new Int32Array(old.length * 2);
  mask = rows.length - 1;
  for (let r = 0; r < old.length; r++) {
    let f = old[r];
    while (f !== 0) {
      const after = next[f];
      const row = hash[f] & mask;
      next[f] = rows[row];
      rows[row] = f;
      f = after;
    }
  }
}

/** An id for a new flow; at the memcap the oldest flow that may ends to make room. */
function takeId(nowUs: number): number {
  const most = Math.min(Math.floor(flowConfig.memcap / FlowBytes), FlowLimit.Max - EndedSlack);
  if (live >= most) {
    if (emergency === 0) {
      emergency = TimeoutCell.Emergency;
      counts[cEmergencyEntered]++;
    }
    if (!evictOldest(nowUs)) {
      counts[cGetUsedFailed]++;
      return 0;
    }
  }
  if (live + pending >= most + EndedSlack) {
    counts[cGetUsedFailed]++;
    return 0;
  }
  let f = freeHead;
  if (f !== 0) freeHead = next[f];
  else f = ++highest;
  counts[cMemuse] = (live + pending + 1) * FlowBytes;
  return f;
}

/**
 * Whether a flow may end for want of memory: with a policy that says what becomes of the packet, only one that has been
 * silent for a while (as long as in Suricata 7.0.10); without one the oldest gives way whatever it does.
 */
function mayEvict(f: number, nowUs: number): boolean {
  if (flowConfig.memcapPolicy === ExceptionPolicy.Ignore) return true;
  return Math.floor(nowUs / 1e6) - Math.floor(lastUs[f] / 1e6) > silentSeconds[state[f]];
}

function evictOldest(nowUs: number): boolean {
  let oldest = 0;
  for (let list = 0; list < AgeLists; list++) {
    const f = oldestOf(list);
    if (f !== 0 && mayEvict(f, nowUs) && (oldest === 0 || lastUs[f] < lastUs[oldest])) oldest = f;
  }
  if (oldest === 0) return false;
  counts[cGetUsed]++;
  counts[cEvicted]++;
  flags[oldest] |= FlowFlag.Emergency;
  endFlow(oldest, FlowEnd.Forced);
  return true;
}

/** Takes a flow out of the table and queues it for `endedFlow`. */
function endFlow(f: number, reason: FlowEnd): void {
  if (state[f] === FlowState.Free || endReason[f] !== FlowEnd.None) return;
  const row = hash[f] & mask;
  let at = rows[row];
  if (at === f) rows[row] = next[f];
  else {
    while (next[at] !== f) at = next[at];
    next[at] = next[f];
  }
  ageRemove(f);
  endReason[f] = reason;
  next[f] = 0;
  if (endedTail === 0) endedHead = f;
  else next[endedTail] = f;
  endedTail = f;
  live--;
  pending++;
  counts[cActive]--;
  const most = Math.floor(flowConfig.memcap / FlowBytes);
  if (emergency !== 0 && live <= most * (1 - flowConfig.emergencyRecovery / 100)) {
    emergency = 0;
    counts[cEmergencyOver]++;
  }
}

/** Next flow that has ended and waits to be finished, or 0. It is out of the queue: call `freeFlow` when done. */
export function endedFlow(): number {
  const f = endedHead;
  if (f === 0) return 0;
  endedHead = next[f];
  if (endedHead === 0) endedTail = 0;
  return f;
}

/** Gives the id of a finished flow back. The other stages must have released what they hold under it. */
export function freeFlow(f: number): void {
  if (state[f] === FlowState.Free || endReason[f] === FlowEnd.None) return;
  releaseBits(f);
  state[f] = FlowState.Free;
  next[f] = freeHead;
  freeHead = f;
  pending--;
  counts[cMemuse] = (live + pending) * FlowBytes;
}

/** Ends flows that have timed out, oldest first, at most `budget` of them: frees memory, changes no result. */
export function expireFlows(nowUs: number, budget: number): number {
  let done = 0;
  for (let list = 0; list < AgeLists && done < budget; list++) {
    let f = oldestOf(list);
    while (f !== 0 && done < budget && isTimedOut(f, nowUs)) {
      endFlow(f, FlowEnd.Timeout);
      counts[cTimeout]++;
      done++;
      f = oldestOf(list);
    }
  }
  return done;
}

/** Ends every flow, in order of opening (end of the capture). */
export function endAllFlows(): void {
  const open: number[] = [];
  for (let f = 1; f <= highest; f++) {
    if (state[f] !== FlowState.Free && endReason[f] === FlowEnd.None) open.push(f);
  }
  open.sort((a, b) => flows.serial[a] - flows.serial[b]);
  for (const f of open) endFlow(f, FlowEnd.Shutdown);
}
