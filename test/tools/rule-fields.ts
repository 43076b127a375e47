/** Header fields that a rule's conditions ask for, for making the packets of its traffic. */
import { AppProto } from '../../src/protocol/app-proto.js';
import { BufferId } from '../../src/protocol/buffers.js';
import type { Condition, NumberField, NumberTest, Rule } from '../../src/rules/ir.js';
import type { Ipv4Fields, TcpFields } from './build.js';

/** Whether the rule is about HTTP. */
export const isHttp = (r: Rule): boolean =>
  r.proto.app === AppProto.Http1 ||
  r.sections.some((s) => s.buffer !== BufferId.Payload && s.buffer < BufferId.Ipv4Hdr);

/** A number that passes. */
export function numberFor(t: NumberTest): number {
  if (t.op === '<') return Math.max(0, t.hi - 1);
  if (t.op === '!=' || t.op === '>') return t.lo + 1;
  return t.op === '<=' ? t.hi : t.lo;
}

/** The number that the rule's condition on `field` asks for, or undefined. */
export function fieldOf(rule: Rule, field: NumberField): number | undefined {
  for (const c of rule.conditions) if (c.kind === 'number' && c.field === field) return numberFor(c.test);
  return undefined;
}

/** Option type octets (RFC 791 section 3.1, RFC 1108), each with a length of 3 but the first two. */
const ipOptionTypes: Record<string, number[]> = {
  eol: [0],
  nop: [1, 1, 1, 1],
  rr: [7, 3, 4, 0],
  ts: [68, 4, 5, 0],
  sec: [130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  esec: [133, 3, 0, 0],
  lsrr: [131, 3, 4, 0],
  ssrr: [137, 3, 4, 0],
  satid: [136, 4, 0, 1],
  any: [7, 3, 4, 0],
};

function flagsOf(c: Extract<Condition, { kind: 'tcp_flags' | 'ip_flags' }>): number {
  if (c.mode === 'none') return ~c.flags & 0x10;
  return c.mode === 'any' ? c.flags & -c.flags : c.flags;
}

export function ipFieldsOf(rule: Rule): Ipv4Fields {
  const out: Ipv4Fields = {};
  for (const c of rule.conditions) {
    if (c.kind === 'ip_flags') out.flags = flagsOf(c);
    else if (c.kind === 'ip_opts') out.options = Uint8Array.from(ipOptionTypes[c.option] ?? []);
    else if (c.kind === 'number' && (c.field === 'ttl' || c.field === 'tos' || c.field === 'id'))
      out[c.field] = numberFor(c.test);
    else if (c.kind === 'number' && c.field === 'fragoffset') out.fragOff = numberFor(c.test) * 8;
  }
  return out;
}

export function tcpFieldsOf(rule: Rule): TcpFields {
  const out: TcpFields = {};
  for (const c of rule.conditions) {
    if (c.kind === 'tcp_flags') out.flags = flagsOf(c);
    else if (c.kind === 'number' && (c.field === 'seq' || c.field === 'ack' || c.field === 'window'))
      out[c.field] = numberFor(c.test);
    else if (c.kind === 'number' && c.field === 'tcp.mss') {
      const mss = numberFor(c.test);
      out.options = Uint8Array.from([2, 4, mss >> 8, mss & 255]);
    }
  }
  return out;
}
