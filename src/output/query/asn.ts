/** Networks of addresses, from a MaxMind DB of autonomous systems, read by the optional package maxmind. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PeccaryError } from '../../core/errors.js';

/** What such a database holds of an address. */
interface AsnRecord {
  autonomous_system_number?: number;
  autonomous_system_organization?: string;
}

interface Package {
  Reader: new (database: Buffer) => { get(address: string): AsnRecord | null };
}

/** What the database knows of an address; nothing of one that it has no place for, such as IPv6 in one of IPv4. */
function lookUp(reader: { get(address: string): AsnRecord | null }, address: string): AsnRecord | null {
  try {
    return reader.get(address);
  } catch {
    return null;
  }
}

/** Gives "AS64500 Example Net" for an address, or "unknown". Throws PeccaryError that says what is missing. */
export function networkNames(path: string): (address: string) => string {
  let library: Package;
  try {
    library = createRequire(import.meta.url)('maxmind') as Package;
  } catch {
    throw new PeccaryError('runtime', 'the optional package maxmind is not installed; run "npm install maxmind"');
  }
  try {
    const reader = new library.Reader(readFileSync(path));
    return (address) => {
      const found = lookUp(reader, address);
      const number = found?.autonomous_system_number;
      if (typeof number !== 'number') return 'unknown';
      return `AS${number} ${found?.autonomous_system_organization ?? ''}`.trim();
    };
  } catch (e) {
    throw new PeccaryError('usage', `cannot read ${path}: ${(e as Error).message}`);
  }
}
