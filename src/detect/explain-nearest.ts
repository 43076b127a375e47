/** Where a buffer comes nearest to a pattern that is not in it. */
import { u8 } from '../core/memory.js';
import { TraceLimit } from './trace.js';

const mem = u8;

/** Where, relative to `from`, and how many bytes of the pattern stand there (in either case); -1: less than half. */
export const nearest = { at: -1, bytes: 0 };

let work = 0;

/** Begins anew with the whole budget of comparisons. */
export function resetNearest(): void {
  work = 0;
}

const lower = (b: number): number => (b >= 0x41 && b <= 0x5a ? b + 0x20 : b);

/** Seeks `pattern` in memory[from, to), within the budget; the answer is in `nearest`. */
export function seekNearest(pattern: Uint8Array, from: number, to: number): void {
  nearest.at = -1;
  nearest.bytes = 0;
  const end = Math.min(to, from + TraceLimit.NearestWindow);
  const n = pattern.length;
  if (n === 0 || end <= from || work > TraceLimit.NearestWork) return;
  work += (end - from) * n;
  for (let at = from; at < end; at++) {
    const there = Math.min(n, end - at);
    if (there <= nearest.bytes) break;
    let same = 0;
    for (let i = 0; i < there; i++) if (lower(mem[at + i]) === lower(pattern[i])) same++;
    if (same > nearest.bytes) {
      nearest.bytes = same;
      nearest.at = at - from;
    }
  }
  if (nearest.bytes * 2 < n) {
    nearest.at = -1;
    nearest.bytes = 0;
  }
}
