/** NFQUEUE: packets that the kernel holds back until their verdict comes (linux/netfilter/nfnetlink_queue.h). */
import { type NfqOptions, type NfqState, native, type Refusal } from './native.js';

export type { NfqOptions, NfqState, Refusal } from './native.js';
export { isRefusal } from './native.js';

/** Negative results of readNfq. */
export const enum NfqRead {
  /** The socket is of no use any more: see nfqState. */
  Fault = -1,
}

/** Words of a packet in `meta`. */
export const enum NfqRow {
  Queue = 0,
  Id = 1,
  Mark = 2,
  /** NfqInfo bits. */
  Info = 3,
  /** Netfilter hook it is held at (NF_INET_…). */
  Hook = 4,
  Stride = 5,
}

/** What the kernel says of a packet (NFQA_SKB_INFO). */
export const enum NfqInfo {
  /** Its transport checksum is not filled in yet: a card, or the kernel, will. */
  ChecksumNotReady = 1,
  /** Several segments in one (generic segmentation offload). */
  Gso = 2,
  /** Its checksum was not looked at. */
  ChecksumNotVerified = 4,
}

/** Words of a verdict. */
export const enum NfqVerdict {
  Queue = 0,
  Id = 1,
  /** NF_ verdict; NF_QUEUE with the number of the other queue in the upper half. */
  Verdict = 2,
  Mark = 3,
  /** NfqVerdictFlag bits. */
  Flags = 4,
  Off = 5,
  Len = 6,
  Stride = 7,
}

export const enum NfqVerdictFlag {
  /** For all packets of the queue that wait, up to this one. */
  UpTo = 1,
  /** Sets the mark. */
  Mark = 2,
  /** The packet is sent on with the bytes memory[Off, Off + Len) instead of its own. */
  Payload = 4,
}

export const enum Netfilter {
  Drop = 0,
  Accept = 1,
  Queue = 3,
  Repeat = 4,
}

export const enum NfqLimit {
  /** Packets of one read. */
  Rows = 256,
  /** Bytes of the arena that each takes while it is read. */
  Slot = 0x1_0200,
  /** Bytes of a packet at most: what an attribute holds. */
  Copy = 0xffff - 4,
}

/** Columns that readNfq fills, of one length; `meta` has NfqRow.Stride words a row. */
export interface NfqColumns {
  readonly off: Uint32Array;
  readonly capLen: Uint32Array;
  readonly wireLen: Uint32Array;
  readonly tsUs: Float64Array;
}

/** Binds queues to a new socket; its handle, or the kernel's reason not to, with the queue (-1: none) as `index`. */
export function openNfq(queues: readonly number[], options: NfqOptions): number | Refusal {
  return native().nfqOpen(Uint32Array.from(queues), options);
}

/**
 * Reads packets to memory[arenaOff, arenaOff + arenaLen): as many as are there, NfqLimit.Rows at most, after waiting
 * `waitMs` when there are none. Their number, or an NfqRead.
 */
export function readNfq(
  handle: number,
  arenaOff: number,
  arenaLen: number,
  waitMs: number,
  to: NfqColumns,
  meta: Uint32Array,
): number {
  return native().nfqRead(handle, arenaOff, arenaLen, waitMs, to.off, to.capLen, to.wireLen, to.tsUs, meta);
}

/** Gives the first `count` verdicts of `rows` (NfqVerdict.Stride words each), in order; false when the kernel took not all. */
export function giveVerdicts(handle: number, rows: Uint32Array, count: number): boolean {
  return native().nfqVerdict(handle, rows, count);
}

/** The last fault, and how many verdicts came too late. */
export function nfqState(handle: number): NfqState {
  return native().nfqState(handle);
}
