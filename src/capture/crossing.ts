/**
 * The way of packets from one worker to another: a bounded ring in shared memory for each pair and direction, one writer,
 * one reader, no locks. A record is a frame, or a frame (the last fragment) with the datagram it made whole:
 *
 *     header (64 bytes, CrossCol)   frame, padded to 8   datagram, padded to 8
 *
 * A record lies in one piece; where it does not fit before the end of the ring, a header with CrossTask.Skip leads back to
 * its beginning. Head and tail count bytes modulo 2^32 and are compared by their difference.
 */
import { u8 } from '../core/memory.js';

const mem = u8;

export const enum CrossLimit {
  /** Bytes of a ring: what a worker reads at once, and bursts of datagrams. A power of two. */
  RingBytes = 4 << 20,
  Header = 64,
}

/** What the receiver has to do with a record or row. */
export const enum CrossTask {
  /** Nothing: the rest of the ring is left out. */
  Skip = 0,
  /** A frame that is all the worker's own. */
  Whole = 1,
  /** A frame of which the worker takes the packets that are its own. */
  Frame = 2,
  /** A reassembled datagram, of which likewise. */
  Datagram = 3,
}

/** Int32 cells of a record's header; the time is the Float64 at TimeCell. */
const enum CrossCol {
  Size = 0,
  Task = 1,
  CapLen = 2,
  WireLen = 3,
  LinkType = 4,
  Origin = 5,
  DatagramLen = 6,
  /** Level of the packet whose reassembly it is, and whether what it holds is doubtful. */
  Level = 7,
  Doubtful = 8,
  TimeCell = 7,
}

const enum Control {
  Head = 0,
  Tail = 1,
  Cells = 2,
}

/** A record on its way; `off` and `datagramOff` are offsets in the memory of the worker that has it. */
export class Crossing {
  task = CrossTask.Frame;
  off = 0;
  capLen = 0;
  wireLen = 0;
  linkType = 0;
  origin = 0;
  tsUs = 0;
  datagramOff = 0;
  datagramLen = 0;
  level = 0;
  doubtful = 0;
}

export interface CrossMemory {
  control: SharedArrayBuffer;
  data: SharedArrayBuffer;
}

export function crossMemory(bytes: number = CrossLimit.RingBytes): CrossMemory {
  return { control: new SharedArrayBuffer(Control.Cells * 4), data: new SharedArrayBuffer(bytes) };
}

const padded = (len: number): number => (len + 7) & ~7;

/** Bytes that a record takes. */
export function crossSize(capLen: number, datagramLen: number): number {
  return CrossLimit.Header + padded(capLen) + padded(datagramLen);
}

/** Both ends of a ring; a thread uses one of them. */
export class CrossRing {
  private readonly control: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly cells: Int32Array;
  private readonly times: Float64Array;
  private readonly size: number;

  constructor(memory: CrossMemory) {
    this.control = new Int32Array(memory.control);
    this.bytes = new Uint8Array(memory.data);
    this.cells = new Int32Array(memory.data);
    this.times = new Float64Array(memory.data);
    this.size = this.bytes.length;
  }

  /** Bytes in the ring. */
  used(): number {
    return (Atomics.load(this.control, Control.Tail) - Atomics.load(this.control, Control.Head)) >>> 0;
  }

  /** Whether a record can be in the ring at all, wherever the ring's end falls. */
  fits(size: number): boolean {
    return size * 2 <= this.size;
  }

  /** Copies a record into the ring; false when there is no room for it now. */
  put(c: Crossing): boolean {
    const size = crossSize(c.capLen, c.datagramLen);
    const tail = Atomics.load(this.control, Control.Tail);
    let at = (tail >>> 0) & (this.size - 1);
    const skip = this.size - at < size ? this.size - at : 0;
    if (this.used() + skip + size > this.size) return false;
    if (skip > 0) {
      this.cells[at >> 2] = skip;
      this.cells[(at >> 2) + CrossCol.Task] = CrossTask.Skip;
      at = 0;
    }
    const row = at >> 2;
    this.cells[row + CrossCol.Size] = size;
    this.cells[row + CrossCol.Task] = c.task;
    this.cells[row + CrossCol.CapLen] = c.capLen;
    this.cells[row + CrossCol.WireLen] = c.wireLen;
    this.cells[row + CrossCol.LinkType] = c.linkType;
    this.cells[row + CrossCol.Origin] = c.origin;
    this.cells[row + CrossCol.DatagramLen] = c.datagramLen;
    this.cells[row + CrossCol.Level] = c.level;
    this.cells[row + CrossCol.Doubtful] = c.doubtful;
    this.times[(at >> 3) + CrossCol.TimeCell] = c.tsUs;
    const frame = at + CrossLimit.Header;
    this.bytes.set(mem.subarray(c.off, c.off + c.capLen), frame);
    if (c.datagramLen > 0) {
      const datagram = mem.subarray(c.datagramOff, c.datagramOff + c.datagramLen);
      this.bytes.set(datagram, frame + padded(c.capLen));
    }
    Atomics.store(this.control, Control.Tail, (tail + skip + size) | 0);
    return true;
  }

  /** Offset of the oldest record, -1 when there is none; steps over a skipped rest. */
  private front(): number {
    for (;;) {
      if (this.used() === 0) return -1;
      const head = Atomics.load(this.control, Control.Head);
      const at = (head >>> 0) & (this.size - 1);
      if (this.cells[(at >> 2) + CrossCol.Task] !== CrossTask.Skip) return at;
      Atomics.store(this.control, Control.Head, (head + this.cells[at >> 2]) | 0);
    }
  }

  /** Bytes of memory that the oldest record's frame and datagram take, 0 when the ring is empty. */
  nextLen(): number {
    const at = this.front();
    return at < 0 ? 0 : this.cells[at >> 2] - CrossLimit.Header;
  }

  /** Takes the oldest record, its bytes to memory[to]; false when there is none. */
  take(c: Crossing, to: number): boolean {
    const at = this.front();
    if (at < 0) return false;
    const row = at >> 2;
    c.task = this.cells[row + CrossCol.Task];
    c.capLen = this.cells[row + CrossCol.CapLen];
    c.wireLen = this.cells[row + CrossCol.WireLen];
    c.linkType = this.cells[row + CrossCol.LinkType];
    c.origin = this.cells[row + CrossCol.Origin];
    c.datagramLen = this.cells[row + CrossCol.DatagramLen];
    c.level = this.cells[row + CrossCol.Level];
    c.doubtful = this.cells[row + CrossCol.Doubtful];
    c.tsUs = this.times[(at >> 3) + CrossCol.TimeCell];
    c.off = to;
    c.datagramOff = to + padded(c.capLen);
    const frame = at + CrossLimit.Header;
    mem.set(this.bytes.subarray(frame, frame + c.capLen), to);
    const datagram = frame + padded(c.capLen);
    if (c.datagramLen > 0) mem.set(this.bytes.subarray(datagram, datagram + c.datagramLen), c.datagramOff);
    const head = Atomics.load(this.control, Control.Head);
    Atomics.store(this.control, Control.Head, (head + this.cells[row + CrossCol.Size]) | 0);
    return true;
  }
}
