/** Rules that are tried more often than they need be: what is searched for first, and expressions that run long. */
import { BufferId, buffers, isTxBuffer } from '../protocol/buffers.js';
import { show } from './analyse-text.js';
import { chooseFastPattern, type FastPattern, searchedLiterals } from './compile/fast-pattern.js';
import type { Finding } from './finding.js';
import type { BufferSection, ContentMatch, PcreMatch, Rule } from './ir.js';
import { isOrdinary } from './ordinary.js';

const enum Cost {
  /** A pattern this short is met everywhere. */
  ShortPattern = 2,
}

const costly = (reason: string, hint: string, at: Finding['at']): Finding => ({ kind: 'costly', reason, hint, at });
const nameOf = (buffer: BufferId): string =>
  buffer === BufferId.Payload ? 'the payload' : (buffers.get(buffer)?.name ?? '');

/** Rules that wait for an event or a flowbit, or have a prefilter, are not tried on everything. */
function isGated(rule: Rule): boolean {
  return (
    rule.prefilter !== null ||
    rule.conditions.some(
      (c) => c.kind === 'event' || (c.kind === 'flowbits' && c.cmd === 'isset') || c.kind === 'number',
    )
  );
}

/** The content that would do better than `poor`, if there is one. */
function better(
  sections: readonly BufferSection[],
  poor: ContentMatch | null,
): { content: ContentMatch; buffer: BufferId } | null {
  let best: { content: ContentMatch; buffer: BufferId } | null = null;
  for (const { buffer, matches } of sections) {
    if (buffer !== BufferId.Payload && !isTxBuffer(buffer)) continue;
    for (const m of matches) {
      if (m.kind !== 'content' || m.negated || m === poor || m.bytes.length <= Cost.ShortPattern) continue;
      if (isOrdinary(buffer, m.bytes)) continue;
      if (best === null || m.bytes.length > best.content.bytes.length) best = { content: m, buffer };
    }
  }
  return best;
}

function poorPattern(sections: readonly BufferSection[], fast: FastPattern): Finding | null {
  const { buffer } = sections[fast.section];
  const short = fast.bytes.length <= Cost.ShortPattern;
  if (!short && !isOrdinary(buffer, fast.bytes)) return null;
  const other = better(sections, fast.content);
  const hint =
    other === null
      ? 'add a longer and rarer content that every match has'
      : `give ${show(other.content)} in ${nameOf(other.buffer)} the fast_pattern`;
  const what = short ? `has ${fast.bytes.length === 1 ? 'one byte' : 'two bytes'}` : 'is in most ordinary messages';
  return costly(
    `what is searched for first, ${show({ ...fast.content, bytes: fast.bytes })} in ${nameOf(buffer)}, ${what}`,
    hint,
    fast.content,
  );
}

/** A rule with buffers but nothing that can be searched for. */
function noPattern(rule: Rule, sections: readonly BufferSection[]): Finding | null {
  const matches = sections.flatMap((s) => s.matches);
  if (matches.length === 0 || isGated(rule)) return null;
  const where = [...new Set(sections.map((s) => nameOf(s.buffer)))].join(', ');
  const pcre = matches.find((m) => m.kind === 'pcre');
  if (pcre !== undefined)
    return costly(
      `a pcre without a content is tried on every ${where}`,
      'add a content that the expression implies',
      pcre,
    );
  const negated = matches.find((m) => m.kind === 'content');
  if (negated !== undefined)
    return costly(
      `all its contents are negated, so that it is tried on every ${where}`,
      'add a content that must be there',
      negated,
    );
  return costly(`it has no content and is tried on every ${where}`, 'add a content that must be there', matches[0]);
}

/** One repeated atom within a repeated group: the time grows with every byte as a power of two. */
const nested = /\((?:\?:)?(?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\()[\]|])[+*]\)[+*]/;

function expression(m: PcreMatch): Finding | null {
  if (nested.test(m.expr))
    return costly('a repeated group within the expression repeats by itself', 'write one of the two repetitions', m);
  if (/^\.[*+](?![?+])/.test(m.expr) && !m.flags.includes('A') && m.captures.length === 0)
    return costly(
      'the expression begins with .* and is tried anew from every byte',
      'leave .* out, or begin with ^',
      m,
    );
  return null;
}

/** Whether what a pcre cannot match without is searched for instead. */
function isHelped(sections: readonly BufferSection[], fast: FastPattern | null): boolean {
  const inTx = sections.some((s) => isTxBuffer(s.buffer));
  const found = searchedLiterals(sections, fast, (s) => isTxBuffer(s.buffer) === inTx);
  if (found === null || found.literals[0] === fast?.bytes) return false;
  const { buffer } = sections[found.section];
  return found.literals.every((bytes) => bytes.length > Cost.ShortPattern && !isOrdinary(buffer, bytes));
}

export function costFindings(rule: Rule, sections: readonly BufferSection[]): Finding[] {
  const out: Finding[] = [];
  const fast = chooseFastPattern(sections);
  const found = fast === null || fast.content.negated ? noPattern(rule, sections) : poorPattern(sections, fast);
  if (found !== null && !isHelped(sections, fast)) out.push(found);
  for (const s of sections)
    for (const m of s.matches) {
      const slow = m.kind === 'pcre' ? expression(m) : null;
      if (slow !== null) out.push(slow);
    }
  return out;
}
