/** Flowbits, flow variables, xbits and hostbits: tests that exclude each other, and names that nothing loaded writes. */
import type { Finding } from './finding.js';
import type { Condition, Rule } from './ir.js';

/** What a state condition asks about: names of one kind, kept per flow or per address. */
function asked(c: Condition): { kind: string; names: string[]; set: boolean; key: string } | null {
  switch (c.kind) {
    case 'flowbits':
      return { kind: 'flow', names: c.names, set: c.cmd === 'isset', key: 'flowbit' };
    case 'flowint':
      return { kind: 'flow', names: [c.name], set: c.op !== 'notset', key: 'flowint' };
    case 'xbits':
      return { kind: 'host', names: [c.name], set: c.cmd === 'isset', key: `xbit by ${c.track}` };
    case 'hostbits':
      return { kind: 'host', names: [c.name], set: c.cmd === 'isset', key: `hostbit by ${c.by}` };
    default:
      return null;
  }
}

/** Tests of one rule that exclude each other. */
export function stateFindings(rule: Rule): Finding[] {
  if (rule.conditions.length < 2) return [];
  const absent = new Set<string>();
  for (const c of rule.conditions) {
    const a = asked(c);
    if (a !== null && !a.set && a.names.length === 1) absent.add(`${a.key} ${a.names[0]}`);
  }
  if (absent.size === 0) return [];
  for (const c of rule.conditions) {
    const a = asked(c);
    if (a === null || !a.set || !a.names.every((name) => absent.has(`${a.key} ${name}`))) continue;
    const reason = `${a.names.join(' and ')} must be set and must not be set`;
    return [{ kind: 'never', reason, hint: 'remove one of the tests', at: c }];
  }
  return [];
}

const nothing: readonly string[] = [];

/** Names that a rule may set, with the kind before them. */
function written(rule: Rule): readonly string[] {
  if (rule.effects.length === 0 && !rule.captures) return nothing;
  const out: string[] = [];
  for (const e of rule.effects) {
    if (e.kind === 'flowbits' && e.cmd !== 'unset') out.push(...e.names.map((name) => `flow ${name}`));
    else if (e.kind === 'flowint') out.push(`flow ${e.name}`);
    else if ((e.kind === 'xbits' || e.kind === 'hostbits') && e.cmd !== 'unset') out.push(`host ${e.name}`);
  }
  for (const s of rule.sections)
    for (const m of s.matches)
      if (m.kind === 'pcre' && m.captures.length > 0) out.push(...m.captures.map((x) => `flow ${x.name}`));
  return out;
}

/** Whether one flow can have packets of both rules. */
function share(a: Rule, b: Rule): boolean {
  const [x, y] = [a.proto.ipProtos, b.proto.ipProtos];
  return x.length === 0 || y.length === 0 || x.some((p) => y.includes(p));
}

/**
 * Rules that wait for what no loaded rule sets: none at all, only rules that can never match themselves (`dead`, which
 * grows), only the rule itself, or only rules of other transport protocols.
 */
export function unsetState(rules: readonly Rule[], dead: Set<Rule>): { rule: Rule; finding: Finding }[] {
  const writers = new Map<string, Rule[]>();
  for (const rule of rules) {
    for (const name of written(rule)) {
      const list = writers.get(name);
      if (list === undefined) writers.set(name, [rule]);
      else if (list[list.length - 1] !== rule) list.push(rule);
    }
  }
  const out: { rule: Rule; finding: Finding }[] = [];
  let open = rules.filter(
    (rule) => rule.conditions.length > 0 && !dead.has(rule) && rule.conditions.some((c) => asked(c)?.set === true),
  );
  // Each round either finds another rule that can never match or is the last.
  for (let before = -1; before !== out.length; ) {
    before = out.length;
    open = open.filter((rule) => {
      const finding = missing(rule, writers, dead);
      if (finding === null) return true;
      dead.add(rule);
      out.push({ rule, finding });
      return false;
    });
  }
  return out;
}

function missing(rule: Rule, writers: ReadonlyMap<string, Rule[]>, dead: ReadonlySet<Rule>): Finding | null {
  for (const c of rule.conditions) {
    const a = asked(c);
    if (a === null || !a.set) continue;
    const all = a.names.flatMap((name) => writers.get(`${a.kind} ${name}`) ?? []);
    const able = all.filter((w) => w !== rule && !dead.has(w) && (a.kind === 'host' || share(w, rule)));
    if (able.length > 0) continue;
    const names = a.names.join(' or ');
    const reason =
      all.length === 0
        ? `no loaded rule sets ${c.kind} ${names}`
        : `${c.kind} ${names} is set by ${sids(all)} alone, which cannot come first on the same ${a.kind}`;
    return { kind: 'never', reason, hint: 'load or enable a rule that sets it', at: c };
  }
  return null;
}

const enum Shown {
  Sids = 5,
}

function sids(rules: readonly Rule[]): string {
  const list = rules.slice(0, Shown.Sids).map((rule) => rule.sid);
  return `${list.length === 1 ? 'rule' : 'rules'} ${list.join(', ')}${rules.length > list.length ? ' …' : ''}`;
}
