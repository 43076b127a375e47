/**
 * The list syntax that addresses and ports share (user guide, "Source and destination"): items between commas,
 * `!` before an item (repeated, it counts once), a trailing comma is ignored, `[…]` around a list, `$NAME` for a variable. Suricata reads a nested negation as parity:
 * an item under an even number of `!` is wanted, under an odd number unwanted, and the result is
 * all wanted items less all unwanted ones.
 */
import { RuleFault } from './faults.js';
import type { Variables } from './variables.js';

const enum ListLimit {
  /** Brackets and variables nested at most (Suricata refuses more than 64 levels). */
  Depth = 64,
}

/** Calls `item` for every leaf of `text` with its parity. */
export function walkList(
  text: string,
  vars: Variables,
  item: (text: string, negated: boolean) => void,
  negated = false,
  depth = 0,
): void {
  if (depth > ListLimit.Depth) throw new RuleFault(`${vars.kind} list is nested more than ${ListLimit.Depth} deep`);
  let at = 0;
  const t = text.trim();
  if (t === '') throw new RuleFault(`empty ${vars.kind} list`, 'write any, or at least one item');
  while (at <= t.length) {
    const stop = endOfItem(t, at, vars.kind);
    walkItem(t.slice(at, stop), vars, item, negated, depth);
    at = stop + 1;
    if (at >= t.length) break;
  }
}

/** Offset of the comma that ends the item at `at`, or the end. */
function endOfItem(t: string, at: number, kind: string): number {
  let open = 0;
  for (let i = at; i < t.length; i++) {
    const c = t.charCodeAt(i);
    if (c === 0x5b) open++;
    else if (c === 0x5d) {
      open--;
      if (open < 0) throw new RuleFault(`unmatched "]" in ${kind} list`, null);
    } else if (c === 0x2c && open === 0) return i;
  }
  if (open > 0) throw new RuleFault(`"[" without "]" in ${kind} list`, null);
  return t.length;
}

function walkItem(
  raw: string,
  vars: Variables,
  item: (text: string, negated: boolean) => void,
  negated: boolean,
  depth: number,
): void {
  let t = raw.trim();
  let neg = negated;
  if (t.charCodeAt(0) === 0x21) {
    neg = !neg;
    while (t.charCodeAt(0) === 0x21) t = t.slice(1).trim();
  }
  if (t === '') throw new RuleFault(`empty item in ${vars.kind} list`, 'remove the extra comma or "!"');
  if (t.charCodeAt(0) === 0x5b) {
    if (t.charCodeAt(t.length - 1) !== 0x5d) throw new RuleFault(`unexpected text after "]" in ${vars.kind} list`, null);
    walkList(t.slice(1, -1), vars, item, neg, depth + 1);
  } else if (t.charCodeAt(0) === 0x24) {
    vars.expand(t.slice(1), (value) => walkList(value, vars, item, neg, depth + 1));
  } else item(t, neg);
}
