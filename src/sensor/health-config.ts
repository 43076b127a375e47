/** `health.*`: how often a sensor looks at its own losses, and from which share on it calls them trouble. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../core/settings.js';

/** What can go wrong between the wire and the rules, in the order in which it is told. */
export const healthKinds = [
  'kernel_drops',
  'interface_drops',
  'cut_packets',
  'checksum_offload',
  'checksum_failures',
  'vlan_mismatch',
  'one_way_flows',
  'stream_gaps',
  'super_frames',
  'late_resets',
] as const;

export type HealthKind = (typeof healthKinds)[number];

export interface HealthConfig {
  /** Seconds between looks; 0: none. */
  seconds: number;
  /** Largest MTU of the links watched; frames longer than it and its headers are super-frames. */
  mtu: number;
  /** Limits that were met are told. */
  limits: boolean;
  /** Share (0 to 1) from which on each is trouble; at less than half of it, it is over. */
  thresholds: Record<HealthKind, number>;
}

/** Percent. */
const defaults: Record<HealthKind, string> = {
  kernel_drops: '0.01',
  interface_drops: '0.01',
  cut_packets: '0.1',
  checksum_offload: '1',
  checksum_failures: '1',
  vlan_mismatch: '5',
  one_way_flows: '20',
  stream_gaps: '0.1',
  super_frames: '1',
  late_resets: '5',
};

const Mtu = { standard: 1500, least: 68, most: 262_144 };

/** Key of the threshold of a kind. */
export function thresholdKey(kind: HealthKind): string {
  return `health.thresholds.${kind.replaceAll('_', '-')}`;
}

/**
 * Reads `health`. `interfaces`: those a sensor listens on, whose MTU is the default. Throws PeccaryError for a value that
 * cannot be.
 */
export function healthConfig(settings: Settings, interfaces: readonly string[] = []): HealthConfig {
  const mtus = interfaces.map(mtuOf);
  const thresholds = {} as Record<HealthKind, number>;
  for (const kind of healthKinds) thresholds[kind] = percent(settings, thresholdKey(kind), defaults[kind]);
  return {
    seconds: settings.int('health.interval', 60, 0, 86_400),
    mtu: settings.int('health.mtu', Math.max(...mtus, Mtu.standard), Mtu.least, Mtu.most),
    limits: settings.bool('health.limits', true),
    thresholds,
  };
}

/** A share of 0 to 100 percent, with or without its sign. */
function percent(settings: Settings, key: string, fallback: string): number {
  const text = settings.string(key, fallback).trim();
  const n = /^\d+(\.\d+)?\s*%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (!(n <= 100)) throw settings.fault(key, 'a percentage from 0 to 100');
  return n / 100;
}

/** MTU of an interface, 0 when there is no telling. */
function mtuOf(name: string): number {
  if (name.includes('/')) return 0;
  try {
    return Number(readFileSync(join('/sys/class/net', name, 'mtu'), 'latin1')) || 0;
  } catch {
    return 0; // not Linux, or an interface that is not there: opening it says so
  }
}
