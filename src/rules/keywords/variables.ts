/** flowvar, pktvar: what a pcre has captured before (user guide, "pcre / Using captured groups"). */
import { RuleFault } from '../faults.js';
import { parseContentBytes } from './content.js';
import type { Keyword } from './keyword.js';

function variable(name: 'flowvar' | 'pktvar', scope: 'flow' | 'pkt', of: string): Keyword {
  return {
    name,
    description: `The variable of the ${of} that a pcre captured (${scope}:NAME) has this text in it.`,
    args: 'NAME,"text"',
    example: `${name}:user,"admin";`,
    value: 'required',
    apply(b, value) {
      const m = /^\s*([^,\s]+)\s*,\s*"?([^"]+)"?\s*$/.exec(value);
      if (m === null) throw new RuleFault(`${name}:${value} is not understood`, `write ${name}:NAME,"text"`);
      b.addCondition({ kind: 'variable', scope, name: b.env.intern(m[1]), bytes: parseContentBytes(m[2]) });
    },
  };
}

export const flowvar = variable('flowvar', 'flow', 'flow');
export const pktvar = variable('pktvar', 'pkt', 'packet');
