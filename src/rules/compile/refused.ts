/** Rules that loaded and that the tables cannot hold: they count as refused, never as loaded. */
import type { RuleNote, RuleSet } from '../ir.js';

/** The set's notes on refused rules with those of the compiler, each rule once, and how many rules are left. */
export function withRefused(set: RuleSet, refused: readonly RuleNote[]): { loaded: number; failed: RuleNote[] } {
  const places = new Map(refused.map((note) => [`${note.file}:${note.line}`, note]));
  const hint = 'split the rule in two and join them with flowbits';
  return {
    loaded: set.rules.length - places.size,
    failed: [...set.failed, ...[...places.values()].map((note) => ({ ...note, hint: note.hint ?? hint }))],
  };
}
