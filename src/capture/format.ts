/** What the parts of the capture-file reader agree on: a format describes the records of a window. */
import type { Batch } from './batch.js';
import type { Window } from './window.js';

export const enum FormatStatus {
  /** The rest of the window is not a whole record (or it is empty). */
  NeedMore = 0,
  /** The batch is full. */
  BatchFull = 1,
  /** The record at `window.pos` is damaged: see `message`. */
  Fault = 2,
}

export interface CaptureFormat {
  /** Describes packets from window.pos on in batch rows from batch.count on. */
  fill(window: Window, batch: Batch): FormatStatus;
  /** What is wrong with the record at window.pos. */
  readonly message: string;
  /** Where the record at window.pos begins when part of it was already passed over; else -1. */
  readonly recordOff: number;
}

/** First four bytes of a file, read big-endian. */
export const enum Magic {
  /** Microseconds, written big-endian and little-endian (draft-ietf-opsawg-pcap section 4). */
  MicroBe = 0xa1b2c3d4,
  MicroLe = 0xd4c3b2a1,
  /** Nanoseconds. */
  NanoBe = 0xa1b23c4d,
  NanoLe = 0x4d3cb2a1,
  /** Microseconds with 24-byte packet headers (Alexey Kuznetsov's patched tcpdump). */
  PatchedBe = 0xa1b2cd34,
  PatchedLe = 0x34cdb2a1,
  /** pcapng Section Header Block (draft-ietf-opsawg-pcapng section 4.1). */
  Pcapng = 0x0a0d0d0a,
}
