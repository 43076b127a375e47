/**
 * Rules that others need: as suricata-update does, what sets, toggles or unsets a flowbit that an enabled rule tests is
 * switched on, without alerts of its own, until nothing more is needed.
 */
import { type Candidate, isSilent, optionValues } from './candidates.js';
import { asSilent } from './changes.js';

interface Bits {
  tested: string[];
  written: string[];
}

function bitsOf(rule: Candidate): Bits | null {
  if (!/flowbits/i.test(rule.text)) return null;
  const bits: Bits = { tested: [], written: [] };
  for (const value of optionValues(rule.text, 'flowbits')) {
    const m = /^(set|unset|toggle|isset|isnotset)\s*,\s*(.+)$/i.exec(value);
    if (m === null) continue;
    const names = m[2].split('|').map((name) => name.trim());
    (m[1].toLowerCase().startsWith('is') ? bits.tested : bits.written).push(...names);
  }
  return bits;
}

/** Switches on what is needed; returns those rules. Each rule is looked at once when it is switched on. */
export function enableNeeded(rules: readonly Candidate[]): Candidate[] {
  const all = new Map<Candidate, Bits>();
  const writers = new Map<string, Candidate[]>();
  for (const rule of rules) {
    const bits = bitsOf(rule);
    if (bits === null) continue;
    all.set(rule, bits);
    for (const name of bits.written) {
      const known = writers.get(name);
      if (known === undefined) writers.set(name, [rule]);
      else known.push(rule);
    }
  }
  const added: Candidate[] = [];
  const open = [...all.keys()].filter((rule) => rule.enabled);
  for (let rule = open.pop(); rule !== undefined; rule = open.pop()) {
    for (const name of all.get(rule)?.tested ?? []) {
      for (const writer of writers.get(name) ?? []) {
        if (writer.enabled) continue;
        writer.enabled = true;
        if (!isSilent(writer.text)) writer.text = asSilent(writer.text);
        added.push(writer);
        open.push(writer);
      }
      writers.delete(name);
    }
  }
  return added;
}
