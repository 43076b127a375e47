/**
 * The country database of geoip rules: a MaxMind DB file (format 2.0) that `geoip-database` names, read by the optional
 * package maxmind, which is looked for when a rule first asks.
 */
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { readInput } from './inputs.js';

const enum GeoipLimit {
  /** Bytes of a database; it is kept in memory as a whole. */
  FileBytes = 1 << 30,
}

/** The country of an address in text form, two upper-case letters; null when the database has none. May throw. */
export type CountryOf = (address: string) => string | null;

interface Package {
  Reader: new (database: Buffer) => { get(address: string): { country?: { iso_code?: string } } | null };
}

/** Opens the database, or says why there is none. */
export function openCountries(path: string | undefined): CountryOf | string {
  if (path === undefined) return 'no geoip-database is configured';
  let library: Package;
  try {
    library = createRequire(import.meta.url)('maxmind') as Package;
  } catch {
    return 'the optional package maxmind is not installed';
  }
  try {
    if (sizeOf(path) > GeoipLimit.FileBytes) return `${path} is larger than ${GeoipLimit.FileBytes} bytes`;
    const reader = new library.Reader(readInput(path));
    return (address) => reader.get(address)?.country?.iso_code ?? null;
  } catch (e) {
    return `cannot read ${path}: ${(e as Error).message}`;
  }
}

/** 0 for a file that is not there: reading it says why. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
