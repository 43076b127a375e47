/**
 * Hyperscan (5.4, or Vectorscan): multi-pattern databases, and the scan of many buffers in one native call.
 *
 *     jobs     rows of 4: offset, length, handle (a block database, or an open stream), tag (yours; not read)
 *     results  rows of 4: job index, pattern id, end offset, start offset (0 unless compiled with SomLeftmost)
 *
 * Offsets in results are relative to the job's first byte; those of a stream to the stream's first byte, low 32 bits.
 * Results of one job come in order of end offset; those of several jobs in order of the jobs.
 *
 *     const jobs = new Uint32Array(64 * ScanRow.Job), results = new Uint32Array(4096 * ScanRow.Result);
 *     bindScan(jobs, results);                       // once a thread
 *     jobs[0] = off; jobs[1] = len; jobs[2] = db;
 *     const n = scan(1);                             // about 50 ns plus Hyperscan's own time
 */
import { type DatabaseInfo, type ExpressionInfo, type Native, native, type Refusal } from './native.js';

export type { DatabaseInfo, ExpressionInfo, Refusal } from './native.js';
export { isRefusal } from './native.js';

/** Row sizes in elements. */
export const enum ScanRow {
  Job = 4,
  Result = 4,
}

/** HS_FLAG_ of hs_compile.h. */
export const enum HsFlag {
  Caseless = 1,
  DotAll = 2,
  Multiline = 4,
  /** At most one match an id and scan. */
  SingleMatch = 8,
  AllowEmpty = 16,
  Utf8 = 32,
  Ucp = 64,
  /** Over-approximates what Hyperscan cannot do: matches need confirmation. */
  Prefilter = 128,
  SomLeftmost = 256,
  Combination = 512,
  Quiet = 1024,
}

/** HS_MODE_ of hs_compile.h. */
export const enum HsMode {
  Block = 1,
  Stream = 2,
  SomHorizonLarge = 1 << 24,
  SomHorizonMedium = 1 << 25,
  SomHorizonSmall = 1 << 26,
}

/** A pattern to compile; text is taken as latin-1 (one character a byte). */
export interface HsPattern {
  pattern: string | Uint8Array;
  /** HsFlag bits. Literals take Caseless, SingleMatch, Multiline and SomLeftmost only. */
  flags: number;
  /** Reported in results; need not be unique (patterns of one id report as one). */
  id: number;
}

function compile(patterns: readonly HsPattern[], mode: number, literal: number): number | Refusal {
  const parts = patterns.map((p) => (typeof p.pattern === 'string' ? Buffer.from(p.pattern, 'latin1') : p.pattern));
  const ends = new Uint32Array(parts.length);
  let end = 0;
  parts.forEach((part, i) => {
    end += part.length;
    ends[i] = end;
  });
  const flags = Uint32Array.from(patterns, (p) => p.flags);
  const ids = Uint32Array.from(patterns, (p) => p.id);
  return native().hsCompile(Buffer.concat(parts), ends, flags, ids, mode, literal);
}

/**
 * Compiles regular expressions (Hyperscan's subset of PCRE) into a database; its handle, or which pattern is refused
 * and why. Blocks for the time of compiling: use a background thread for large sets.
 */
export function compileExpressions(patterns: readonly HsPattern[], mode: number = HsMode.Block): number | Refusal {
  return compile(patterns, mode, 0);
}

/** Compiles pure literals (every byte stands for itself; NUL allowed). An empty literal is refused. */
export function compileLiterals(patterns: readonly HsPattern[], mode: number = HsMode.Block): number | Refusal {
  return compile(patterns, mode, 1);
}

/**
 * Compiles literals `first` … `first + count - 1` of a table, literal n being bytes[ends[n - 1] .. ends[n]), all with
 * the same flags and with their numbers as ids. As compileLiterals otherwise.
 */
export function compileLiteralRange(
  bytes: Uint8Array,
  ends: Uint32Array,
  first: number,
  count: number,
  flags: number,
): number | Refusal {
  const from = first === 0 ? 0 : ends[first - 1];
  const own = ends.slice(first, first + count).map((end) => end - from);
  const ids = own.map((_, i) => first + i);
  const to = from + (own.at(-1) ?? 0);
  return native().hsCompile(bytes.subarray(from, to), own, new Uint32Array(count).fill(flags), ids, HsMode.Block, 1);
}

/** Whether Hyperscan takes an expression with these HsFlag bits, and its widths in bytes. */
export function expressionInfo(pattern: string | Uint8Array, flags: number): ExpressionInfo | Refusal {
  return native().hsExpressionInfo(typeof pattern === 'string' ? Buffer.from(pattern, 'latin1') : pattern, flags);
}

/** The database as bytes for a cache; good for the same Hyperscan version and processor family. */
export function serializeDatabase(database: number): Buffer {
  return native().hsSerialize(database);
}

/** The handle of a database from its bytes, or why they are refused (other version, processor, or damaged). */
export function deserializeDatabase(bytes: Uint8Array): number | Refusal {
  return native().hsDeserialize(bytes);
}

export function databaseInfo(database: number): DatabaseInfo {
  return native().hsDatabaseInfo(database);
}

/** Whether the processor can run Hyperscan at all (SSSE3 on x86). */
export function hyperscanRuns(): boolean {
  return native().hsValidPlatform();
}

let scanNative: Native['scan'] = () => {
  throw new Error('bindScan was not called');
};

/** Binds this thread's job and result rows. They may be bound anew at any time. */
export function bindScan(jobs: Uint32Array, results: Uint32Array): void {
  native().bindScan(jobs, results);
  scanNative = native().scan;
}

/**
 * Scans jobs firstJob … jobCount-1 (results start at row 0 each call). Returns the number of result rows; or, when
 * the results are full, ~j (negative) where j is the job that was not finished: then all result rows are filled,
 * those of jobs before j are complete, and the caller may drain them and call again from j. When ~j === firstJob
 * again, that job alone has more matches than there are rows: treat every pattern of its database as a candidate.
 * A stream stopped this way must be reset before further use.
 * Throws for jobs outside the memory or dead handles (defects of the caller, not of traffic).
 */
export function scan(jobCount: number, firstJob = 0): number {
  return scanNative(jobCount, firstJob);
}

/** Opens a stream over a database compiled with HsMode.Stream; its handle serves in job rows. One thread at a time. */
export function openStream(database: number): number {
  return native().hsStreamOpen(database);
}

/**
 * Ends a stream's data: matches anchored at the end become result rows with job index `job`. Returns as `scan` does.
 * The stream is then as new; close it with closeHandle.
 */
export function endStream(stream: number, job: number): number {
  return native().hsStreamEnd(stream, job);
}

/** Makes a stream as new without reporting anything. */
export function resetStream(stream: number): void {
  native().hsStreamReset(stream);
}
