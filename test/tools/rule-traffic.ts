/**
 * Traffic made from rules: for each rule small conversations that hold what the rule asks for at the places it looks at,
 * so that most rules fire on theirs, and near misses (rule-variants.ts). For comparing what a rule set does with another
 * engine, or with a recorded result: a rule that is loaded and never matches shows up as a conversation without its alert.
 *
 * Every conversation has addresses and ports of its own, chosen among those the rule's header admits.
 */
import { BufferId, buffers } from '../../src/protocol/buffers.js';
import type { AddressSet, PortSet, Rule } from '../../src/rules/ir.js';
import { frame, icmpv4, ip, tcp, udp } from './build.js';
import { fieldOf, ipFieldsOf, isHttp, numberFor, tcpFieldsOf } from './rule-fields.js';
import { type Coding, requestFor, responseFor, textsOf } from './rule-messages.js';
import { type Delivery, type Variant, variantsOf } from './rule-variants.js';
import { DefaultStartUs, type Endpoint, type Exchange, type TimedFrame, tcpSession } from './session.js';

/** Rules that set what another needs, one after the other. */
const Chain = 4;
/** Events that are sent for a threshold. */
const MostEvents = 1100;
/** Between the beginnings of two conversations: they do not overlap, and none lasts long. */
const StepUs = 200_000;
const StepWithinUs = 100;

const v4 = (n: number): string => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
const inside = (n: number, set: AddressSet): boolean => set.any || set.v4.some(([lo, hi]) => n >= lo && n <= hi);
const has = (set: PortSet, port: number): boolean => set.any || set.ranges.some(([lo, hi]) => port >= lo && port <= hi);

/** The first of the candidates that the set has, else its own first address. */
function addressIn(set: AddressSet, candidates: number[]): string {
  return v4(candidates.find((n) => inside(n, set)) ?? set.v4[0]?.[0] ?? candidates[0]);
}

/** A port that all of `sets` have, else one of the first. */
function portIn(sets: PortSet[], preferred: number): number {
  const candidates = [preferred, ...sets.flatMap((s) => s.ranges.flat()), 80, 8080, 443, 25_000];
  const fits = candidates.find((p) => p > 0 && sets.every((s) => has(s, p)));
  return fits ?? Math.max(1, sets[0].ranges[0]?.[0] ?? preferred);
}

const portNotIn = (set: PortSet): number => [79, 81, 4444, 65_534].find((p) => !has(set, p)) ?? 79;

/** Rules that set each bit. */
function settersOf(rules: readonly Rule[]): Map<string, Rule[]> {
  const out = new Map<string, Rule[]>();
  for (const r of rules)
    for (const e of r.effects) {
      const names = e.kind === 'flowbits' ? e.names : e.kind === 'xbits' || e.kind === 'hostbits' ? [e.name] : [];
      if ('cmd' in e && e.cmd !== 'set') continue;
      for (const name of names) {
        const known = out.get(`${e.kind}:${name}`);
        if (known === undefined) out.set(`${e.kind}:${name}`, [r]);
        else known.push(r);
      }
    }
  return out;
}

/** Whether the server says what the rule looks for. */
function fromServer(r: Rule): boolean {
  if (r.flow.direction !== null) return r.flow.direction === 'toclient';
  return isHttp(r) && r.sections.some((s) => buffers.get(s.buffer)?.toServer === -1 || s.buffer === BufferId.FileData);
}
const serverPorts = (r: Rule): PortSet => (r.flow.direction === 'toclient' ? r.srcPorts : r.dstPorts);
const ipProtoOf = (r: Rule): number => (isHttp(r) ? 6 : (r.proto.ipProtos[0] ?? 6));

/** Of the rules that set what `rule` needs, the one whose traffic goes best with its own. */
function bestSetter(rule: Rule, candidates: Rule[]): Rule | undefined {
  let best: Rule | undefined;
  let most = -1;
  for (const c of candidates) {
    if (c === rule || ipProtoOf(c) !== ipProtoOf(rule)) continue;
    const ports = [serverPorts(rule), serverPorts(c)];
    const score =
      (isHttp(c) === isHttp(rule) ? 2 : 0) +
      (has(ports[0], portIn(ports, 80)) && has(ports[1], portIn(ports, 80)) ? 4 : 0) +
      (c.conditions.some((x) => x.kind === 'flowbits' && x.cmd === 'isset') ? 0 : 1);
    if (score > most) {
      most = score;
      best = c;
    }
  }
  return best;
}

/** The rules whose traffic must come before that of `rule`, in order. */
function chainOf(rule: Rule, setters: Map<string, Rule[]>, depth = Chain): Rule[] {
  const out: Rule[] = [];
  for (const c of rule.conditions) {
    if (depth === 0 || (c.kind !== 'flowbits' && c.kind !== 'xbits' && c.kind !== 'hostbits') || c.cmd !== 'isset')
      continue;
    const names = c.kind === 'flowbits' ? c.names : [c.name];
    const setter = bestSetter(
      rule,
      names.flatMap((n) => setters.get(`${c.kind}:${n}`) ?? []),
    );
    if (setter !== undefined) out.push(...chainOf(setter, setters, depth - 1), setter);
  }
  return out;
}

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** The payload at the size that dsize asks for. */
function payloadFor(rule: Rule, text: string): string {
  for (const c of rule.conditions)
    if (c.kind === 'number' && c.field === 'dsize') {
      const size = Math.min(1400, numberFor(c.test));
      return c.test.op === '=' ? text.slice(0, size).padEnd(size, 'x') : text.padEnd(c.test.op === '<' ? 0 : size, 'x');
    }
  return text === '' && !isHttp(rule) ? 'x' : text;
}

const payloadText = (rule: Rule): string => payloadFor(rule, textsOf(rule).get(BufferId.Payload) ?? '');

/** Whether all that the rule wants in the raw bytes is in `message`. */
function carries(rule: Rule, message: string): boolean {
  for (const s of rule.sections)
    if (s.buffer === BufferId.Payload)
      for (const m of s.matches) {
        if (m.kind !== 'content' || m.negated) continue;
        const text = Buffer.from(m.bytes).toString('latin1');
        if (!(m.nocase ? message.toLowerCase().includes(text.toLowerCase()) : message.includes(text))) return false;
      }
  return true;
}

/** What client and server say so that `rule` fires. */
function exchangesFor(rule: Rule, delivery: Delivery): Exchange[] {
  const texts = textsOf(rule);
  const answers = fromServer(rule) !== (delivery.reverse === true);
  const from = answers ? 'server' : 'client';
  const payload = payloadFor(rule, texts.get(BufferId.Payload) ?? '');
  if (!isHttp(rule)) return [{ from, data: bytes(payload), fields: { ip: ipFieldsOf(rule), tcp: tcpFieldsOf(rule) } }];
  if (payload !== '' && texts.size === 1 && (/^[A-Z]+ [^\r]*\r\n/.test(payload) || payload.startsWith('HTTP/')))
    return [{ from, data: bytes(payload) }];
  const coding: Coding = delivery.coding ?? 'plain';
  const make = (): string => (answers ? responseFor(texts, coding, rule) : requestFor(texts, !answers, coding, rule));
  let message = make();
  if (payload !== '' && !carries(rule, message)) {
    const body = texts.has(BufferId.HttpRequestBody) ? BufferId.HttpRequestBody : BufferId.FileData;
    texts.set(body, (texts.get(body) ?? '') + payload);
    message = make();
  }
  if (!answers) {
    return [
      { from: 'client', data: bytes(message) },
      { from: 'server', data: bytes(responseFor(new Map(), 'plain', null)) },
    ];
  }
  return [
    { from: 'client', data: bytes(requestFor(nameInUri(rule), false, 'plain', null)) },
    { from: 'server', data: bytes(message) },
  ];
}

/** A response's file has the name of the request's path. */
function nameInUri(rule: Rule): Map<BufferId, string> {
  const out = new Map<BufferId, string>();
  const name = textsOf(rule).get(BufferId.FileName);
  if (name !== undefined) out.set(BufferId.HttpUri, `/${name}`);
  for (const c of rule.conditions)
    if (c.kind === 'file' && (c.test.kind === 'fileext' || c.test.kind === 'filename') && !c.test.negated) {
      const text = Buffer.from(c.test.bytes).toString('latin1');
      out.set(BufferId.HttpUri, c.test.kind === 'fileext' ? `/file.${text}` : `/${text}`);
    }
  return out;
}

/** How often the rule's event must happen until it alerts. */
function eventsOf(rule: Rule, delivery: Delivery): number {
  const t = rule.threshold;
  if (t === null || t.type === 'limit') return 1;
  const needed = t.type === 'detection_filter' ? t.count + 1 : t.count;
  return Math.max(1, Math.min(delivery.most ?? MostEvents, needed) - (delivery.fewer ?? 0));
}

const repeated = <T>(items: T[], times: number): T[] => Array.from({ length: times }, () => items).flat();

/** Client and server of the conversation number `index`. */
function endpoints(variant: Variant, before: Rule[], index: number): { client: Endpoint; server: Endpoint } {
  const { rule, delivery } = variant;
  const back = rule.flow.direction === 'toclient';
  const low = index & 0xff_ffff;
  const here = [0x0a00_0000 + low, 0x2d00_0000 + low];
  const there = [0xc0a8_0000 + (index & 0xffff), 0x5d00_0000 + low];
  let serverPort = portIn([serverPorts(rule), ...before.map(serverPorts)], 80);
  let clientPort = portIn([back ? rule.dstPorts : rule.srcPorts], 20_000 + (index % 40_000));
  if (delivery.wrongPort === true) {
    if (serverPorts(rule).any) clientPort = portNotIn(back ? rule.dstPorts : rule.srcPorts);
    else serverPort = portNotIn(serverPorts(rule));
  }
  const server = { ip: addressIn(back ? rule.src : rule.dst, there), port: serverPort };
  const client = { ip: addressIn(back ? rule.dst : rule.src, here), port: clientPort };
  return rule.conditions.some((c) => c.kind === 'same_ip')
    ? { client: { ...client, ip: server.ip }, server }
    : { client, server };
}

/** One packet without a connection: of TCP when the rule asks for flags of its own or is not about established flows. */
function lonePacket(rule: Rule, src: Required<Pick<Endpoint, 'ip' | 'port'>>, dst: typeof src): Uint8Array {
  const data = bytes(payloadText(rule));
  const fields = ipFieldsOf(rule);
  const ports = { srcPort: src.port, dstPort: dst.port };
  const byNumber = rule.conditions.find((c) => c.kind === 'ip_proto');
  const proto = byNumber?.kind === 'ip_proto' ? numberFor(byNumber.test) : ipProtoOf(rule);
  if (proto === 17) return frame(ip(src.ip, dst.ip, 17, udp(src.ip, dst.ip, ports, data), fields));
  if (proto === 6) {
    const segment = tcp(src.ip, dst.ip, { flags: 2, seq: 1000, ...tcpFieldsOf(rule), ...ports }, data);
    return frame(ip(src.ip, dst.ip, 6, segment, fields));
  }
  if (proto !== 1) return frame(ip(src.ip, dst.ip, proto, data, fields));
  const id = fieldOf(rule, 'icmp_id') ?? 1;
  const seq = fieldOf(rule, 'icmp_seq') ?? 1;
  const rest = Uint8Array.from([id >> 8, id & 255, seq >> 8, seq & 255, ...data]);
  const message = icmpv4(fieldOf(rule, 'itype') ?? 8, fieldOf(rule, 'icode') ?? 0, rest);
  return frame(ip(src.ip, dst.ip, 1, message, fields));
}

/** Whether the rule is about packets outside of an established connection. */
function isLone(rule: Rule): boolean {
  if (isHttp(rule)) return false;
  if (ipProtoOf(rule) !== 6 || rule.conditions.some((c) => c.kind === 'ip_proto')) return true;
  if (rule.flow.state === 'established') return false;
  return (
    rule.flow.state !== null ||
    rule.conditions.some(
      (c) =>
        (c.kind === 'tcp_flags' && c.mode !== 'none' && (c.flags & 0x10) === 0) ||
        (c.kind === 'number' && ['seq', 'ack', 'tcp.mss'].includes(c.field)),
    )
  );
}

/** Frames of one conversation; `index` makes its addresses, ports and time. */
function conversation(variant: Variant, index: number, setters: Map<string, Rule[]>): TimedFrame[] {
  const { rule, delivery } = variant;
  const before = delivery.unprepared === true ? [] : chainOf(rule, setters);
  const { client, server } = endpoints(variant, before, index);
  const startUs = DefaultStartUs + index * StepUs;
  const times = eventsOf(rule, delivery);
  if (!isLone(rule)) {
    return tcpSession({
      client,
      server,
      exchanges: [
        ...before.flatMap((r) => repeated(exchangesFor(r, {}), eventsOf(r, {}))),
        ...repeated(exchangesFor(rule, delivery), times),
      ],
      mss: delivery.mss,
      startUs,
      stepUs: StepWithinUs,
    });
  }
  const a = { ip: client.ip ?? '', port: client.port ?? 0 };
  const b = { ip: server.ip ?? '', port: server.port ?? 0 };
  const out: Uint8Array[] = [];
  const say = (r: Rule, reverse: boolean): void => {
    const [src, dst] = fromServer(r) !== reverse ? [b, a] : [a, b];
    out.push(lonePacket(r, src, dst));
  };
  // A datagram each way makes a flow established; one from the client tells which side the client is.
  const plain = { ...rule, conditions: [], sections: [], flow: { ...rule.flow, direction: null } };
  if (ipProtoOf(rule) === 17 && (fromServer(rule) || rule.flow.state === 'established')) {
    say(plain, false);
    if (rule.flow.state === 'established') say(plain, true);
  }
  for (const r of before) say(r, false);
  for (let i = 0; i < times; i++) say(rule, delivery.reverse === true);
  return out.map((f, i) => ({ tsUs: startUs + i * StepWithinUs, bytes: f }));
}

/** One conversation, and what it was made for. */
export interface RuleCase {
  index: number;
  /** The rule as it stands in the rule set. */
  rule: Rule;
  label: string;
  frames: TimedFrame[];
}

/** A conversation for each of `rules`; bits that a rule tests are set first by a rule of the same list. */
export function* ruleTraffic(rules: readonly Rule[]): Generator<RuleCase> {
  const setters = settersOf(rules);
  for (const [index, rule] of rules.entries()) {
    const variant = { label: 'as asked', rule, delivery: {} };
    yield { index, rule, label: variant.label, frames: conversation(variant, index, setters) };
  }
}

/** As ruleTraffic, with near misses and other deliveries of every rule; the same index gives the same conversation. */
export function* ruleCases(rules: readonly Rule[]): Generator<RuleCase> {
  const setters = settersOf(rules);
  let index = 0;
  for (const rule of rules) {
    for (const variant of variantsOf(rule)) {
      yield { index, rule, label: variant.label, frames: conversation(variant, index, setters) };
      index++;
    }
  }
}
