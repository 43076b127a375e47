/**
 * Room for buffers computed on demand: a ring in the Http part of Scratch. What is handed out stays valid until so
 * much more has been asked for that the ring comes round (15 MiB), so the buffers of one packet can be scanned together.
 */
import { ScratchPart } from '../core/memory.js';

const enum Ring {
  /** The first MiB is for values that live only within the parser. */
  Off = ScratchPart.HttpOff + 0x10_0000,
  End = ScratchPart.HttpEnd,
}

let at: number = Ring.Off;

/** Offset of `len` bytes of room (at most 2 MiB); cut what is not used with `keepRoom`. */
export function takeRoom(len: number): number {
  if (at + len > Ring.End) at = Ring.Off;
  return at;
}

/** Keeps the bytes up to `end` of the room taken last. */
export function keepRoom(end: number): void {
  at = end;
}
