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

/** Remarks on one rule by itself. What can never match is not judged further; nor is, without `costs`, what a rule costs. */
function ruleFindings(rule: Rule, costs: boolean): readonly Finding[] {
  let found = joined(packetFindings(rule), stateFindings(rule));
  for (let i = 0; i < rule.sections.length; i++) {
    const section = rule.sections[i];
    const layout = layoutOf(rule, section);
    found = joined(joined(found, sizeFindings(layout)), textFindings(rule, section, layout));
  }
  if (!costs) return found;
  for (let i = 0; i < found.length; i++) if (found[i].kind === 'never') return found;
  return joined(found, costFindings(rule, rule.sections));
}

/** Most lists are empty: none is copied for another that is. */
function joined(a: readonly Finding[], b: readonly Finding[]): readonly Finding[] {
  if (a.length === 0) return b;
  return b.length === 0 ? a : [...a, ...b];
}

/** Adds the remarks on all rules, and those that need all of them, to the set's warnings. */
export function analyseSet(set: RuleSet, costs: boolean): void {
  const dead = new Set<Rule>();
  for (let i = 0; i < set.rules.length; i++) {
    const rule = set.rules[i];
    const found = ruleFindings(rule, costs);
    for (let n = 0; n < found.length; n++) {
      const finding = found[n];
      if (finding.kind === 'never') dead.add(rule);
      set.warnings.push(note(rule, finding));
    }
  }
  for (const { rule, finding } of unsetState(set.rules, dead)) set.warnings.push(note(rule, finding));
}
