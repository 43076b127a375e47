/**
 * Which type a rule is of and which flags follow from its parts, as Suricata 7.0.10 decides it
 * (Suricata manual, "Rule Types and Categorization"; checked against its engine analysis).
 */

import type { Settings } from '../../core/settings.js';
import { AppProto } from '../../protocol/app-proto.js';
import { BufferId, BufferKind, buffers, isTxBuffer } from '../../protocol/buffers.js';
import { EventRange } from '../../protocol/events.js';
import { IpProto } from '../../protocol/ip.js';
import type { BufferSection, Condition, Rule } from '../ir.js';
import { addressVariables } from '../variables.js';
import { RuleFlag, RuleType } from './layout.js';

export interface RuleClass {
  type: RuleType;
  /** RuleFlag bits. */
  flags: number;
  /** AppProto the flow must speak; Unknown: any. */
  app: AppProto;
}

/** Whether an event is looked for in transactions (parser events) rather than on packets. */
export function isTxEvent(c: Condition): boolean {
  return c.kind === 'event' && c.event >= EventRange.Http && c.event < EventRange.AppLayer;
}

/** Conditions on a packet's own fields: such a rule looks at packets, not at streams. */
function needsPacketFields(c: Condition): boolean {
  switch (c.kind) {
    case 'number':
    case 'tcp_flags':
    case 'ip_flags':
    case 'ip_opts':
    case 'ip_proto':
    case 'same_ip':
    case 'geoip':
    case 'flow_age':
    case 'rpc':
      return true;
    default:
      return false;
  }
}

/** Conditions that an IP-only rule may have; `ip_proto` only narrows the header's protocols. */
function ipOnlyCompatible(c: Condition): boolean {
  return c.kind === 'xbits' || c.kind === 'hostbits' || c.kind === 'iprep' || c.kind === 'ip_proto';
}

/** Variables within variables that are followed. */
const MaxNesting = 16;

/** Tells whether an address list excludes something, as written or in a variable it names. */
export class Exclusions {
  private readonly known = new Map<string, boolean>();
  private readonly values: Map<string, string>;

  constructor(settings: Settings) {
    this.values = new Map(addressVariables(settings).entries());
  }

  in(text: string, depth = 0): boolean {
    let found = this.known.get(text);
    if (found === undefined) {
      const names = depth === MaxNesting ? [] : [...text.matchAll(/\$([A-Za-z0-9_]+)/g)];
      found = text.includes('!') || names.some((m) => this.in(this.values.get(m[1]) ?? '', depth + 1));
      this.known.set(text, found);
    }
    return found;
  }
}

function coversTcp(rule: Rule): boolean {
  return rule.proto.ipProtos.length === 0 || rule.proto.ipProtos.includes(IpProto.Tcp);
}

/** Direction bits from the flow keyword, else from buffers that exist on one side only. */
function directions(rule: Rule): number {
  if (rule.flow.direction === 'toserver') return RuleFlag.ToServer;
  if (rule.flow.direction === 'toclient') return RuleFlag.ToClient;
  let bits = RuleFlag.ToServer | RuleFlag.ToClient;
  for (let i = 0; i < rule.sections.length; i++) {
    const { buffer } = rule.sections[i];
    if (!isTxBuffer(buffer)) continue;
    const info = buffers.get(buffer);
    if (info === undefined) continue;
    if (info.toClient === -1) bits &= ~RuleFlag.ToClient;
    if (info.toServer === -1) bits &= ~RuleFlag.ToServer;
  }
  return bits === 0 ? RuleFlag.ToServer | RuleFlag.ToClient : bits;
}

const isPayload = (s: BufferSection): boolean => s.buffer === BufferId.Payload;
const isTx = (s: BufferSection): boolean => isTxBuffer(s.buffer);
const isHttp = (s: BufferSection): boolean => buffers.get(s.buffer)?.kind === BufferKind.Http;
/** Packet headers and decoded data. */
const isOther = (s: BufferSection): boolean => s.buffer !== BufferId.Payload && !isTxBuffer(s.buffer);

function hasOffsetOrDepth(rule: Rule): boolean {
  return rule.sections.some(
    (s) =>
      s.buffer === BufferId.Payload &&
      s.matches.some((m) => m.kind === 'content' && (m.offset !== null || m.depth !== null || m.startsWith)),
  );
}

/** A stream has been let through already: what is replaced is looked for in packets. */
const replaces = (s: BufferSection): boolean => s.matches.some((m) => m.kind === 'content' && m.replace !== null);

/** NeedsPacket, NeedsStream, StreamOnly. */
function payloadNeeds(rule: Rule): number {
  let bits = 0;
  if (rule.flow.stream === 'no' || rule.proto.only === 'packet') bits |= RuleFlag.NeedsPacket;
  if (rule.flow.stream === 'only' || rule.proto.only === 'stream') bits |= RuleFlag.NeedsStream;
  if (rule.flow.stream === 'only') bits |= RuleFlag.StreamOnly;
  if (rule.conditions.some(needsPacketFields)) bits |= RuleFlag.NeedsPacket;
  if (rule.sections.some(isOther)) bits |= RuleFlag.NeedsPacket;
  if (rule.sections.some(replaces)) bits |= RuleFlag.NeedsPacket | RuleFlag.Replaces;
  if ((bits & (RuleFlag.NeedsPacket | RuleFlag.NeedsStream)) !== 0) return bits;
  if (!coversTcp(rule) || !rule.sections.some(isPayload)) return bits;
  bits |= RuleFlag.NeedsStream;
  // Packets are looked at too where positions count from the start, as a stream chunk starts anywhere.
  if (hasOffsetOrDepth(rule) || rule.conditions.some((c) => c.kind === 'stream_size')) bits |= RuleFlag.NeedsPacket;
  return bits;
}

function isPdOnly(rule: Rule): boolean {
  if (!rule.conditions.some((c) => c.kind === 'app_protocol')) return false;
  if (rule.flow.state !== null || rule.flow.stream !== null || rule.flow.frag !== null) return false;
  return rule.conditions.every((c) => c.kind === 'app_protocol' || ipOnlyCompatible(c));
}

function isIpOnly(rule: Rule, exclusions: Exclusions): RuleType | 0 {
  const names = rule.proto.ipProtos;
  if (names.includes(IpProto.Tcp) || names.includes(IpProto.Udp)) {
    if (!rule.srcPorts.any && !rule.dstPorts.any) return 0;
  }
  const f = rule.flow;
  if (f.state !== null || f.stream !== null || f.frag !== null || f.direction !== null) return 0;
  if (!rule.conditions.every(ipOnlyCompatible)) return 0;
  return exclusions.in(rule.src.text) || exclusions.in(rule.dst.text) ? RuleType.LikeIpOnly : RuleType.IpOnly;
}

function isDeOnly(rule: Rule): boolean {
  const f = rule.flow;
  if (f.state !== null || f.stream !== null || f.frag !== null || f.direction !== null) return false;
  const decode = rule.conditions.some((c) => c.kind === 'event' && c.event < EventRange.Stream);
  return decode && rule.conditions.every((c) => c.kind === 'event');
}

function ruleType(rule: Rule, app: AppProto, flags: number, exclusions: Exclusions): RuleType {
  const hasTx = rule.sections.some(isTx) || rule.conditions.some(isTxEvent);
  const hasFile = rule.conditions.some((c) => c.kind === 'file');
  if (hasTx || hasFile) return RuleType.AppTx;
  if (app === AppProto.Unknown && rule.sections.length === 0) {
    if (isPdOnly(rule)) return RuleType.PdOnly;
    const ip = isIpOnly(rule, exclusions);
    if (ip !== 0) return ip;
    if (isDeOnly(rule)) return RuleType.DeOnly;
  }
  if (rule.sections.some(isPayload)) {
    const needs = flags & (RuleFlag.NeedsPacket | RuleFlag.NeedsStream);
    if (needs === RuleFlag.NeedsPacket) return RuleType.Packet;
    return needs === RuleFlag.NeedsStream ? RuleType.Stream : RuleType.PacketStream;
  }
  if (app !== AppProto.Unknown && !rule.conditions.some(needsPacketFields)) return RuleType.AppLayer;
  return RuleType.Packet;
}

function conditionFlags(rule: Rule): number {
  let bits = 0;
  for (let i = 0; i < rule.conditions.length; i++) {
    const c = rule.conditions[i];
    if (c.kind === 'event' && !isTxEvent(c)) bits |= RuleFlag.NeedsEvent;
    if (c.kind === 'flowbits' || c.kind === 'flowint') bits |= RuleFlag.NeedsFlow;
    if (c.kind === 'flowbits' && c.cmd === 'isset') bits |= RuleFlag.NeedsFlowBits;
    if (c.kind === 'app_protocol' || c.kind === 'stream_size') bits |= RuleFlag.NeedsFlow;
    if (c.kind === 'file') bits |= RuleFlag.Files;
  }
  return bits;
}

function headerFlags(rule: Rule): number {
  let bits = 0;
  if (!rule.srcPorts.any || !rule.dstPorts.any) bits |= RuleFlag.HasPorts;
  if (rule.proto.ipVersion === 4) bits |= RuleFlag.Ipv4Only;
  if (rule.proto.ipVersion === 6) bits |= RuleFlag.Ipv6Only;
  if (rule.proto.pkthdr) bits |= RuleFlag.PktHdr;
  const f = rule.flow;
  if (f.state === 'established') bits |= RuleFlag.Established | RuleFlag.NeedsFlow;
  if (f.state === 'not_established') bits |= RuleFlag.NotEstablished | RuleFlag.NeedsFlow;
  if (f.stream === 'only') bits |= RuleFlag.NeedsFlow;
  if (f.frag === 'only') bits |= RuleFlag.OnlyFrag | RuleFlag.NeedsFlow;
  if (f.frag === 'no') bits |= RuleFlag.NoFrag | RuleFlag.NeedsFlow;
  if (rule.noalert) bits |= RuleFlag.NoAlert;
  if (rule.threshold !== null) bits |= RuleFlag.HasThreshold;
  if (rule.alert === true) bits |= RuleFlag.PassAlerts;
  return bits;
}

export function classify(rule: Rule, exclusions: Exclusions): RuleClass {
  let flags = directions(rule) | payloadNeeds(rule) | conditionFlags(rule) | headerFlags(rule);
  const usesHttp = rule.sections.some(isHttp) || rule.conditions.some(isTxEvent);
  const app = rule.proto.app === AppProto.Unknown && usesHttp ? AppProto.Http1 : rule.proto.app;
  if (app !== AppProto.Unknown) flags |= RuleFlag.NeedsFlow;
  if (rule.sections.some(isPayload)) flags |= RuleFlag.NeedsPayload;
  const type = ruleType(rule, app, flags, exclusions);
  if (type === RuleType.IpOnly || type === RuleType.LikeIpOnly) flags &= ~RuleFlag.NeedsPacket;
  return { type, flags, app };
}
