/**
 * Where lines of text go: a file or standard output. Writing is synchronous and complete, also into a slow pipe, so
 * that nothing is left behind when the process ends.
 *
 * A sink that cannot be written (the disk is full) takes no more and says why in `fault`; a patient one keeps what it has,
 * is `stuck`, and goes on when there is room again.
 */
import {
  closeSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { PeccaryError } from '../core/errors.js';
import type { LineSink } from './line-sink.js';
import { type LogFileOptions, nextOpening, plainFile } from './log-file.js';
import { timeName } from './time-pattern.js';

/** Bytes of text gathered before they are written. */
const FlushBytes = 262_144;
/** How long to wait before a full pipe is tried again, in milliseconds: doubles from the first to the second. */
const enum PipeWait {
  First = 1,
  Most = 50,
  /** Waited in all before a patient sink does something else, and one that was given up loses what it has. */
  InAll = 500,
}

const Newline = 0x0a;
const pause = new Int32Array(new SharedArrayBuffer(4));

export class Sink implements LineSink {
  gone = false;
  fault: string | null = null;
  trouble: string | null = null;
  skipping = false;
  refused = 0;
  /** Bytes written. */
  written = 0;
  private readonly pattern: string;
  private readonly options: LogFileOptions;
  private patient: boolean;
  private hurried = false;
  private path = '';
  private fd = 1;
  /** Bytes in the file, and when it is to be opened anew (clock time, milliseconds). */
  private size = 0;
  private reopenAt = Number.POSITIVE_INFINITY;
  private regular = false;
  private text = '';
  private lines = 0;
  /** What could not be written yet, from `at` on. */
  private rest: Uint8Array | null = null;
  private restLines = 0;
  private at = 0;

  /** `path` "-" is standard output. A file's directory is made. `patient`: see above. */
  constructor(path: string, options: LogFileOptions = plainFile, patient = false) {
    this.pattern = path;
    this.options = options;
    this.patient = patient;
    if (path !== '-') this.open(options.append);
  }

  get name(): string {
    return this.pattern === '-' ? 'standard output' : this.path;
  }

  get stuck(): boolean {
    return this.rest !== null;
  }

  push(line: string): void {
    if (this.skipping) {
      this.refused++;
      return;
    }
    this.text += line;
    this.lines++;
    if (this.text.length >= FlushBytes) this.flush();
  }

  pushBytes(bytes: Uint8Array, lines: number): void {
    this.flush();
    if (this.skipping) this.refused += lines;
    else if (this.stuck) {
      // Rare: only what was on its way when the disk became full.
      this.text += Buffer.from(bytes).toString('utf8');
      this.lines += lines;
    } else this.write(bytes, lines);
    this.rotate();
  }

  flush(): void {
    if (this.rest !== null && !this.writeRest()) return;
    this.skipping = false;
    if (this.text !== '') {
      const bytes = Buffer.from(this.text, 'utf8');
      const lines = this.lines;
      this.text = '';
      this.lines = 0;
      this.write(bytes, lines);
    }
    this.rotate();
  }

  giveUp(): void {
    this.patient = false;
    this.hurried = true;
    this.flush();
  }

  reopen(): string | null {
    if (this.pattern === '-') return null;
    this.flush();
    return this.reopenFile(() => undefined);
  }

  close(): void {
    this.flush();
    if (this.fd !== 1) closeSync(this.fd);
  }

  private open(append: boolean): void {
    const { mode } = this.options;
    this.path = timeName(this.pattern, new Date());
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      this.fd = openSync(this.path, 'a', mode ?? 0o666);
    } catch (e) {
      throw new PeccaryError('runtime', `cannot write to ${this.path}: ${(e as Error).message}`);
    }
    const stat = fstatSync(this.fd);
    if (mode !== null && stat.isFile()) fchmodSync(this.fd, mode);
    this.regular = stat.isFile();
    if (this.regular && !append) ftruncateSync(this.fd, 0);
    this.size = append ? stat.size : 0;
    this.reopenAt = nextOpening(this.options.every, new Date());
    if (this.regular && this.size > 0) this.endLine(stat);
  }

  /** Ends the line that a process which was killed, or had no room, left unfinished. */
  private endLine(stat: Stats): void {
    const last = Buffer.alloc(1);
    try {
      const fd = openSync(this.path, 'r');
      if (fstatSync(fd).ino === stat.ino) readSync(fd, last, 0, 1, stat.size - 1);
      closeSync(fd);
    } catch {
      return; // it may be written and not read
    }
    if (last[0] !== Newline) {
      try {
        this.size += writeSync(this.fd, '\n');
      } catch {
        return; // no room: the next write tells
      }
    }
  }

  /** Opens the file anew when its time has come, or when it is long enough. */
  private rotate(): void {
    if (!this.regular || this.stuck || this.fault !== null) return;
    const { maxBytes, keep } = this.options;
    if (maxBytes > 0 && this.size >= maxBytes) this.note(this.reopenFile(() => shift(this.path, keep)));
    else if (Date.now() >= this.reopenAt) this.note(this.reopenFile(() => undefined));
  }

  private note(fault: string | null): void {
    if (fault === null) return;
    this.trouble = fault;
    // Tried again later, not with every line.
    this.size = 0;
    this.reopenAt = nextOpening(this.options.every, new Date());
  }

  /** Opens what has the name now, after `before`; the old file stays open when that fails. Returns why, or null. */
  private reopenFile(before: () => void): string | null {
    const old = this.fd;
    // What is left of a line begins anew: a line is whole in one file or not there.
    if (this.rest !== null) while (this.at > 0 && this.rest[this.at - 1] !== Newline) this.at--;
    try {
      before();
      this.open(true);
    } catch (e) {
      return (e as Error).message;
    }
    closeSync(old);
    if (this.rest !== null) this.writeRest();
    return null;
  }

  private write(bytes: Uint8Array, lines: number): void {
    if (this.fault !== null) this.refused += lines;
    if (this.gone || this.fault !== null) return;
    this.rest = bytes;
    this.restLines = lines;
    this.at = 0;
    this.writeRest();
  }

  /** Writes what is left; false when there is still no room for it. */
  private writeRest(): boolean {
    const bytes = this.rest as Uint8Array;
    let wait = PipeWait.First as number;
    let waited = 0;
    while (this.at < bytes.length) {
      try {
        const n = writeSync(this.fd, bytes, this.at, bytes.length - this.at);
        this.at += n;
        this.size += n;
        this.written += n;
        wait = PipeWait.First;
        waited = 0;
      } catch (e) {
        const code = (e as NodeJS.ErrnoException).code;
        const tooLong = waited >= PipeWait.InAll && (this.patient || this.hurried);
        if (code === 'EAGAIN' && !tooLong) {
          Atomics.wait(pause, 0, 0, wait);
          waited += wait;
          wait = Math.min(wait * 2, PipeWait.Most);
          continue;
        }
        if (code === 'EPIPE') this.gone = true;
        else if (this.patient) {
          this.trouble = `${this.name}: ${(e as Error).message}`;
          return false;
        } else {
          this.fault = `${this.name}: ${(e as Error).message}`;
          this.refused += this.restLines; // some of them may be there: too many told is better than too few
        }
        break;
      }
    }
    this.rest = null;
    this.trouble = null;
    return true;
  }
}

/** NAME becomes NAME.1, NAME.1 becomes NAME.2 …; of these `keep` stay. */
function shift(path: string, keep: number): void {
  rmSync(`${path}.${keep}`, { force: true });
  for (let i = keep - 1; i >= 0; i--) {
    try {
      renameSync(i === 0 ? path : `${path}.${i}`, `${path}.${i + 1}`);
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e;
    }
  }
}
