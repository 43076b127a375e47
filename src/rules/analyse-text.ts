/** Contents that exclude each other, or that the buffer they are looked for in cannot hold. */
import { BufferId } from '../protocol/buffers.js';
import { layoutOf, type Placed } from './analyse-sizes.js';
import { bufferText } from './buffer-text.js';
import type { Finding } from './finding.js';
import type { BufferSection, ContentMatch, Rule } from './ir.js';

const lower = (b: number): number => (b >= 0x41 && b <= 0x5a ? b + 0x20 : b);

/** Whether two bytes at one place can both be right. */
function agree(a: ContentMatch, i: number, b: ContentMatch, j: number): boolean {
  return a.nocase || b.nocase ? lower(a.bytes[i]) === lower(b.bytes[j]) : a.bytes[i] === b.bytes[j];
}

/** Whether contents at these places want different bytes at one of them. */
function clash(a: Placed, b: Placed): boolean {
  const from = Math.max(a.from, b.from);
  const to = Math.min(a.from + a.content.bytes.length, b.from + b.content.bytes.length);
  for (let at = from; at < to; at++) if (!agree(a.content, at - a.from, b.content, at - b.from)) return true;
  return false;
}

export function show(c: ContentMatch): string {
  const text = c.bytes
    .map((b) => (b >= 0x20 && b < 0x7f && b !== 0x22 && b !== 0x7c ? String.fromCharCode(b) : `|${hex(b)}|`))
    .join('');
  return `"${text.replaceAll('||', ' ')}"`;
}

const hex = (b: number): string => b.toString(16).padStart(2, '0');

/** Contents at fixed places, counted from the beginning or from the end, that want different bytes. */
function clashes(rule: Rule, section: BufferSection): Finding[] {
  const { placed, size } = layoutOf(rule, section);
  const positive = section.matches.filter((m): m is ContentMatch => m.kind === 'content' && !m.negated);
  const end = size.lo === size.hi ? size.hi : 0;
  const last = positive.filter((c) => c.endsWith).map((content) => ({ content, from: end - content.bytes.length }));
  const lists = end > 0 ? [[...placed, ...last]] : [placed, last];
  for (const list of lists) {
    for (let i = 1; i < list.length && i < Bound.Placed; i++) {
      const other = list.slice(0, i).find((p) => p.content !== list[i].content && clash(p, list[i]));
      if (other === undefined) continue;
      const reason = `${show(other.content)} and ${show(list[i].content)} are wanted at one place`;
      return [{ kind: 'never', reason, hint: 'correct the places, or write two rules', at: list[i].content }];
    }
  }
  return [];
}

const enum Bound {
  /** Contents at fixed places that are compared with each other. */
  Placed = 64,
  /** Contents that are compared with negated ones. */
  Pairs = 256,
}

/** Whether `inner`, wherever it is not allowed, is a part of `outer`. */
function holds(outer: ContentMatch, inner: ContentMatch): boolean {
  if (outer.nocase && !inner.nocase && inner.bytes.some((b) => lower(b) !== b || (b >= 0x61 && b <= 0x7a)))
    return false;
  for (let at = 0; at + inner.bytes.length <= outer.bytes.length; at++) {
    if (
      inner.bytes.every((b, i) => (inner.nocase ? lower(b) === lower(outer.bytes[at + i]) : b === outer.bytes[at + i]))
    )
      return true;
  }
  return false;
}

/** A content that must be there and, as it is or in part, must not be anywhere. */
function denied(section: BufferSection): Finding[] {
  const contents = section.matches.filter((m): m is ContentMatch => m.kind === 'content').slice(0, Bound.Pairs);
  for (const no of contents) {
    const anywhere =
      no.negated &&
      [no.offset, no.depth, no.distance, no.within].every((n) => n === null) &&
      !no.startsWith &&
      !no.endsWith;
    if (!anywhere) continue;
    const yes = contents.find((c) => !c.negated && holds(c, no));
    if (yes === undefined) continue;
    const reason = `${show(yes)} must be in the buffer and ${show(no)} must not`;
    return [{ kind: 'never', reason, hint: 'give the negated content a place, or remove one of them', at: no }];
  }
  return [];
}

/** What the buffer cannot hold, or seldom does, by how it is made. */
function foreign(rule: Rule, section: BufferSection): Finding[] {
  if (section.transforms.length > 0) return [];
  const out: Finding[] = [];
  for (const c of section.matches) {
    if (c.kind !== 'content' || c.negated) continue;
    const found = bufferText(section.buffer, rule.flow.direction, c);
    if (found !== null) out.push({ ...found, at: c });
  }
  return out;
}

export function textFindings(rule: Rule, section: BufferSection): Finding[] {
  if (section.buffer === BufferId.IpSrc || section.buffer === BufferId.IpDst) return [];
  return [...clashes(rule, section), ...denied(section), ...foreign(rule, section)];
}
