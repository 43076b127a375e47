/** Contents that exclude each other, or that the buffer they are looked for in cannot hold. */
import type { BufferId } from '../protocol/buffers.js';
import type { Layout, Placed } from './analyse-sizes.js';
import { bufferText, isShaped } from './buffer-text.js';
import { lowerCase, toBytes } from './byte-text.js';
import type { Finding } from './finding.js';
import type { BufferSection, ContentMatch, Rule } from './ir.js';

const none: readonly Finding[] = [];
/** Whether two bytes at one place can both be right. */
function agree(a: ContentMatch, i: number, b: ContentMatch, j: number): boolean {
  if (a.bytes[i] === b.bytes[j]) return true;
  return (a.nocase || b.nocase) && lowerCase(a.bytes[i]) === lowerCase(b.bytes[j]);
}

/** Whether contents at these places want different bytes at one of them. */
function clash(a: Placed, b: Placed): boolean {
  const from = Math.max(a.from, b.from);
  const to = Math.min(a.from + a.content.bytes.length, b.from + b.content.bytes.length);
  for (let at = from; at < to; at++) if (!agree(a.content, at - a.from, b.content, at - b.from)) return true;
  return false;
}

export function show(c: ContentMatch): string {
  const text = toBytes(c.bytes)
    .map((b) => (b >= 0x20 && b < 0x7f && b !== 0x22 && b !== 0x7c ? String.fromCharCode(b) : `|${hex(b)}|`))
    .join('');
  return `"${text.replaceAll('||', ' ')}"`;
}

const hex = (b: number): string => b.toString(16).padStart(2, '0');

/** Contents at fixed places, counted from the beginning or from the end, that want different bytes. */
function clashes({ placed, size }: Layout, positive: readonly ContentMatch[]): readonly Finding[] {
  let ends = 0;
  for (let i = 0; i < positive.length; i++) if (positive[i].endsWith) ends++;
  if (placed.length < 2 && ends < 2 && (placed.length === 0 || ends === 0)) return none;
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
  /** Contents of a buffer that are looked at. */
  Contents = 256,
}

/** Whether `inner`, wherever it is not allowed, is a part of `outer`. */
function holds(outer: ContentMatch, inner: ContentMatch): boolean {
  if (outer.nocase && !inner.nocase && /[A-Za-z]/.test(inner.bytes)) return false;
  return inner.nocase ? lowerCase(outer.bytes).includes(lowerCase(inner.bytes)) : outer.bytes.includes(inner.bytes);
}

/** A content that must be there and, as it is or in part, must not be anywhere. */
function denied(contents: readonly ContentMatch[]): Finding[] {
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

/** Contents that the buffer cannot hold, or seldom does, by how it is made. */
function foreign(rule: Rule, buffer: BufferId, positive: readonly ContentMatch[]): Finding[] {
  const out: Finding[] = [];
  for (let i = 0; i < positive.length; i++) {
    const c = positive[i];
    const found = bufferText(buffer, rule.flow.direction, c);
    if (found !== null) out.push({ ...found, at: c });
  }
  return out;
}

/** `layout`: of the same section. */
export function textFindings(rule: Rule, section: BufferSection, layout: Layout): readonly Finding[] {
  const shaped = section.transforms.length === 0 && isShaped(section.buffer);
  if (section.matches.length < 2 && !shaped) return none;
  const contents: ContentMatch[] = [];
  const positive: ContentMatch[] = [];
  for (let i = 0; i < section.matches.length && contents.length < Bound.Contents; i++) {
    const m = section.matches[i];
    if (m.kind !== 'content') continue;
    contents.push(m);
    if (!m.negated) positive.push(m);
  }
  if (contents.length === 0 || (contents.length === 1 && !shaped)) return none;
  const out = positive.length > 1 ? [...clashes(layout, positive)] : [];
  if (positive.length > 0 && positive.length < contents.length) out.push(...denied(contents));
  if (shaped) out.push(...foreign(rule, section.buffer, positive));
  return out;
}
