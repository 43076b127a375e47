/** Conditions on a packet's headers that no packet can meet. */
import { BufferId } from '../protocol/buffers.js';
import { IpProto } from '../protocol/ip.js';
import { narrow } from './analyse-sizes.js';
import type { Finding } from './finding.js';
import type { Condition, NumberField, NumberTest, Rule } from './ir.js';

/** Greatest value of each field. */
const greatest: Record<NumberField, number> = {
  dsize: 0xffff,
  ttl: 0xff,
  tos: 0xff,
  id: 0xffff,
  seq: 0xffffffff,
  ack: 0xffffffff,
  window: 0xffff,
  itype: 0xff,
  icode: 0xff,
  icmp_id: 0xffff,
  icmp_seq: 0xffff,
  'tcp.mss': 0xffff,
  'icmpv6.mtu': 0xffffffff,
  fragoffset: 0x1fff,
  decode_level: 0xff,
};

/** Protocols whose packets have the field; absent: all. */
const carriers: Partial<Record<string, readonly number[]>> = {
  seq: [IpProto.Tcp],
  ack: [IpProto.Tcp],
  window: [IpProto.Tcp],
  'tcp.mss': [IpProto.Tcp],
  tcp_flags: [IpProto.Tcp],
  itype: [IpProto.Icmp, IpProto.Icmpv6],
  icode: [IpProto.Icmp, IpProto.Icmpv6],
  icmp_id: [IpProto.Icmp, IpProto.Icmpv6],
  icmp_seq: [IpProto.Icmp, IpProto.Icmpv6],
  'icmpv6.mtu': [IpProto.Icmpv6],
};
const headers: Partial<Record<BufferId, readonly number[]>> = {
  [BufferId.TcpHdr]: [IpProto.Tcp],
  [BufferId.UdpHdr]: [IpProto.Udp],
  [BufferId.Icmpv4Hdr]: [IpProto.Icmp],
  [BufferId.Icmpv6Hdr]: [IpProto.Icmpv6],
};

const none: readonly Finding[] = [];
const never = (reason: string, hint: string, at: Condition | null): Finding => ({ kind: 'never', reason, hint, at });

/** Number fields whose tests leave no value. */
function emptyRanges(rule: Rule): Finding[] {
  const spans = new Map<string, { lo: number; hi: number }>();
  for (const c of rule.conditions) {
    let key: string | null = null;
    let test: NumberTest | null = null;
    let hi = Number.POSITIVE_INFINITY;
    if (c.kind === 'number') {
      key = c.field;
      hi = greatest[c.field];
      test = c.test;
    } else if ((c.kind === 'flow_age' || c.kind === 'flow_pkts' || c.kind === 'flow_bytes') && c.dir !== 'either') {
      key = `${c.kind} ${c.dir}`;
      test = c.test;
    } else if (c.kind === 'ip_proto') {
      key = 'ip_proto';
      hi = 0xff;
      test = c.test;
    }
    if (key === null || test === null) continue;
    const span = spans.get(key) ?? { lo: 0, hi };
    spans.set(key, span);
    narrow(span, test);
    if (span.lo > span.hi)
      return [never(`no value of ${key} passes its tests`, 'correct the numbers, or write two rules', c)];
  }
  return [];
}

/** Flags that no combination of bits has: all 256 are tried. */
function emptyFlags(rule: Rule): Finding[] {
  for (const kind of ['tcp_flags', 'ip_flags'] as const) {
    const tests = rule.conditions.filter((c) => c.kind === kind);
    if (tests.length < 2) continue;
    let possible = false;
    for (let bits = 0; bits < 256 && !possible; bits++) {
      possible = tests.every((c) => {
        if (c.kind !== 'tcp_flags' && c.kind !== 'ip_flags') return true;
        const have = c.kind === 'tcp_flags' ? bits & ~c.ignore : bits & 7;
        if (c.mode === 'exact') return have === c.flags;
        if (c.mode === 'all') return (have & c.flags) === c.flags;
        return c.mode === 'any' ? (have & c.flags) !== 0 : (have & c.flags) === 0;
      });
    }
    if (!possible)
      return [never('no packet has these flags', 'correct the flags, or write two rules', tests[tests.length - 1])];
  }
  return [];
}

/** Fields and headers that the rule's protocol or IP version does not have. */
function wrongProtocol(rule: Rule): Finding[] {
  const { ipProtos, ipVersion, name, pkthdr } = rule.proto;
  if (pkthdr) return [];
  const hint = 'change the protocol of the rule, or remove the test';
  const lacks = (wanted: readonly number[] | undefined): boolean =>
    wanted !== undefined && ipProtos.length > 0 && !wanted.some((p) => ipProtos.includes(p));
  for (const c of rule.conditions) {
    const key = c.kind === 'number' ? c.field : c.kind;
    if (lacks(carriers[key])) return [never(`packets of protocol ${name} have no ${key}`, hint, c)];
    if (ipVersion === 6 && (c.kind === 'ip_flags' || c.kind === 'ip_opts'))
      return [never('only IPv4 has these header fields', hint, c)];
  }
  for (const s of rule.sections) {
    const other =
      (ipVersion === 6 && s.buffer === BufferId.Ipv4Hdr) || (ipVersion === 4 && s.buffer === BufferId.Ipv6Hdr);
    if (other || lacks(headers[s.buffer]))
      return [never(`packets of protocol ${name} do not have this header`, hint, null)];
  }
  return [];
}

/** Addresses of which one side has IPv4 alone and the other, or the protocol, IPv6. */
function wrongFamily(rule: Rule): readonly Finding[] {
  const { src, dst, proto } = rule;
  const has4 = (src.any || src.v4.length > 0) && (dst.any || dst.v4.length > 0) && proto.ipVersion !== 6;
  const has6 = (src.any || src.v6.length > 0) && (dst.any || dst.v6.length > 0) && proto.ipVersion !== 4;
  if (has4 || has6) return none;
  return [never('its addresses and protocol have no IP version in common', 'write addresses of one IP version', null)];
}

export function packetFindings(rule: Rule): readonly Finding[] {
  const family = wrongFamily(rule);
  const header =
    rule.conditions.some((c) => c.kind !== 'flowbits') || rule.sections.some((s) => s.buffer >= BufferId.Ipv4Hdr);
  if (!header) return family;
  return [...wrongProtocol(rule), ...emptyRanges(rule), ...emptyFlags(rule), ...family];
}
