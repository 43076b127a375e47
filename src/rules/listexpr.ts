/**
 * The list syntax that addresses and ports share (user guide, "Source and destination"): items between commas,
 * `!` before an item (repeated, it counts once), a trailing comma is ignored, `[…]` around a list, `$NAME` for a
 * variable. A list means all its wanted items less all its unwanted ones; a list or variable inside it without `!` is
 * spliced in. A negated list is for addresses the complement of what it means; for ports Suricata flips each of its items.
 */
import { RuleFault } from './faults.js';
import type { Variables } from './variables.js';

const enum ListLimit {
  /** Brackets and variables nested at most (Suricata refuses more than 64 levels). */
  Depth = 64,
}

interface ListVisitor {
  /** One item without `!`, brackets or variable. */
  item(text: string, negated: boolean): void;
  /** A negated list, in brackets or named: what is inside. Absent: its items are visited with the opposite sign. */
  negatedList?(text: string, depth: number): void;
}

/** Visits every item of `text`. */
export function walkList(text: string, vars: Variables, visit: ListVisitor, negated = false, depth = 0): void {
  if (depth > ListLimit.Depth) throw new RuleFault(`${vars.kind} list is nested more than ${ListLimit.Depth} deep`);
  let at = 0;
  const t = text.trim();
  if (t === '') throw new RuleFault(`empty ${vars.kind} list`, 'write any, or at least one item');
  while (at < t.length) {
    const stop = endOfItem(t, at, vars.kind);
    walkItem(t.slice(at, stop), vars, visit, negated, depth);
    at = stop + 1;
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
      if (open < 0) throw new RuleFault(`unmatched "]" in ${kind} list`, 'remove it, or open it with [');
    } else if (c === 0x2c && open === 0) return i;
  }
  if (open > 0) throw new RuleFault(`"[" without "]" in ${kind} list`, 'close it with ]');
  return t.length;
}

function walkItem(raw: string, vars: Variables, visit: ListVisitor, negated: boolean, depth: number): void {
  let t = raw.trim();
  let flipped = false;
  while (t.charCodeAt(0) === 0x21) {
    flipped = true;
    t = t.slice(1).trim();
  }
  if (t === '') throw new RuleFault(`empty item in ${vars.kind} list`, 'remove the extra comma or "!"');
  const inner = (text: string): void => {
    if (flipped && visit.negatedList !== undefined) visit.negatedList(text, depth + 1);
    else walkList(text, vars, visit, negated !== flipped, depth + 1);
  };
  if (t.charCodeAt(0) === 0x5b) {
    if (t.charCodeAt(t.length - 1) !== 0x5d)
      throw new RuleFault(`unexpected text after "]" in ${vars.kind} list`, 'separate the parts of a list with commas');
    inner(t.slice(1, -1));
  } else if (t.charCodeAt(0) === 0x24) vars.expand(t.slice(1), inner);
  else visit.item(t, negated !== flipped);
}
