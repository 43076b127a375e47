/** Room for buffers that detection makes (transform results, decoded base64); all of it is free again with each packet. */
import { counter, counts } from '../core/counters.js';
import { ScratchPart } from '../core/memory.js';
import type { Settings } from '../core/settings.js';

const cFull = counter('detect.scratch_full');
const Bytes = ScratchPart.DetectEnd - ScratchPart.DetectOff;
let top: number = ScratchPart.DetectOff;
let end: number = ScratchPart.DetectEnd;

/** Reads `detect.scratch-size`: bytes for what rules make of one packet's buffers. */
export function configureScratch(settings: Settings): void {
  end = ScratchPart.DetectOff + settings.size('detect.scratch-size', Bytes, 0, Bytes);
}

export function scratchReset(): void {
  top = ScratchPart.DetectOff;
}

/** Offset of `len` bytes, or 0 when the part is used up (counted). */
export function scratchTake(len: number): number {
  if (top + len > end) {
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
