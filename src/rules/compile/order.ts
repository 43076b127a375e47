/**
 * Order of evaluation: action, then rules that set flow bits before those that test them, flow integers, flow
 * variables, packet variables, host bits, xbits, priority, and at last order of loading (Suricata manual,
 * "Action-order" and "Rule sort order").
 */
import type { Action, Rule } from '../ir.js';

/** Suricata's default `action-order`; `config` rules come last. */
export const defaultActionOrder: readonly string[] = ['pass', 'drop', 'reject', 'alert'];

function actionName(action: Action): string {
  return action.startsWith('reject') ? 'reject' : action;
}

/** Rules that only set come first (0), then those that do both, then those that only test, then the others (3). */
function rank(sets: boolean, tests: boolean): number {
  if (sets) return tests ? 1 : 0;
  return tests ? 2 : 3;
}

const enum Radix {
  Rank = 4,
  Priority = 256,
  /** Rules of a set; their places take the low digits of the key. */
  Rules = 2 ** 24,
}

/** What of a rule decides its rank, gathered in one pass over its parts. */
interface Marks {
  setsBits: boolean;
  testsBits: boolean;
  setsInt: boolean;
  testsInt: boolean;
  flowVar: boolean;
  pktVar: boolean;
  setsHost: boolean;
  testsXbits: boolean;
  testsPair: boolean;
}

const marks: Marks = {
  setsBits: false,
  testsBits: false,
  setsInt: false,
  testsInt: false,
  flowVar: false,
  pktVar: false,
  setsHost: false,
  testsXbits: false,
  testsPair: false,
};

/** Borrowed until the next call. */
function marksOf({ effects, conditions, sections, captures }: Rule): Marks {
  const m = marks;
  m.setsBits = m.testsBits = m.setsInt = m.testsInt = m.flowVar = m.pktVar = false;
  m.setsHost = m.testsXbits = m.testsPair = false;
  for (let i = 0; i < effects.length; i++) {
    const e = effects[i];
    if (e.kind === 'flowbits') m.setsBits = true;
    else if (e.kind === 'flowint') m.setsInt = true;
    else if (e.kind === 'hostbits') m.setsHost = true;
  }
  for (let i = 0; i < conditions.length; i++) {
    const c = conditions[i];
    if (c.kind === 'flowbits') m.testsBits = true;
    else if (c.kind === 'flowint') m.testsInt = true;
    else if (c.kind === 'xbits') {
      if (c.track === 'ip_pair') m.testsPair = true;
      else m.testsXbits = true;
    }
  }
  for (let i = 0; captures && i < sections.length; i++) {
    const { matches } = sections[i];
    for (let j = 0; j < matches.length; j++) {
      const match = matches[j];
      if (match.kind !== 'pcre') continue;
      for (const { scope } of match.captures) {
        if (scope === 'flow') m.flowVar = true;
        else if (scope === 'pkt') m.pktVar = true;
      }
    }
  }
  return m;
}

/** Sort key of one rule as digits of one number, the weightiest first; smaller is evaluated earlier. */
function sortKey(rule: Rule, actions: readonly string[]): number {
  const at = actions.indexOf(actionName(rule.action));
  const m = marksOf(rule);
  let key = at < 0 ? actions.length : at;
  key = key * Radix.Rank + rank(m.setsBits, m.testsBits);
  key = key * Radix.Rank + rank(m.setsInt, m.testsInt);
  key = key * Radix.Rank + rank(m.flowVar, false);
  key = key * Radix.Rank + rank(m.pktVar, false);
  // Suricata 7.0.10 ranks rules that set host bits, not those that test them; with xbits it is the other way round.
  key = key * Radix.Rank + rank(m.setsHost, false);
  key = key * Radix.Rank + rank(false, m.testsXbits);
  key = key * Radix.Rank + rank(false, m.testsPair);
  return key * Radix.Priority + Math.min(rule.priority, Radix.Priority - 1);
}

/** Indexes of `rules` in order of evaluation. */
export function evaluationOrder(rules: readonly Rule[], actions: readonly string[] = defaultActionOrder): number[] {
  const keys = new Float64Array(rules.length);
  for (let i = 0; i < rules.length; i++) keys[i] = sortKey(rules[i], actions) * Radix.Rules + i;
  keys.sort();
  return Array.from(keys, (key) => key % Radix.Rules);
}
