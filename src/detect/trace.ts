/**
 * What `rules explain` recorded of one rule, as plain data that crosses threads: each look at it with the conditions
 * that held and the one that did not. Rules, sections and rows of programs are numbers; who prints joins them with the
 * rules as understood (src/rules/ir.ts).
 */
import type { HeaderFault } from './header.js';
import type { Fate, Look } from './recorder.js';

export const enum TraceLimit {
  /** Looks that fired and are kept whole. */
  Fired = 5,
  /** Bytes of a buffer kept of each place that is shown. */
  Excerpt = 192,
  /** Bytes before the place of interest in it. */
  Lead = 48,
  /** Reasons told apart. */
  Reasons = 200,
  /** Transactions under inspection, and flows that were passed or dropped, that are remembered. */
  Remembered = 16_384,
  /** Comparisons of bytes spent on finding what comes nearest to a pattern. */
  NearestWork = 300_000_000,
  /** Bytes of a buffer in which that is sought. */
  NearestWindow = 8192,
}

/** What is to be explained: the rules with one id, and those that set what they test. */
export interface ExplainRequest {
  rules: number[];
  setters: { name: string; rule: number }[];
}

/** Part of a buffer. Positions are within the buffer as it was shown to the rule. */
export interface Excerpt {
  /** BufferId. */
  buffer: number;
  /** Length of the buffer as shown, and how far into the whole it begins. */
  len: number;
  base: number;
  from: number;
  /** Latin-1. */
  text: string;
}

/** A row of a section's program, as last tried on the way that got furthest. */
export interface MatchTrace {
  /** Number of the row in the program; rows within base64_decode are counted after it. */
  row: number;
  held: boolean;
  /** [from, to) was looked at; where a match ended, -1: none. */
  from: number;
  to: number;
  end: number;
  /** Times this row failed, after other occurrences of what stands before it. */
  tries: number;
  /** The number that a byte_* row read and where; null for other rows. */
  value: number | null;
  valueAt: number;
  /** Where the buffer comes nearest to a content that is missing, and how many of its bytes stand there; -1: nowhere near. */
  near: number;
  nearBytes: number;
  excerpt: Excerpt | null;
}

export interface SectionTrace {
  /** Number among the rule's sections, and the buffer's id; -1: no buffer (an event, conditions on files). */
  section: number;
  buffer: number;
  /** -1: not a section of files. */
  fileTest: number;
  matched: boolean;
  /** It could not match later either. */
  final: boolean;
  /** Instances that were looked at (header lines, files, windows). */
  instances: number;
  shown: Excerpt | null;
  matches: MatchTrace[];
  /** The body of that side went past its limit; bytes of it are missing. */
  cut: boolean;
  gap: boolean;
}

/** A look at a rule. */
export interface Trace {
  rule: number;
  /** Number of the packet that brought it about; 0: the end of the flow. */
  packet: number;
  tsUs: number;
  look: Look;
  /** Dir. */
  dir: number;
  /** Addresses and ports in that direction. */
  ipVersion: number;
  ipProto: number;
  src: [number, number, number, number];
  dst: [number, number, number, number];
  srcPort: number;
  dstPort: number;
  hasFlow: boolean;
  /** Serial number of the flow, -1: none. */
  serial: number;
  /** Number within the flow, -1: none. */
  tx: number;
  header: HeaderFault;
  /** AppProto the flow has where the rule wants another, -1: it fits. */
  app: number;
  /** Number of the condition that did not hold, -1: all did; and what was there instead. */
  condition: number;
  found: string;
  /** The rule was a candidate: its fast pattern was found, or it has none. */
  candidate: boolean;
  /** The buffer in which the fast pattern was looked for; null: it is not there. */
  fast: Excerpt | null;
  /** As of MatchTrace. */
  fastNear: number;
  fastNearBytes: number;
  /** The body of the side under inspection went past its limit; bytes of it are missing. */
  cut: boolean;
  gap: boolean;
  sections: SectionTrace[];
  /** Fate; -1: it did not match. */
  fate: Fate | -1;
  /** The packet was not inspected because of this rule, -1: unknown rule, -2: it was inspected. */
  closedBy: number;
  /** What `reasons` counts it under. */
  reason: string;
  score: number;
}

export interface Explanation {
  /** Numbers of the rules with the id asked for (two for one written `<>`). */
  rules: number[];
  /** RuleType of the first. */
  type: number;
  /** What makes it a candidate: patterns in lower case, any of which must be in the buffer; null: it always is one. */
  fast: { buffer: number; literals: string[] } | null;
  looks: number;
  /** Matches by Fate. */
  fates: number[];
  fired: Trace[];
  /** What got furthest without an alert. */
  nearest: Trace | null;
  /** Why other looks came to nothing, most frequent first, each with its first look. */
  reasons: { reason: string; count: number; first: Trace }[];
  /** Rules that set a flowbit, flowint, xbit or hostbit that the rule tests, and how often they matched. */
  setters: { name: string; rule: number; matches: number; firstPacket: number; inFlow: boolean }[];
}
