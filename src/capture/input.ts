/**
 * Where the bytes of a capture file come from: a file or standard input, plain or compressed. Synchronous; bytes go
 * straight into the memory.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { closeHandle } from '../addon/handles.js';
import { Compression, InflateStatus, inflate, inflateProgress, openInflate, resetInflate } from '../addon/inflate.js';
import { Region, u8 } from '../core/memory.js';

const mem = u8;

const enum Limit {
  /** Compressed bytes in memory at once. They lie at the end of the arena, which packets never reach. */
  Compressed = 1 << 20,
  /** Wait for a descriptor that has nothing yet and does not block, milliseconds. */
  RetryMs = 5,
}

/** Where compressed bytes lie; packets and windows stay below. */
export const enum InputLayout {
  CompressedOff = Region.ArenaEnd - Limit.Compressed,
}

const nap = new Int32Array(new SharedArrayBuffer(4));

/** A readable descriptor that counts what it gave. */
export class Descriptor {
  /** Bytes read so far, as stored (compressed). */
  bytesRead = 0;
  /** The system's words for a read that failed; reading then looks like the end. */
  fault = '';
  private readonly fd: number;

  /** Opens `path`; '-' is standard input. Throws the system's error. */
  constructor(path: string) {
    this.fd = path === '-' ? 0 : openSync(path, 'r');
  }

  /** Reads up to `len` bytes to memory[off]; 0 at the end. */
  read(off: number, len: number): number {
    while (this.fault === '') {
      try {
        const n = readSync(this.fd, mem, off, len, null);
        this.bytesRead += n;
        return n;
      } catch (e) {
        const error = e as NodeJS.ErrnoException;
        if (error.code === 'EAGAIN') Atomics.wait(nap, 0, 0, Limit.RetryMs);
        else if (error.code === 'EOF') return 0;
        else this.fault = `cannot be read: ${error.message}`;
      }
    }
    return 0;
  }

  close(): void {
    if (this.fd !== 0) closeSync(this.fd);
  }
}

/** Bytes of a capture file after decompression. */
export interface ByteInput {
  /** Reads 1 to `len` bytes to memory[off]; 0 at the end or at damage. */
  read(off: number, len: number): number;
  /** Why the bytes end before they should; '' when they do not. */
  readonly fault: string;
  close(): void;
}

/** The bytes as they are; `head` of them were already read, to memory[headOff]. */
class PlainInput implements ByteInput {
  private headLeft: number;
  constructor(
    private readonly source: Descriptor,
    private headOff: number,
    head: number,
  ) {
    this.headLeft = head;
  }

  get fault(): string {
    return this.source.fault;
  }

  read(off: number, len: number): number {
    if (this.headLeft === 0) return this.source.read(off, len);
    const n = Math.min(len, this.headLeft);
    mem.copyWithin(off, this.headOff, this.headOff + n);
    this.headOff += n;
    this.headLeft -= n;
    return n;
  }

  close(): void {
    this.source.close();
  }
}

/**
 * Decompressed bytes of a gzip (RFC 1952, any number of members) or zstd (RFC 8878, any number of frames) file.
 * What was decompressed before damage is delivered. Zero bytes after the last gzip member are padding (as gzip(1)).
 */
class CompressedInput implements ByteInput {
  fault = '';
  private readonly handle: number;
  private pos: number;
  private end: number;
  /** Between two members or frames: an end of the file is fine here. */
  private between = false;
  /** The decompressor filled its room last time and may hold more. */
  private pending = false;
  private ended = false;

  constructor(
    private readonly source: Descriptor,
    private readonly format: Compression.Gzip | Compression.Zstd,
    head: number,
  ) {
    this.pos = InputLayout.CompressedOff;
    this.end = this.pos + head;
    this.handle = openInflate(format);
  }

  read(off: number, len: number): number {
    while (!this.ended) {
      if (this.pos === this.end && !this.pending && !this.refill()) return this.stop();
      if (this.between && !this.nextMember()) continue;
      const status = inflate(this.handle, this.pos, this.end - this.pos, off, len);
      const produced = inflateProgress[1];
      this.pos += inflateProgress[0];
      this.pending = status === InflateStatus.OutputFull;
      if (status === InflateStatus.End) this.between = true;
      else if (status < 0) this.damage();
      if (produced > 0) return produced;
    }
    return 0;
  }

  close(): void {
    closeHandle(this.handle);
    this.source.close();
  }

  private refill(): boolean {
    this.pos = InputLayout.CompressedOff;
    this.end = this.pos + this.source.read(this.pos, Limit.Compressed);
    return this.end > this.pos;
  }

  private stop(): number {
    this.ended = true;
    if (this.source.fault !== '') this.fault = this.source.fault;
    else if (!this.between) this.fault = `the ${this.name()} data end early`;
    return 0;
  }

  /** Starts the next member at pos, skipping padding; false when there is only padding so far, or garbage. */
  private nextMember(): boolean {
    if (this.format === Compression.Gzip) {
      while (this.pos < this.end && mem[this.pos] === 0) this.pos++;
      if (this.pos === this.end) return false;
      if (mem[this.pos] !== 0x1f) {
        this.damage(`bytes after the ${this.name()} data are no ${this.name()} data`);
        return false;
      }
    }
    this.between = false;
    resetInflate(this.handle);
    return true;
  }

  private damage(message = `the ${this.name()} data are damaged`): void {
    this.fault = message;
    this.ended = true;
  }

  private name(): string {
    return this.format === Compression.Gzip ? 'gzip' : 'zstd';
  }
}

/** Opens a file ('-': standard input) and looks through gzip and zstd by their magic. Throws the system's error. */
export function openInput(path: string): {
  input: ByteInput;
  source: Descriptor;
  compression: 'none' | 'gzip' | 'zstd';
} {
  const source = new Descriptor(path);
  const off = InputLayout.CompressedOff;
  let head = 0;
  // A pipe may give less than it is asked for.
  for (let n = 1; head < 4 && n > 0; head += n) n = source.read(off + head, 4096 - head);
  if (head >= 4 && mem[off] === 0x1f && mem[off + 1] === 0x8b) {
    return { input: new CompressedInput(source, Compression.Gzip, head), source, compression: 'gzip' };
  }
  if (head >= 4 && mem[off] === 0x28 && mem[off + 1] === 0xb5 && mem[off + 2] === 0x2f && mem[off + 3] === 0xfd) {
    return { input: new CompressedInput(source, Compression.Zstd, head), source, compression: 'zstd' };
  }
  return { input: new PlainInput(source, off, head), source, compression: 'none' };
}
