/** Which rules lead to bans: those that say so themselves (ban) and those that the configuration names (bans.rules). */
import type { Settings } from '../core/settings.js';
import { type BanPolicy, banForm, parseBan } from './ban-spec.js';
import type { Rule } from './ir.js';

const enum Limit {
  /** Entries of bans.rules. */
  Entries = 256,
}

/** What bans when `bans.rules` is not given: bundled signatures of failed logins and of scanners. */
const defaults: readonly { name: string; signatures: readonly string[]; ban: string }[] = [
  {
    name: 'logins',
    signatures: ['5100911', '5100913', '5100914', '5100915'],
    ban: 'after 5 in 10m for 1h by src',
  },
  // Whoever is logged in may be refused a page now and then.
  { name: 'forbidden', signatures: ['5100912'], ban: 'after 20 in 10m for 1h by src' },
  {
    name: 'scanners',
    signatures: ['5100801', '5100802', '5100803', '5100804', '5100805', '5100806'],
    ban: 'after 1 in 1m for 1h by src',
  },
  // Answers of 404: a storm of them is a search for what is not linked.
  { name: 'not-found', signatures: ['5100809'], ban: 'after 30 in 30s for 1h by src' },
];

/** The bans of a rule set; none unless `bans.enabled`. Throws PeccaryError 'config' for an entry that cannot be. */
export function banPolicies(rules: readonly Rule[], settings: Settings): BanPolicy[] {
  if (!settings.bool('bans.enabled', false)) return [];
  const own = rules.flatMap(({ gid, sid, ban }) =>
    ban === undefined ? [] : [{ ...ban, name: `sid ${gid === 1 ? sid : `${gid}:${sid}`}`, rules: [{ gid, sid }] }],
  );
  return [...own, ...configured(rules, settings)];
}

function configured(rules: readonly Rule[], settings: Settings): BanPolicy[] {
  const key = 'bans.rules';
  const list = settings.get(key);
  if (list === undefined || list === null) {
    return defaults.map(({ name, signatures, ban }) => {
      const spec = parseBan(ban);
      if (typeof spec === 'string') throw new Error(spec);
      return { ...spec, name, rules: chosen(rules, signatures, () => new Error(name)) };
    });
  }
  if (!Array.isArray(list) || list.length > Limit.Entries) {
    throw settings.fault(key, `a list of at most ${Limit.Entries} entries with name, signatures and ban`);
  }
  return list.map((_, i) => {
    const at = `${key}.${i}`;
    const spec = parseBan(settings.string(`${at}.ban`, ''));
    if (typeof spec === 'string') throw settings.fault(`${at}.ban`, `${banForm} (${spec})`);
    const fault = () => settings.fault(`${at}.signatures`, 'a list of SID, GID:SID and classtype:NAME');
    const signatures = settings.list(`${at}.signatures`);
    if (signatures.length === 0) throw fault();
    return { ...spec, name: settings.string(`${at}.name`, `bans.rules.${i}`), rules: chosen(rules, signatures, fault) };
  });
}

/** The rules that are named. */
function chosen(rules: readonly Rule[], signatures: readonly string[], fault: () => Error): BanPolicy['rules'] {
  const ids = new Set<string>();
  const classes = new Set<string>();
  for (const text of signatures) {
    const id = /^(?:(\d{1,10}):)?(\d{1,10})$/.exec(text.trim());
    const cls = /^classtype:\s*(\S+)$/.exec(text.trim());
    if (id !== null) ids.add(`${Number(id[1] ?? 1)}:${Number(id[2])}`);
    else if (cls !== null) classes.add(cls[1].toLowerCase());
    else throw fault();
  }
  const isChosen = ({ gid, sid, classtype }: Rule): boolean =>
    ids.has(`${gid}:${sid}`) || (classtype !== null && classes.has(classtype.toLowerCase()));
  return rules.filter(isChosen).map(({ gid, sid }) => ({ gid, sid }));
}
