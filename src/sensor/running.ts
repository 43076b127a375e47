/** A running sensor as those who steer it see it: signals, the control socket, the metrics. */
import type { BanKeeper } from '../respond/bans.js';
import type { RuleNote } from '../rules/ir.js';
import type { HealthReport } from './health.js';

/** An interface that is captured on. Counts since the sensor started. */
export interface InterfaceStat {
  name: string;
  packets: number;
  bytes: number;
  /** Packets that the kernel dropped because the ring was full, and that the interface dropped before; null: not known. */
  kernelDrops: number | null;
  interfaceDrops: number | null;
  invalidChecksums: number;
  /** false while the interface is away. */
  up: boolean;
}

/** What became of a reload. `fault`: why the rules before stay in force, or null when the new ones are in force. */
export interface ReloadReport {
  fault: string | null;
  loaded: number;
  failed: number;
  skipped: number;
  tookMs: number;
}

export interface RunningSensor {
  readonly startedMs: number;
  /** Suricata's names: a single thread for everything, or several. */
  readonly runningMode: 'single' | 'workers';
  readonly captureMode: string;
  interfaces(): InterfaceStat[];
  /** Counters of all workers, added up. */
  counters(): Record<string, number>;
  /** What was lost in the last whole interval, and what is wrong; null before the first one is over. */
  health(): HealthReport | null;
  /** Loads the rules anew and puts them to work between two batches. */
  reloadRules(): Promise<ReloadReport>;
  /** The last load: when it ended (milliseconds since 1970) and what came of it. */
  ruleset(): ReloadReport & { atMs: number };
  refusedRules(): readonly RuleNote[];
  /** Log files are closed and opened again (after a rotation). */
  reopenLogs(): Promise<void>;
  /** A value of the configuration as text, or undefined. */
  setting(path: string): string | undefined;
  /** Adds a value to a data set, or removes it; a fault as text, or null. */
  changeDataset(action: 'add' | 'remove', name: string, type: string, value: string): Promise<string | null>;
  /** Keeps addresses out; null: nobody is banned. */
  readonly bans: Pick<BanKeeper, 'order' | 'pardon' | 'list' | 'dryRun'> | null;
  /** Stops capturing, inspects what is left, commits; resolves when all of it is done. */
  shutdown(): Promise<void>;
}
