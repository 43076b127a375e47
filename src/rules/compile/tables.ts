/**
 * What the compiler makes and detection works with: flat tables over shared memory and short lists of plain data. Nothing
 * in it refers to a Rule, so it goes to any number of threads, and to a file, without copying rules.
 */
import type { DatasetMatch, FileTest, RuleNote, RuleSet, Transform } from '../ir.js';
import type { CaptureTarget, RegexSource } from './buffer-program.js';
import type { GroupTables } from './groups.js';
import type { IpOnlyTables } from './ip-only.js';
import type { PatternDatabase } from './patterns.js';
import type { AddressTables, PortTables } from './sets.js';

export interface RuntimeRules {
  /** Number of rules; one written `<>` counts twice. */
  count: number;
  /** Revision of each rule. */
  revs: Int32Array;
  /** Kinds of tests of files that rules make, each once. */
  fileTests: FileTest['kind'][];
  /** RuleCol rows. */
  table: Int32Array;
  /** SectionCol rows. */
  sections: Int32Array;
  code: Int32Array;
  pool: Uint8Array;
  numbers: Float64Array;
  /** Protocol bitmaps, 8 words a row; row 0 is unused (any). */
  protocols: Uint32Array;
  /** ThresholdCol rows of rules. */
  thresholds: Float64Array;
  addresses: AddressTables;
  ports: PortTables;
  groups: GroupTables;
  ipOnly: IpOnlyTables;
  /** Lists of rule numbers: rows (start, end) and the numbers. */
  listRows: Uint32Array;
  listRules: Uint32Array;
  databases: PatternDatabase[];
  /** Literals of all databases by pattern number: pattern n is patternBytes[patternEnds[n - 1] .. patternEnds[n]). */
  patternBytes: Uint8Array;
  patternEnds: Uint32Array;
  /** List row of each pattern number. */
  patternLists: Uint32Array;
  /** List rows by direction: transaction rules that are always candidates; those that wait for an event. */
  txAlways: Int32Array;
  txEvents: Int32Array;
  /** List rows by direction: rules on packet events. */
  packetEvents: Int32Array;
  regexes: RegexSource[];
  captures: CaptureTarget[];
  transforms: Transform[][];
  datasets: DatasetMatch[];
  categories: string[];
  countries: string[][];
  hashes: { algorithm: string; hashes: string[] }[];
  /** Names by number (names.ts): the thread that installs the rules takes them over. */
  flowNames: string[];
  hostNames: string[];
  /** Rules that the tables cannot hold. */
  refused: RuleNote[];
  suppress: RuleSet['suppress'];
  eventFilters: RuleSet['eventFilters'];
  rateFilters: RuleSet['rateFilters'];
  bans: RuleSet['bans'];
}

/** The literal that pattern `id` looks for; a view. */
export function patternLiteral(rules: Pick<RuntimeRules, 'patternBytes' | 'patternEnds'>, id: number): Uint8Array {
  return rules.patternBytes.subarray(id === 0 ? 0 : rules.patternEnds[id - 1], rules.patternEnds[id]);
}
