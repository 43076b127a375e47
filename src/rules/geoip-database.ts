/**
 * The country database of geoip rules: a MaxMind DB file (format 2.0) that `geoip-database` names, read by the optional
 * package maxmind, which is looked for when a rule first asks.
 */
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';

const enum GeoipLimit {
  /** Bytes of a database; it is kept in memory as a whole. */
  FileBytes = 1 << 30,
}

/** The country of an address in text form, two upper-case letters; null when the database has none. May throw. */
export type CountryOf = (address: string) => string | null;

interface Package {
  Reader: new (database: Buffer) => { get(address: string): { country?: { iso_code?: string } } | null };
}

/** The database opened last; a string says why it cannot be used. */
let opened: { path: string; result: CountryOf | string } | null = null;

function read(path: string): CountryOf | string {
  let library: Package;
  try {
    library = createRequire(import.meta.url)('maxmind') as Package;
  } catch {
    return 'the optional package maxmind is not installed';
  }
  try {
    if (statSync(path).size > GeoipLimit.FileBytes) return `${path} is larger than ${GeoipLimit.FileBytes} bytes`;
    const reader = new library.Reader(readFileSync(path));
    return (address) => reader.get(address)?.country?.iso_code ?? null;
  } catch (e) {
    return `cannot read ${path}: ${(e as Error).message}`;
  }
}

/** Opens the database (once), or says why there is none. */
export function openCountries(path: string | undefined): CountryOf | string {
  if (path === undefined) return 'no geoip-database is configured';
  if (opened?.path !== path) opened = { path, result: read(path) };
  return opened.result;
}

/** Forgets the open database, so that it is read again (a reload, and tests). */
export function closeCountries(): void {
  opened = null;
}
