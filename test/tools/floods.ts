/**
 * Captures that ask for more memory than there is to be had, written to a file as they are made. Checksums are not
 * right in them: replay with `-k none`.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { TcpFlag } from '../../src/protocol/tcp.js';
import { frame, ipv4, tcp } from './build.js';
import { concat } from './bytes.js';
import { pcapFile } from './capture-writer.js';

const ChunkBytes = 4 << 20;
const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
const Mss = 1400;
const SegmentsPerAck = 20;

/** Offsets in a frame of Ethernet, IPv4 without options and TCP. */
const At = { ipId: 18, src: 26, dst: 30, srcPort: 34, dstPort: 36, seq: 38, ack: 42, flags: 47, payload: 54 } as const;

/** Writes packets a microsecond apart. */
export class FloodWriter {
  private readonly fd: number;
  private readonly chunk = Buffer.alloc(ChunkBytes);
  private used = 0;
  private us = 0;

  constructor(path: string) {
    this.fd = openSync(path, 'w');
    writeSync(this.fd, pcapFile([]));
  }

  write(bytes: Uint8Array): void {
    if (this.used + 16 + bytes.length > ChunkBytes) this.flush();
    const { chunk } = this;
    const at = this.used;
    chunk.writeUInt32LE(1_700_000_000 + Math.floor(this.us / 1e6), at);
    chunk.writeUInt32LE(this.us % 1e6, at + 4);
    chunk.writeUInt32LE(bytes.length, at + 8);
    chunk.writeUInt32LE(bytes.length, at + 12);
    chunk.set(bytes, at + 16);
    this.used += 16 + bytes.length;
    this.us++;
  }

  private flush(): void {
    writeSync(this.fd, this.chunk, 0, this.used);
    this.used = 0;
  }

  close(): void {
    this.flush();
    closeSync(this.fd);
  }
}

/** A TCP connection from client number `no` to one server, its frames written as they are made. */
export class FloodSession {
  private readonly out: FloodWriter;
  private readonly no: number;
  private clientSeq = 1000;
  private serverSeq = 5000;

  constructor(out: FloodWriter, no: number) {
    this.out = out;
    this.no = no;
    this.send(true, TcpFlag.Syn);
    this.clientSeq++;
    this.send(false, TcpFlag.Syn | TcpFlag.Ack);
    this.serverSeq++;
    this.send(true, TcpFlag.Ack);
  }

  /** Bytes in segments, with acknowledgements of the other side within its window. */
  say(fromClient: boolean, data: Uint8Array, acknowledged = true): void {
    for (let at = 0, i = 0; at < data.length; at += Mss, i++) {
      if (acknowledged && i % SegmentsPerAck === SegmentsPerAck - 1) this.send(!fromClient, TcpFlag.Ack);
      const part = data.subarray(at, at + Mss);
      this.send(fromClient, TcpFlag.Ack, part);
      if (fromClient) this.clientSeq += part.length;
      else this.serverSeq += part.length;
    }
    if (acknowledged) this.send(!fromClient, TcpFlag.Ack);
  }

  private send(fromClient: boolean, flags: number, data: Uint8Array = new Uint8Array(0)): void {
    const bytes = segment(fromClient, this.no, flags, data);
    bytes.writeUInt32BE(fromClient ? this.clientSeq : this.serverSeq, At.seq);
    bytes.writeUInt32BE(fromClient ? this.serverSeq : this.clientSeq, At.ack);
    this.out.write(bytes);
  }
}

const templates = new Map<number, Buffer>();

/** A frame of client number `no`, numbers of its sequence left 0. */
function segment(fromClient: boolean, no: number, flags: number, data: Uint8Array): Buffer {
  let head = templates.get(data.length);
  if (head === undefined) {
    head = Buffer.from(frame(ipv4({ proto: 6 }, tcp('0.0.0.0', '0.0.0.0', {}, new Uint8Array(data.length)))));
    templates.set(data.length, head);
  }
  const out = Buffer.from(head);
  const client = 0x0b00_0000 + (no >>> 8);
  const port = 1024 + (no & 255);
  out.writeUInt32BE(fromClient ? client : 0x0a00_0050, At.src);
  out.writeUInt32BE(fromClient ? 0x0a00_0050 : client, At.dst);
  out.writeUInt16BE(fromClient ? port : 80, At.srcPort);
  out.writeUInt16BE(fromClient ? 80 : port, At.dstPort);
  out[At.flags] = flags;
  out.set(data, At.payload);
  return out;
}

/** First packets of `n` connections. */
export function synFlood(out: FloodWriter, n: number): void {
  for (let i = 0; i < n; i++) out.write(segment(true, i, TcpFlag.Syn, new Uint8Array(0)));
}

/** First fragments of `n` datagrams. */
export function fragmentFlood(out: FloodWriter, n: number): void {
  const bytes = Buffer.from(frame(ipv4({ proto: 17, flags: 1 }, new Uint8Array(Mss))));
  for (let i = 0; i < n; i++) {
    bytes.writeUInt16BE(i & 0xffff, At.ipId);
    bytes.writeUInt32BE(0x0b00_0000 + (i >>> 16), At.src);
    out.write(bytes);
  }
}

/** `n` connections, each with these bytes of the client (and, when given, of the server). */
export function sessionFlood(
  out: FloodWriter,
  n: number,
  fromClient: string | Uint8Array,
  fromServer: Uint8Array | null = null,
  acknowledged = true,
): void {
  for (let i = 0; i < n; i++) {
    const session = new FloodSession(out, i);
    session.say(true, typeof fromClient === 'string' ? Buffer.from(fromClient, 'latin1') : fromClient, acknowledged);
    if (fromServer !== null) session.say(false, fromServer);
  }
}

/** A response with `mib` MiB of zeros in these codings (gzip, br), the last one outside. */
export function bomb(mib: number, codings: ('gzip' | 'br')[] = ['gzip']): Uint8Array {
  let body = Buffer.alloc(mib << 20);
  for (const coding of codings) body = coding === 'gzip' ? gzipSync(body) : brotliCompressSync(body, quick);
  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: ${codings.join(', ')}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return concat(Buffer.from(head, 'latin1'), body);
}
