/**
 * The one memory of a worker: an ArrayBuffer with fixed regions, so that a pair
 * (offset, length) of 32-bit integers names any byte a stage looks at.
 *
 *     0 ......... 64 KiB   never used: offset 0 means "no bytes"
 *     Arena       64 MiB   packets of the current batch; borrowed until the batch ends
 *     Scratch     64 MiB   reassembled datagrams, normalised and transformed buffers;
 *                          each user owns a fixed part (see ScratchPart)
 *     Fragments   64 MiB   IP fragments waiting for the rest of their datagram
 *     Segments   512 MiB   TCP segments that outlive their batch
 *     Http       512 MiB   message heads and body windows of open transactions
 *
 * The operating system backs a page only once it is touched, so the size here is
 * address space. What may really be used is bounded by the memcaps of the configuration.
 * All offsets stay below 2^31, so they are small integers for the JIT.
 */
export const enum Region {
  ArenaOff = 0x0001_0000,
  ArenaEnd = 0x0400_0000,
  ScratchOff = 0x0400_0000,
  ScratchEnd = 0x0800_0000,
  FragmentsOff = 0x0800_0000,
  FragmentsEnd = 0x0c00_0000,
  SegmentsOff = 0x0c00_0000,
  SegmentsEnd = 0x2c00_0000,
  HttpOff = 0x2c00_0000,
  HttpEnd = 0x4c00_0000,
  End = 0x4c00_0000,
}

/** Fixed parts of the Scratch region, each owned by one stage. */
export const enum ScratchPart {
  /** Reassembled IP datagrams: eight slots of 128 KiB, one a level of nesting (src/defrag). */
  DatagramOff = Region.ScratchOff,
  DatagramSlotLen = 0x2_0000,
  DatagramSlots = 8,
  /** A raw-stream chunk made contiguous (src/stream): 2 MiB. */
  StreamOff = Region.ScratchOff + 0x10_0000,
  StreamEnd = Region.ScratchOff + 0x30_0000,
  /** Buffers computed on demand from a transaction (src/http): 16 MiB. */
  HttpOff = Region.ScratchOff + 0x30_0000,
  HttpEnd = Region.ScratchOff + 0x130_0000,
  /** Transform results, base64 and other buffers of detection (src/detect): 16 MiB. */
  DetectOff = Region.ScratchOff + 0x130_0000,
  DetectEnd = Region.ScratchOff + 0x230_0000,
  /** Everything the output stage makes contiguous (src/output): 8 MiB. */
  OutputOff = Region.ScratchOff + 0x230_0000,
  OutputEnd = Region.ScratchOff + 0x2b0_0000,
  /** Packets that the sensor makes itself (src/respond): 1 MiB. */
  RespondOff = Region.ScratchOff + 0x2b0_0000,
  RespondEnd = Region.ScratchOff + 0x2c0_0000,
}

/** Not shared memory, although columns are (columns.ts): V8 copies within a SharedArrayBuffer eight times slower. */
export const memory: ArrayBuffer = new ArrayBuffer(Region.End);
/** Byte view of the whole memory. Alias it in a module-level const before hot use. */
export const u8: Uint8Array = new Uint8Array(memory);
/** DataView of the whole memory, for big-endian reads. Alias it in a module-level const. */
export const dv: DataView = new DataView(memory);
/** Buffer over the same bytes, for latin1Slice/copy/compare with offsets. */
export const buf: Buffer = Buffer.from(memory);

/** A borrowed run of bytes in `memory`. Reused by its owner: clone what must outlive the next call. */
export class ByteRange {
  off = 0;
  len = 0;
}
