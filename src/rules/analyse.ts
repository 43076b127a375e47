/** What is true of a rule but not as its author will want it: it can never match, or it costs much. */
import { BufferId } from '../protocol/buffers.js';
import type { Rule, RuleNote, RuleSet } from './ir.js';

const enum Costly {
  /** A fast pattern this short is met everywhere. */
  ShortPattern = 2,
}

function note(rule: Rule, reason: string, hint: string | null): RuleNote {
  return { file: rule.file, line: rule.line, column: 1, sid: rule.sid, reason, hint };
}

/** Remarks on one rule by itself. */
export function analyseRule(rule: Rule, out: RuleNote[]): void {
  if (
    rule.flow.state === 'not_established' &&
    rule.sections.some((s) => s.buffer !== BufferId.Payload && s.buffer < BufferId.Ipv4Hdr)
  ) {
    out.push(note(rule, 'can never match: application data needs an established flow', 'remove not_established'));
  }
  const length = lengthContradiction(rule);
  if (length !== null) out.push(note(rule, `can never match: ${length}`, 'correct the sizes'));
  let longest = 0;
  let hasPcre = false;
  for (const s of rule.sections) {
    for (const m of s.matches) {
      if (m.kind === 'pcre') hasPcre = true;
      else if (m.kind === 'content' && !m.negated && m.bytes.length > longest) longest = m.bytes.length;
    }
  }
  if (longest === 0 && hasPcre) {
    out.push(
      note(
        rule,
        'costly: a pcre without a content is tried on everything',
        'add a content that the expression implies',
      ),
    );
  } else if (longest > 0 && longest <= Costly.ShortPattern) {
    out.push(note(rule, 'costly: its longest content has one or two bytes', 'add a longer content'));
  }
}

/** Two size tests of one buffer that exclude each other. */
function lengthContradiction(rule: Rule): string | null {
  for (const s of rule.sections) {
    let lo = 0;
    let hi = Number.POSITIVE_INFINITY;
    for (const m of s.matches) {
      if (m.kind !== 'bsize') continue;
      const { op } = m.test;
      if (op === '=' || op === 'in') {
        lo = Math.max(lo, m.test.lo);
        hi = Math.min(hi, m.test.hi);
      } else if (op === '<' || op === '<=') hi = Math.min(hi, op === '<' ? m.test.hi - 1 : m.test.hi);
      else if (op === '>' || op === '>=') lo = Math.max(lo, op === '>' ? m.test.lo + 1 : m.test.lo);
    }
    if (lo > hi) return `no length is at least ${lo} and at most ${hi}`;
  }
  return null;
}

/** Remarks that need all rules: flowbits that are tested but never set. */
export function analyseSet(set: RuleSet): void {
  const written = new Set<string>();
  for (const rule of set.rules) {
    for (const e of rule.effects) if (e.kind === 'flowbits') for (const n of e.names) written.add(n);
  }
  for (const rule of set.rules) {
    for (const c of rule.conditions) {
      if (c.kind === 'flowbits' && c.cmd === 'isset' && !c.names.some((n) => written.has(n))) {
        set.warnings.push(
          note(
            rule,
            `can never match: no loaded rule sets flowbit ${c.names.join(' or ')}`,
            'load the rule that sets it',
          ),
        );
      }
    }
  }
}
