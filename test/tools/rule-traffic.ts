/**
 * Traffic made from rules: for each rule a small conversation that holds the rule's positive contents at the places
 * the rule looks at, so that most rules fire on it. For comparing what a rule set does with another engine, or with a
 * recorded result: a rule that is loaded and never matches shows up as a conversation without its alert.
 *
 * Every conversation has addresses and ports of its own, chosen among those the rule's header admits. Thresholds,
 * contents that must be absent, and relations between numbers in the payload are not solved for.
 */
import { AppProto } from '../../src/protocol/app-proto.js';
import { BufferId } from '../../src/protocol/buffers.js';
import type { AddressSet, PortSet, Rule } from '../../src/rules/ir.js';
import { frame, icmpv4, ip, udp } from './build.js';
import { requestFor, responseFor, textsOf } from './rule-messages.js';
import { DefaultStartUs, type Exchange, type TimedFrame, tcpSession } from './session.js';

const Chain = 4;
/** Between the beginnings of two conversations: they do not overlap, and none lasts long. */
const StepUs = 200_000;

const v4 = (n: number): string => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
const inside = (n: number, set: AddressSet): boolean => set.any || set.v4.some(([lo, hi]) => n >= lo && n <= hi);

/** The first of the candidates that the set has, else its own first address. */
function addressIn(set: AddressSet, candidates: number[]): string {
  return v4(candidates.find((n) => inside(n, set)) ?? set.v4[0]?.[0] ?? candidates[0]);
}

function portIn(set: PortSet, preferred: number): number {
  if (set.any || set.ranges.some(([lo, hi]) => preferred >= lo && preferred <= hi)) return preferred;
  return Math.max(1, set.ranges[0]?.[0] ?? preferred);
}

/** First rule that sets each flowbit. */
function settersOf(rules: readonly Rule[]): Map<string, Rule> {
  const out = new Map<string, Rule>();
  for (const r of rules)
    for (const e of r.effects)
      if (e.kind === 'flowbits' && e.cmd === 'set') for (const name of e.names) if (!out.has(name)) out.set(name, r);
  return out;
}

const isHttp = (r: Rule): boolean =>
  r.proto.app === AppProto.Http1 ||
  r.sections.some((s) => s.buffer !== BufferId.Payload && s.buffer < BufferId.Ipv4Hdr);
const toClient = (r: Rule): boolean => r.flow.direction === 'toclient';

/** What client and server say so that `rule` fires, what it needs before included. */
function exchangesFor(rule: Rule, setters: Map<string, Rule>, depth = Chain): Exchange[] {
  const before: Exchange[] = [];
  for (const c of rule.conditions)
    if (depth > 0 && c.kind === 'flowbits' && c.cmd === 'isset') {
      const setter = setters.get(c.names[0]);
      if (setter !== undefined && setter !== rule) before.push(...exchangesFor(setter, setters, depth - 1));
    }
  const texts = textsOf(rule);
  const payload = payloadFor(rule, texts.get(BufferId.Payload) ?? '');
  const from = toClient(rule) ? 'server' : 'client';
  if (!isHttp(rule)) return [...before, { from, data: bytes(payload) }];
  if (payload !== '' && texts.size === 1) {
    if (/^[A-Z]+ [^\r]*\r\n/.test(payload) || payload.startsWith('HTTP/'))
      return [...before, { from, data: bytes(payload) }];
    texts.set(BufferId.FileData, payload);
  }
  const request = requestFor(texts, !toClient(rule));
  return [
    ...before,
    { from: 'client', data: bytes(request) },
    { from: 'server', data: bytes(responseFor(toClient(rule) ? texts : new Map())) },
  ];
}

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** The payload at the size that dsize asks for. */
function payloadFor(rule: Rule, text: string): string {
  for (const c of rule.conditions)
    if (c.kind === 'number' && c.field === 'dsize')
      return text.padEnd(Math.min(1400, c.test.op === '>' ? c.test.lo + 1 : c.test.lo), 'x');
  return text === '' && !isHttp(rule) ? 'x' : text;
}

/** Frames of one conversation for each rule, in rule order; `index` makes its addresses and ports. */
function conversation(rule: Rule, index: number, setters: Map<string, Rule>): TimedFrame[] {
  const low = (index >> 8) % 65_536;
  const clients = [0x0a00_0000 + 0x1_0000 + low, 0x2d00_0000 + 0x1_0000 + low];
  const servers = [0xc0a8_0000 + (index & 255), 0x5db8_0000 + (index & 255)];
  const back = toClient(rule);
  const server = addressIn(back ? rule.src : rule.dst, servers);
  const client = addressIn(back ? rule.dst : rule.src, clients);
  const serverPort = portIn(back ? rule.srcPorts : rule.dstPorts, 80);
  const clientPort = portIn(back ? rule.dstPorts : rule.srcPorts, 20_000 + (index % 40_000));
  const startUs = DefaultStartUs + index * StepUs;
  const protos = rule.proto.ipProtos;
  if (!isHttp(rule) && (protos.includes(17) || protos.includes(1))) {
    const [src, dst] = back ? [server, client] : [client, server];
    const data = bytes(payloadFor(rule, textsOf(rule).get(BufferId.Payload) ?? ''));
    const [srcPort, dstPort] = back ? [serverPort, clientPort] : [clientPort, serverPort];
    if (protos.includes(17))
      return [{ tsUs: startUs, bytes: frame(ip(src, dst, 17, udp(src, dst, { srcPort, dstPort }, data))) }];
    const type = rule.conditions.find((c) => c.kind === 'number' && c.field === 'itype');
    const message = icmpv4(type?.kind === 'number' ? type.test.lo : 8, 0, Uint8Array.from([0, 1, 0, 1, ...data]));
    return [{ tsUs: startUs, bytes: frame(ip(src, dst, 1, message)) }];
  }
  return tcpSession({
    client: { ip: client, port: clientPort },
    server: { ip: server, port: serverPort },
    exchanges: exchangesFor(rule, setters),
    startUs,
    stepUs: 100,
  });
}

/** A conversation for each of `rules`; flowbits that a rule tests are set first by a rule of the same list. */
export function* ruleTraffic(rules: readonly Rule[]): Generator<{ rule: Rule; frames: TimedFrame[] }> {
  const setters = settersOf(rules);
  for (let i = 0; i < rules.length; i++) yield { rule: rules[i], frames: conversation(rules[i], i, setters) };
}
