/**
 * A model of a web server's TCP on Linux 6 (RFC 9293 with RFC 5961 and RFC 7323): what it takes of the segments it gets and
 * what it answers. The tests that have root ask a real one the same and so show that the model is right.
 */
import { frame, ip, tcp } from '../tools/build.js';
import { addressBytes, checksumFold, sumBytes } from '../tools/bytes.js';
import { type TcpView, tcpView } from '../tools/packet-view.js';
import { DefaultStartUs, type TimedFrame } from '../tools/session.js';
import { IpModel } from './ip-model.js';
import { Ack, type Addresses, Fin, type Path, Psh, Rst, Syn, Urg } from './tcp-client.js';

/** Routers between sensor and server: a packet with this TTL or less does not arrive. */
export const Hops = 1;
const Window = 65_535;
const ServerTtl = 64;

/** Requests of `text` that are complete, as bytes used; -1 while one is not. */
export function requestEnd(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return -1;
  const length = /^content-length: *(\d+)/im.exec(text.slice(0, head));
  const end = head + 4 + (length === null ? 0 : Number(length[1]));
  return end <= text.length ? end : -1;
}

export const Answer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

interface Options {
  md5: boolean;
  ts: number | null;
  fastOpen: boolean;
}

function optionsOf(t: TcpView): Options {
  const b = t.ip.subarray(t.ipHdrLen + 20, t.ipHdrLen + t.tcpHdrLen);
  const out: Options = { md5: false, ts: null, fastOpen: false };
  for (let i = 0; i < b.length && b[i] !== 0; ) {
    if (b[i] === 1) {
      i++;
      continue;
    }
    if (b[i] === 19) out.md5 = true;
    if (b[i] === 34) out.fastOpen = true;
    if (b[i] === 8) out.ts = new DataView(b.buffer, b.byteOffset + i).getInt32(2);
    i += Math.max(2, b[i + 1]);
  }
  return out;
}

type Piece = { seq: number; data: Uint8Array; fin: boolean };

/** One connection of the model. */
class Connection {
  state: 'syn-received' | 'established' | 'closed' = 'syn-received';
  received = '';
  handled = 0;
  iss = 7_000_000;
  sndNxt = this.iss + 1;
  rcvNxt: number;
  tsRecent: number | null;
  maxWindow = 0;
  urgentAt: number | null = null;
  finished = false;
  readonly waiting: Piece[] = [];
  readonly irs: number;

  constructor(irs: number, ts: number | null) {
    this.irs = irs;
    this.rcvNxt = (irs + 1) >>> 0;
    this.tsRecent = ts;
  }
}

export interface ModelOptions {
  /** Data in SYNs is taken, with the fast open option or without (net.ipv4.tcp_fastopen 0x602). */
  fastOpen?: boolean;
  /** Answers of a hostile server to a SYN instead of its SYN/ACK; see `ModelPath.replies`. */
  hops?: number;
}

export class ModelPath implements Path {
  readonly frames: TimedFrame[] = [];
  readonly connections: Connection[] = [];
  private readonly open = new Map<number, Connection>();
  private readonly queue: Uint8Array[] = [];
  private nowUs = DefaultStartUs;
  private readonly fragments = new IpModel();
  private readonly to: Addresses;
  private readonly options: ModelOptions;

  constructor(to: Addresses, options: ModelOptions = {}) {
    this.to = to;
    this.options = options;
  }

  /** What all connections got, one after the other. */
  get received(): string {
    return this.connections.map((c) => c.received).join('');
  }

  send(packet: Uint8Array): void {
    this.record(packet);
    const v4 = packet[0] >> 4 === 4;
    if (packet[v4 ? 8 : 7] <= (this.options.hops ?? Hops)) return;
    const whole = this.fragments.take(packet);
    if (whole !== null) this.segment(whole);
  }

  async answers(): Promise<Uint8Array[]> {
    return this.queue.splice(0);
  }

  async wait(seconds: number): Promise<void> {
    this.nowUs += seconds * 1e6;
  }

  private record(packet: Uint8Array): void {
    this.frames.push({ tsUs: this.nowUs, bytes: frame(packet) });
    this.nowUs += 1000;
  }

  /** A segment of the server, seen by the sensor and then by the client. */
  answer(f: { seq: number; ack: number; flags: number; window?: number }, data = ''): void {
    const { client, server, clientPort, serverPort } = this.to;
    const fields = { srcPort: serverPort, dstPort: clientPort, window: Window, options: this.stamp(), ...f };
    const packet = ip(server, client, 6, tcp(server, client, fields, data), { ttl: ServerTtl });
    this.record(packet);
    this.queue.push(packet);
  }

  /** The timestamp option, when the connection has it. */
  private stamp(): Uint8Array {
    const recent = this.connections.at(-1)?.tsRecent ?? null;
    if (recent === null) return new Uint8Array(0);
    const out = new Uint8Array(12);
    out.set([1, 1, 8, 10]);
    const d = new DataView(out.buffer);
    d.setUint32(4, Math.floor(this.nowUs / 1000) >>> 0);
    d.setInt32(8, recent);
    return out;
  }

  private segment(packet: Uint8Array): void {
    const t = tcpView(packet);
    if (t === null || !checksumOk(t, this.to)) return;
    const o = optionsOf(t);
    if (o.md5) return;
    const port = (packet[t.ipHdrLen] << 8) | packet[t.ipHdrLen + 1];
    const c = this.open.get(port);
    if (c !== undefined && c.state !== 'closed') this.connected(c, t, o);
    else if ((t.flags & (Syn | Ack | Rst | Fin)) === Syn) this.accept(port, t, o);
    else if ((t.flags & (Rst | Syn)) === 0) this.refuse(t);
  }

  private refuse(t: TcpView): void {
    const seq = (t.flags & Ack) !== 0 ? t.ack : 0;
    this.answer({ seq, ack: (t.seq + t.payload.length) >>> 0, flags: (t.flags & Ack) !== 0 ? Rst : Rst | Ack });
  }

  private accept(port: number, t: TcpView, o: Options): void {
    const c = new Connection(t.seq, o.ts);
    this.open.set(port, c);
    this.connections.push(c);
    if (this.options.fastOpen === true && t.payload.length > 0) {
      c.state = 'established';
      this.take(c, (t.seq + 1) >>> 0, t.payload, false);
    }
    this.answer({ seq: c.iss, ack: c.rcvNxt, flags: Syn | Ack });
    this.respond(c);
  }

  private ack(c: Connection): void {
    this.answer({ seq: c.sndNxt, ack: c.rcvNxt, flags: Ack });
  }

  private connected(c: Connection, t: TcpView, o: Options): void {
    const end = t.seq + t.payload.length;
    const reset = (t.flags & Rst) !== 0;
    if (c.tsRecent !== null && o.ts !== null && !reset && ((o.ts - c.tsRecent) | 0) < -1) return this.ack(c);
    if (((end - c.rcvNxt) | 0) < 0 || ((end - c.rcvNxt - Window) | 0) > 0) return reset ? undefined : this.ack(c);
    if (reset) {
      if (t.seq === c.rcvNxt) c.state = 'closed';
      else this.ack(c);
      return;
    }
    if ((t.flags & Syn) !== 0) {
      if (c.state === 'syn-received' && t.seq === c.irs) this.answer({ seq: c.iss, ack: c.rcvNxt, flags: Syn | Ack });
      else this.ack(c);
      return;
    }
    if ((t.flags & Ack) === 0) return;
    if (c.state === 'syn-received') {
      if (t.ack !== c.sndNxt) return this.refuse(t);
      c.state = 'established';
    }
    if (((t.ack - c.sndNxt) | 0) > 0) return this.ack(c);
    c.maxWindow = Math.max(c.maxWindow, (t.ip[t.ipHdrLen + 14] << 8) | t.ip[t.ipHdrLen + 15]);
    if (((t.ack - c.sndNxt) | 0) < -Math.min(c.maxWindow, c.sndNxt - c.iss - 1)) return this.ack(c);
    if (c.tsRecent !== null && o.ts !== null && ((t.seq - c.rcvNxt) | 0) <= 0) c.tsRecent = o.ts;
    if ((t.flags & Urg) !== 0) this.urgent(c, t);
    if (t.payload.length === 0 && (t.flags & Fin) === 0) return;
    this.take(c, t.seq, t.payload, (t.flags & Fin) !== 0);
    this.ack(c);
    this.respond(c);
  }

  /** The byte before the urgent pointer is not part of what the program reads (tcp(7), SO_OOBINLINE not set). */
  private urgent(c: Connection, t: TcpView): void {
    const pointer = (t.ip[t.ipHdrLen + 18] << 8) | t.ip[t.ipHdrLen + 19];
    c.urgentAt = (t.seq + (pointer > 0 ? pointer - 1 : 0)) >>> 0;
  }

  /** Puts the bytes into the stream: first copies stay, except where Linux's queue lets a larger segment replace smaller ones. */
  private take(c: Connection, seq: number, data: Uint8Array, fin: boolean): void {
    const late = (c.rcvNxt - seq) | 0;
    if (late > 0) {
      if (late > data.length || (late === data.length && !fin)) return;
      data = data.subarray(late);
      seq = c.rcvNxt;
    }
    this.queuePiece(c, { seq, data, fin });
    for (;;) {
      const i = c.waiting.findIndex((w) => ((w.seq - c.rcvNxt) | 0) <= 0);
      if (i < 0) return;
      const [w] = c.waiting.splice(i, 1);
      const skip = (c.rcvNxt - w.seq) | 0;
      for (let k = skip; k < w.data.length; k++) {
        if (c.rcvNxt !== c.urgentAt) c.received += String.fromCharCode(w.data[k]);
        c.rcvNxt = (c.rcvNxt + 1) >>> 0;
      }
      if (w.fin && skip <= w.data.length && !c.finished) {
        c.finished = true;
        c.rcvNxt = (c.rcvNxt + 1) >>> 0;
      }
    }
  }

  private queuePiece(c: Connection, piece: Piece): void {
    const off = (x: number): number => (x - c.rcvNxt) | 0;
    const start = off(piece.seq);
    const end = start + piece.data.length;
    // In order: what is waiting gives way to it.
    const covers = (w: Piece): boolean => start <= off(w.seq) && end >= off(w.seq) + w.data.length;
    const same = (w: Piece): boolean => start === off(w.seq) && end === off(w.seq) + w.data.length;
    const held = c.waiting.some((w) => off(w.seq) <= start && off(w.seq) + w.data.length >= end && end > start);
    if (start > 0 && held) return;
    for (let i = c.waiting.length - 1; i >= 0; i--) {
      if (covers(c.waiting[i]) && !(start > 0 && same(c.waiting[i]))) c.waiting.splice(i, 1);
    }
    c.waiting.push(piece);
    c.waiting.sort((a, b) => off(a.seq) - off(b.seq));
  }

  /** The web server answers every complete request, and closes when the client has. */
  private respond(c: Connection): void {
    for (let n = requestEnd(c.received.slice(c.handled)); n >= 0; n = requestEnd(c.received.slice(c.handled))) {
      c.handled += n;
      this.answer({ seq: c.sndNxt, ack: c.rcvNxt, flags: Ack | Psh }, Answer);
      c.sndNxt += Answer.length;
    }
    if (c.finished && c.state === 'established') {
      c.state = 'closed';
      this.answer({ seq: c.sndNxt, ack: c.rcvNxt, flags: Fin | Ack });
    }
  }
}

function checksumOk(t: TcpView, to: Addresses): boolean {
  const segment = t.ip.subarray(t.ipHdrLen);
  const pseudo = sumBytes(addressBytes(to.client)) + sumBytes(addressBytes(to.server)) + 6 + segment.length;
  return checksumFold(sumBytes(segment) + pseudo) === 0;
}
