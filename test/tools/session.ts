/**
 * Whole TCP sessions for tests: handshake, data each way with acknowledgements, close.
 * Every segment is acknowledged by the other side right after it, so that a passive sensor inspects it.
 */
import { TcpFlag } from '../../src/protocol/tcp.js';
import { DefaultClient, DefaultServer, frame, type Ipv4Fields, ip, type TcpFields, tcp } from './build.js';
import { bytesOf } from './bytes.js';

/** A frame and its capture time. */
export interface TimedFrame {
  tsUs: number;
  bytes: Uint8Array;
  /** Length on the wire, when the capture has only the beginning. */
  wireLen?: number;
}

export interface Endpoint {
  ip?: string;
  port?: number;
  /** Initial sequence number. */
  isn?: number;
}

export interface Exchange {
  from: 'client' | 'server';
  data: Uint8Array | string;
  /** Header fields of its segments that are not what the session would write. */
  fields?: { ip?: Ipv4Fields; tcp?: TcpFields };
}

export interface SessionOptions {
  client?: Endpoint;
  server?: Endpoint;
  exchanges: Exchange[];
  /** Largest payload of a segment (default 1,460). */
  mss?: number;
  /** Time of the first frame and step between frames. */
  startUs?: number;
  stepUs?: number;
  /** How it ends (default 'fin'). */
  close?: 'fin' | 'rst' | 'none';
  /** false: no handshake (midstream). */
  handshake?: boolean;
  /** false: no pure acknowledgements. */
  acks?: boolean;
  /** Wraps the IP packet into a link-layer frame (default Ethernet). */
  link?: (packet: Uint8Array) => Uint8Array;
}

export const DefaultStartUs = 1_700_000_000_000_000;

/** Frames of one session in order. */
export function tcpSession(o: SessionOptions): TimedFrame[] {
  const sides = {
    client: { ip: o.client?.ip ?? DefaultClient, port: o.client?.port ?? 40000, next: (o.client?.isn ?? 1000) >>> 0 },
    server: { ip: o.server?.ip ?? DefaultServer, port: o.server?.port ?? 80, next: (o.server?.isn ?? 500_000) >>> 0 },
  };
  const { mss = 1460, startUs = DefaultStartUs, stepUs = 1000, link = frame, acks = true } = o;
  const out: TimedFrame[] = [];
  const send = (
    from: 'client' | 'server',
    flags: number,
    data: Uint8Array = new Uint8Array(0),
    fields: Exchange['fields'] = {},
  ): void => {
    const a = sides[from];
    const b = sides[from === 'client' ? 'server' : 'client'];
    const acked = flags & TcpFlag.Ack ? b.next : 0;
    const own = { srcPort: a.port, dstPort: b.port, seq: a.next, ack: acked, flags };
    const segment = tcp(a.ip, b.ip, { ...own, ...fields.tcp }, data);
    const packet = ip(a.ip, b.ip, 6, segment, { id: out.length + 1, ...fields.ip });
    out.push({ tsUs: startUs + out.length * stepUs, bytes: link(packet) });
    a.next = (a.next + data.length + (flags & (TcpFlag.Syn | TcpFlag.Fin) ? 1 : 0)) >>> 0;
  };
  if (o.handshake !== false) {
    send('client', TcpFlag.Syn);
    send('server', TcpFlag.Syn | TcpFlag.Ack);
    send('client', TcpFlag.Ack);
  } else {
    sides.client.next = (sides.client.next + 1) >>> 0;
    sides.server.next = (sides.server.next + 1) >>> 0;
  }
  for (const { from, data, fields } of o.exchanges) {
    const bytes = bytesOf(data);
    for (let at = 0; at < bytes.length; at += mss) {
      const end = Math.min(at + mss, bytes.length);
      send(from, TcpFlag.Ack | (end === bytes.length ? TcpFlag.Psh : 0), bytes.subarray(at, end), fields);
      if (acks) send(from === 'client' ? 'server' : 'client', TcpFlag.Ack);
    }
  }
  if (o.close === 'rst') send('client', TcpFlag.Rst | TcpFlag.Ack);
  else if (o.close !== 'none') {
    send('client', TcpFlag.Fin | TcpFlag.Ack);
    send('server', TcpFlag.Fin | TcpFlag.Ack);
    send('client', TcpFlag.Ack);
  }
  return out;
}
