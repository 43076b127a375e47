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

/** Rules that only set come first (3), then those that do both, then those that only test, then the others (0). */
function rank(sets: boolean, tests: boolean): number {
  if (sets) return tests ? 2 : 3;
  return tests ? 1 : 0;
}

function captures(rule: Rule, scope: 'flow' | 'pkt'): boolean {
  return rule.sections.some((s) =>
    s.matches.some((m) => m.kind === 'pcre' && m.captures.some((c) => c.scope === scope)),
  );
}

/** Sort key of one rule: compared element by element, smaller first. */
function sortKey(rule: Rule, actions: readonly string[]): number[] {
  const at = actions.indexOf(actionName(rule.action));
  const key = [at < 0 ? actions.length : at];
  for (const kind of ['flowbits', 'flowint'] as const) {
    key.push(
      -rank(
        rule.effects.some((e) => e.kind === kind),
        rule.conditions.some((c) => c.kind === kind),
      ),
    );
  }
  key.push(-rank(captures(rule, 'flow'), false), -rank(captures(rule, 'pkt'), false));
  // Suricata 7.0.10 ranks rules that set host bits, not those that test them; with xbits it is the other way round.
  key.push(
    -rank(
      rule.effects.some((e) => e.kind === 'hostbits'),
      false,
    ),
  );
  key.push(
    -rank(
      false,
      rule.conditions.some((c) => c.kind === 'xbits' && c.track !== 'ip_pair'),
    ),
  );
  key.push(
    -rank(
      false,
      rule.conditions.some((c) => c.kind === 'xbits' && c.track === 'ip_pair'),
    ),
  );
  key.push(rule.priority);
  return key;
}

/** Indexes of `rules` in order of evaluation. */
export function evaluationOrder(rules: readonly Rule[], actions: readonly string[] = defaultActionOrder): number[] {
  const keys = rules.map((r) => sortKey(r, actions));
  return rules
    .map((_, i) => i)
    .sort((a, b) => {
      const ka = keys[a];
      const kb = keys[b];
      for (let i = 0; i < ka.length; i++) if (ka[i] !== kb[i]) return ka[i] - kb[i];
      return a - b;
    });
}
