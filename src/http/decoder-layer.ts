/** One layer of a chain of decoders: a content coding and how far it is read. */
import { u8 } from '../core/memory.js';

const mem = u8;

export const enum Coding {
  Gzip = 0,
  Deflate = 1,
  Lzma = 2,
  Brotli = 3,
}

export const enum LayerState {
  /** Nothing read yet: which format is not decided. */
  Start = 0,
  Reading = 1,
  /** The stream has ended; the rest is dropped. */
  Ended = 2,
  /** Not decoded: bytes pass as they are. */
  Passing = 3,
  /** A member of gzip has ended: another one may follow (RFC 1952, section 2.2). */
  Between = 4,
}

export class Layer {
  coding: Coding = Coding.Gzip;
  state: LayerState = LayerState.Start;
  handle = 0;
  /** Readings tried. */
  tries = 0;
  raw = false;
  produced = false;
  /** Start of the input, kept until something was produced. */
  leadOff = 0;
  leadLen = 0;
  /** Bytes of a gzip header to pass over in this reading. */
  skip = 0;
  /** The stream being read is gzip. */
  gzip = false;
  /** LZMA: it asked for a larger dictionary than it got. */
  lowered = false;
}

/** Bytes of a gzip header that zlib would not take (RFC 1952, section 2.3), as far as they are known; 0: none. */
export function headerLength(off: number, len: number): number {
  if (len < 4 || mem[off] !== 0x1f || mem[off + 1] !== 0x8b || mem[off + 3] === 0) return 0;
  const flags = mem[off + 3];
  let n = 10;
  if (flags & 0x18) {
    while (n < len && mem[off + n] !== 0) n++;
    n++;
  } else if (flags & 0x02) n = 12;
  return n > len ? 0 : n;
}
