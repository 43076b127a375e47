/**
 * Lines to a unix datagram socket, one a datagram (`filetype: unix_dgram`, and syslog). The socket never waits; what its
 * receiver cannot take yet lies in a bounded queue, and what finds that full is counted by the reason and lost. A replay
 * waits instead, as long as the receiver takes some.
 */
import { constants } from 'node:os';
import { isRefusal, openDatagram, sendDatagram } from '../addon/datagram.js';
import { closeHandle } from '../addon/handles.js';
import type { LineSink, SocketLosses } from './line-sink.js';

const enum Limit {
  /** What may wait: bytes and datagrams. */
  QueueBytes = 8 * 1024 * 1024,
  Queue = 65_536,
  /** Asked of the kernel, which gives what net.core.wmem_max allows. */
  SendBuffer = 1024 * 1024,
  /** Milliseconds between two attempts to connect. */
  RetryMs = 500,
  /** Milliseconds without progress after which a replay, or the end of a run, does not wait any more; with nobody there. */
  WaitMs = 5000,
  AwayMs = 1500,
  StepMs = 2,
  /** Sent datagrams that are forgotten together. */
  Forget = 4096,
}

const { EAGAIN, ENOBUFS, EMSGSIZE } = constants.errno;
const pause = new Int32Array(new SharedArrayBuffer(4));

export class DatagramSink implements LineSink {
  readonly gone = false;
  readonly stuck = false;
  readonly trouble = null;
  skipping = false;
  readonly losses: SocketLosses = { away: 0, slow: 0, long: 0 };
  private readonly path: string;
  private readonly frame: (line: string) => string;
  private readonly tell: (message: string) => void;
  private waits: boolean;
  /** 0: not connected. */
  private handle = 0;
  private retryMs = 0;
  private told = false;
  /** What waits, from `head` on. */
  private queue: Uint8Array[] = [];
  private head = 0;
  private bytes = 0;

  /**
   * `frame` makes a datagram of a line; `waits`: rather wait for the receiver than lose lines; `tell` gets a message when
   * nobody receives, once, and when somebody does again.
   */
  constructor(path: string, frame: (line: string) => string, waits: boolean, tell: (message: string) => void) {
    this.path = path;
    this.frame = frame;
    this.waits = waits;
    this.tell = tell;
    this.connect();
  }

  get refused(): number {
    const { away, slow, long } = this.losses;
    return away + slow + long;
  }

  get fault(): string | null {
    const { away, slow, long } = this.losses;
    const why: string[] = [];
    if (away > 0) why.push(`nobody received ${away}`);
    if (slow > 0) why.push(`the receiver was too slow for ${slow}`);
    if (long > 0) why.push(`${long} are too long for a datagram`);
    return why.length === 0 ? null : `${this.path}: ${why.join(', ')}`;
  }

  get waiting(): boolean {
    return this.handle !== 0 && this.head < this.queue.length;
  }

  push(line: string): void {
    this.add(Buffer.from(this.frame(line), 'utf8'));
  }

  pushBytes(bytes: Uint8Array, _lines: number): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    for (let from = 0; from < text.length; ) {
      const end = text.indexOf('\n', from) + 1 || text.length;
      this.push(text.slice(from, end));
      from = end;
    }
  }

  flush(): void {
    this.send();
  }

  giveUp(): void {
    this.waits = false;
  }

  reopen(): null {
    return null; // the socket is looked for all the time
  }

  close(): void {
    this.wait(0, 0);
    this.lose(this.queue.length - this.head);
    this.disconnect();
  }

  private add(datagram: Uint8Array): void {
    if (datagram.length > Limit.QueueBytes) {
      this.losses.long++;
      return;
    }
    if (this.waits) this.wait(Limit.QueueBytes - datagram.length, Limit.Queue - 1);
    else if (!this.hasRoom(datagram.length)) this.send();
    if (!this.hasRoom(datagram.length)) {
      this.lose(1);
      return;
    }
    this.queue.push(datagram);
    this.bytes += datagram.length;
    this.send();
  }

  private hasRoom(len: number): boolean {
    return this.bytes + len <= Limit.QueueBytes && this.queue.length - this.head < Limit.Queue;
  }

  private lose(lines: number): void {
    if (this.handle === 0) this.losses.away += lines;
    else this.losses.slow += lines;
  }

  /** Sends what the receiver takes at once. */
  private send(): void {
    if (this.handle === 0 && !this.connect()) return;
    let again = true;
    while (this.head < this.queue.length) {
      const datagram = this.queue[this.head];
      const error = -sendDatagram(this.handle, datagram);
      if (error === EAGAIN || error === ENOBUFS) return;
      if (error === EMSGSIZE) this.losses.long++;
      else if (error !== 0) {
        this.disconnect();
        if (again) this.retryMs = 0; // one that was started anew is there at once
        again = false;
        if (!this.connect()) return;
        continue;
      }
      this.bytes -= datagram.length;
      if (++this.head >= Limit.Forget) {
        this.queue.splice(0, this.head);
        this.head = 0;
      }
    }
    this.queue = [];
    this.head = 0;
  }

  private connect(): boolean {
    const now = performance.now();
    if (now < this.retryMs) return false;
    this.retryMs = now + Limit.RetryMs;
    const opened = openDatagram(this.path, Limit.SendBuffer);
    if (isRefusal(opened)) {
      if (!this.told) this.tell(`${this.path}: ${opened.message}; tried again every ${Limit.RetryMs} ms`);
      this.told = true;
      return false;
    }
    this.handle = opened;
    if (this.told) this.tell(`${this.path}: connected`);
    this.told = false;
    return true;
  }

  private disconnect(): void {
    if (this.handle !== 0) closeHandle(this.handle);
    this.handle = 0;
  }

  /** Until no more than so many bytes and datagrams wait, as long as the receiver takes some. */
  private wait(bytes: number, datagrams: number): void {
    let before = this.bytes;
    let since = performance.now();
    while (this.bytes > Math.max(0, bytes) || this.queue.length - this.head > datagrams) {
      this.send();
      if (this.bytes < before) {
        since = performance.now();
        before = this.bytes;
      } else if (performance.now() - since > (this.handle === 0 ? Limit.AwayMs : Limit.WaitMs)) {
        this.waits = false; // the first time was long enough
        return;
      } else Atomics.wait(pause, 0, 0, Limit.StepMs);
    }
  }
}
