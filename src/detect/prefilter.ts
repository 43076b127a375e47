/**
 * The multi-pattern matcher: buffers of one packet are queued as jobs and scanned in one native call; each pattern
 * that was found makes its rules candidates.
 */
import { bindScan, ScanRow, scan } from '../addon/hyperscan.js';
import { counter, counts } from '../core/counters.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import { DetectBound, detectBounds } from './bounds.js';
import { addCandidate } from './candidates.js';

const enum ScanLimit {
  /** Buffers in one native call; more are scanned in several. */
  Jobs = 64,
}

const cScans = counter('detect.mpm_scans');
const cBytes = counter('detect.mpm_bytes');
const cFull = counter('detect.mpm_results_full');

const jobs = new Uint32Array(ScanLimit.Jobs * ScanRow.Job);
const results = new Uint32Array(DetectBound.Patterns * ScanRow.Result);
let jobCount = 0;
/** Patterns found in one native call before they are drained. */
let maxFound: number = DetectBound.Patterns;

let handles: readonly number[] = [];
let databases: RuntimeRules['databases'] = [];
let patternLists: Uint32Array = new Uint32Array(0);
let listRows: Uint32Array = new Uint32Array(2);
let listRules: Uint32Array = new Uint32Array(0);

export function bindPrefilter(rules: RuntimeRules, databaseHandles: readonly number[]): void {
  maxFound = detectBounds.patterns;
  bindScan(jobs, results.subarray(0, maxFound * ScanRow.Result));
  handles = databaseHandles;
  databases = rules.databases;
  patternLists = rules.patternLists;
  listRows = rules.listRows;
  listRules = rules.listRules;
  jobCount = 0;
}

/** Makes all rules of a list candidates. */
export function addList(row: number): void {
  const end = listRows[row * 2 + 1];
  for (let i = listRows[row * 2]; i < end; i++) addCandidate(listRules[i]);
}

/** Queues a buffer for database `db`; the candidates come with `runScans`. */
export function queueScan(db: number, off: number, len: number): void {
  if (jobCount === ScanLimit.Jobs) runScans();
  const at = jobCount++ * ScanRow.Job;
  jobs[at] = off;
  jobs[at + 1] = len;
  jobs[at + 2] = handles[db];
  jobs[at + 3] = db;
}

function drain(rows: number): void {
  for (let i = 0; i < rows; i++) addList(patternLists[results[i * ScanRow.Result + 1]]);
}

/** Scans what is queued and adds the candidates. */
export function runScans(): void {
  if (jobCount === 0) return;
  const n = jobCount;
  jobCount = 0;
  counts[cScans] += n;
  for (let i = 0; i < n; i++) counts[cBytes] += jobs[i * ScanRow.Job + 1];
  let first = 0;
  for (;;) {
    const rows = scan(n, first);
    if (rows >= 0) {
      drain(rows);
      return;
    }
    // The results are full: take them, and go on with the job that was not finished.
    const stopped = ~rows;
    drain(maxFound);
    if (stopped === first) {
      // This buffer alone holds more patterns than fit: every rule of its database is a candidate.
      counts[cFull]++;
      const { first: pattern, count } = databases[jobs[stopped * ScanRow.Job + 3]];
      for (let id = pattern; id < pattern + count; id++) addList(patternLists[id]);
      if (stopped + 1 === n) return;
      first = stopped + 1;
    } else first = stopped;
  }
}
