/** Room for buffers that detection makes (transform results, decoded base64); all of it is free again with each packet. */
import { counter, counts } from '../core/counters.js';
import { ScratchPart } from '../core/memory.js';

const cFull = counter('detect.scratch_full');
let top: number = ScratchPart.DetectOff;

export function scratchReset(): void {
  top = ScratchPart.DetectOff;
}

/** Offset of `len` bytes, or 0 when the part is used up (counted). */
export function scratchTake(len: number): number {
  if (top + len > ScratchPart.DetectEnd) {
    counts[cFull]++;
    return 0;
  }
  const off = top;
  top += (len + 7) & ~7;
  return off;
}

/** Where the next bytes would go, and giving back what was taken since. */
export function scratchMark(): number {
  return top;
}
export function scratchRelease(mark: number): void {
  top = mark;
}
