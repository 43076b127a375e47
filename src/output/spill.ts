/**
 * Where batches go while the ring is full: append-only files, read back in order by the writer and removed once read.
 *
 * Shared between both sides (Float64 would tear, so BigInt64 with Atomics), all bytes counted since the start:
 *     Put     appended by the worker
 *     Taken   read back by the writer
 *     Freed   in files that were removed again; Put - Freed is what lies on disk and never exceeds the budget
 *
 * A file (segment) ends after SegmentBytes; a record is its length (4 bytes, little endian) and bytes. Order is kept by
 * a rule of the worker's (port.ts): while the writer has not taken all that was spilled, nothing goes to the ring.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const enum Cell {
  Put = 0,
  Taken = 1,
  Freed = 2,
  Cells = 3,
}

/** What both sides of a spill share. */
export interface SpillShare {
  cells: SharedArrayBuffer;
  /** Directory and name of the files, without the segment number. */
  dir: string;
  name: string;
  /** Bytes on disk at most; 0: nothing is ever spilled. */
  budget: number;
  /** Bytes after which a new file is begun. */
  segmentBytes: number;
}

/** Files are at most this long; with a small budget an eighth of it, so that reading frees room in steps. */
const SegmentBytes = 16 * 1024 * 1024;

export function spillShare(dir: string, name: string, budget: number): SpillShare {
  const segmentBytes = Math.max(4096, Math.min(SegmentBytes, Math.floor(budget / 8)));
  return { cells: new SharedArrayBuffer(Cell.Cells * 8), dir, name, budget, segmentBytes };
}

const segmentPath = (s: SpillShare, n: number): string => join(s.dir, `${s.name}.${n}.spill`);

/** Bytes spilled and not yet read back. */
function waiting(cells: BigInt64Array): number {
  return Number(Atomics.load(cells, Cell.Put) - Atomics.load(cells, Cell.Taken));
}

/** The worker's side. */
export class SpillWriter {
  /** Why appending last failed (no such directory, disk full …), for the summary. */
  fault: string | null = null;
  private readonly share: SpillShare;
  private readonly cells: BigInt64Array;
  private fd = -1;
  private segment = 0;
  private segmentLen = 0;

  constructor(share: SpillShare) {
    this.share = share;
    this.cells = new BigInt64Array(share.cells);
  }

  /** The writer has not read back everything yet. */
  busy(): boolean {
    return waiting(this.cells) > 0;
  }

  /** Appends a copy; false when the budget is spent or the disk refuses (see `fault`). */
  put(bytes: Uint8Array): boolean {
    const need = bytes.length + 4;
    const onDisk = Number(Atomics.load(this.cells, Cell.Put) - Atomics.load(this.cells, Cell.Freed));
    if (onDisk + need > this.share.budget) return false;
    const record = Buffer.allocUnsafe(need);
    record.writeUInt32LE(bytes.length, 0);
    record.set(bytes, 4);
    if (!this.append(record)) return false;
    Atomics.add(this.cells, Cell.Put, BigInt(need));
    return true;
  }

  private append(record: Buffer): boolean {
    try {
      if (this.fd >= 0 && this.segmentLen + record.length > this.share.segmentBytes) this.nextSegment();
      if (this.fd < 0) {
        mkdirSync(this.share.dir, { recursive: true });
        this.fd = openSync(segmentPath(this.share, this.segment), 'w', 0o600);
        this.segmentLen = 0;
      }
      let at = 0;
      while (at < record.length) at += writeSync(this.fd, record, at, record.length - at, this.segmentLen + at);
      this.segmentLen += record.length;
      return true;
    } catch (e) {
      this.fault = `spill file: ${(e as Error).message}`;
      // A record cut off by a full disk must not be taken for one when the reader comes to the end of this file.
      if (this.fd >= 0) ftruncateSync(this.fd, this.segmentLen);
      return false;
    }
  }

  private nextSegment(): void {
    closeSync(this.fd);
    this.fd = -1;
    this.segment++;
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }
}

/** The writer's side. */
export class SpillReader {
  private readonly share: SpillShare;
  private readonly cells: BigInt64Array;
  private readonly length = Buffer.allocUnsafe(4);
  private fd = -1;
  private segment = 0;
  private at = 0;

  constructor(share: SpillShare) {
    this.share = share;
    this.cells = new BigInt64Array(share.cells);
  }

  empty(): boolean {
    return waiting(this.cells) <= 0;
  }

  /** Takes the oldest record, or null when all were read. */
  take(): Uint8Array | null {
    if (this.empty()) return null;
    if (this.fd < 0) this.fd = openSync(segmentPath(this.share, this.segment), 'r');
    // Put > Taken, so at the end of this file there is another one.
    if (readSync(this.fd, this.length, 0, 4, this.at) < 4) {
      this.removeSegment();
      this.segment++;
      this.fd = openSync(segmentPath(this.share, this.segment), 'r');
      readSync(this.fd, this.length, 0, 4, 0);
    }
    const bytes = Buffer.allocUnsafe(this.length.readUInt32LE(0));
    let got = 0;
    while (got < bytes.length) {
      const n = readSync(this.fd, bytes, got, bytes.length - got, this.at + 4 + got);
      if (n === 0) throw new Error(`${segmentPath(this.share, this.segment)} is shorter than what was written`);
      got += n;
    }
    this.at += bytes.length + 4;
    return bytes;
  }

  /** Says that the record last taken was dealt with. */
  done(bytes: Uint8Array): void {
    Atomics.add(this.cells, Cell.Taken, BigInt(bytes.length + 4));
  }

  private removeSegment(): void {
    closeSync(this.fd);
    this.fd = -1;
    unlinkSync(segmentPath(this.share, this.segment));
    Atomics.add(this.cells, Cell.Freed, BigInt(this.at));
    this.at = 0;
  }

  /** Removes the last file. */
  close(): void {
    if (this.fd >= 0) this.removeSegment();
  }
}
