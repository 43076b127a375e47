/**
 * The matches of the current packet, before thresholds and verdict (src/alert) make alerts of them. Rows of numbers,
 * bounded: at the bound later matches of the packet are counted and dropped, as Suricata's alert queue does.
 */
import { counter, counts } from '../core/counters.js';
import type { Transaction } from '../http/transaction.js';
import { DetectBound, detectBounds } from './bounds.js';
import { MatchedCol, MatchedLimit, matchedCount, matchedRanges } from './matched.js';
import { packetVarsReset } from './packet-vars.js';

export const enum MatchLimit {
  /** Matches of one packet. */
  Rows = DetectBound.Matches,
  /** Ranges of all matches of one packet kept for display. */
  Ranges = 8192,
}

export const enum MatchRowFlag {
  /** Found in a transaction. */
  Tx = 1,
  /** Found in the raw stream. */
  Stream = 2,
  /** Found in the packet. */
  Packet = 4,
}

const cOverflow = counter('detect.match_limit');

export const matchRule = new Int32Array(MatchLimit.Rows);
export const matchFlags = new Uint8Array(MatchLimit.Rows);
/** Dir under inspection. */
export const matchDir = new Uint8Array(MatchLimit.Rows);
export const matchTx: (Transaction | null)[] = new Array<Transaction | null>(MatchLimit.Rows).fill(null);
/** First row of rangeRows and number of ranges. */
export const matchFirstRange = new Int32Array(MatchLimit.Rows);
export const matchRangeCount = new Int32Array(MatchLimit.Rows);
/** MatchedCol rows. */
export const rangeRows = new Int32Array(MatchLimit.Ranges * MatchedCol.Stride);
/** Raw chunk that stream matches of each direction were found in: offset and length in memory; 0 none. */
export const chunkOff = new Int32Array(2);
export const chunkLen = new Int32Array(2);

export let matchCount = 0;
let rangeCount = 0;

export function matchesReset(): void {
  matchCount = 0;
  rangeCount = 0;
  chunkOff[0] = chunkOff[1] = 0;
  chunkLen[0] = chunkLen[1] = 0;
  packetVarsReset();
}

/** Adds a match of rule `n` with the ranges in `matched`. */
export function addMatch(n: number, tx: Transaction | null, dir: number, flags: number): void {
  if (matchCount >= detectBounds.matches) {
    counts[cOverflow]++;
    return;
  }
  const i = matchCount++;
  matchRule[i] = n;
  matchFlags[i] = flags;
  matchDir[i] = dir;
  matchTx[i] = tx;
  const take = Math.min(matchedCount, MatchedLimit.Ranges, MatchLimit.Ranges - rangeCount);
  matchFirstRange[i] = rangeCount;
  matchRangeCount[i] = take;
  for (let w = 0; w < take * MatchedCol.Stride; w++) rangeRows[rangeCount * MatchedCol.Stride + w] = matchedRanges[w];
  rangeCount += take;
}
