/** What `peccary replay` asks of the sensor: plain data, so that it can be sent to worker threads. */
import type { Places, Tree } from '../core/settings.js';
import type { ListFiles } from '../rules/manage/lists.js';
import type { Explained, RuleId } from './explained.js';
import type { HealthFinding } from './health-finding.js';

export interface ReplayOptions {
  /** Capture files or directories; "-" is standard input. */
  inputs: string[];
  /** Rule files instead of (-S) and in addition to (-s) the configured ones. */
  onlyRules: string[];
  extraRules: string[];
  /** Lists of rule management (--enable-conf …). */
  lists: Partial<ListFiles>;
  /** The merged configuration (file, includes, --set) and where it came from, for messages. */
  config: Tree;
  configOrigin: string;
  /** Where each key of it stands, for messages. */
  configPlaces: Places;
  /** Paths of it that the caller has read itself. */
  configRead: string[];
  /** Checksum validation (-k). */
  checksums: 'all' | 'none' | 'auto';
  /** Directory for outputs (-l). */
  logDir: string;
  /** SQLite file, or null for `--db none`. */
  db: string | null;
  /** EVE file, "-" for standard output, or null: as `outputs` in the configuration says. */
  eve: string | null;
  /** Inspect and decide as an inline sensor would; nothing is really dropped. */
  simulateIps: boolean;
  /** Which capture-file reader. */
  reader: 'own' | 'pcap-parser' | 'libpcap';
  /** BPF expression or null. */
  bpf: string | null;
  /** How many workers divide the packets (1 when absent); the events are those of one. */
  workers?: number;
  /** Keep an earlier run of the same file in the database. */
  append: boolean;
  /** A refused rule is fatal. */
  strict: boolean;
  /** false: compiled rules neither come from the user's cache nor go there. */
  ruleCache?: boolean;
  /** 7 or 8: which Suricata's rule syntax. */
  ruleVersion: 7 | 8;
  /** Time every rule (ReplaySummary.profile). */
  profile?: boolean;
  /** Record why this rule did or did not fire (ReplaySummary.explained). */
  explain?: RuleId;
  /** Called about five times a second while it runs; null: no progress wanted. */
  onProgress: ((p: ReplayProgress) => void) | null;
  /** Aborted: the replay ends after the batch at hand as if the captures ended there. Null: it cannot be stopped. */
  stop: AbortSignal | null;
}

export interface ReplayProgress {
  packets: number;
  bytesRead: number;
  /** 0 when unknown (standard input). */
  bytesTotal: number;
  alerts: number;
  elapsedMs: number;
}

export interface ReplaySummary {
  packets: number;
  /** Captured bytes of those packets. */
  bytes: number;
  elapsedMs: number;
  flows: number;
  transactions: number;
  alerts: number;
  drops: number;
  /** It was stopped (ReplayOptions.stop) before the captures ended. */
  stopped: boolean;
  /** Alerts by signature, most frequent first. */
  bySignature: { gid: number; sid: number; rev: number; msg: string; priority: number; count: number }[];
  rules: {
    loaded: number;
    failed: RuleNoteSummary[];
    skipped: RuleNoteSummary[];
    warnings: RuleNoteSummary[];
    /** How many more of each there are than the lists hold. */
    unkept: { failed: number; skipped: number; warnings: number };
  };
  /** Damage found in capture files. */
  faults: { file: string; packet: number; offset: number; message: string }[];
  /** Events that were lost because the spill's disk budget was spent. */
  lostEvents: number;
  /** What went wrong while writing: disk full, database locked … */
  outputFaults: string[];
  counters: Record<string, number>;
  /** What of the traffic the capture lacks, or has not as it was. */
  health: HealthFinding[];
  /** What rules asked for and could not have: reputation files that cannot be read, libmagic. */
  notes: string[];
  /** Keys of the configuration that nothing read. */
  unknownKeys: string[];
  db: string | null;
  /** What rules cost, dearest first, when that was asked for. */
  profile?: RuleCost[];
  /** Rules that were suspended for breaking `detect.latency`, in order; the first thousand. */
  suspensions: RuleSuspension[];
  /** What was recorded of the rule that was asked about. */
  explained?: Explained;
}

/** Cost of a rule. Times in nanoseconds; `share` of the time of all rules, 0 to 1. */
export interface RuleCost {
  gid: number;
  sid: number;
  rev: number;
  msg: string;
  file: string;
  line: number;
  checks: number;
  matches: number;
  totalNs: number;
  maxNs: number;
  share: number;
}

export interface RuleSuspension {
  gid: number;
  sid: number;
  rev: number;
  msg: string;
  /** Capture times; null: until the end. */
  atUs: number;
  untilUs: number | null;
  tookNs: number;
  budgetNs: number;
  /** Whose budget was broken: the rule's own, or that of a packet of which it took most. */
  of: 'rule' | 'packet';
}

export interface RuleNoteSummary {
  file: string;
  line: number;
  column: number;
  sid: number | null;
  reason: string;
  hint: string | null;
}
