/** What the main thread and the worker of a replay tell each other. */

import type { CaptureFault } from '../capture/batch.js';
import type { FaultKind } from '../core/errors.js';
import type { Places, Tree } from '../core/settings.js';
import type { RuleCosts, Suspension } from '../detect/rule-clock.js';
import type { ExplainRequest, Explanation } from '../detect/trace.js';
import type { PortMemory } from '../output/handover.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import type { ReplayOptions } from './options.js';
import type { ReplayShare } from './replay-turn.js';

/** Float64 cells: the progress that the worker keeps and the main thread reads, and whether the worker is to stop. */
export const enum Progress {
  Packets = 0,
  BytesRead = 1,
  BytesTotal = 2,
  Alerts = 3,
  /** Set by the main thread; looked at between batches. */
  Stop = 4,
  Cells = 5,
}

/** Given to the worker when it starts: it configures its stages while the main thread loads the rules. */
export interface WorkerStart {
  config: Tree;
  configOrigin: string;
  configPlaces: Places;
  checksums: ReplayOptions['checksums'];
  inline: boolean;
  logDir: string;
  inputs: string[];
  reader: ReplayOptions['reader'];
  bpf: string | null;
  /** For --reader pcap-parser. */
  ring: SharedArrayBuffer | null;
  progress: SharedArrayBuffer;
  /** Rules are timed. */
  profile: boolean;
  /** What it shares with other workers; null: it is the only one. */
  share: ReplayShare | null;
}

/** Sent when the rules are compiled and the outputs open. */
export interface WorkerRules {
  rules: RuntimeRules;
  /** Handles of its pattern databases; the main thread holds them until the worker is done. */
  databases: number[];
  /** Number of the rule set at the writer (Outputs.setRules). */
  ruleSet: number;
  port: PortMemory;
  explain: ExplainRequest | null;
}

export interface WorkerResult {
  type: 'done';
  packets: number;
  bytes: number;
  firstUs: number;
  lastUs: number;
  flows: number;
  transactions: number;
  alerts: number;
  drops: number;
  stopped: boolean;
  /** Alerts by rule index of the compiled set. */
  byRule: Uint32Array;
  faults: CaptureFault[];
  counters: Record<string, number>;
  /** What detection could not have: reputation files, libmagic. */
  notes: string[];
  /** Paths of the configuration that the stages asked for. */
  settingsRead: string[];
  costs: RuleCosts | null;
  suspensions: readonly Suspension[];
  explanation: Explanation | null;
}

export type FromWorker = WorkerResult | { type: 'failed'; kind: FaultKind | null; message: string };
