/** geoip: country of an address (user guide, "Header Keywords / geoip"). */

import type { RuleEnvironment } from '../environment.js';
import { RuleFault } from '../faults.js';
import { type CountryOf, openCountries } from '../geoip-database.js';
import type { Keyword } from './keyword.js';

const enum GeoipLimit {
  /** Countries of one rule (Suricata: 64). */
  Countries = 64,
}

type Side = 'src' | 'dst' | 'both' | 'any';
const sides: ReadonlySet<string> = new Set<Side>(['src', 'dst', 'both', 'any']);

/** Opened once a load. */
const databases = new WeakMap<RuleEnvironment, CountryOf | string>();

function databaseOf(env: RuleEnvironment): CountryOf | string {
  let found = databases.get(env);
  if (found === undefined) {
    found = openCountries(env.settings.string('geoip-database'));
    databases.set(env, found);
  }
  return found;
}

export const geoip: Keyword = {
  name: 'geoip',
  description:
    'Country of an IPv4 address, by the MaxMind database that `geoip-database` names; one ! negates the whole list, and an address without a country matches neither. Without the database, or the optional package maxmind, the rule is refused.',
  args: '[src|dst|both|any,][!]CC[,CC…]',
  example: 'geoip:src,!US,CA;',
  value: 'required',
  apply(b, value) {
    const words = value.split(',').map((w) => w.trim());
    const side = sides.has(words[0]) ? (words.shift() as Side) : 'any';
    const negated = words.some((w) => w.startsWith('!'));
    const countries = words.map((w) => w.replace(/^!/, ''));
    if (countries.length === 0 || !countries.every((c) => /^[A-Z][A-Z0-9]$/.test(c)))
      throw new RuleFault(
        `geoip:${value} is not understood`,
        'write two-letter countries in capitals: geoip:src,US,CA',
      );
    if (countries.length > GeoipLimit.Countries)
      throw new RuleFault(`geoip names more than ${GeoipLimit.Countries} countries`, 'split the rule');
    const found = databaseOf(b.env);
    if (typeof found === 'string')
      throw new RuleFault(`geoip: ${found}`, 'set geoip-database to a MaxMind country database (.mmdb)');
    b.addCondition({ kind: 'geoip', side, countries, negated });
  },
};
