/**
 * What pipeline workers and the writer thread share: per worker a ring and a spill, and for all of them one bell.
 *
 * The worker rings the bell after each batch; the writer sleeps on it. `Room` is rung by the writer after it has taken
 * something, for a worker that waits (when `outputs.spill.when-full` is `wait`).
 */
import type { RingMemory } from './ring.js';
import type { SpillShare } from './spill.js';
import type { Wants } from './wants.js';

/** Int32 cells of `bell`. */
export const enum Bell {
  /** Incremented and notified for each batch or message. */
  Work = 0,
  /** Incremented and notified when the writer has made room. */
  Room = 1,
  /** 1 once the writer has ended, for whatever reason: nothing will be taken any more. */
  WriterEnded = 2,
  /** 1 when the only output is standard output and its reader went away: nothing more is of use. */
  Unread = 3,
  Cells = 4,
}

/** BigInt64 cells of `counts`, summed over workers. */
export const enum Count {
  /** Events given to the port. */
  Pushed = 0,
  /** Events lost because ring and spill were full, and how many of them were alerts. */
  LostEvents = 1,
  LostAlerts = 2,
  /** Batches that went through the spill. */
  SpilledBatches = 3,
  /** Bytes that went through the spill. */
  SpilledBytes = 4,
  /** Lines that sockets lost (SocketLosses of line-sink.ts), written by the writer. */
  SocketAway = 5,
  SocketSlow = 6,
  SocketLong = 7,
  /** Packets of the capture file: written, lost by the writer, lost because ring and spill were full; files removed. */
  CaptureWritten = 8,
  CaptureLost = 9,
  CaptureUnsent = 10,
  CaptureRemoved = 11,
  Cells = 12,
}

/** One worker's way to the writer: plain shared memory, given to the worker's thread as it is. */
export interface PortMemory {
  ring: RingMemory;
  spill: SpillShare;
  bell: SharedArrayBuffer;
  counts: SharedArrayBuffer;
  /** Past the spill's budget: wait for room (true) or lose and count (false). */
  wait: boolean;
  /** The workers of a replay: their records are put in order (order.ts). */
  ordered: boolean;
  wants: Wants;
}
