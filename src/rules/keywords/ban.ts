/** ban: matches of the rule lead to a ban of the address they come from, when `bans.enabled`. Peccary's own keyword. */
import { banForm, parseBan } from '../ban-spec.js';
import { RuleFault } from '../faults.js';
import type { Keyword } from './keyword.js';

export const ban: Keyword = {
  name: 'ban',
  description:
    'Bans who opened the connection (src) or its other end (dst) after so many matches in a time. Peccary only.',
  args: 'after N in TIME for TIME by src|dst',
  example: 'ban:after 5 in 10m for 1h by src;',
  value: 'required',
  apply(b, value) {
    if (b.rule.ban !== undefined) throw new RuleFault('ban: a rule can have one', 'remove the other');
    const spec = parseBan(value);
    if (typeof spec === 'string') throw new RuleFault(`ban: ${spec}`, `write ${banForm}`);
    b.rule.ban = spec;
  },
};
