/**
 * Sizes and places that exclude each other within one buffer. Each match narrows where it can begin and end and how long
 * the buffer can be, exactly as src/detect/inspect.ts places it; what is left of an interval that became empty is proof.
 */
import { BufferId } from '../protocol/buffers.js';
import type { Finding } from './finding.js';
import type { BufferSection, ContentMatch, IsDataAtMatch, Match, NumberOrVar, NumberTest, Rule } from './ir.js';

const Far = Number.POSITIVE_INFINITY;

/** Least and greatest value, both included. */
export interface Span {
  lo: number;
  hi: number;
}

/** A content whose place in the buffer is certain. */
export interface Placed {
  content: ContentMatch;
  /** From the buffer's beginning. */
  from: number;
}

export interface Layout {
  /** Bytes of the buffer as it is shown to the rule. */
  size: Span;
  placed: Placed[];
  /** Set when nothing fits: why, and the match at fault. */
  fault: { reason: string; at: Match } | null;
}

export function narrow(span: Span, test: NumberTest): void {
  switch (test.op) {
    case '=':
      narrowTo(span, test.lo, test.lo);
      break;
    case 'in':
      narrowTo(span, test.lo, test.hi);
      break;
    case '<':
      narrowTo(span, 0, test.lo - 1);
      break;
    case '<=':
      narrowTo(span, 0, test.lo);
      break;
    case '>':
      narrowTo(span, test.lo + 1, Far);
      break;
    case '>=':
      narrowTo(span, test.lo, Far);
      break;
    default:
      if (span.lo === test.lo && span.hi === test.lo) span.hi = span.lo - 1;
  }
}

function narrowTo(span: Span, lo: number, hi: number): void {
  span.lo = Math.max(span.lo, lo);
  span.hi = Math.min(span.hi, hi);
}

/** Bodies come in windows: the buffer shown is a part, and bsize speaks of the whole. */
function isWindowed(id: BufferId): boolean {
  return id === BufferId.HttpRequestBody || id === BufferId.HttpResponseBody || id === BufferId.FileData;
}

const digests: Record<string, number> = { to_md5: 16, to_sha1: 20, to_sha256: 32 };

/** Sizes a buffer can have after its transforms and, for the payload, under the rule's dsize. */
function sizeOf(rule: Rule, section: BufferSection): Span {
  const size = { lo: 0, hi: Far };
  if (section.transforms.length > 0) {
    const last = section.transforms[section.transforms.length - 1].name;
    if (last in digests) narrowTo(size, digests[last], digests[last]);
  } else if (section.buffer === BufferId.Payload) {
    for (const c of rule.conditions) if (c.kind === 'number' && c.field === 'dsize') narrow(size, c.test);
  }
  return size;
}

const known = (n: NumberOrVar | null, absent: number): number =>
  n === null ? absent : typeof n === 'number' ? n : Number.NaN;

/** Where a positive content can begin at least and end at most; NaN nowhere. */
function windowOf(c: ContentMatch, pos: Span): Span {
  if (c.startsWith) return { lo: 0, hi: c.bytes.length };
  if (c.distance === null && c.within === null) {
    const offset = known(c.offset, 0);
    const depth = known(c.depth, Far);
    return { lo: Number.isNaN(offset) ? 0 : offset, hi: Number.isNaN(offset + depth) ? Far : offset + depth };
  }
  const distance = known(c.distance, 0);
  const within = known(c.within, Far);
  const lo = Number.isNaN(distance) ? 0 : Math.max(0, pos.lo + distance);
  // An end before the buffer's beginning bounds nothing.
  const bound = pos.lo + within + distance >= 0;
  return { lo, hi: bound && !Number.isNaN(within + distance) ? pos.hi + within + distance : Far };
}

/** Bytes that a number read from a fixed place needs. */
function bytesNeeded(m: Match): number {
  if (m.kind !== 'byte_test' && m.kind !== 'byte_extract' && m.kind !== 'byte_math') return 0;
  if (m.relative || typeof m.offset !== 'number' || typeof m.bytes !== 'number') return 0;
  return m.bytes > 0 ? Math.max(0, m.offset + m.bytes) : 0;
}

function narrowByData(m: IsDataAtMatch, pos: Span, size: Span): void {
  if (typeof m.at !== 'number') return;
  if (m.relative) {
    if (m.negated) narrowTo(size, 0, pos.hi + m.at - 1);
    else narrowTo(size, pos.lo + m.at, Far);
  } else if (m.negated) narrowTo(size, 0, m.at);
  else narrowTo(size, m.at + 1, Far);
}

/** Contents that may stand anywhere: nothing is known of their places. */
function isFree(m: Match): boolean {
  if (m.kind !== 'content' || m.startsWith || m.endsWith) return false;
  return m.offset === null && m.depth === null && m.distance === null && m.within === null;
}

function isFreeThroughout({ matches }: BufferSection): boolean {
  for (let i = 0; i < matches.length; i++) if (!isFree(matches[i])) return false;
  return true;
}

const free: Layout = { size: { lo: 0, hi: Far }, placed: [], fault: null };

/** Walks the matches of a section in the order of evaluation. */
export function layoutOf(rule: Rule, section: BufferSection): Layout {
  if (section.transforms.length === 0 && section.buffer !== BufferId.Payload && isFreeThroughout(section)) return free;
  const size = sizeOf(rule, section);
  const whole = { lo: 0, hi: Far };
  const out: Layout = { size, placed: [], fault: null };
  let pos = { lo: 0, hi: 0 };
  const { matches } = section;
  for (let i = 0; i < matches.length; i++) {
    const m = matches[i];
    if (m.kind === 'bsize') {
      narrow(whole, m.test);
      size.hi = Math.min(size.hi, whole.hi);
      if (!isWindowed(section.buffer)) size.lo = Math.max(size.lo, whole.lo);
      if (whole.lo > whole.hi) return { ...out, fault: { reason: 'its tests of the size exclude each other', at: m } };
    } else if (m.kind === 'isdataat') narrowByData(m, pos, size);
    else if (m.kind === 'content') {
      if (m.negated) continue;
      const window = windowOf(m, pos);
      const end = { lo: window.lo + m.bytes.length, hi: window.hi };
      if (end.lo > end.hi) {
        const reason = `the content needs to end at byte ${end.lo} or later and at ${end.hi} or before`;
        return { ...out, fault: { reason, at: m } };
      }
      if (end.lo === end.hi) out.placed.push({ content: m, from: window.lo });
      size.lo = Math.max(size.lo, end.lo);
      if (m.endsWith) size.hi = Math.min(size.hi, end.hi);
      pos = end;
    } else {
      size.lo = Math.max(size.lo, bytesNeeded(m));
      if (m.kind !== 'dataset' && m.kind !== 'base64_decode' && !(m.kind === 'pcre' && m.negated))
        pos = { lo: 0, hi: Far };
    }
    if (size.lo > size.hi) {
      const reason = `it needs at least ${size.lo} bytes where at most ${Math.max(0, size.hi)} can be`;
      return { ...out, fault: { reason, at: m } };
    }
  }
  return out;
}

const none: readonly Finding[] = [];

export function sizeFindings({ fault }: Layout): readonly Finding[] {
  if (fault === null) return none;
  return [{ kind: 'never', reason: fault.reason, hint: 'correct the sizes and places of this buffer', at: fault.at }];
}
