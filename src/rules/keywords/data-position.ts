/** isdataat and bsize: how much there is (user guide, "Payload Keywords"). */
import type { RuleBuilder } from '../builder.js';
import { RuleFault } from '../faults.js';
import type { IsDataAtMatch } from '../ir.js';
import { parseDecimal, parseNumberTest } from '../numbers.js';
import type { Keyword } from './keyword.js';

function applyIsDataAt(b: RuleBuilder, value: string): void {
  const m = /^\s*(!?)([^\s,!]+)\s*(,\s*relative)?\s*(,\s*rawbytes\s*)?\s*$/.exec(value);
  if (m === null || (m[4] !== undefined && m[3] === undefined)) {
    throw new RuleFault(`isdataat:${value} is not understood`, 'write isdataat:[!]BYTES[,relative[,rawbytes]]');
  }
  const negated = m[1] === '!';
  const relative = m[3] !== undefined;
  const at = b.numberOrVar(m[2], 'isdataat', (t) => parseDecimal(t, 0xffff));
  const section = b.relativeTarget(relative);
  const match: IsDataAtMatch = { kind: 'isdataat', negated, relative, rawBytes: m[4] !== undefined, at };
  b.add(section, match);
  // "no byte after it" is what endswith says; one form for both lets the matcher stop early.
  const last = section.matches[section.matches.length - 2];
  if (negated && relative && at === 1 && last?.kind === 'content') {
    section.matches.pop();
    b.order.pop();
    last.endsWith = true;
  }
}

export const isdataat: Keyword = {
  name: 'isdataat',
  description: 'There must be (with ! must not be) a byte at this position, or that far after the previous match.',
  args: '[!]BYTES|VARIABLE[,relative[,rawbytes]]',
  example: 'content:"USER "; isdataat:100,relative;',
  value: 'required',
  apply: applyIsDataAt,
};

export const bsize: Keyword = {
  name: 'bsize',
  description: 'Length of the whole sticky buffer.',
  args: '[<|<=|>|>=|!]BYTES or MIN<>MAX',
  example: 'http.uri; bsize:<100; content:"/a";',
  value: 'required',
  apply(b, value) {
    if (b.current === null) throw new RuleFault('bsize needs a sticky buffer before it', 'write http.uri; bsize:…');
    const test = parseNumberTest(value, 0xffff_ffff);
    if (test === null) throw new RuleFault(`bsize:${value} is not understood`, 'write N, <N, >N, N<>M …');
    b.add(b.target(), { kind: 'bsize', test });
  },
};
