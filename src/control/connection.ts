/** One client of the control socket: its bytes to commands, one at a time, and their answers back. */
import type { Socket } from 'node:net';
import {
  handshakeFault,
  MessageLimit,
  parseRequest,
  type Reply,
  type Request,
  refused,
  replyLine,
  welcome,
} from './messages.js';

/** How long a client may take, in milliseconds. Between two commands it may take as long as it likes. */
export interface Patience {
  /** From connecting to its version. */
  handshakeMs: number;
  /** From the first byte of a command to its newline. */
  commandMs: number;
  /** To read an answer. */
  replyMs: number;
}

const Newline = 0x0a;
const BraceClose = 0x7d;

const enum State {
  /** Its version is awaited. */
  Handshake,
  /** A command is awaited. */
  Ready,
  /** A command runs, or its answer is on its way; no bytes are read. */
  Busy,
  Closed,
}

export class Connection {
  /** When it last had an answer (`performance.now`). */
  lastUsed = performance.now();
  private state = State.Handshake;
  /** What was received and is not used up: [start, end) of `bytes`; up to `scanned` there is no newline. */
  private bytes = Buffer.allocUnsafe(1024);
  private start = 0;
  private scanned = 0;
  private end = 0;
  private ended = false;
  private timer: NodeJS.Timeout | null = null;

  /** `run` answers a command and never rejects; `closed` is told once. */
  constructor(
    private readonly socket: Socket,
    private readonly patience: Patience,
    private readonly run: (request: Request) => Promise<Reply>,
    private readonly closed: (connection: Connection) => void,
  ) {
    this.waitAtMost(patience.handshakeMs);
    socket.on('data', (piece) => this.take(piece));
    socket.on('end', () => this.finish());
    // What went wrong with a client is its own affair: 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.close());
  }

  /** It waits for a command and has sent nothing of it. */
  get idle(): boolean {
    return this.state === State.Ready && this.start === this.end;
  }

  close(): void {
    if (this.state === State.Closed) return;
    this.state = State.Closed;
    this.waitAtMost(0);
    this.socket.destroy();
    this.closed(this);
  }

  /** Keeps a piece. At most one comes while there is more than a command, since reading stops then. */
  private take(piece: Buffer): void {
    if (this.state === State.Closed) return;
    const kept = this.end - this.start;
    if (this.end + piece.length > this.bytes.length) {
      const grown = Buffer.allocUnsafe(2 * (kept + piece.length));
      this.bytes.copy(grown, 0, this.start, this.end);
      this.bytes = grown;
      this.scanned -= this.start;
      this.start = 0;
      this.end = kept;
    }
    piece.copy(this.bytes, this.end);
    this.end += piece.length;
    this.advance();
  }

  /** The client sends no more; it may still read. */
  private finish(): void {
    this.ended = true;
    this.advance();
  }

  private advance(): void {
    if (this.state === State.Handshake) this.greet();
    if (this.state !== State.Ready) return;
    const newline = this.bytes.subarray(0, this.end).indexOf(Newline, this.scanned);
    if (newline < 0) this.awaitMore();
    else if (newline - this.start > MessageLimit.Command) this.refuse(this.tooLong());
    else {
      const line = this.bytes.subarray(this.start, newline);
      this.start = newline + 1;
      this.scanned = this.start;
      this.serve(line);
    }
  }

  /** A client's version has no newline; the brace ends it. */
  private greet(): void {
    const brace = this.bytes.subarray(0, this.end).indexOf(BraceClose, this.scanned);
    this.scanned = brace < 0 ? this.end : brace + 1;
    if (this.scanned > MessageLimit.Handshake) return this.refuse('The first message is too long');
    const broken = brace < 0 && (this.ended || this.bytes.subarray(0, this.end).includes(Newline));
    if (brace < 0 && !broken) return;
    const fault = handshakeFault(this.bytes.subarray(0, this.scanned));
    if (fault !== null) return this.refuse(fault);
    this.start = this.scanned;
    this.answer(welcome);
  }

  private awaitMore(): void {
    this.scanned = this.end;
    if (this.end - this.start > MessageLimit.Command) this.refuse(this.tooLong());
    else if (this.ended) this.socket.end(() => this.close());
    else {
      if (this.start === this.end) this.waitAtMost(0);
      else if (this.timer === null) this.waitAtMost(this.patience.commandMs);
      this.socket.resume();
    }
  }

  private tooLong(): string {
    return `A command has at most ${MessageLimit.Command} bytes`;
  }

  private serve(line: Buffer): void {
    const request = line.length === 0 ? null : parseRequest(line);
    if (request === null) this.later();
    else if (typeof request === 'string') this.answer(replyLine(refused(request)));
    else {
      this.state = State.Busy;
      this.waitAtMost(0);
      this.socket.pause();
      void this.run(request).then((reply) => this.answer(replyLine(reply), reply.after));
    }
  }

  /** Writes an answer; the next command is looked at when the client has taken it. */
  private answer(line: string, after?: () => void): void {
    if (this.state === State.Closed) {
      after?.();
      return;
    }
    this.state = State.Busy;
    this.socket.pause();
    this.waitAtMost(this.patience.replyMs);
    this.socket.write(line, () => {
      this.waitAtMost(0);
      this.lastUsed = performance.now();
      after?.();
      this.later();
    });
  }

  /** Goes on after others had their turn: a client with many commands must not hold up the event loop. */
  private later(): void {
    if (this.state === State.Closed) return;
    this.state = State.Busy;
    setImmediate(() => {
      if (this.state !== State.Busy) return;
      this.state = State.Ready;
      this.advance();
    });
  }

  /** Says why and closes: what follows could not be told from what came before. */
  private refuse(reason: string): void {
    this.state = State.Busy;
    this.waitAtMost(this.patience.replyMs);
    this.socket.pause();
    this.socket.end(replyLine(refused(reason)), () => this.close());
  }

  /** Closes the connection when so many milliseconds pass; 0: no more. */
  private waitAtMost(ms: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = ms === 0 ? null : setTimeout(() => this.close(), ms).unref();
  }
}
