/**
 * A bounded queue of byte strings from one thread to another: a ring in shared memory, one writer, one reader, no locks.
 *
 *     control (Int32)   Head  bytes ever taken, mod 2^32      (written by the reader)
 *                       Tail  bytes ever put, mod 2^32        (written by the writer)
 *     data              length (4 bytes, little endian), bytes, padding to 4; wraps anywhere at a multiple of 4
 *
 * Head and Tail are compared by their difference, so that wrap-around at 2^32 needs no care as long as the capacity
 * is a power of two below 2^31.
 */

const enum Control {
  Head = 0,
  Tail = 1,
  Cells = 2,
}

export const enum RingLimit {
  MinBytes = 0x1000,
  MaxBytes = 0x4000_0000,
}

/** What both sides share. */
export interface RingMemory {
  control: SharedArrayBuffer;
  data: SharedArrayBuffer;
}

/** Memory of a ring of `bytes`, rounded up to a power of two within RingLimit. */
export function ringMemory(bytes: number): RingMemory {
  let size = RingLimit.MinBytes as number;
  while (size < bytes && size < RingLimit.MaxBytes) size *= 2;
  return { control: new SharedArrayBuffer(Control.Cells * 4), data: new SharedArrayBuffer(size) };
}

const padded = (len: number): number => (len + 7) & ~3;

/** Both ends of a ring; a thread uses one of them. */
export class Ring {
  private readonly control: Int32Array;
  private readonly data: Uint8Array;
  private readonly capacity: number;

  constructor(memory: RingMemory) {
    this.control = new Int32Array(memory.control);
    this.data = new Uint8Array(memory.data);
    this.capacity = this.data.length;
  }

  /** Bytes in the ring, with lengths and padding. */
  used(): number {
    return (Atomics.load(this.control, Control.Tail) - Atomics.load(this.control, Control.Head)) >>> 0;
  }

  empty(): boolean {
    return this.used() === 0;
  }

  /** A byte string of `len` fits when the ring is empty. */
  fits(len: number): boolean {
    return padded(len) <= this.capacity;
  }

  /** Puts a copy of `bytes`; false when there is no room now (or, for more than the capacity, ever). */
  put(bytes: Uint8Array): boolean {
    const need = padded(bytes.length);
    if (need > this.capacity - this.used()) return false;
    const tail = Atomics.load(this.control, Control.Tail) >>> 0;
    const at = tail & (this.capacity - 1);
    this.data[at] = bytes.length & 0xff;
    this.data[at + 1] = (bytes.length >>> 8) & 0xff;
    this.data[at + 2] = (bytes.length >>> 16) & 0xff;
    this.data[at + 3] = bytes.length >>> 24;
    const from = (at + 4) & (this.capacity - 1);
    const first = Math.min(bytes.length, this.capacity - from);
    if (first === bytes.length) this.data.set(bytes, from);
    else {
      this.data.set(bytes.subarray(0, first), from);
      this.data.set(bytes.subarray(first), 0);
    }
    Atomics.store(this.control, Control.Tail, (tail + need) | 0);
    return true;
  }

  /** Takes the oldest byte string (a copy), or null when there is none. */
  take(): Uint8Array | null {
    if (this.empty()) return null;
    const head = Atomics.load(this.control, Control.Head) >>> 0;
    const at = head & (this.capacity - 1);
    const d = this.data;
    const len = (d[at] | (d[at + 1] << 8) | (d[at + 2] << 16) | (d[at + 3] << 24)) >>> 0;
    const from = (at + 4) & (this.capacity - 1);
    const first = Math.min(len, this.capacity - from);
    const out = new Uint8Array(len);
    out.set(d.subarray(from, from + first));
    if (first < len) out.set(d.subarray(0, len - first), first);
    Atomics.store(this.control, Control.Head, (head + padded(len)) | 0);
    return out;
  }
}
