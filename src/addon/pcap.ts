/** libpcap: capture files and live interfaces, read in batches into the memory. */
import { type LiveOptions, native, type PcapStats, type Refusal } from './native.js';

export type { LiveOptions, PcapStats, Refusal } from './native.js';
export { isRefusal } from './native.js';

/** Negative results of readPcap. */
export const enum PcapRead {
  /** The file has no more. */
  End = -1,
  /** The file is damaged, or the interface went away: see pcapError. */
  Fault = -2,
}

/** Columns that readPcap fills, of one length. */
interface PcapColumns {
  readonly off: Uint32Array;
  readonly capLen: Uint32Array;
  readonly wireLen: Uint32Array;
  readonly tsUs: Float64Array;
}

/** Opens a capture file ('-': standard input); its handle, or libpcap's reason not to. */
export function openPcapFile(path: string): number | Refusal {
  return native().pcapOpenFile(path);
}

/** Opens an interface without blocking reads; its handle, or libpcap's reason not to. One reading thread a handle. */
export function openPcapLive(device: string, options: LiveOptions): number | Refusal {
  return native().pcapOpenLive(device, options);
}

/**
 * Reads packets to memory[arenaOff, arenaOff + arenaLen) until that or the columns are full, nothing more is there,
 * or (live, and nothing came yet) `waitMs` have passed. Returns their number (0: none in time), or a PcapRead.
 */
export function readPcap(handle: number, arenaOff: number, arenaLen: number, waitMs: number, to: PcapColumns): number {
  return native().pcapRead(handle, arenaOff, arenaLen, waitMs, to.off, to.capLen, to.wireLen, to.tsUs);
}

/** libpcap's words for the last fault. */
export function pcapError(handle: number): string {
  return native().pcapError(handle);
}

/** Offset in the file of the record read or tried last; 0 for standard input. */
export function pcapOffset(handle: number): number {
  return native().pcapOffset(handle);
}

/** LINKTYPE_ of the source. */
export function pcapLinkType(handle: number): number {
  return native().pcapLinkType(handle);
}

/** Descriptor of a live capture's socket. */
export function pcapFileno(handle: number): number {
  return native().pcapFileno(handle);
}

/**
 * Makes a live capture one of a fanout group (packet(7), PACKET_FANOUT_CBPF): each packet of their interface goes to the one
 * whose place, in order of joining, is the program's result modulo their number. `group` 0: a new group. `program`: classic
 * BPF, two words an instruction (code | jt << 16 | jf << 24, k). The group's number, or the system's reason not to.
 */
export function joinFanout(handle: number, group: number, program: Uint32Array): number | Refusal {
  return native().pcapFanout(handle, group, program);
}

/** The kernel's counts of a live capture. */
export function pcapStats(handle: number): PcapStats | Refusal {
  return native().pcapStats(handle);
}

/** Sends the frame memory[off, off + len) on a live interface; undefined, or why it was not sent. */
export function injectPcap(handle: number, off: number, len: number): Refusal | undefined {
  return native().pcapInject(handle, off, len);
}

/** Sets a filter; undefined, or why it is refused. */
export function setPcapFilter(handle: number, filter: string): Refusal | undefined {
  return native().pcapSetFilter(handle, filter);
}
