/** What the main thread and the worker of a live sensor tell each other. */
import type { FaultKind } from '../core/errors.js';
import type { LogLevel } from '../core/log.js';
import type { Places, Tree } from '../core/settings.js';
import type { DatasetLogMemory } from '../detect/dataset-log.js';
import type { HostMemory } from '../detect/host-table.js';
import type { PortMemory } from '../output/handover.js';
import type { Offence } from '../respond/bans.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import type { ChecksumMode } from './checksums.js';
import type { LiveDescription } from './live-description.js';
import type { Sharing } from './sharing.js';

/** Int32 cells of `control`. */
export const enum Control {
  /** Incremented by the main thread after each message: the worker looks between batches. */
  Messages = 0,
  /** 1: capture ends, what is left is inspected, and the worker answers `done`. */
  Stop = 1,
  /** Incremented by the worker each time round: it is alive. */
  Beat = 2,
  Cells = 3,
}

/** Float64 cells of `totals`, kept by the worker. */
export const enum Total {
  Packets = 0,
  Bytes = 1,
  FirstUs = 2,
  LastUs = 3,
  Alerts = 4,
  Cells = 5,
}

/** Given to the worker when it starts: it configures its stages while the rules are loaded. */
export interface LiveStart extends LiveDescription {
  config: Tree;
  configOrigin: string;
  configPlaces: Places;
  checksums: ChecksumMode;
  logDir: string;
  control: SharedArrayBuffer;
  totals: SharedArrayBuffer;
  /** InterfaceCell.Stride of each interface. */
  interfaceCells: SharedArrayBuffer;
  port: PortMemory;
  /** ClientTable of an inline sensor that bans; null otherwise. */
  clients: SharedArrayBuffer | null;
  /** What it shares with others; null: it is the only worker. */
  share: LiveShare | null;
}

/** What one of several workers of a sensor is given; plain data. */
export interface LiveShare {
  sharing: Sharing;
  /** Its handles on the interfaces (capture/fanout.ts), and whether nobody has read from them before. */
  handles: number[];
  fresh: boolean;
  hosts: HostMemory;
  datasets: DatasetLogMemory;
  /** Lock of what all share (detect/shared-access.ts). */
  lock: SharedArrayBuffer;
  /** Number of its flows' space, and of the run in the ids of its flows. */
  space: number;
  run: number;
}

export interface RulesMessage {
  type: 'rules';
  rules: RuntimeRules;
  /** Handles of its pattern databases; the main thread holds them as long as the rules may be needed. */
  databases: number[];
  /** Number of the rule set at the writer (Outputs.setRules). */
  ruleSet: number;
}

export type ToLive =
  | RulesMessage
  /** The handle of an interface that is back. */
  | { type: 'tap'; index: number; handle: number }
  | {
      type: 'dataset';
      id: number;
      action: 'add' | 'remove';
      name: string;
      datasetType: string;
      value: string;
    };

export interface LiveResult {
  packets: number;
  bytes: number;
  /** Capture time of the first and last packet, microseconds; 0 when there was none. */
  firstUs: number;
  lastUs: number;
}

export type FromLive =
  /** Capture begins. `counters`: the cells of core/counters.ts, `names` by cell. */
  | { type: 'ready'; counters: SharedArrayBuffer; names: string[]; settingsRead: string[] }
  /** Names of cells that have come since, from cell `from` on. */
  | { type: 'names'; from: number; names: string[] }
  | { type: 'installed'; ruleSet: number; tookMs: number }
  | { type: 'dataset'; id: number; fault: string | null }
  /** Matches that count towards bans, of the batch that was inspected last. */
  | { type: 'offences'; offences: Offence[] }
  | { type: 'log'; level: LogLevel; message: string }
  | ({ type: 'done' } & LiveResult)
  /** `kind` is that of the PeccaryError, or null for a defect. */
  | { type: 'failed'; kind: FaultKind | null; message: string };
