/** What every EVE event begins with, in Suricata 7.0.10's order of keys. */
import type { CommunityId } from '../community-id.js';
import type { EventBase, EventVars, RuleInfo } from '../records.js';
import type { EveOptions } from './config.js';
import { quote, quoteList, timestamp } from './json.js';

/** What turning records into EVE needs besides the record. */
export interface EveContext {
  options: EveOptions;
  /** null: community ids are off. */
  communityId: CommunityId | null;
  /** Capture file or interface names by index. */
  origins: readonly string[];
  /** Origins are interfaces (in_iface) rather than files (pcap_filename). */
  live: boolean;
  /** The rule an alert names, of the rule set its batch was made with. */
  rule(index: number): RuleInfo | null;
}

/** {"a":1} of pairs, each key once: the last value wins, as the rule engine's state has it. */
function pairs<T>(list: readonly [string, T][], value: (v: T) => string): string {
  const byKey = new Map(list);
  let s = '';
  for (const [k, v] of byKey) s += `${s === '' ? '' : ','}${quote(k)}:${value(v)}`;
  return `{${s}}`;
}

/** `,"metadata":{…}` or '' when there is nothing to tell. */
export function metadata(ctx: EveContext, vars: EventVars | null): string {
  if (vars === null || !ctx.options.metadata) return '';
  const parts: string[] = [];
  const each = (list: readonly [string, string][]) =>
    `[${list.map(([k, v]) => `{${quote(k)}:${quote(v)}}`).join(',')}]`;
  if (vars.pktvars.length > 0) parts.push(`"pktvars":${each(vars.pktvars)}`);
  if (vars.flowbits.length > 0) parts.push(`"flowbits":${quoteList(vars.flowbits)}`);
  if (vars.flowvars.length > 0) parts.push(`"flowvars":${each(vars.flowvars)}`);
  if (vars.flowints.length > 0) parts.push(`"flowints":${pairs(vars.flowints, String)}`);
  return parts.length === 0 ? '' : `,"metadata":{${parts.join(',')}}`;
}

/** `,"community_id":"…"` or ''. Events without a flow have none. */
export function community(ctx: EveContext, r: EventBase): string {
  if (ctx.communityId === null || r.flowId === 0) return '';
  const id = ctx.communityId.of(r.src, r.dst, r.srcPort, r.dstPort, r.proto, r.icmpType, r.icmpCode);
  return id === null ? '' : `,"community_id":"${id}"`;
}

/** From `{"timestamp"` to the protocol (and ICMP type), without a closing brace. */
export function start(ctx: EveContext, r: EventBase, eventType: string): string {
  let s = `{"timestamp":"${timestamp(r.tsUs)}"`;
  if (r.flowId !== 0) s += `,"flow_id":${r.flowId}`;
  if (ctx.live) s += `,"in_iface":${quote(ctx.origins[r.origin] ?? '')}`;
  if (r.pcapCnt !== 0) s += `,"pcap_cnt":${r.pcapCnt}`;
  s += `,"event_type":"${eventType}"`;
  if (r.vlan.length > 0) s += `,"vlan":[${r.vlan.join(',')}]`;
  if (r.src !== '') {
    s += `,"src_ip":"${r.src}"`;
    if (r.srcPort >= 0) s += `,"src_port":${r.srcPort}`;
    s += `,"dest_ip":"${r.dst}"`;
    if (r.dstPort >= 0) s += `,"dest_port":${r.dstPort}`;
    s += `,"proto":"${r.proto}"`;
    if (r.icmpType >= 0) s += `,"icmp_type":${r.icmpType},"icmp_code":${r.icmpCode}`;
  }
  return s;
}

/** `start` and what follows it in all but flow events: pkt_src, metadata, community_id. */
export function header(ctx: EveContext, r: EventBase, eventType: string): string {
  let s = start(ctx, r, eventType);
  if (r.pktSrc !== '') s += `,"pkt_src":"${r.pktSrc}"`;
  return s + metadata(ctx, r.vars) + community(ctx, r);
}

/** What every event ends with. */
export function end(ctx: EveContext, r: EventBase): string {
  if (ctx.options.pcapFile && !ctx.live) return `,"pcap_filename":${quote(ctx.origins[r.origin] ?? '')}}\n`;
  return '}\n';
}
