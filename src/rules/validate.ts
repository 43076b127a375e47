/**
 * Judges a rule as a whole after its options were read, as Suricata 7.0.10 does: what can never match or mixes
 * things that are looked at separately is refused.
 */
import { AppProto } from '../protocol/app-proto.js';
import { BufferId, BufferKind, buffers } from '../protocol/buffers.js';
import { EventRange } from '../protocol/events.js';
import type { RuleBuilder } from './builder.js';
import { RuleFault } from './faults.js';
import type { BufferSection, Condition, ContentMatch, Match, NumberTest, Rule } from './ir.js';

/** Checks the rule and moves what the builder collected into it. */
export function finishRule(b: RuleBuilder): void {
  if (b.isUnused()) {
    throw new RuleFault('the last sticky buffer has no matches', 'add a content, pcre or bsize, or remove the buffer');
  }
  const { rule } = b;
  for (let i = 0; i < b.sections.length; i++) {
    const { buffer, transforms, matches } = b.sections[i];
    if (matches.length > 0) rule.sections.push({ buffer, transforms, matches });
  }
  rule.conditions = b.conditions;
  rule.effects = b.effects;
  checkDirection(b);
  checkPacketAndStream(b);
  for (let i = 0; i < rule.sections.length; i++) {
    const s = rule.sections[i];
    checkLengths(b, s);
    checkBufferText(s);
    if (s.transforms.length > 0) checkTransforms(s);
  }
  checkDsize(rule);
  if (
    rule.effects.some((e) => e.kind === 'bypass') &&
    rule.conditions.some((c) => c.kind === 'file' && c.test.kind === 'filestore')
  ) {
    throw new RuleFault('bypass cannot be combined with filestore', 'remove one of them');
  }
  if (b.usesHttp && rule.proto.app === AppProto.Unknown) rule.proto = httpProto(rule);
}

/** A rule for tcp or ip with HTTP keywords is a rule about HTTP flows; its header keeps its name. */
function httpProto(rule: Rule): Rule['proto'] {
  return { ...rule.proto, app: AppProto.Http1 };
}

/** Buffers of one direction only fix the rule's direction; both kinds in one rule exclude each other. */
function checkDirection(b: RuleBuilder): void {
  const { rule } = b;
  let onlyServer = false;
  let onlyClient = false;
  for (let i = 0; i < rule.sections.length; i++) {
    const info = buffers.get(rule.sections[i].buffer);
    if (info === undefined || info.kind !== BufferKind.Http) continue;
    if (info.toServer >= 0 && info.toClient < 0) onlyServer = true;
    if (info.toClient >= 0 && info.toServer < 0) onlyClient = true;
  }
  const { direction } = rule.flow;
  if ((onlyServer && (onlyClient || direction === 'toclient')) || (onlyClient && direction === 'toserver')) {
    throw new RuleFault(
      'the rule mixes buffers or flow options of both directions',
      'one rule looks at requests or at responses; use flowbits to join two rules',
    );
  }
  if (onlyServer) rule.flow.direction = 'toserver';
  else if (onlyClient) rule.flow.direction = 'toclient';
  const rawHeader = rule.sections.some((s) => s.buffer === BufferId.HttpHeaderRaw);
  if (rawHeader && direction === null) {
    throw new RuleFault('http.header.raw needs a flow direction', 'add flow:to_server; or flow:to_client;');
  }
}

/** Conditions that look at one packet's headers. */
function isPacketCondition(c: Condition): boolean {
  switch (c.kind) {
    case 'number':
      return c.field !== 'icmp_seq';
    case 'tcp_flags':
    case 'ip_flags':
    case 'ip_opts':
    case 'ip_proto':
    case 'same_ip':
    case 'flow_age':
    case 'geoip':
    case 'rpc':
      return true;
    default:
      return false;
  }
}

function isPacketBuffer(id: BufferId): boolean {
  return buffers.get(id)?.kind === BufferKind.Packet && id !== BufferId.IpSrc && id !== BufferId.IpDst;
}

function checkPacketAndStream(b: RuleBuilder): void {
  const { rule } = b;
  const packet =
    rule.flow.stream === 'no' ||
    rule.proto.only === 'packet' ||
    rule.conditions.some(isPacketCondition) ||
    rule.sections.some((s) => isPacketBuffer(s.buffer));
  if (!packet) return;
  if (rule.flow.stream === 'only' || rule.proto.only === 'stream') {
    throw new RuleFault(
      'packet keywords cannot be mixed with tcp-stream or flow:only_stream',
      'remove the packet keyword, or write tcp',
    );
  }
  const state =
    rule.conditions.some(
      (c) => c.kind === 'file' || (c.kind === 'event' && c.event >= EventRange.Http && c.event < EventRange.AppLayer),
    ) ||
    rule.sections.some((s) => {
      const kind = buffers.get(s.buffer)?.kind;
      return kind === BufferKind.Http || kind === BufferKind.File;
    });
  if (state)
    throw new RuleFault(
      'packet keywords (dsize, flags, ttl …) cannot be mixed with HTTP or file keywords',
      'split the rule in two and join them with flowbits',
    );
}

const isRelative = (c: ContentMatch): boolean => c.distance !== null || c.within !== null;
const fixed = (n: ContentMatch['offset']): number => (typeof n === 'number' ? n : 0);

/**
 * Bytes that the contents of a list need at least, as Suricata counts them: the first content and the relative ones after
 * it make one chain (a negated one adds its distance only); other contents are not counted.
 */
function requiredLength(matches: readonly Match[]): number {
  let longest = 0;
  let chain = -1;
  for (const m of matches) {
    if (m.kind !== 'content' || (chain >= 0 && !isRelative(m))) continue;
    const before = Math.max(chain, 0) + fixed(m.distance) + fixed(m.offset);
    const counts = chain < 0 || !m.negated;
    longest = Math.max(longest, before + (counts ? m.bytes.length : 0));
    if (counts) chain = Math.max(0, before + m.bytes.length);
  }
  return longest;
}

/** The length above which a buffer of a tested size cannot be; Suricata leaves <, <= and > unchecked. */
function upperBound(test: NumberTest): number {
  return test.op === '=' ? test.lo : test.op === 'in' ? test.hi + 1 : Number.POSITIVE_INFINITY;
}

function checkLengths(b: RuleBuilder, section: BufferSection): void {
  for (let i = 0; i < section.matches.length; i++) {
    const m = section.matches[i];
    if (m.kind !== 'bsize') continue;
    const most = upperBound(m.test);
    if (b.uriLengths.includes(m)) {
      const last = section.matches.findLast((x) => b.uriLengths.includes(x));
      const long = section.matches.find((x) => x.kind === 'content' && x.bytes.length > most);
      if (m === last && m.test.op === '=' && long !== undefined)
        throw new RuleFault(`urilen ${most} is smaller than a content of that URI`, 'the rule can never match');
      continue;
    }
    if (m !== section.matches.find((x) => x.kind === 'bsize' && !b.uriLengths.includes(x))) continue;
    const need = requiredLength(section.matches);
    if (need > most)
      throw new RuleFault(`the contents need ${need} bytes, more than bsize allows`, 'the rule can never match');
  }
}

function checkDsize(rule: Rule): void {
  const dsize = rule.conditions.find((c) => c.kind === 'number' && c.field === 'dsize');
  const payload = rule.sections.find((s) => s.buffer === BufferId.Payload);
  if (dsize === undefined || dsize.kind !== 'number' || payload === undefined) return;
  const { test } = dsize;
  const most = test.op === '<' || test.op === '!=' ? test.lo : upperBound(test);
  const need = requiredLength(payload.matches);
  if (need > most)
    throw new RuleFault(`the contents need ${need} bytes, more than dsize ${most} allows`, 'the rule can never match');
}

/** Contents that the buffer, as it is normalised, can never hold. */
function checkBufferText(section: BufferSection): void {
  if (section.transforms.length > 0) return;
  if (section.buffer !== BufferId.HttpHost && section.buffer !== BufferId.HttpMethod) return;
  for (const m of section.matches) {
    if (m.kind !== 'content') continue;
    if (section.buffer === BufferId.HttpHost) {
      if (m.nocase)
        throw new RuleFault(
          'http.host is in lower case: nocase has no meaning there',
          'remove nocase and write the content in lower case',
        );
      if (/[A-Z]/.test(m.bytes))
        throw new RuleFault(
          'http.host is in lower case: an upper-case content never matches',
          'write it in lower case',
        );
    } else {
      if (m.bytes.startsWith(' ') || m.bytes.endsWith(' ')) {
        throw new RuleFault('http.method holds the method alone, without spaces', 'remove the space');
      }
    }
  }
}

/** Contents that a transform would have removed. */
function checkTransforms(section: BufferSection): void {
  for (const t of section.transforms) {
    for (const m of section.matches) {
      if (m.kind !== 'content' || m.negated) continue;
      if (hidden(t.name, m.bytes))
        throw new RuleFault(
          `a content can never match after ${t.name}`,
          'write the content as it is after the transform',
        );
    }
  }
}

/** What each transform leaves nowhere; white space as isspace() of C has it. */
const removed: Partial<Record<string, RegExp>> = {
  strip_whitespace: /[ \t-\r]/,
  compress_whitespace: /[ \t-\r]{2}/,
  to_lowercase: /[A-Z]/,
  to_uppercase: /[a-z]/,
};

function hidden(transform: string, bytes: string): boolean {
  return removed[transform]?.test(bytes) === true;
}
