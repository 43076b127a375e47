/**
 * One side (request or response) of a transaction: its head as received, the header lines found in it, and its body.
 *
 * The head is one block of the pool: start line, then header lines as they came. Positions of names and values are
 * relative to that block, which moves when it grows; header lines assembled from folded ones lie in a second block
 * (`aux`) and their positions carry AuxBit.
 */

import { allocBlock, blockSize, freeBlock } from '../applayer/pool.js';
import { counter, counts } from '../core/counters.js';
import { u8 } from '../core/memory.js';
import { httpBounds } from './config.js';
import { BodyStore } from './store.js';

/** Undoes content codings: a DecoderChain (decoder.ts). */
interface BodyDecoder {
  close(): void;
}

const mem = u8;
const cHeadLimit = counter('http.head_limit');

const enum SideLimit {
  /** Blocks to begin with. */
  FirstHead = 512,
}

/** Marks a position as lying in the aux block. */
export const enum Place {
  AuxBit = 0x4000_0000,
}

export const enum FieldFlag {
  /** A header line without a colon was seen. */
  Unparseable = 0x01,
  Invalid = 0x02,
  InvalidFolding = 0x04,
  TooManyHeaders = 0x08,
}

export const enum Transfer {
  Unknown = 0,
  NoBody = 1,
  Identity = 2,
  Chunked = 3,
  Invalid = 4,
}

export class Side {
  headOff = 0;
  headSize = 0;
  headLen = 0;
  auxOff = 0;
  auxSize = 0;
  auxLen = 0;
  /** Start line without its line end. */
  lineOff = 0;
  lineLen = 0;
  /** Header lines as received, with the empty line, and trailers after them. */
  rawOff = 0;
  rawLen = 0;
  /** Where the line being received begins in the head. */
  lineStart = 0;
  /** A header line kept back because the next one may continue it: position (may be in aux) and length; -1 none. */
  pendingOff = 0;
  pendingLen = -1;
  /** Rows of header lines (headers.ts). */
  rowsOff = 0;
  rowsSize = 0;
  rowCount = 0;
  /** Repeated header lines taken so far. */
  repetitions = 0;
  fieldFlags = 0;
  /** HTTP version: 9, 100, 101, or -2 when it cannot be read, 0 not seen. */
  version = 0;
  transfer: Transfer = Transfer.Unknown;
  contentLength = -1;
  /** Trailers were added to the headers. */
  hasTrailer = 0;

  /** Decoded body bytes. */
  readonly body = new BodyStore();
  /** Body bytes on the wire, with chunk framing. */
  wireLen = 0;
  /** Chain of decoders of the body (decoder.ts), null when it is not encoded. */
  decoder: BodyDecoder | null = null;
  /** The end of the body was told to whoever looks at it. */
  bodyEnded = 0;
  /** Bytes of its files that are followed because a rule stores them, 0 for all; -1: as the body limit says. */
  fileLimit = -1;

  /** Gives all blocks back and clears the fields. */
  clear(): void {
    if (this.headSize !== 0) freeBlock(this.headOff, this.headSize);
    if (this.auxSize !== 0) freeBlock(this.auxOff, this.auxSize);
    if (this.rowsSize !== 0) freeBlock(this.rowsOff, this.rowsSize);
    this.body.clear();
    if (this.decoder !== null) this.decoder.close();
    this.decoder = null;
    this.headOff = this.headSize = this.headLen = 0;
    this.auxOff = this.auxSize = this.auxLen = 0;
    this.lineOff = this.lineLen = this.rawOff = this.rawLen = this.lineStart = 0;
    this.pendingOff = 0;
    this.pendingLen = -1;
    this.rowsOff = this.rowsSize = this.rowCount = this.repetitions = this.fieldFlags = 0;
    this.version = 0;
    this.transfer = Transfer.Unknown;
    this.contentLength = -1;
    this.hasTrailer = 0;
    this.wireLen = this.bodyEnded = 0;
    this.fileLimit = -1;
  }

  /** Appends bytes to the head; false when the limit or the pool refuses (counted). */
  appendHead(off: number, len: number): boolean {
    const need = this.headLen + len;
    if (need > this.headSize && !this.growHead(need)) return false;
    const at = this.headOff + this.headLen;
    if (len < 48) for (let i = 0; i < len; i++) mem[at + i] = mem[off + i];
    else mem.copyWithin(at, off, off + len);
    this.headLen = need;
    return true;
  }

  private growHead(need: number): boolean {
    // libhtp bounds only a line and their number.
    if (need > httpBounds.head) {
      counts[cHeadLimit]++;
      return false;
    }
    const size = blockSize(Math.max(need, SideLimit.FirstHead, this.headSize * 2));
    const off = allocBlock(size);
    if (off === 0) return false;
    if (this.headSize !== 0) {
      mem.copyWithin(off, this.headOff, this.headOff + this.headLen);
      freeBlock(this.headOff, this.headSize);
    }
    this.headOff = off;
    this.headSize = size;
    return true;
  }

  /** Appends bytes to the aux block and gives their position (with AuxBit), or -1 when refused (counted). */
  appendAux(off: number, len: number): number {
    const need = this.auxLen + len;
    if (need > this.auxSize) {
      const size = need > httpBounds.head ? 0 : blockSize(Math.max(need, this.auxSize * 2));
      const block = size === 0 ? 0 : allocBlock(size);
      if (block === 0) {
        counts[cHeadLimit]++;
        return -1;
      }
      // The bytes to append may lie in the block that is given back: copy before freeing.
      if (this.auxSize !== 0) mem.copyWithin(block, this.auxOff, this.auxOff + this.auxLen);
      mem.copyWithin(block + this.auxLen, off, off + len);
      if (this.auxSize !== 0) freeBlock(this.auxOff, this.auxSize);
      this.auxOff = block;
      this.auxSize = size;
    } else mem.copyWithin(this.auxOff + this.auxLen, off, off + len);
    const at = this.auxLen | Place.AuxBit;
    this.auxLen = need;
    return at;
  }

  /** Adds bytes of the head to the header line kept back, which moves to the aux block. False when refused. */
  fold(position: number, len: number): boolean {
    const joins =
      (this.pendingOff & Place.AuxBit) !== 0 && (this.pendingOff ^ Place.AuxBit) + this.pendingLen === this.auxLen;
    if (!joins) {
      const at = this.appendAux(this.at(this.pendingOff), this.pendingLen);
      if (at < 0) return false;
      this.pendingOff = at;
    }
    if (this.appendAux(this.headOff + position, len) < 0) return false;
    this.pendingLen += len;
    return true;
  }

  /** Address in memory of a position. */
  at(position: number): number {
    return position & Place.AuxBit ? this.auxOff + (position ^ Place.AuxBit) : this.headOff + position;
  }
}
