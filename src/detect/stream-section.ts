/**
 * The raw stream of the packet under inspection: the chunk of each direction that became inspectable, and content
 * looked for in it. A chunk may have bytes of the chunk before in front of it, so that patterns over the border are
 * found; what lies wholly in those was reported with the earlier chunk.
 */
import { BufferId } from '../protocol/buffers.js';
import { inspectBuffer } from './inspect.js';
import { MatchedCol, matchedCount, matchedCut, matchedRanges } from './matched.js';

/** By direction: where the chunk lies, its length, and the bytes before it. Length 0: none. */
const offs = new Int32Array(2);
const lens = new Int32Array(2);
const befores = new Int32Array(2);

export function streamReset(): void {
  lens[0] = 0;
  lens[1] = 0;
}
export function setStreamChunk(dir: number, off: number, len: number, before: number): void {
  offs[dir] = off;
  lens[dir] = len;
  befores[dir] = before;
}
/** Whether any range from row `from` ends beyond the first `before` bytes. */
function reachesBeyond(from: number, before: number): boolean {
  for (let i = from; i < matchedCount; i++) {
    const at = i * MatchedCol.Stride;
    if (matchedRanges[at + MatchedCol.Off] + matchedRanges[at + MatchedCol.Len] > before) return true;
  }
  // Without ranges (negated matches, sizes) only the chunk itself counts.
  return false;
}

/** Whether the program matches in the chunk of direction `dir`. */
export function streamSectionHolds(pc: number, dir: number): boolean {
  const len = lens[dir];
  if (len <= 0) return false;
  if (inspectBuffer(pc, offs[dir], len, 0, BufferId.Payload)) return true;
  const before = befores[dir];
  if (before === 0) return false;
  const mark = matchedCount;
  if (inspectBuffer(pc, offs[dir] - before, len + before, 0, BufferId.Payload) && reachesBeyond(mark, before))
    return true;
  matchedCut(mark);
  return false;
}
