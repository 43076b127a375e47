/**
 * What the rule under inspection has matched so far: ranges of buffers for display, and captures waiting to become
 * variables. A stack, cut back when a match is tried elsewhere.
 */
export const enum MatchedLimit {
  Ranges = 64,
  Captures = 16,
}

/** Rows of MatchedCol. */
export const matchedRanges = new Int32Array(MatchedLimit.Ranges * 4);
export const enum MatchedCol {
  /** BufferId. */
  Buffer = 0,
  /** Offset within the whole buffer, and length. */
  Off = 1,
  Len = 2,
  /** Where the bytes lie in memory, valid until the next packet at most. */
  Mem = 3,
  Stride = 4,
}
export let matchedCount = 0;
/** By row: where the bytes that replace it lie in the pool of patterns, 0 none. */
export const matchedReplace = new Int32Array(MatchedLimit.Ranges);

export function matchedReset(): void {
  matchedCount = 0;
  captureCount = 0;
}
export function matchedCut(count: number): void {
  matchedCount = count;
}
export function matchedAdd(buffer: number, off: number, len: number, mem: number): void {
  if (matchedCount === MatchedLimit.Ranges) return;
  matchedReplace[matchedCount] = 0;
  const at = matchedCount++ * MatchedCol.Stride;
  matchedRanges[at + MatchedCol.Buffer] = buffer;
  matchedRanges[at + MatchedCol.Off] = off;
  matchedRanges[at + MatchedCol.Len] = len;
  matchedRanges[at + MatchedCol.Mem] = mem;
}

/** The range that was added last, at `mem`, is to be replaced. */
export function matchedReplaceBy(mem: number, poolOff: number): void {
  const row = matchedCount - 1;
  if (matchedRanges[row * MatchedCol.Stride + MatchedCol.Mem] === mem) matchedReplace[row] = poolOff;
}

/** Rows of (capture target number, offset in memory, length). */
export const captureRows = new Int32Array(MatchedLimit.Captures * 3);
export let captureCount = 0;
export function captureAdd(target: number, off: number, len: number): void {
  if (captureCount === MatchedLimit.Captures) return;
  const at = captureCount++ * 3;
  captureRows[at] = target;
  captureRows[at + 1] = off;
  captureRows[at + 2] = len;
}
