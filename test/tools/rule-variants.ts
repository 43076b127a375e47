/**
 * What a rule is tried with: the traffic it asks for, delivered in several ways, and near misses of it. A near miss is
 * made from a rule that differs in one thing (a byte, a letter's case, a place, a length, a section left out), so that
 * its traffic misses the real rule by that much, or at the edge of a window just does not.
 */

import { toBytes } from '../../src/rules/byte-text.js';
import type { BufferSection, ContentMatch, Match, NumberTest, Rule } from '../../src/rules/ir.js';
import { isHttp } from './rule-fields.js';

/** How the traffic of a rule is sent. */
export interface Delivery {
  /** From the other side than the rule's. */
  reverse?: boolean;
  /** Largest payload of a segment. */
  mss?: number;
  /** How the body of the message is coded. */
  coding?: 'gzip' | 'chunked';
  /** Without what would set the flowbits it tests. */
  unprepared?: boolean;
  /** To a port that the rule's header does not have. */
  wrongPort?: boolean;
  /** So many events fewer than the rule's threshold counts. */
  fewer?: number;
  /** Events that are sent at most, whatever the threshold counts. */
  most?: number;
}

export interface Variant {
  label: string;
  /** The rule whose traffic is made. */
  rule: Rule;
  delivery: Delivery;
}

/** Events of one variant of a rule with a threshold. */
const FewEvents = 120;

/** Variants of one rule; what is more is left out. */
const Most = 48;

/** Places in a content where a changed byte leaves the message around it as it is. */
const isPlain = (b: number): boolean =>
  (b >= 0x30 && b <= 0x39) || (b >= 0x41 && b <= 0x5a) || (b >= 0x61 && b <= 0x7a);
const isLetter = (b: number): boolean => isPlain(b) && b > 0x39;

/** Another byte of the same kind. */
function neighbour(b: number): number {
  if (b === 0x39 || b === 0x5a || b === 0x7a) return b - 1;
  return isPlain(b) ? b + 1 : b ^ 1;
}

/** The index of one of the bytes of `bytes` for which `fits` holds, which one depends on `seed`; -1 when there is none. */
function pick(bytes: readonly number[], seed: number, fits: (b: number) => boolean): number {
  const places = bytes.map((_, i) => i).filter((i) => fits(bytes[i]));
  return places.length === 0 ? -1 : places[seed % places.length];
}

class Variants {
  readonly list: Variant[] = [];

  constructor(private readonly rule: Rule) {
    this.list.push({ label: 'as asked', rule, delivery: {} });
  }

  delivered(label: string, delivery: Delivery): void {
    this.list.push({ label, rule: this.rule, delivery: { most: FewEvents, ...delivery } });
  }

  /** The rule with its `at`-th match of section `section` replaced by what `change` makes of it. */
  changed<M extends Match>(label: string, section: number, at: number, change: (m: M) => Partial<M>): void {
    const sections = this.rule.sections.map((s, i): BufferSection => {
      if (i !== section) return s;
      return { ...s, matches: s.matches.map((m, k) => (k === at ? ({ ...m, ...change(m as M) } as Match) : m)) };
    });
    this.list.push({ label, rule: { ...this.rule, sections }, delivery: { most: FewEvents } });
  }
}

/** Numbers at and around the bounds of `test`. */
function around(test: NumberTest): number[] {
  const bounds = test.op === 'in' ? [test.lo, test.hi] : [test.op === '<' || test.op === '<=' ? test.hi : test.lo];
  const out = new Set(bounds.flatMap((b) => [b - 1, b, b + 1]));
  return [...out].filter((n) => n >= 0);
}

function contentVariants(out: Variants, rule: Rule, s: number, i: number, c: ContentMatch): void {
  const what = `content ${i + 1} of section ${s + 1}`;
  const seed = rule.sid + i;
  const length = c.bytes.length;
  const bytes = toBytes(c.bytes);
  let at = pick(bytes, seed, isPlain);
  if (at < 0) at = length >> 1;
  const swapped = (b: number): string => c.bytes.slice(0, at) + String.fromCharCode(b) + c.bytes.slice(at + 1);
  const other = swapped(neighbour(bytes[at]));
  out.changed<ContentMatch>(`${what} one byte off`, s, i, () => ({ bytes: other }));
  at = c.nocase ? -1 : pick(bytes, seed, isLetter);
  if (at >= 0) {
    const cased = swapped(bytes[at] ^ 0x20);
    out.changed<ContentMatch>(`${what} in another case`, s, i, () => ({ bytes: cased }));
  }
  if (c.startsWith)
    out.changed<ContentMatch>(`${what} one late`, s, i, () => ({ startsWith: false, offset: 1, depth: length }));
  else if (typeof c.distance === 'number' || typeof c.within === 'number') {
    const distance = typeof c.distance === 'number' ? c.distance : 0;
    const place = (label: string, d: number): void =>
      out.changed<ContentMatch>(`${what} ${label}`, s, i, () => ({ distance: d, within: length }));
    if (c.distance !== null) place('before its window', distance - 1);
    if (typeof c.within !== 'number') return;
    const last = distance + c.within - length;
    if (last > distance) place('last in its window', last);
    place('after its window', last + 1);
  } else if (typeof c.offset === 'number' || typeof c.depth === 'number') {
    const offset = typeof c.offset === 'number' ? c.offset : 0;
    const place = (label: string, o: number): void =>
      out.changed<ContentMatch>(`${what} ${label}`, s, i, () => ({ offset: o, depth: length }));
    if (offset > 0) place('before its window', offset - 1);
    if (typeof c.depth !== 'number') return;
    const last = offset + c.depth - length;
    if (last > offset) place('last in its window', last);
    place('after its window', last + 1);
  }
}

function matchVariants(out: Variants, rule: Rule, s: number, i: number, m: Match): void {
  const what = `option ${i + 1} of section ${s + 1}`;
  if (m.kind === 'content') {
    if (m.negated) out.changed<ContentMatch>(`${what} present`, s, i, () => ({ negated: false }));
    else contentVariants(out, rule, s, i, m);
    if (m.endsWith && !m.negated)
      out.changed<ContentMatch>(`${what} one early`, s, i, () => ({ bytes: `${m.bytes}x` }));
  } else if (m.kind === 'bsize')
    for (const n of around(m.test))
      out.changed(`${what}, length ${n}`, s, i, () => ({ test: { op: '=', lo: n, hi: n } as NumberTest }));
  else if (m.kind === 'isdataat' && !m.negated && typeof m.at === 'number' && m.at > 0) {
    const { at } = m;
    out.changed(`${what} one short`, s, i, () => ({ at: at - 1 }));
  } else if (m.kind === 'byte_test') out.changed(`${what} not so`, s, i, () => ({ negated: !m.negated }));
  else if (m.kind === 'pcre' && !m.negated) out.changed(`${what} missing`, s, i, () => ({ expr: 'zqzq' }));
}

/** The rule's own traffic first, then other deliveries of it and near misses. */
export function variantsOf(rule: Rule): Variant[] {
  const out = new Variants(rule);
  out.delivered('in pieces', { mss: 7 + (rule.sid % 50) });
  out.delivered('from the other side', { reverse: true });
  if (!rule.srcPorts.any || !rule.dstPorts.any) out.delivered('to another port', { wrongPort: true });
  if (rule.conditions.some((c) => c.kind === 'flowbits' || c.kind === 'xbits' || c.kind === 'hostbits'))
    out.delivered('with no bit set', { unprepared: true });
  if (rule.threshold !== null && rule.threshold.count > 1) out.delivered('one event fewer', { fewer: 1 });
  if (isHttp(rule)) {
    out.delivered('in a gzip body', { coding: 'gzip' });
    out.delivered('in a chunked body', { coding: 'chunked' });
  }
  for (const [i, c] of rule.conditions.entries()) {
    if (c.kind !== 'number') continue;
    for (const n of around(c.test)) {
      const conditions = rule.conditions.slice();
      conditions[i] = { ...c, test: { op: '=', lo: n, hi: n } };
      out.list.push({ label: `${c.field} ${n}`, rule: { ...rule, conditions }, delivery: { most: FewEvents } });
    }
  }
  for (const [s, section] of rule.sections.entries()) {
    if (rule.sections.length > 1)
      out.list.push({
        label: `without section ${s + 1}`,
        rule: { ...rule, sections: rule.sections.filter((_, k) => k !== s) },
        delivery: { most: FewEvents },
      });
    for (const [i, m] of section.matches.entries()) matchVariants(out, rule, s, i, m);
  }
  return out.list.slice(0, Most);
}
