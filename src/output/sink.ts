/**
 * Where lines of text go: a file or standard output. Writing is synchronous and complete, also into a slow pipe, so
 * that nothing is left behind when the process ends.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { PeccaryError } from '../core/errors.js';

/** Bytes of text gathered before they are written. */
const FlushBytes = 262_144;
/** How long to wait before a full pipe is tried again, in milliseconds: doubles from the first to the second. */
const enum PipeWait {
  First = 1,
  Most = 50,
}

const pause = new Int32Array(new SharedArrayBuffer(4));

export class Sink {
  /** The reader of standard output went away (EPIPE): what follows is thrown away. */
  gone = false;
  /** Message of the first failed write (disk full …); the sink takes no more. */
  fault: string | null = null;
  /** Lines that were not written because of the fault. */
  refused = 0;
  /** Bytes written. */
  written = 0;
  readonly name: string;
  private readonly fd: number;
  private text = '';
  private lines = 0;

  /** `path` "-" is standard output. A file is opened for appending; its directory is made. */
  constructor(path: string) {
    this.name = path === '-' ? 'standard output' : path;
    if (path === '-') {
      this.fd = 1;
      return;
    }
    try {
      mkdirSync(dirname(path), { recursive: true });
      this.fd = openSync(path, 'a');
    } catch (e) {
      throw new PeccaryError('runtime', `cannot write to ${path}: ${(e as Error).message}`);
    }
  }

  push(line: string): void {
    this.text += line;
    this.lines++;
    if (this.text.length >= FlushBytes) this.flush();
  }

  /** Takes finished lines; they are written at once, after what was gathered. */
  pushBytes(bytes: Uint8Array, lines: number): void {
    this.flush();
    this.write(bytes, lines);
  }

  /** Writes what was gathered. Never throws: see `gone` and `fault`. */
  flush(): void {
    if (this.text === '') return;
    const bytes = Buffer.from(this.text, 'utf8');
    const lines = this.lines;
    this.text = '';
    this.lines = 0;
    this.write(bytes, lines);
  }

  private write(bytes: Uint8Array, lines: number): void {
    if (this.fault !== null) this.refused += lines;
    if (this.gone || this.fault !== null) return;
    let at = 0;
    let wait = PipeWait.First as number;
    while (at < bytes.length) {
      try {
        at += writeSync(this.fd, bytes, at, bytes.length - at);
        wait = PipeWait.First;
      } catch (e) {
        const code = (e as NodeJS.ErrnoException).code;
        if (code === 'EAGAIN') {
          Atomics.wait(pause, 0, 0, wait);
          wait = Math.min(wait * 2, PipeWait.Most);
        } else if (code === 'EPIPE') {
          this.gone = true;
          return;
        } else {
          this.fault = `${this.name}: ${(e as Error).message}`;
          this.refused += lines; // some of them may be there: too many told is better than too few
          return;
        }
      }
    }
    this.written += bytes.length;
  }

  close(): void {
    this.flush();
    if (this.fd !== 1) closeSync(this.fd);
  }
}
