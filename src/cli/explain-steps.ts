/**
 * A look at a rule as steps in the order of its conditions: what the rule asks, what was there, and whether it held.
 * One list for people (explain-text.ts) and programs (explain-json.ts).
 */
import { HeaderFault } from '../detect/header.js';
import { Fate, Look } from '../detect/recorder.js';
import type { Excerpt, MatchTrace, SectionTrace, Trace } from '../detect/trace.js';
import { appProtoNames } from '../protocol/app-proto.js';
import { applayerEventNames } from '../protocol/applayer-events.js';
import { BufferId, buffers } from '../protocol/buffers.js';
import { decoderEventNames } from '../protocol/decoder-events.js';
import { EventRange } from '../protocol/events.js';
import { httpEventNames } from '../protocol/http-events.js';
import { streamEventNames } from '../protocol/stream-events.js';
import type { Condition, FileTest, Match, Rule } from '../rules/ir.js';
import type { Explained, SectionSource } from '../sensor/explained.js';
import { conditionText, contentText, flowText, headerText, matchText } from './rule-text.js';

/** A place in a buffer: [from, to) of the excerpt's buffer is marked; to < from: nothing is. */
export interface Shown {
  excerpt: Excerpt;
  from: number;
  to: number;
}

export interface Step {
  /** null: it was not got to. */
  held: boolean | null;
  /** What is looked at: header, flow, condition, fast pattern, a buffer … */
  name: string;
  /** What the rule asks there. */
  asks: string;
  /** What was found; '' when the step held and there is nothing to add. */
  found: string;
  shown: Shown | null;
  /** The matches of a buffer. */
  within: Step[];
}

const step = (held: boolean | null, name: string, asks: string, found = '', shown: Shown | null = null): Step => ({
  held,
  name,
  asks,
  found,
  shown,
  within: [],
});

export function bufferName(id: number): string {
  return id === BufferId.Payload ? 'payload' : (buffers.get(id)?.name ?? 'file conditions');
}

function eventText(id: number): string {
  if (id >= EventRange.AppLayer) return `app-layer-event ${applayerEventNames[id - EventRange.AppLayer]}`;
  if (id >= EventRange.Http) return `app-layer-event http.${httpEventNames[id - EventRange.Http]}`;
  if (id >= EventRange.Stream) return `stream-event ${streamEventNames[id - EventRange.Stream]}`;
  return `decode-event ${decoderEventNames[id - EventRange.Decoder]}`;
}

function asksOf(c: Condition): string {
  return c.kind === 'event' ? eventText(c.event) : conditionText(c);
}

/** Conditions on packet, flow and shared state, in the order in which they are tested. */
function testedConditions(rule: Rule): Condition[] {
  const inTx = (c: Condition): boolean =>
    c.kind === 'file' || (c.kind === 'event' && c.event >= EventRange.Http && c.event < EventRange.AppLayer);
  return rule.conditions.filter((c) => !inTx(c));
}

/** What of the header did not fit. */
function headerFaultText(t: Trace, rule: Rule, address: (words: readonly number[], version: number) => string): string {
  switch (t.header) {
    case HeaderFault.Direction:
      return `the rule looks ${rule.flow.direction === 'toclient' ? 'to the client' : 'the other way'} only`;
    case HeaderFault.IpVersion:
      return `the packet is IPv${t.ipVersion || '? (none)'}`;
    case HeaderFault.Protocol:
      return `the protocol is ${protocolName(t.ipProto)}`;
    case HeaderFault.NoPorts:
      return 'the packet has no ports that count';
    case HeaderFault.Source:
      return `the source ${address(t.src, t.ipVersion)} is not in ${rule.src.text}`;
    case HeaderFault.Destination:
      return `the destination ${address(t.dst, t.ipVersion)} is not in ${rule.dst.text}`;
    case HeaderFault.SourcePort:
      return `the source port ${t.srcPort} is not in ${rule.srcPorts.text}`;
    case HeaderFault.DestinationPort:
      return `the destination port ${t.dstPort} is not in ${rule.dstPorts.text}`;
    case HeaderFault.NoFlow:
      return 'the packet belongs to no flow';
    case HeaderFault.NotEstablished:
      return 'the session is not established (its handshake is under way, or not in the capture)';
    case HeaderFault.Established:
      return 'the session is established';
    case HeaderFault.NotReassembled:
      return 'the packet is not made of fragments';
    default:
      return 'the packet is made of fragments';
  }
}

export function protocolName(n: number): string {
  return { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6', 132: 'sctp' }[n] ?? String(n);
}

function appFaultText(app: number): string {
  if (app === 0) return 'the protocol of the flow is not recognised (yet)';
  if (app === 1) return 'the flow speaks no protocol that is recognised';
  return `the flow speaks ${appProtoNames[app]}`;
}

/** Why a match came to no alert. */
function fateText(fate: Fate, rule: Rule): string {
  switch (fate) {
    case Fate.Suppressed:
      return 'matched, and suppress in threshold.config hides it';
    case Fate.Threshold: {
      const t = rule.threshold;
      const own = t === null ? 'threshold.config' : `${t.type} of ${t.count} in ${t.seconds} s, ${t.track}`;
      return `matched, and a threshold holds it back (${own})`;
    }
    case Fate.Silent:
      return rule.noalert
        ? 'matched, without an alert as the rule says noalert'
        : `matched; ${rule.action} writes no alert`;
    case Fate.AlertMax:
      return 'matched, and the packet had as many alerts as it may (packet-alert-max)';
    case Fate.Passed:
      return 'matched, and a pass rule matched the packet before it';
    default:
      return 'matched, and alerted';
  }
}

function fileTestText(t: FileTest): string {
  switch (t.kind) {
    case 'filesize':
      return `filesize ${t.test.op === 'in' ? `${t.test.lo} to ${t.test.hi}` : `${t.test.op} ${t.test.lo}`}`;
    case 'hash':
      return `${t.negated ? 'no ' : ''}${t.algorithm} in ${t.file}`;
    case 'filestore':
      return 'filestore';
    default:
      return `${t.kind} ${t.negated ? 'no ' : ''}"${contentText(t.bytes)}"`;
  }
}

/** Rows of a program in the order of their numbers: those within base64_decode stand after it. */
function flatten(matches: readonly Match[]): Match[] {
  return matches.flatMap((m) => (m.kind === 'base64_decode' ? [m, ...flatten(m.inner)] : [m]));
}

/** How long the bytes are that a match stands for, 0 where that is not known. */
function lengthOf(m: Match, t: MatchTrace): number {
  if (m.kind === 'content') return m.bytes.length;
  return m.kind === 'pcre' && t.end > t.from ? t.end - t.from : 0;
}

function rangeText(from: number, to: number): string {
  return to > from ? `bytes ${from} to ${to - 1}` : `byte ${from}`;
}

/** A match that was tried: where it was found, or where it was looked for. */
function matchStep(m: Match, t: MatchTrace): Step {
  const e = t.excerpt;
  const len = lengthOf(m, t);
  const place = (from: number, to: number): Shown | null => (e === null ? null : { excerpt: e, from, to });
  const read = t.value === null ? '' : `read ${t.value} at byte ${t.valueAt}`;
  const negated = 'negated' in m && m.negated;
  if (t.held) {
    const found = len > 0 && !negated ? `at ${rangeText(t.end - len, t.end)}` : read;
    return step(true, 'match', matchText(m), found, len > 0 && !negated ? place(t.end - len, t.end) : null);
  }
  const size = e?.len ?? 0;
  if (m.kind === 'bsize')
    return step(false, 'match', matchText(m), `the size is ${size + (e?.base ?? 0)}`, place(0, -1));
  if (negated) return step(false, 'match', matchText(m), `found, ending at byte ${t.end}`, place(t.end - len, t.end));
  if (t.value !== null) return step(false, 'match', matchText(m), read, place(t.valueAt, t.valueAt + 1));
  const window =
    t.to > t.from
      ? `not in bytes ${t.from} to ${Math.min(t.to, size) - 1} of ${size}`
      : `no byte to look at from ${t.from} (of ${size})`;
  const words = [window];
  if (t.near >= 0) words.push(`nearest at byte ${t.near}, ${nearText(t.nearBytes, len, t)}`);
  if (t.tries > 1) words.push(`tried ${t.tries} times, after other places of what stands before it`);
  return step(
    false,
    'match',
    matchText(m),
    words.join('; '),
    place(t.near < 0 ? t.from : t.near, t.near < 0 ? -1 : t.near + len),
  );
}

function nearText(bytes: number, len: number, t: MatchTrace): string {
  if (bytes < len) return `${bytes} of ${len} bytes alike`;
  return t.near < t.from || t.near + len > t.to ? 'outside of where it is looked for' : 'in other case';
}

/** What a buffer that is not there means. */
function absentText(id: number, t: Trace, s: SectionTrace): string {
  const name = bufferName(id);
  if (id === BufferId.Payload)
    return t.look === Look.Transaction ? 'nothing of the raw stream came with it' : 'no payload to look at';
  if (s.gap) return `${name} has a gap: bytes are missing in the capture`;
  return s.final
    ? `this ${t.look === Look.Transaction ? 'transaction' : 'packet'} has no ${name}`
    : `${name} is not there yet`;
}

/** `unseen`: the rule has no fast pattern and was no candidate all the same, for want of what this section looks at. */
function sectionStep(source: SectionSource, rule: Rule, t: Trace, s: SectionTrace | undefined, unseen: boolean): Step {
  if (source.kind === 'event') {
    const held = s?.matched ?? (unseen ? false : null);
    return step(held, 'event', eventText(source.event), held === false ? 'not raised' : '');
  }
  if (source.kind === 'files') return filesStep(rule, s);
  const { section } = source;
  const transforms = section.transforms.map((x) => (x.arg === null ? x.name : `${x.name}(${x.arg})`));
  const name = bufferName(section.buffer);
  const asks = transforms.length > 0 ? `after ${transforms.join(', ')}` : '';
  const all = flatten(section.matches);
  if (s === undefined) {
    const none = unseen ? step(false, name, asks, `no ${name} to look at`) : step(null, name, asks);
    none.within = all.map((m) => step(null, 'match', matchText(m)));
    return none;
  }
  if (s.shown === null) return step(s.matched, name, asks, s.matched ? '' : absentText(section.buffer, t, s));
  const words = [`${s.shown.len} bytes${s.shown.base > 0 ? `, from byte ${s.shown.base} of the whole` : ''}`];
  if (s.instances > 1) words.push(`the nearest of ${s.instances}`);
  if (s.cut) words.push('cut at the limit of the body: what follows is not inspected');
  if (s.gap) words.push('with a gap: bytes are missing in the capture');
  const out = step(s.matched, name, asks, words.join(', '), { excerpt: s.shown, from: 0, to: -1 });
  out.within = all.map((m, row) => {
    const tried = s.matches.find((x) => x.row === row);
    if (tried !== undefined) return matchStep(m, tried);
    const next = !s.matched && s.matches.every((x) => x.held) && row === s.matches.length;
    return next
      ? step(false, 'match', matchText(m), 'there is nothing left to look at')
      : step(null, 'match', matchText(m));
  });
  return out;
}

function filesStep(rule: Rule, s: SectionTrace | undefined): Step {
  const tests = rule.conditions.flatMap((c) => (c.kind === 'file' ? [c.test] : []));
  const out = step(s?.matched ?? null, 'files', '', s?.matched === false && s.fileTest < 0 ? 'no file here' : '');
  out.within = tests.map((test, n) => {
    const failed = s !== undefined && !s.matched && s.fileTest === n;
    const held = s === undefined ? null : s.matched || n < s.fileTest ? true : failed ? false : null;
    return step(
      held,
      'file',
      fileTestText(test),
      failed ? 'no file is like that (a file counts when it is complete)' : '',
    );
  });
  return out;
}

function fastStep(e: Explained, t: Trace): Step | null {
  const fast = e.explanation.fast;
  if (fast === null) return null;
  const literals = fast.literals.map((text) => `"${contentText(text)}"`).join(' or ');
  const asks = `${literals} in ${bufferName(fast.buffer)}`;
  if (t.candidate) return step(true, 'fast pattern', asks);
  if (t.fast === null) {
    const none = fast.buffer === BufferId.Payload ? 'no payload here' : `no ${bufferName(fast.buffer)} here`;
    return step(false, 'fast pattern', asks, none);
  }
  const near = t.fastNear >= 0;
  const len = fast.literals[0].length;
  const words = [`never seen; the buffer has ${t.fast.len} bytes`];
  if (t.cut) words.push('cut at the limit of the body: what follows is not inspected');
  if (t.gap) words.push('with a gap: bytes are missing in the capture');
  if (near) words.push(`nearest at byte ${t.fastNear}, ${t.fastNearBytes} of ${len} bytes alike`);
  return step(false, 'fast pattern', asks, words.join(', '), {
    excerpt: t.fast,
    from: near ? t.fastNear : 0,
    to: near ? t.fastNear + len : -1,
  });
}

/** The steps of a look, in order. Those behind the one that failed were not got to. */
export function stepsOf(
  e: Explained,
  t: Trace,
  address: (words: readonly number[], version: number) => string,
): Step[] {
  const { rule } = e;
  const steps: Step[] = [];
  let over = false;
  const add = (s: Step): void => {
    steps.push(over ? { ...s, held: null, found: '', shown: null } : s);
    if (s.held === false) over = true;
  };
  if (t.closedBy !== -2) {
    const by = e.named[t.closedBy];
    const whom =
      by === undefined
        ? 'its flow was passed, dropped or bypassed'
        : `rule ${by.gid}:${by.sid} (${by.action}) ended the inspection of its flow`;
    add(step(false, 'inspection', '', `the packet was not inspected: ${whom}`));
  }
  const flowFault = t.header >= HeaderFault.NoFlow && t.header < HeaderFault.None;
  const headerFails = t.header < HeaderFault.NoFlow && t.header !== HeaderFault.Direction;
  const fault = t.header === HeaderFault.None ? '' : headerFaultText(t, rule, address);
  add(step(!headerFails, 'header', headerText(rule), headerFails ? fault : ''));
  const flow = flowText(rule);
  const flowFails = flowFault || t.header === HeaderFault.Direction;
  if (flow !== '' || flowFails) add(step(!flowFails, 'flow', flow === '' ? 'a flow' : flow, flowFails ? fault : ''));
  if (t.app >= 0) add(step(false, 'protocol', 'http', appFaultText(t.app)));
  testedConditions(rule).forEach((c, n) => {
    const fails = t.condition === n;
    add(step(!fails, 'condition', asksOf(c), fails ? t.found : ''));
  });
  const fast = fastStep(e, t);
  if (fast !== null) add(fast);
  e.sections.forEach((source, n) => {
    const s = t.sections.find((x) => x.section === n);
    const unseen = n === 0 && !t.candidate && e.explanation.fast === null;
    add(sectionStep(source, rule, t, s, unseen));
  });
  if (t.fate >= 0) add(step(t.fate === Fate.Alert, 'alert', '', fateText(t.fate as Fate, rule)));
  return steps;
}

/** Why a look ended, in a line of its own. */
export function reasonText(
  e: Explained,
  t: Trace,
  address: (words: readonly number[], version: number) => string,
): string {
  const failed = stepsOf(e, t, address).find((s) => s.held === false);
  if (failed === undefined) return t.fate === Fate.Alert ? 'alerted' : 'it was not looked at to the end';
  const inner = failed.within.find((s) => s.held === false) ?? failed;
  if (failed.name === 'header' || failed.name === 'alert' || failed.name === 'inspection' || failed.name === 'flow') {
    return failed.found;
  }
  if (failed.name === 'fast pattern') {
    return t.fast === null ? failed.found : `fast pattern ${failed.asks} not seen`;
  }
  if (failed.name === 'protocol') return failed.found;
  if (inner === failed) return [failed.name, failed.asks, failed.found].filter((x) => x !== '').join(': ');
  return `${failed.name}: ${inner.asks}: not met`;
}
