/**
 * What rules change in data sets, told among workers: each has the sets for itself and carries out what the others did, in
 * the order in which it was done. A ring in shared memory, written by who has the turn (shared-access.ts), read by all.
 *
 *     control (Int32)   tail, then for each worker whether it reads and how far it has (bytes, modulo 2^32)
 *     data              length (4 bytes, of the whole entry), 1 added or 0 removed, length of the set's key (2 bytes),
 *                       the key, the value; padded to 4; length 0 leads back to the beginning
 */
import { counter, counts } from '../core/counters.js';

const enum Limit {
  /** Bytes of the ring: a power of two. A live worker reads ten times a second. */
  Bytes = 4 << 20,
  Head = 8,
  /** Readers. */
  Workers = 16,
}

const enum Cell {
  Tail = 0,
  Reads = 1,
  Head = Reads + Limit.Workers,
  Cells = Head + Limit.Workers,
}

/** Changes that other workers do not know of, because the ring was full. */
const cUnshared = counter('detect.dataset_unshared');

export interface DatasetLogMemory {
  control: SharedArrayBuffer;
  data: SharedArrayBuffer;
}

export function datasetLogMemory(): DatasetLogMemory {
  return { control: new SharedArrayBuffer(Cell.Cells * 4), data: new SharedArrayBuffer(Limit.Bytes) };
}

/** A worker that has died reads no more. */
export function leaveDatasetLog({ control }: DatasetLogMemory, worker: number): void {
  Atomics.store(new Int32Array(control), Cell.Reads + worker, 0);
}

/** Carries out a change. */
export type ApplyChange = (added: boolean, setKey: string, value: string) => void;

export class DatasetLog {
  private readonly control: Int32Array;
  private readonly data: Buffer;
  private head: number;

  constructor(
    { control, data }: DatasetLogMemory,
    private readonly worker: number,
  ) {
    this.control = new Int32Array(control);
    this.data = Buffer.from(data);
    this.head = Atomics.load(this.control, Cell.Tail);
    Atomics.store(this.control, Cell.Head + worker, this.head);
    Atomics.store(this.control, Cell.Reads + worker, 1);
  }

  /** Carries out what others have changed since the last call. */
  catchUp(apply: ApplyChange): void {
    const { data } = this;
    const tail = Atomics.load(this.control, Cell.Tail);
    if (this.head === tail) return;
    while (this.head !== tail) {
      const at = (this.head >>> 0) & (Limit.Bytes - 1);
      const len = data.readUInt32LE(at);
      if (len === 0) {
        this.head = (this.head + Limit.Bytes - at) | 0;
        continue;
      }
      const key = at + Limit.Head;
      const value = key + data.readUInt16LE(at + 6);
      const end = at + Limit.Head + data.readUInt16LE(at + 6) + this.valueLen(at, len);
      if (data[at + 5] !== this.worker) {
        apply(data[at + 4] !== 0, data.toString('latin1', key, value), data.toString('latin1', value, end));
      }
      this.head = (this.head + len) | 0;
    }
    Atomics.store(this.control, Cell.Head + this.worker, this.head);
  }

  /** Bytes of an entry's value: its length without head, key and the padding noted in its last byte. */
  private valueLen(at: number, len: number): number {
    return len - Limit.Head - this.data.readUInt16LE(at + 6) - this.data[at + len - 1];
  }

  /** Tells a change of this worker's, which has carried out all before it and has the turn. */
  append(added: boolean, setKey: string, value: string): void {
    const raw = Limit.Head + setKey.length + value.length;
    const len = (raw + 4) & ~3; // at least one byte of padding, whose number the last one says
    const tail = Atomics.load(this.control, Cell.Tail);
    let at = (tail >>> 0) & (Limit.Bytes - 1);
    const skip = Limit.Bytes - at < len ? Limit.Bytes - at : 0;
    if (setKey.length > 0xffff || this.used(tail) + skip + len > Limit.Bytes) {
      counts[cUnshared]++;
      return;
    }
    const { data } = this;
    if (skip > 0) {
      data.writeUInt32LE(0, at);
      at = 0;
    }
    data.writeUInt32LE(len, at);
    data[at + 4] = added ? 1 : 0;
    data[at + 5] = this.worker;
    data.writeUInt16LE(setKey.length, at + 6);
    data.write(setKey, at + Limit.Head, 'latin1');
    data.write(value, at + Limit.Head + setKey.length, 'latin1');
    data[at + len - 1] = len - raw;
    Atomics.store(this.control, Cell.Tail, (tail + skip + len) | 0);
  }

  /** Bytes that some worker has not read. */
  private used(tail: number): number {
    let most = 0;
    for (let w = 0; w < Limit.Workers; w++) {
      if (Atomics.load(this.control, Cell.Reads + w) === 0) continue;
      most = Math.max(most, (tail - Atomics.load(this.control, Cell.Head + w)) >>> 0);
    }
    return most;
  }
}
