/**
 * Packet, stream, event and IP-only rules on one packet, in one direction of its flow. The packet's own direction sees
 * the packet and its chunk of raw stream; the other direction sees only a chunk that the packet made inspectable.
 */
import { type Packet, PacketFlag } from '../decode/packet.js';
import { FlowFlag, flows } from '../flow/columns.js';
import { AppProto } from '../protocol/app-proto.js';
import { BufferId } from '../protocol/buffers.js';
import { IpProto } from '../protocol/ip.js';
import { RuleCol, RuleFlag, RuleType, SectionCol } from '../rules/compile/layout.js';
import { GroupCol, GroupProto } from '../rules/compile/layout-tables.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import { hasAppEvents } from './app-state.js';
import { candidateCount, candidatesReset, sortedCandidates } from './candidates.js';
import { conditionsHold, swappedFor } from './conditions.js';
import { runEffects } from './effects.js';
import { dstClass, flowFits, headerFits, srcClass } from './header.js';
import { headerBuffer, headerLen, headerOff } from './header-buffers.js';
import { inspectBuffer } from './inspect.js';
import { matchedReset } from './matched.js';
import { addMatch, chunkLen, chunkOff, MatchRowFlag } from './matches.js';
import { addList, queueScan, runScans } from './prefilter.js';
import { Look, observer, recorder, watch } from './recorder.js';
import { replaceMatched } from './replace.js';
import { setStreamChunk, streamSectionHolds } from './stream-section.js';
import { transform, transformLen, transformOff } from './transforms.js';
import { addFromPayload } from './tx-pass.js';
import { watchRules } from './watch.js';

let table: Int32Array = new Int32Array(0);
let sections: Int32Array = new Int32Array(0);
let portGroup: Uint8Array = new Uint8Array(0);
let firstGroup: Int32Array = new Int32Array(0);
let groups: Int32Array = new Int32Array(0);
let listRows: Uint32Array = new Uint32Array(2);
let eventLists: Int32Array = new Int32Array(2);
let ipSrc: Int32Array = new Int32Array(1);
let ipDst: Int32Array = new Int32Array(1);
let ipAlways = 0;
let hasIpOnly = false;
/** By rule: the packet it last matched in. */
let matchedIn: Uint32Array = new Uint32Array(0);
let packetStamp = 0;

/** Begins a packet. */
export function packetPassReset(): void {
  if (++packetStamp === 0xffffffff) {
    matchedIn.fill(0);
    packetStamp = 1;
  }
}

export function bindPacketPass(rules: RuntimeRules): void {
  table = rules.table;
  sections = rules.sections;
  ({ portGroup, firstGroup, groups } = rules.groups);
  listRows = rules.listRows;
  matchedIn = new Uint32Array(rules.count);
  eventLists = rules.packetEvents;
  ipSrc = rules.ipOnly.bySrc;
  ipDst = rules.ipOnly.byDst;
  ipAlways = rules.ipOnly.always;
  hasIpOnly = ipAlways !== 0 || ipSrc.some((r) => r !== 0) || ipDst.some((r) => r !== 0);
}

/** First word of the group row for a protocol, direction and the server's port as the direction sees it. */
export function groupOf(ipProto: number, dir: number, port: number): number {
  const proto = ipProto === IpProto.Tcp ? GroupProto.Tcp : ipProto === IpProto.Udp ? GroupProto.Udp : GroupProto.Other;
  const side = proto * 2 + dir;
  return (firstGroup[side] + portGroup[side * 65536 + port]) * GroupCol.Stride;
}

/** Whether rules of this group look at the raw stream. */
export function groupWantsStream(group: number): boolean {
  return groups[group + GroupCol.WantsStream] !== 0;
}

/** IP-only rules, once a flow and direction. */
export function inspectIpOnly(p: Packet, dir: number): void {
  if (p.ipVersion === 0) return;
  const f = p.flow;
  if (f !== 0) {
    const done = dir === 0 ? FlowFlag.IpOnlyToServer : FlowFlag.IpOnlyToClient;
    if ((flows.flags[f] & done) !== 0) return;
    flows.flags[f] |= done;
  }
  if (!hasIpOnly) return;
  candidatesReset();
  addList(ipAlways);
  addList(ipSrc[srcClass()]);
  addList(ipDst[dstClass()]);
  if (watch !== 0) observer?.look(Look.IpOnly, p, dir, null, 0, 0);
  inspectCandidates(p, dir, true);
}

function isListed(row: number): boolean {
  return listRows[row * 2] !== listRows[row * 2 + 1];
}

/** Rules on the packet itself. */
export function inspectOwn(p: Packet, dir: number, group: number): void {
  candidatesReset();
  // A packet that is broken before its transport header has nothing to look at but its events.
  const known = p.ipVersion !== 0 && ((p.flags & PacketFlag.Invalid) === 0 || p.l4Off !== 0);
  if (known) {
    const payload = p.payloadLen > 0 && (p.flags & PacketFlag.NoPayloadInspection) === 0;
    const packetDb = groups[group + GroupCol.PacketDb];
    const streamDb = groups[group + GroupCol.StreamDb];
    if (payload) {
      if (packetDb >= 0) queueScan(packetDb, p.payloadOff, p.payloadLen);
      if (streamDb >= 0 && (p.flags & PacketFlag.StreamAdded) === 0) queueScan(streamDb, p.payloadOff, p.payloadLen);
    }
    runScans();
    addList(groups[group + GroupCol.PacketAlways]);
    if (payload) addList(groups[group + GroupCol.PayloadAlways]);
  }
  if ((p.eventCount > 0 || hasAppEvents()) && isListed(eventLists[dir])) addList(eventLists[dir]);
  if (watch !== 0) observer?.look(Look.Packet, p, dir, null, p.payloadOff, p.payloadLen);
  if (candidateCount > 0) inspectCandidates(p, dir, true);
}

/** Stream rules on a chunk of raw stream, `before` bytes of which were in the chunk before and lie in front of it. */
export function inspectChunk(p: Packet, dir: number, group: number, off: number, len: number, before: number): void {
  setStreamChunk(dir, off, len, before);
  chunkOff[dir] = off;
  chunkLen[dir] = len;
  candidatesReset();
  const streamDb = groups[group + GroupCol.StreamDb];
  if (streamDb >= 0) queueScan(streamDb, off - before, len + before);
  runScans();
  addList(groups[group + GroupCol.PayloadAlways]);
  if (watch !== 0) observer?.look(Look.Stream, p, dir, null, off - before, len + before);
  if (candidateCount > 0) inspectCandidates(p, dir, false);
}

function inspectCandidates(p: Packet, dir: number, own: boolean): void {
  const list = sortedCandidates();
  const n = candidateCount;
  if (watch !== 0) inspectWatched(list, n, p, dir, own);
  else for (let i = 0; i < n; i++) inspectRule(list[i], p, dir, own);
}

/** A function of its own: the closure costs only those who watch. */
function inspectWatched(list: Int32Array, n: number, p: Packet, dir: number, own: boolean): void {
  watchRules(list, n, (rule) => inspectRule(rule, p, dir, own));
}

function inspectRule(rule: number, p: Packet, dir: number, own: boolean): void {
  const at = rule * RuleCol.Stride;
  const flags = table[at + RuleCol.Flags];
  const type = table[at + RuleCol.Type];
  if (type === RuleType.AppTx) {
    addFromPayload(rule, dir);
    return;
  }
  if (!own && (flags & RuleFlag.NeedsStream) === 0) return;
  // The pseudo packet at the end of a flow is no packet that was seen.
  if (type === RuleType.Packet && (p.flags & PacketFlag.FlowEnd) !== 0) return;
  // A rule on stream and packet that matched in this packet's chunk is not looked for in its payload again.
  if (matchedIn[rule] === packetStamp) return;
  const app = table[at + RuleCol.App];
  if (app !== AppProto.Unknown && (p.flow === 0 || flows.appProto[p.flow] !== app)) return;
  if (!flowFits(flags) || !headerFits(rule)) return;
  const conditions = table[at + RuleCol.Conditions];
  if (conditions >= 0 && !conditionsHold(conditions, p, dir, type === RuleType.PdOnly)) return;
  matchedReset();
  const found = inspectSections(at, flags, p, dir, own);
  if (found === 0) return;
  matchedIn[rule] = packetStamp;
  runEffects(table[at + RuleCol.Effects], p, dir, null);
  addMatch(rule, null, dir, found);
  if ((flags & RuleFlag.Replaces) !== 0) replaceMatched(p);
}

/** Where a rule's sections matched (MatchRowFlag), or 0. */
function inspectSections(at: number, flags: number, p: Packet, dir: number, own: boolean): number {
  const first = table[at + RuleCol.Sections] * SectionCol.Stride;
  const end = first + table[at + RuleCol.SectionCount] * SectionCol.Stride;
  let found: number = MatchRowFlag.Packet;
  for (let row = first; row < end; row += SectionCol.Stride) {
    const id = sections[row + SectionCol.Buffer];
    if (id === BufferId.Payload) found = inspectPayload(row, flags, p, dir, own);
    else if (!own || !inspectHeader(row, p, dir)) found = 0;
    if (recorder !== null) recorder.section((row - first) / SectionCol.Stride, found !== 0, true);
    if (found === 0) return 0;
  }
  return found;
}

function inspectHeader(row: number, p: Packet, dir: number): boolean {
  return (
    headerBuffer(p, sections[row + SectionCol.Buffer], swappedFor(p, dir)) && inspectBytes(row, headerOff, headerLen)
  );
}

function inspectBytes(row: number, off: number, len: number): boolean {
  const list = sections[row + SectionCol.Transforms];
  const pc = sections[row + SectionCol.Code];
  const id = sections[row + SectionCol.Buffer] as BufferId;
  if (list === 0) return inspectBuffer(pc, off, len, 0, id);
  return transform(list, off, len) && inspectBuffer(pc, transformOff, transformLen, 0, id);
}

/**
 * The payload section: in a chunk of raw stream; or in the packet's own payload, for rules on packets and where the
 * payload did not become part of a stream.
 */
function inspectPayload(row: number, flags: number, p: Packet, dir: number, own: boolean): number {
  if (!own) return streamSectionHolds(sections[row + SectionCol.Code], dir) ? MatchRowFlag.Stream : 0;
  if ((flags & RuleFlag.NeedsStream) !== 0) {
    if ((flags & RuleFlag.StreamOnly) !== 0) return 0;
    if ((flags & RuleFlag.NeedsPacket) === 0 && (p.flags & PacketFlag.StreamAdded) !== 0) return 0;
  }
  if (p.payloadLen === 0 || (p.flags & PacketFlag.NoPayloadInspection) !== 0) return 0;
  return inspectBytes(row, p.payloadOff, p.payloadLen) ? MatchRowFlag.Packet : 0;
}
