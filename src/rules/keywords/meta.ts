/** What a rule is called and where it comes from (user guide, "Meta Keywords"). */
import { RuleFault } from '../faults.js';
import { parseDecimal } from '../numbers.js';
import type { Keyword } from './keyword.js';

const Max32 = 0xffff_ffff;

function decimalKeyword(name: 'sid' | 'rev' | 'gid', least: number, max: number, description: string): Keyword {
  return {
    name,
    description,
    args: 'NUMBER',
    example: `${name}:1;`,
    value: 'required',
    apply(b, value) {
      if (name !== 'gid') b.once(name);
      const n = parseDecimal(value, max);
      if (n === null || n < least) throw new RuleFault(`${name}:${value} is no number from ${least} to ${max}`);
      b.rule[name] = n;
    },
  };
}

export const sid = decimalKeyword('sid', 1, Max32, 'Number of the rule within its group; required.');
export const rev = decimalKeyword('rev', 1, Max32, 'Revision of the rule; of two rules with one sid the newer counts.');
export const gid = decimalKeyword('gid', 0, Max32 - 1, 'Group of the rule, 1 when absent.');

export const msg: Keyword = {
  name: 'msg',
  description: 'What the alert says.',
  args: '"text"',
  example: 'msg:"Path traversal";',
  value: 'required',
  quotes: 'mandatory',
  apply(b, value) {
    b.once('msg');
    b.rule.msg = value.includes('\\') ? value.replace(/\\([:;"\\])/g, '$1') : value;
  },
};

function className(value: string): string {
  const m = /^\s*([a-zA-Z][a-zA-Z0-9\-_]*)\s*$/.exec(value);
  if (m === null) throw new RuleFault(`classtype:${value} is no class name`, 'letters, digits, - and _');
  return m[1];
}

export const classtype: Keyword = {
  name: 'classtype',
  description: 'Class of the rule, from classification.config; gives the priority unless `priority` does.',
  args: 'NAME',
  example: 'classtype:web-application-attack;',
  value: 'required',
  apply(b, value) {
    const { classes } = b.env.classification;
    const name = classes.has(value) ? value : className(value);
    if (b.rule.classtype !== null) {
      b.env.warn('classtype is given twice: the first counts', 'remove one');
      return;
    }
    const known = classes.get(name) ?? classes.get(name.toLowerCase());
    b.rule.classtype = known?.name ?? b.env.intern(name);
    if (known === undefined) b.env.warn(`unknown classtype "${name}"`, 'add it to classification.config');
    else {
      b.rule.classText = known.text;
      if (!b.seen.includes('priority')) b.rule.priority = known.priority;
    }
  },
};

export const priority: Keyword = {
  name: 'priority',
  description: 'Importance of the alert: 1 highest to 255.',
  args: '1-255',
  example: 'priority:1;',
  value: 'required',
  apply(b, value) {
    const n = parseDecimal(value.trim(), Max32);
    if (n === null) throw new RuleFault(`priority:${value} is no number`, 'write 1 to 255');
    if (b.seen.includes('priority')) {
      b.env.warn('priority is given twice: the higher counts', 'remove one');
      b.rule.priority = Math.min(b.rule.priority, n);
      return;
    }
    b.seen.push('priority');
    b.rule.priority = n;
  },
};

const enum ReferenceLimit {
  /** Names of systems that are remembered. */
  Systems = 256,
}

const systems = new Set<string>();

/** Whether `name` can be that of a reference system. */
function isSystem(name: string): boolean {
  if (systems.has(name)) return true;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9\-_.]*$/.test(name)) return false;
  if (systems.size < ReferenceLimit.Systems) systems.add(name);
  return true;
}

export const reference: Keyword = {
  name: 'reference',
  description: 'Where to read more: a system of reference.config and an identifier in it.',
  args: 'SYSTEM,IDENTIFIER',
  example: 'reference:cve,2021-44228;',
  value: 'required',
  apply(b, value) {
    const comma = value.indexOf(',');
    const type = value.slice(0, Math.max(comma, 0)).trim();
    const id = value.slice(comma + 1).trim();
    if (comma < 0 || !isSystem(type) || id === '') {
      throw new RuleFault(`reference:${value} is not understood`, 'write reference:url,www.example.com/page');
    }
    b.rule.references.push({ type: b.env.intern(type), value: id });
  },
};

export const metadata: Keyword = {
  name: 'metadata',
  description: 'Pairs of key and value for tools; shown with the alert.',
  args: 'KEY VALUE[, KEY VALUE…]',
  example: 'metadata:created_at 2026_01_01, severity Major;',
  value: 'required',
  apply(b, value) {
    b.rule.metadata.push(value);
  },
};

export const target: Keyword = {
  name: 'target',
  description: 'Which side of the alert is attacked.',
  args: 'src_ip|dest_ip',
  example: 'target:dest_ip;',
  value: 'required',
  apply(b, value) {
    const v = value.trim();
    if (v !== 'src_ip' && v !== 'dest_ip')
      throw new RuleFault(`target:${value} is not understood`, 'write src_ip or dest_ip');
    if (b.rule.target !== null && b.rule.target !== v)
      throw new RuleFault('target is given twice with different values', 'keep one');
    b.rule.target = v;
  },
};

export const noalert: Keyword = {
  name: 'noalert',
  description: 'The rule only has its effects (flowbits and the like); it never alerts.',
  args: '',
  example: 'flowbits:set,seen; noalert;',
  value: 'none',
  apply(b) {
    b.rule.noalert = true;
  },
};

export const alert: Keyword = {
  name: 'alert',
  description: 'Undoes an earlier noalert; a pass rule with it alerts.',
  args: '',
  example: 'noalert; alert;',
  value: 'none',
  apply(b) {
    b.rule.noalert = false;
    b.rule.alert = true;
  },
};
