/** flowbits, flowint, xbits, hostbits: what earlier rules left behind (user guide, "Flow Keywords", "Xbits Keyword"). */
import type { RuleBuilder } from '../builder.js';
import { RuleFault, RuleSkip } from '../faults.js';
import type { Condition, Effect } from '../ir.js';
import { parseDecimal } from '../numbers.js';
import type { Keyword } from './keyword.js';

const tests = new Set(['isset', 'isnotset']);
const changes = new Set(['set', 'unset', 'toggle']);

function applyFlowbits(b: RuleBuilder, value: string): void {
  const m = /^([a-z]+)(?:,\s*(.*))?$/.exec(value.trim());
  if (m === null) throw new RuleFault(`flowbits:${value} is not understood`, 'write flowbits:set,NAME');
  const [, cmd, rest] = m;
  if (cmd === 'noalert') {
    if (rest !== undefined) throw new RuleFault('flowbits:noalert takes no name', 'write flowbits:noalert;');
    b.rule.noalert = true;
    return;
  }
  if (!tests.has(cmd) && !changes.has(cmd)) {
    throw new RuleFault(
      `flowbits: unknown command "${cmd}"`,
      'commands are set, isset, unset, isnotset, toggle and noalert',
    );
  }
  const names = (rest ?? '')
    .split('|')
    .map((n) => n.trim())
    .filter((n) => n !== '');
  if (names.length === 0) throw new RuleFault(`flowbits:${cmd} needs a name`, `write flowbits:${cmd},NAME`);
  if (names.some((n) => /\s/.test(n)))
    throw new RuleFault('flowbits: spaces are not allowed in names', 'use an underscore');
  const own = names.map((n) => b.env.intern(n));
  if (tests.has(cmd)) b.addCondition({ kind: 'flowbits', cmd: cmd as 'isset', names: own });
  else b.addEffect({ kind: 'flowbits', cmd: cmd as 'set', names: own });
}

export const flowbits: Keyword = {
  name: 'flowbits',
  description: 'Sets or tests a named bit of the flow; several names with | (any of them is set, none of them is set).',
  args: 'set|unset|toggle|isset|isnotset,NAME[|NAME…] or noalert',
  example: 'flowbits:set,login.seen; flowbits:noalert;',
  value: 'required',
  apply: applyFlowbits,
};

const compare: Record<string, Extract<Condition, { kind: 'flowint' }>['op']> = {
  '==': '=',
  '!=': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  isset: 'isset',
  notset: 'notset',
  isnotset: 'notset',
};
const assign: Record<string, Extract<Effect, { kind: 'flowint' }>['op']> = { '=': '=', '+': '+', '-': '-' };

function applyFlowint(b: RuleBuilder, value: string): void {
  const m =
    /^\s*([a-zA-Z][\w./]+)\s*,\s*(\+|-|==|!=|<=|>=|<|>|=|isset|notset|isnotset)\s*(?:,\s*([a-zA-Z][\w./]+|\d+)\s*)?$/.exec(
      value,
    );
  if (m === null)
    throw new RuleFault(
      `flowint:${value} is not understood`,
      'write flowint:NAME,+,1 (a name has at least two characters)',
    );
  const [, name, op, right] = m;
  const isTest = Object.hasOwn(compare, op);
  if (right === undefined && compare[op] !== 'isset' && compare[op] !== 'notset') {
    throw new RuleFault(`flowint: ${op} needs a number or a name`, `write flowint:${name},${op},1`);
  }
  const n =
    right === undefined ? 0 : /^\d/.test(right) ? parseDecimal(right, 0xffff_ffff) : { var: b.env.intern(right) };
  if (n === null) throw new RuleFault(`flowint: ${right} is larger than 32 bits`);
  if (isTest) b.addCondition({ kind: 'flowint', name: b.env.intern(name), op: compare[op], value: n });
  else b.addEffect({ kind: 'flowint', name: b.env.intern(name), op: assign[op], value: n });
}

export const flowint: Keyword = {
  name: 'flowint',
  description: 'Changes or compares a named number of the flow.',
  args: 'NAME,=|+|-|==|!=|<|<=|>|>=,NUMBER|NAME or NAME,isset|notset',
  example: 'flowint:logins,+,1; flowint:logins,>,5;',
  value: 'required',
  apply: applyFlowint,
};

const Tracks = new Set(['ip_src', 'ip_dst', 'ip_pair']);
const enum XbitsDefault {
  ExpireS = 30,
}

function applyXbits(b: RuleBuilder, value: string): void {
  const m = /^([a-z]+),\s*([^\s,]+)\s*,\s*track\s+([^\s,]+)\s*(?:,\s*expire\s+([^\s,]+)\s*)?$/.exec(value);
  if (m === null)
    throw new RuleFault(`xbits:${value} is not understood`, 'write xbits:set,NAME,track ip_src[,expire SECONDS]');
  const [, cmd, name, track, expire] = m;
  if (!tests.has(cmd) && !changes.has(cmd))
    throw new RuleFault(`xbits: unknown command "${cmd}"`, 'commands are set, unset, toggle, isset, isnotset');
  if (track === 'tx' && b.env.ruleVersion === 8) throw new RuleSkip('xbits: bits of a transaction are not kept');
  if (!Tracks.has(track)) throw new RuleFault(`xbits: cannot track ${track}`, 'write track ip_src, ip_dst or ip_pair');
  const expireS = expire === undefined ? XbitsDefault.ExpireS : parseDecimal(expire, 0xffff_ffff);
  if (expireS === null || expireS === 0)
    throw new RuleFault(`xbits: invalid expire ${expire}`, 'write a number of seconds above 0');
  const own = b.env.intern(name);
  const by = track as 'ip_src';
  if (tests.has(cmd)) b.addCondition({ kind: 'xbits', cmd: cmd as 'isset', name: own, track: by });
  else b.addEffect({ kind: 'xbits', cmd: cmd as 'set', name: own, track: by, expireS });
}

export const xbits: Keyword = {
  name: 'xbits',
  description: 'Sets or tests a named bit of an address or a pair of addresses, with an expiry.',
  args: 'set|unset|toggle|isset|isnotset,NAME,track ip_src|ip_dst|ip_pair[,expire SECONDS]',
  example: 'xbits:set,scanner,track ip_src,expire 60;',
  value: 'required',
  apply: applyXbits,
};

const enum HostbitsDefault {
  ExpireS = 300,
}

function applyHostbits(b: RuleBuilder, value: string): void {
  const m = /^\s*([a-z]+)\s*(?:,\s*([^\s,]+)\s*(?:,\s*([a-z]+)\s*)?)?$/.exec(value);
  if (m === null) throw new RuleFault(`hostbits:${value} is not understood`, 'write hostbits:set,NAME[,src|dst]');
  const [, cmd, name, by = 'src'] = m;
  if (cmd === 'noalert' && name === undefined) {
    b.rule.noalert = true;
    return;
  }
  if (!tests.has(cmd) && !changes.has(cmd))
    throw new RuleFault(`hostbits: unknown command "${cmd}"`, 'commands are set, unset, toggle, isset, isnotset');
  if (name === undefined) throw new RuleFault(`hostbits:${cmd} needs a name`, `write hostbits:${cmd},NAME`);
  if (by !== 'src' && by !== 'dst') throw new RuleFault(`hostbits: cannot track ${by}`, 'write src or dst');
  const own = b.env.intern(name);
  if (tests.has(cmd)) b.addCondition({ kind: 'hostbits', cmd: cmd as 'isset', name: own, by });
  else b.addEffect({ kind: 'hostbits', cmd: cmd as 'set', name: own, by, expireS: HostbitsDefault.ExpireS });
}

export const hostbits: Keyword = {
  name: 'hostbits',
  description: 'Sets or tests a named bit of the source or destination address.',
  args: 'set|unset|toggle|isset|isnotset,NAME[,src|dst] or noalert',
  example: 'hostbits:set,seen,src;',
  value: 'required',
  apply: applyHostbits,
};
