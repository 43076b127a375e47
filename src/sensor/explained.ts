/** The rule that a run is to explain: finding it among the loaded ones, and what was recorded joined with its meaning. */
import { PeccaryError } from '../core/errors.js';
import { nearest } from '../core/near-miss.js';
import type { ExplainRequest, Explanation } from '../detect/trace.js';
import type { CompiledRules } from '../rules/compile/compile.js';
import { RuleCol, SectionCol, SectionFlag } from '../rules/compile/layout.js';
import { mergedSections } from '../rules/compile/rule-sections.js';
import type { BufferSection, Rule, RuleSet } from '../rules/ir.js';
import { type Candidate, candidatesOf } from '../rules/manage/candidates.js';
import { readRuleFile } from '../rules/rule-files.js';
import { settersOf } from './explain-setters.js';

export interface RuleId {
  /** null: whichever it is. */
  gid: number | null;
  sid: number;
}

/** A section of a rule in the order in which it is looked at. */
export type SectionSource =
  | { kind: 'buffer'; section: BufferSection }
  | { kind: 'event'; event: number }
  | { kind: 'files' };

export interface Explained {
  rule: Rule;
  sections: SectionSource[];
  explanation: Explanation;
  /** Rules that the explanation names, by number. */
  named: Record<number, Pick<Rule, 'gid' | 'sid' | 'rev' | 'msg' | 'action' | 'file' | 'line'>>;
}

/** What the worker is to record for the rule with this id. Throws as rulesWithId. */
export function explainRequest(set: RuleSet, compiled: CompiledRules, id: RuleId): ExplainRequest {
  const rules = rulesWithId(set, compiled, id);
  return { rules, setters: settersOf(compiled.rules, rules) };
}

/** Numbers of the rules with this id. Throws PeccaryError that says why there is none, or what to write instead. */
function rulesWithId(set: RuleSet, compiled: CompiledRules, { gid, sid }: RuleId): number[] {
  const found = compiled.rules.flatMap((r, n) => (r.sid === sid && (gid === null || r.gid === gid) ? [n] : []));
  const gids = [...new Set(found.map((n) => compiled.rules[n].gid))];
  if (gids.length > 1) {
    const all = gids.map((g) => `${g}:${sid}`).join(', ');
    throw new PeccaryError('usage', `${sid}: several rules have this number: write one of ${all}`);
  }
  if (found.length > 0) return found;
  const text = gid === null ? String(sid) : `${gid}:${sid}`;
  const note = [...set.failed, ...compiled.refused, ...set.skipped].find((n) => n.sid === sid);
  if (note !== undefined) {
    const why = `${note.file}:${note.line}:${note.column}: ${note.reason}${note.hint === null ? '' : `; ${note.hint}`}`;
    throw new PeccaryError('rules', `${text}: this rule was not loaded: ${why}`);
  }
  const otherGid = compiled.rules.find((r) => r.sid === sid);
  if (otherGid !== undefined) {
    throw new PeccaryError('usage', `${text}: no such rule is loaded; write ${otherGid.gid}:${sid}`);
  }
  const off = commentedOut(set, { gid, sid });
  if (off !== null) {
    const how = 'take out the # or name it in a list for --enable-conf';
    throw new PeccaryError('usage', `${text}: this rule is commented out in ${off.path}:${off.line}: ${how}`);
  }
  const meant = nearest(
    String(sid),
    compiled.rules.map((r) => String(r.sid)),
  );
  const hint =
    meant === null
      ? 'see `peccary rules list` for those that are, and -S for loading others'
      : `did you mean ${meant}?`;
  throw new PeccaryError('usage', `${text}: no such rule is loaded; ${hint}`);
}

/** Where a rule stands that is commented out in a file of the loaded ones. */
function commentedOut(set: RuleSet, { gid, sid }: RuleId): Candidate | null {
  for (const path of new Set([...set.rules, ...set.failed, ...set.skipped].map((r) => r.file))) {
    const all = candidatesOf({ path, text: readRuleFile(path) });
    const found = all.find((c) => !c.enabled && c.sid === sid && (gid === null || c.gid === gid));
    if (found !== undefined) return found;
  }
  return null;
}

/** The sections of a rule, in the order of its rows. Programs were emitted in the order of the merged sections. */
function sectionSources(compiled: CompiledRules, n: number): SectionSource[] {
  const first = compiled.table[n * RuleCol.Stride + RuleCol.Sections];
  const count = compiled.table[n * RuleCol.Stride + RuleCol.SectionCount];
  const rows = Array.from({ length: count }, (_, i) => (first + i) * SectionCol.Stride);
  const of = (row: number, col: SectionCol): number => compiled.sections[row + col];
  const isBuffer = (row: number): boolean => (of(row, SectionCol.Flags) & (SectionFlag.Event | SectionFlag.File)) === 0;
  const emitted = rows.filter(isBuffer).sort((a, b) => of(a, SectionCol.Code) - of(b, SectionCol.Code));
  const merged = mergedSections(compiled.rules[n]);
  return rows.map((row) => {
    if ((of(row, SectionCol.Flags) & SectionFlag.Event) !== 0) return { kind: 'event', event: of(row, SectionCol.Arg) };
    if (!isBuffer(row)) return { kind: 'files' };
    return { kind: 'buffer', section: merged[emitted.indexOf(row)] };
  });
}

/** Joins what was recorded with the rule's meaning. */
export function explained(compiled: CompiledRules, explanation: Explanation): Explained {
  const n = explanation.rules[0];
  const named: Explained['named'] = {};
  const traces = [...explanation.fired, ...explanation.reasons.map((r) => r.first), explanation.nearest];
  const numbers = [...explanation.setters.map((s) => s.rule), ...traces.map((t) => t?.closedBy ?? -1)];
  for (const number of numbers) {
    if (number < 0) continue;
    const { gid, sid, rev, msg, action, file, line } = compiled.rules[number];
    named[number] = { gid, sid, rev, msg, action, file, line };
  }
  return { rule: compiled.rules[n], sections: sectionSources(compiled, n), explanation, named };
}
