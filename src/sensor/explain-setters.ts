/** The rules that set what a rule tests: flowbits, flowints, host bits and xbits. */
import type { Rule } from '../rules/ir.js';

/** Setters that are followed. */
const MaxSetters = 64;

function namesTested(rule: Rule): Set<string> {
  const out = new Set<string>();
  for (const c of rule.conditions) {
    if (c.kind === 'flowbits') for (const name of c.names) out.add(`flowbits ${name}`);
    else if (c.kind === 'flowint' || c.kind === 'hostbits' || c.kind === 'xbits') out.add(`${c.kind} ${c.name}`);
  }
  return out;
}

function namesSet(rule: Rule): string[] {
  return rule.effects.flatMap((e) => {
    if (e.kind === 'flowbits') return e.cmd === 'unset' ? [] : e.names.map((name) => `flowbits ${name}`);
    if (e.kind === 'flowint') return [`flowint ${e.name}`];
    if (e.kind === 'hostbits' || e.kind === 'xbits') return e.cmd === 'unset' ? [] : [`${e.kind} ${e.name}`];
    return [];
  });
}

/** Setters of what the rules `asked` (numbers in `rules`) test, in order of evaluation, at most MaxSetters. */
export function settersOf(rules: readonly Rule[], asked: readonly number[]): { name: string; rule: number }[] {
  const tested = namesTested(rules[asked[0]]);
  if (tested.size === 0) return [];
  const setters = rules.flatMap((rule, n) =>
    asked.includes(n)
      ? []
      : namesSet(rule)
          .filter((name) => tested.has(name))
          .map((name) => ({ name, rule: n })),
  );
  return setters.slice(0, MaxSetters);
}
