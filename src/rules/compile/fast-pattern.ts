/**
 * Choice of the content that the multi-pattern matcher looks for (Suricata manual, "Suricata Fast Pattern
 * Determination Explained"): the one marked fast_pattern, else, in the buffers of the best priority, the longest,
 * and among those the one with the rarest bytes.
 */
import { BufferId, BufferKind, buffers } from '../../protocol/buffers.js';
import type { BufferSection, ContentMatch } from '../ir.js';
import { requiredLiterals, ShortestLiteral } from './required-literals.js';

export interface FastPattern {
  /** Index into the sections given. */
  section: number;
  content: ContentMatch;
  /** The bytes to look for: the content, its chop, or a part of it. */
  bytes: string;
}

/** Suricata's priorities: smaller is better. */
function priority(buffer: BufferId): number {
  switch (buffer) {
    case BufferId.HttpMethod:
    case BufferId.HttpStatCode:
    case BufferId.HttpStatMsg:
    case BufferId.Payload:
      return 3;
    default:
      return 2;
  }
}

/** Packet headers and decoded data have no database: their content is only verified. */
function searchable(section: BufferSection): boolean {
  const kind = buffers.get(section.buffer)?.kind;
  return kind === BufferKind.Payload || kind === BufferKind.Http || kind === BufferKind.File;
}

/** By byte: the call of patternStrength that met it last. */
const met = new Float64Array(256);
let round = 0;

/**
 * How rarely the bytes of a pattern occur in ordinary traffic: letters 3, common binary values 2 or 4, others 6, and
 * 1 for a byte that was met before in the pattern.
 */
export function patternStrength(bytes: string): number {
  let sum = 0;
  round++;
  for (let i = 0; i < bytes.length; i++) {
    const b = bytes.charCodeAt(i) & 0xff;
    if (met[b] === round) {
      sum += 1;
      continue;
    }
    met[b] = round;
    sum += rarity(b);
  }
  return sum;
}

/** What a byte adds to the strength of a pattern that it is new to. */
export function rarity(b: number): number {
  if ((b >= 0x41 && b <= 0x5a) || (b >= 0x61 && b <= 0x7a)) return 3;
  if (b >= 0x20 && b < 0x7f) return 4;
  return b === 0x00 || b === 0x01 || b === 0xff ? 4 : 6;
}

/** A part of no bytes counts as the whole. */
function chopped(c: ContentMatch): string {
  return c.fastPatternChop === null || c.fastPatternChop[1] === 0
    ? c.bytes
    : c.bytes.slice(c.fastPatternChop[0], c.fastPatternChop[0] + c.fastPatternChop[1]);
}

/** The fast pattern of a rule's sections, or null when it has no content to look for. */
export function chooseFastPattern(sections: readonly BufferSection[]): FastPattern | null {
  let best: FastPattern | null = null;
  let bestPriority = 0;
  for (let i = 0; i < sections.length; i++) {
    if (!searchable(sections[i])) continue;
    for (const m of sections[i].matches) {
      if (m.kind !== 'content') continue;
      if (m.fastPattern || m.fastPatternOnly) return { section: i, content: m, bytes: chopped(m) };
      if (m.bytes.length === 0) continue;
      const p = priority(sections[i].buffer) + (m.negated ? 10 : 0);
      if (best !== null && p >= bestPriority) {
        if (p > bestPriority || m.bytes.length < best.bytes.length) continue;
        if (m.bytes.length === best.bytes.length && patternStrength(m.bytes) <= patternStrength(best.bytes)) continue;
      }
      best = { section: i, content: m, bytes: m.bytes };
      bestPriority = p;
    }
  }
  return best;
}

/** What is looked for on behalf of a rule: any of the literals, in the buffer of a section. */
export interface SearchedLiterals {
  section: number;
  literals: readonly string[];
}

/**
 * What makes a rule a candidate: its fast pattern; when it has none of use, what its pcre cannot match without. Null
 * when every buffer has to be tried.
 *
 * @param wanted sections whose buffers the rule's kind is searched in
 */
export function searchedLiterals(
  sections: readonly BufferSection[],
  fast: FastPattern | null,
  wanted: (section: BufferSection) => boolean,
): SearchedLiterals | null {
  const own = fast === null || fast.content.negated ? null : { section: fast.section, literals: [fast.bytes] };
  if (own !== null && (fast?.content.fastPattern || own.literals[0].length >= ShortestLiteral)) return own;
  let best: SearchedLiterals | null = null;
  sections.forEach((s, section) => {
    if (!searchable(s) || !wanted(s)) return;
    for (const m of s.matches) {
      if (m.kind !== 'pcre' || m.negated) continue;
      const found = requiredLiterals(m.expr, m.flags);
      if (found === null || (best !== null && best.literals.length <= found.length)) continue;
      best = { section, literals: found };
    }
  });
  return best ?? own;
}
