/**
 * What is true of rules that load but not as their authors will want it. Three kinds, told by how the remark begins:
 * "can never match" (proven: no traffic makes the rule match), "seldom matches" (only odd traffic does, so that something
 * else was probably meant), "costly" (it is tried far more often than it need be).
 */
import { costFindings } from './analyse-cost.js';
import { packetFindings } from './analyse-packet.js';
import { layoutOf, sizeFindings } from './analyse-sizes.js';
import { stateFindings, unsetState } from './analyse-state.js';
import { textFindings } from './analyse-text.js';
import type { Finding } from './finding.js';
import type { Rule, RuleNote, RuleSet } from './ir.js';
import { columnOf } from './option-place.js';

const words = { never: 'can never match', seldom: 'seldom matches', costly: 'costly' };

function note(rule: Rule, { kind, reason, hint, at }: Finding): RuleNote {
  const { file, line, sid } = rule;
  return { file, line, column: columnOf(rule, at), sid, reason: `${words[kind]}: ${reason}`, hint };
}

/** Remarks on one rule by itself. What can never match is not judged further. */
export function ruleFindings(rule: Rule): Finding[] {
  const never = [...packetFindings(rule), ...stateFindings(rule)];
  for (const section of rule.sections) {
    const layout = layoutOf(rule, section);
    never.push(...sizeFindings(layout), ...textFindings(rule, section, layout));
  }
  return never.some((f) => f.kind === 'never') ? never : [...never, ...costFindings(rule, rule.sections)];
}

/** Adds the remarks on all rules, and those that need all of them, to the set's warnings. */
export function analyseSet(set: RuleSet): void {
  const dead = new Set<Rule>();
  for (const rule of set.rules) {
    for (const finding of ruleFindings(rule)) {
      if (finding.kind === 'never') dead.add(rule);
      set.warnings.push(note(rule, finding));
    }
  }
  for (const { rule, finding } of unsetState(set.rules, dead)) set.warnings.push(note(rule, finding));
}
