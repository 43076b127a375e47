/** `bans`: addresses that misbehave are kept out by the firewall for a time. */

import type { BlockList } from 'node:net';
import { isAbsolute, join } from 'node:path';
import type { Settings } from '../core/settings.js';
import { BanLimit, parseDuration } from '../rules/ban-spec.js';
import { addressList } from './address-list.js';

export interface BanConfig {
  /** Nothing is banned; what would have been is recorded. */
  dryRun: boolean;
  /** Name of the nftables table, of family inet. */
  table: string;
  /** SQLite file with the bans in force. */
  database: string;
  /** JSON lines (docs/bans.schema.json). */
  log: string;
  allowed: BlockList;
  /** outputs.forwarded.trusted-proxies; null: none. */
  proxies: BlockList | null;
  /** Addresses banned at once. */
  most: number;
  /** Addresses whose offences are remembered at once. */
  tracked: number;
  /** New bans a second; beyond them offences are counted and told, and wait for the next second. */
  perSecond: number;
  /** Seconds of a ban by hand. */
  operatorS: number;
  /** Each further ban of an address lasts `factor` times as long as the one before, at most `longestS`, until … */
  factor: number;
  longestS: number;
  /** … it was left alone for so many seconds. */
  memoryS: number;
}

const Range = { most: [1, 1_000_000], tracked: [1, 1_000_000], perSecond: [1, 10_000] } as const;

/** Reads `bans`; null unless `bans.enabled`. Throws PeccaryError 'config'. */
export function banConfig(settings: Settings, logDir: string): BanConfig | null {
  if (!settings.bool('bans.enabled', false)) {
    settings.get('bans'); // its keys are known though nothing reads them
    return null;
  }
  const table = settings.string('bans.table', 'peccary');
  if (!/^[a-zA-Z][a-zA-Z0-9_]{0,30}$/.test(table)) {
    throw settings.fault('bans.table', 'a name of letters, digits and _, at most 31');
  }
  const inLogs = (file: string): string => (isAbsolute(file) ? file : join(logDir, file));
  const int = (key: keyof typeof Range, name: string, fallback: number): number =>
    settings.int(`bans.${name}`, fallback, ...Range[key]);
  const proxies = 'outputs.forwarded.trusted-proxies';
  return {
    dryRun: settings.bool('bans.dry-run', false),
    table,
    database: inLogs(settings.string('bans.database', 'bans.db')),
    log: inLogs(settings.string('bans.filename', 'bans.json')),
    allowed: addressList(settings, 'bans.allow'),
    proxies: settings.get(proxies) === undefined ? null : addressList(settings, proxies),
    most: int('most', 'max', 65_536),
    tracked: int('tracked', 'tracked', 65_536),
    perSecond: int('perSecond', 'per-second', 100),
    operatorS: duration(settings, 'bans.duration', '1h'),
    factor: settings.int('bans.repeat.factor', 2, 1, 100),
    longestS: duration(settings, 'bans.repeat.longest', '7d'),
    memoryS: duration(settings, 'bans.repeat.memory', '30d'),
  };
}

function duration(settings: Settings, key: string, fallback: string): number {
  const seconds = parseDuration(settings.string(key, fallback));
  if (seconds === null || seconds < 1 || seconds > BanLimit.ForS) throw settings.fault(key, 'a time from 1s to 365d');
  return seconds;
}
