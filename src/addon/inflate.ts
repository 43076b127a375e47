/**
 * Streaming decompression from the memory into the memory: gzip, zlib and raw deflate (RFC 1952, 1950, 1951),
 * brotli (RFC 7932), LZMA, zstd (RFC 8878). What to tolerate and how much to accept is the caller's policy.
 *
 *     const z = openInflate(Compression.Gzip);
 *     const status = inflate(z, inOff, inLen, outOff, outLen);   // inflateProgress[0] consumed, [1] produced
 *     closeHandle(z);                                            // or resetInflate(z) for the next stream
 */
import { type Native, native } from './native.js';

export const enum Compression {
  Gzip = 0,
  Zlib = 1,
  /** Raw deflate, no header. */
  Deflate = 2,
  Brotli = 3,
  /** The .lzma format: 5 property bytes, 8 bytes of length (all ones: unknown), data. */
  LzmaAlone = 4,
  /** Raw LZMA data whose 5 property bytes came apart (SWF's ZWS header). */
  LzmaRaw = 5,
  Zstd = 6,
}

export const enum InflateStatus {
  /** All input was taken; more may come. */
  Ok = 0,
  /** The stream is complete; input beyond it is not consumed. Gzip members and zstd frames end one by one. */
  End = 1,
  /** The room is full and there may be more: call again with what is left of the input (which may be nothing). */
  OutputFull = 2,
  /** Damaged (also a wrong checksum at the end). What was produced before stands. */
  DataError = -1,
  /** More memory wanted than the limit allows. */
  MemoryLimit = -2,
  /** The zlib stream needs a preset dictionary. */
  NeedDictionary = -3,
}

/** Suricata's lzma-memlimit. */
const DefaultMemoryLimit = 1 << 20;
/** Brotli's window reaches 16 MiB (RFC 7932 section 9.1) and the ring buffer may be twice that while it grows. */
const BrotliMemoryLimit = 40 << 20;

/** Element 0: bytes consumed by the last `inflate`; element 1: bytes produced. */
export const inflateProgress = new Uint32Array(2);

/**
 * Opens a decompressor; its handle, or a negative InflateStatus (properties damaged or above the limit).
 * `memoryLimit` bounds brotli and LZMA (bytes; 0: 1 MiB for LZMA, 40 MiB for brotli); zlib needs 40 KiB and zstd at
 * most 128 MiB. `propsOff`: where raw LZMA's five property bytes lie in the memory.
 */
export function openInflate(format: Compression, memoryLimit = 0, propsOff = 0): number {
  const fallback = format === Compression.Brotli ? BrotliMemoryLimit : DefaultMemoryLimit;
  return native().inflateOpen(format, memoryLimit === 0 ? fallback : memoryLimit, propsOff);
}

/** Makes a decompressor ready for a new stream of the same format. */
export function resetInflate(handle: number): InflateStatus {
  return native().inflateReset(handle);
}

let inflateNative: Native['inflate'] = (handle, inOff, inLen, outOff, outLen) => {
  native().bindInflate(inflateProgress);
  inflateNative = native().inflate;
  return inflateNative(handle, inOff, inLen, outOff, outLen);
};

/**
 * Decompresses memory[inOff, inOff + inLen) to memory[outOff, outOff + outLen), which must not overlap, until one of
 * them is used up; `inflateProgress` tells how far. Throws for ranges outside the memory and dead handles.
 */
export function inflate(handle: number, inOff: number, inLen: number, outOff: number, outLen: number): InflateStatus {
  return inflateNative(handle, inOff, inLen, outOff, outLen);
}
