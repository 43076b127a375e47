/**
 * Writing an answer: nothing is lost in a slow pipe, a pipe that is closed ends the command quietly, and what is longer
 * than the terminal goes through a pager.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Writable } from 'node:stream';
import { PeccaryError } from '../core/errors.js';

/** Text gathered before it is written. */
const ChunkLength = 65_536;

/** The reader has seen enough. */
class ReaderGone extends Error {}

/** Standard output for answers of any length: waits for the reader instead of holding all of it. */
export class Printer {
  private text = '';
  private out: Writable = process.stdout;
  private pager: ChildProcess | null = null;
  private gone = false;
  /** Lines up to which the terminal itself shows the answer; none without a pager. */
  private readonly rows: number;
  private readonly command: string | null;

  constructor(paged = false) {
    this.command = paged && process.stdout.isTTY === true ? pagerCommand() : null;
    this.rows = this.command === null ? 0 : (process.stdout.rows || 24) - 1;
  }

  async print(text: string): Promise<void> {
    this.text += text;
    if (this.command !== null && this.pager === null) {
      if (!this.longer()) return;
      this.startPager(this.command);
    }
    if (this.text.length >= ChunkLength) await this.flush();
  }

  async flush(): Promise<void> {
    const text = this.text;
    this.text = '';
    if (this.gone) throw new ReaderGone();
    if (text === '' || this.out.write(text)) return;
    if (this.pager === null) await once(this.out, 'drain');
    // A pager that ends early breaks the pipe: noted where it was started.
    else await Promise.race([once(this.out, 'drain'), once(this.pager, 'close')]).catch(() => undefined);
    if (this.gone) throw new ReaderGone();
  }

  /** Writes what is left and waits for the pager's end. */
  async end(): Promise<void> {
    await this.flush();
    if (this.pager === null) return;
    const closed = this.gone ? null : once(this.pager, 'close');
    this.out.end();
    await closed;
  }

  private longer(): boolean {
    let lines = 0;
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) {
      if (++lines > this.rows) return true;
    }
    return false;
  }

  private startPager(command: string): void {
    // As git does: colours pass, and what fits the screen after all stays on it.
    const env = { ...process.env, LESS: process.env.LESS ?? 'FRX' };
    this.pager = spawn('/bin/sh', ['-c', command], { stdio: ['pipe', 'inherit', 'inherit'], env });
    this.pager.on('error', () => {
      this.gone = true;
    });
    this.pager.on('close', () => {
      this.gone = true;
    });
    // It reads the keyboard: ^C is its business.
    process.on('SIGINT', () => undefined);
    this.out = this.pager.stdin as Writable;
    this.out.on('error', () => {
      this.gone = true;
    });
  }
}

/** PAGER, or less where it is installed; null: none is wanted. */
function pagerCommand(): string | null {
  const wanted = process.env.PAGER;
  if (wanted !== undefined) return wanted.trim() === '' || wanted.trim() === 'cat' ? null : wanted;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, 'less'), constants.X_OK);
      return 'less';
    } catch {
      // Not here.
    }
  }
  return null;
}

/** Writes an answer; that its reader leaves early is no fault. */
export async function answer(
  flags: { pager: boolean },
  work: (printer: Printer) => void | Promise<void>,
): Promise<void> {
  const printer = new Printer(flags.pager);
  try {
    await work(printer);
    await printer.end();
  } catch (e) {
    if (e instanceof ReaderGone) return;
    // What was found before the fault is not lost.
    if (e instanceof PeccaryError) await printer.end().catch(() => undefined);
    throw e;
  }
}
