/**
 * Countries of addresses for the geoip keyword (Suricata manual, "Header Keywords / geoip"). As in Suricata, IPv4 alone
 * is looked up, and an address that the database does not know matches nothing, negated or not.
 */
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { HostSide } from '../rules/compile/layout.js';
import { type CountryOf, openCountries } from '../rules/geoip-database.js';

const enum Cache {
  /** Addresses whose country is remembered; then all are forgotten. */
  Addresses = 65_536,
}

/** Look-ups that failed because the database is damaged. */
const cFaults = counter('detect.geoip_errors');

let path: string | undefined;
let lists: ReadonlySet<string>[] = [];
let countryOf: CountryOf | null = null;
const known = new Map<number, string | null>();

/** Reads `geoip-database`, the path of a MaxMind DB file. */
export function configureGeoip(settings: Settings): void {
  path = settings.string('geoip-database');
}

/** Takes the country lists of installed rules; the database is opened when there are any. */
export function bindGeoip(countries: readonly string[][], note: (message: string) => void): void {
  lists = countries.map((c) => new Set(c));
  known.clear();
  countryOf = null;
  if (lists.length === 0) return;
  const found = openCountries(path);
  if (typeof found === 'string') note(`geoip matches nothing: ${found}`);
  else countryOf = found;
}

function country(address: number): string | null {
  let at = known.get(address);
  if (at !== undefined) return at;
  at = null;
  try {
    const a = address >>> 0;
    at = countryOf?.(`${a >>> 24}.${(a >>> 16) & 0xff}.${(a >>> 8) & 0xff}.${a & 0xff}`) ?? null;
  } catch {
    counts[cFaults]++;
  }
  if (known.size === Cache.Addresses) known.clear();
  known.set(address, at);
  return at;
}

/** Whether the country of the side(s) is (`negated`: is not) in list `list`. `swapped`: the direction is not the packet's. */
export function geoipFits(p: Packet, side: number, list: number, negated: boolean, swapped: boolean): boolean {
  if (p.ipVersion !== 4 || (p.flags & PacketFlag.FlowEnd) !== 0) return false;
  const fits = (source: boolean): boolean => {
    const at = country(source !== swapped ? p.src0 : p.dst0);
    return at !== null && lists[list].has(at) !== negated;
  };
  switch (side) {
    case HostSide.Src:
      return fits(true);
    case HostSide.Dst:
      return fits(false);
    case HostSide.Both:
      return fits(true) && fits(false);
    default:
      return fits(true) || fits(false);
  }
}
