/**
 * The part of a capture file that is in the arena: file bytes [base, base + end - start) at memory[start, end).
 * Records are described where they lie; one that straddles the window's end is moved to the front with the next read.
 */
import { Region, u8 } from '../core/memory.js';
import { type ByteInput, InputLayout } from './input.js';

const mem = u8;

export const enum WindowLimit {
  /** Bytes read ahead: what is not acknowledged within a block is copied, so large; it should fit a processor's cache. */
  Block = 1 << 22,
  /** The longest record that is held whole: a packet of BatchLimit.CapLen with options and to spare. */
  Record = 1 << 20,
  Start = Region.ArenaOff,
  End = InputLayout.CompressedOff,
}

export class Window {
  /** Next byte to look at, and the end of the bytes that are here. */
  pos = WindowLimit.Start as number;
  end = WindowLimit.Start as number;
  /** The input has no more. */
  eof = false;
  private fileOffOfEnd = 0;

  constructor(
    private readonly input: ByteInput,
    private readonly block: number = WindowLimit.Block,
  ) {}

  /** Offset in the (decompressed) file of memory[at]. */
  fileOff(at: number): number {
    return this.fileOffOfEnd - (this.end - at);
  }

  /** Moves what is left to the front and reads on, at least one byte; false at the end. What lay here before is gone. */
  refill(): boolean {
    const left = this.end - this.pos;
    if (left > 0) mem.copyWithin(WindowLimit.Start, this.pos, this.end);
    this.pos = WindowLimit.Start;
    this.end = this.pos + left;
    const n = this.input.read(this.end, this.block);
    this.end += n;
    this.fileOffOfEnd += n;
    this.eof = n === 0;
    return n > 0;
  }
}
