/**
 * Lines to a unix stream socket (`filetype: unix_stream`): the writer's end. Connections need an event loop, which the
 * writer thread does not have, so the other end is with the main thread (stream-client.ts). Between them lie at most
 * QueueBytes; what comes while that is full is counted and lost, as Suricata has it; a replay waits, while somebody reads.
 *
 * Shared cells (Int32): bytes and lines that wait, and whether somebody listens.
 */
import type { MessagePort } from 'node:worker_threads';
import type { LineSink, SocketLosses } from './line-sink.js';

export const enum StreamCell {
  Bytes = 0,
  Lines = 1,
  Connected = 2,
  Cells = 3,
}

/** What both ends share. */
export interface StreamShare {
  path: string;
  port: MessagePort;
  cells: SharedArrayBuffer;
}

/** A part of the stream: whole lines. */
export interface StreamChunk {
  bytes: Uint8Array;
  lines: number;
}

const FlushBytes = 65_536;
const QueueBytes = 8 * 1024 * 1024;
/** Milliseconds without progress after which a replay, or the end of a run, does not wait for the reader any more. */
const WaitMs = 5000;
const StepMs = 20;

export class StreamSink implements LineSink {
  readonly gone = false;
  readonly stuck = false;
  readonly trouble = null;
  skipping = false;
  readonly losses: SocketLosses = { away: 0, slow: 0, long: 0 };
  private readonly share: StreamShare;
  private readonly cells: Int32Array;
  private waits: boolean;
  private text = '';
  private lines = 0;

  /** `waits`: rather wait for a slow reader than lose lines. */
  constructor(share: StreamShare, waits: boolean) {
    this.share = share;
    this.cells = new Int32Array(share.cells);
    this.waits = waits;
  }

  get refused(): number {
    return this.losses.away + this.losses.slow;
  }

  get fault(): string | null {
    return this.refused === 0 ? null : `${this.share.path}: nobody listens, or not fast enough`;
  }

  push(line: string): void {
    this.text += line;
    this.lines++;
    if (this.text.length >= FlushBytes) this.flush();
  }

  pushBytes(bytes: Uint8Array, lines: number): void {
    this.flush();
    this.send(new Uint8Array(bytes), lines);
  }

  flush(): void {
    if (this.text === '') return;
    const bytes = new Uint8Array(Buffer.from(this.text, 'utf8'));
    const lines = this.lines;
    this.text = '';
    this.lines = 0;
    this.send(bytes, lines);
  }

  giveUp(): void {
    this.waits = false;
    this.flush();
  }

  reopen(): null {
    return null; // the socket is looked for all the time
  }

  close(): void {
    this.flush();
    this.wait(0);
    this.lose(Atomics.load(this.cells, StreamCell.Lines));
  }

  private lose(lines: number): void {
    if (Atomics.load(this.cells, StreamCell.Connected) === 0) this.losses.away += lines;
    else this.losses.slow += lines;
  }

  private send(bytes: Uint8Array, lines: number): void {
    if (this.waits) this.wait(QueueBytes - bytes.length);
    if (Atomics.load(this.cells, StreamCell.Bytes) + bytes.length > QueueBytes) {
      this.lose(lines);
      return;
    }
    Atomics.add(this.cells, StreamCell.Bytes, bytes.length);
    Atomics.add(this.cells, StreamCell.Lines, lines);
    this.share.port.postMessage({ bytes, lines } satisfies StreamChunk, [bytes.buffer as ArrayBuffer]);
  }

  /** Until at most `most` bytes wait, as long as the reader takes some. */
  private wait(most: number): void {
    let before = Atomics.load(this.cells, StreamCell.Bytes);
    let since = performance.now();
    while (before > Math.max(0, most)) {
      Atomics.wait(this.cells, StreamCell.Bytes, before, StepMs);
      const now = Atomics.load(this.cells, StreamCell.Bytes);
      if (now !== before) since = performance.now();
      else if (performance.now() - since > WaitMs) {
        this.waits = false; // the first time was long enough
        return;
      }
      before = now;
    }
  }
}
