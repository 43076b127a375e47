/**
 * A TCP client in the test's own hands: every field of every segment is the test's to choose, and what the server answers
 * only moves its numbers on. It speaks over a `Path`: to a model of a server, or to a real one through a raw socket.
 */
import { TcpFlag } from '../../src/protocol/tcp.js';
import { type Ipv4Fields, ip, tcp } from '../tools/build.js';
import { bytesOf, concat } from '../tools/bytes.js';
import { tcpView } from '../tools/packet-view.js';

/** The way to the server. A sensor sits before its routers and sees everything that is sent and answered. */
export interface Path {
  send(packet: Uint8Array): void;
  /** IP packets that the server sent since. */
  answers(): Promise<Uint8Array[]>;
  /** Lets seconds pass: in the capture's time (a model), or in fact. */
  wait(seconds: number): Promise<void>;
}

export interface Addresses {
  client: string;
  server: string;
  clientPort: number;
  serverPort: number;
}

/** What of a segment differs from the next one of a well-behaved client. */
export interface SegmentFields {
  /** Place of the first byte in the client's stream; default: where it stands. */
  at?: number;
  /** Sequence number, instead of a place. */
  seq?: number;
  ack?: number;
  flags?: number;
  window?: number;
  urgent?: number;
  ttl?: number;
  /** Value of the timestamp option less that of the SYN, when the session has timestamps. */
  ts?: number;
  /** Instead of the session's options. */
  options?: Uint8Array;
  badChecksum?: boolean;
  md5?: boolean;
  /** Fields of the IP header. */
  ip?: Ipv4Fields;
}

export const { Syn, Ack, Fin, Rst, Psh, Urg } = {
  Syn: TcpFlag.Syn,
  Ack: TcpFlag.Ack,
  Fin: TcpFlag.Fin,
  Rst: TcpFlag.Rst,
  Psh: TcpFlag.Psh,
  Urg: TcpFlag.Urg,
};

/** An MD5 signature option (RFC 2385) of a key that nobody has. */
export const Md5Option = Uint8Array.from([19, 18, ...new Array(16).fill(7), 1, 1]);

/** How often it is listened for what must come: a real server may be slow. */
const Tries = 50;

export class Client {
  isn = 1_000_000;
  /** Place in its stream where the next data goes. */
  at = 0;
  /** Next number expected of the server, and its initial one. */
  rcv = 0;
  serverIsn = 0;
  ttl = 64;
  window = 64_240;
  timestamps = false;
  /** A FIN of the server came. */
  peerClosed = false;
  tsBase = 500_000;
  tsNow = 0;
  private tsEcho = 0;
  private ipId = 1;
  readonly path: Path;
  readonly to: Addresses;

  constructor(path: Path, to: Addresses) {
    this.path = path;
    this.to = to;
  }

  /** The segment as an IP packet; nothing changes. */
  packet(f: SegmentFields = {}, data: Uint8Array | string = ''): Uint8Array {
    const { client, server, clientPort, serverPort } = this.to;
    const stamp = this.timestamps ? this.timestamp(f.ts ?? this.tsNow) : new Uint8Array(0);
    const options = f.options ?? (f.md5 === true ? concat(Md5Option, stamp) : stamp);
    const segment = tcp(
      client,
      server,
      {
        srcPort: clientPort,
        dstPort: serverPort,
        seq: f.seq ?? this.isn + 1 + (f.at ?? this.at),
        ack: f.ack ?? ((f.flags ?? Ack) & Ack ? this.rcv : 0),
        flags: f.flags ?? Ack,
        window: f.window ?? this.window,
        urgent: f.urgent,
        options,
      },
      data,
    );
    if (f.badChecksum === true) segment[17] ^= 0x55;
    const fields = { ttl: f.ttl ?? this.ttl, hopLimit: f.ttl ?? this.ttl, id: this.ipId++, ...f.ip };
    return ip(client, server, 6, segment, fields);
  }

  private timestamp(value: number): Uint8Array {
    const out = new Uint8Array(12);
    out.set([1, 1, 8, 10]);
    const d = new DataView(out.buffer);
    d.setUint32(4, this.tsBase + value);
    d.setUint32(8, this.tsEcho);
    return out;
  }

  /** Sends one segment; the client's place moves only with `say`. */
  send(f: SegmentFields = {}, data: Uint8Array | string = ''): void {
    this.path.send(this.packet(f, data));
  }

  /** Takes in what the server said. */
  async listen(): Promise<void> {
    for (const packet of await this.path.answers()) {
      const t = tcpView(packet);
      if (t === null || (t.flags & Rst) !== 0) continue;
      if ((t.flags & Fin) !== 0) this.peerClosed = true;
      if ((t.flags & Syn) !== 0) {
        this.serverIsn = t.seq;
        this.rcv = (t.seq + 1) >>> 0;
      }
      const end = t.seq + t.payload.length + (t.flags & (Syn | Fin) ? 1 : 0);
      if (((end - this.rcv) | 0) > 0) this.rcv = end >>> 0;
      this.noteEcho(packet, t.ipHdrLen, t.tcpHdrLen);
    }
  }

  private noteEcho(packet: Uint8Array, ipHdrLen: number, tcpHdrLen: number): void {
    const options = packet.subarray(ipHdrLen + 20, ipHdrLen + tcpHdrLen);
    for (let i = 0; i < options.length; ) {
      if (options[i] === 0) return;
      if (options[i] === 1) {
        i++;
        continue;
      }
      if (options[i] === 8) this.tsEcho = new DataView(options.buffer, options.byteOffset + i).getUint32(2);
      i += Math.max(2, options[i + 1]);
    }
  }

  syn(f: SegmentFields = {}, data: Uint8Array | string = ''): void {
    this.send({ flags: Syn, seq: this.isn, ...f }, data);
  }

  /** The handshake. */
  async open(f: SegmentFields = {}): Promise<void> {
    const before = this.serverIsn;
    this.syn(f);
    for (let i = 0; i < Tries && this.serverIsn === before; i++) await this.listen();
    this.send();
    await this.listen();
  }

  /** Sends data in order in segments of at most `mss` bytes and takes in the answers, which it acknowledges. */
  async say(text: Uint8Array | string, mss = 1400, f: SegmentFields = {}): Promise<void> {
    const data = bytesOf(text);
    for (let i = 0; i < data.length; i += mss) {
      const part = data.subarray(i, i + mss);
      this.send({ flags: i + mss >= data.length ? Ack | Psh : Ack, ...f }, part);
      this.at += part.length;
      if ((i / mss) % 20 === 19) await this.listen();
    }
    await this.hear();
  }

  /** Takes the answers in and acknowledges them. */
  async hear(): Promise<void> {
    const before = this.rcv;
    await this.listen();
    if (this.rcv !== before) this.send();
  }

  /** FIN, the server's FIN, ACK. */
  async close(): Promise<void> {
    this.send({ flags: Fin | Ack });
    this.at++;
    for (let i = 0; i < Tries && !this.peerClosed; i++) await this.listen();
    this.send();
    await this.listen();
  }
}
