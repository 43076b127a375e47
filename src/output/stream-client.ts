/** The main thread's end of a unix stream socket: connects, sends, and connects again when the other side went away. */
import { createConnection, type Socket } from 'node:net';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { StreamCell, type StreamChunk, type StreamShare } from './stream-sink.js';

/** Between two attempts, as in Suricata. */
const RetryMs = 500;

export class StreamClient {
  /** For the writer thread. */
  readonly share: StreamShare;
  private readonly port: MessagePort;
  private readonly cells: Int32Array;
  private readonly tell: (message: string) => void;
  /** Bounded by what StreamSink lets wait. The first one is on its way while `sending`. */
  private readonly queue: StreamChunk[] = [];
  private socket: Socket | null = null;
  private connected = false;
  private sending = false;
  private told = false;
  private ended = false;

  /** `tell` gets a line when nobody listens, once, and when somebody does again. */
  constructor(path: string, tell: (message: string) => void) {
    const { port1, port2 } = new MessageChannel();
    const cells = new SharedArrayBuffer(StreamCell.Cells * 4);
    this.share = { path, port: port2, cells };
    this.cells = new Int32Array(cells);
    this.tell = tell;
    this.port = port1;
    this.port.on('message', (chunk: StreamChunk) => {
      this.queue.push(chunk);
      this.send();
    });
    this.connect();
  }

  end(): void {
    this.ended = true;
    this.port.close();
    this.socket?.destroy();
  }

  private connect(): void {
    const socket = createConnection(this.share.path);
    this.socket = socket;
    socket.on('connect', () => {
      this.connected = true;
      Atomics.store(this.cells, StreamCell.Connected, 1);
      if (this.told) this.tell(`${this.share.path}: connected`);
      this.told = false;
      this.send();
    });
    socket.on('data', () => undefined); // what a reader answers is nothing to us, but its end is
    socket.on('error', (e) => {
      if (!this.told && !this.ended) this.tell(`${this.share.path}: ${e.message}; tried again every ${RetryMs} ms`);
      this.told = true;
    });
    socket.on('close', () => {
      this.connected = this.sending = false;
      Atomics.store(this.cells, StreamCell.Connected, 0);
      if (!this.ended) setTimeout(() => this.ended || this.connect(), RetryMs).unref();
    });
  }

  private send(): void {
    if (!this.connected || this.sending || this.queue.length === 0) return;
    const { bytes, lines } = this.queue[0];
    const socket = this.socket;
    this.sending = true;
    socket?.write(bytes, (e) => {
      // A chunk that a broken connection took along is sent again: its lines may come twice, but come whole.
      if (e || socket !== this.socket) return;
      this.sending = false;
      this.queue.shift();
      Atomics.sub(this.cells, StreamCell.Lines, lines);
      Atomics.sub(this.cells, StreamCell.Bytes, bytes.length);
      Atomics.notify(this.cells, StreamCell.Bytes);
      this.send();
    });
  }
}
