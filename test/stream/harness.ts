/** Drives flow table and stream engine with segments filled in by hand, as decode would fill them. */
import { Region, u8 } from '../../src/core/memory.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { Packet, PacketFlag } from '../../src/decode/packet.js';
import { configureHostOs } from '../../src/defrag/host-os.js';
import { configureFlow, endAllFlows, endedFlow, freeFlow, lookupFlow } from '../../src/flow/table.js';
import { EventRange } from '../../src/protocol/events.js';
import { Dir, IpProto } from '../../src/protocol/ip.js';
import { streamEventNames } from '../../src/protocol/stream-events.js';
import { TcpFlag } from '../../src/protocol/tcp.js';
import {
  configureStream,
  endBatch,
  handleSegment,
  releaseStream,
  StreamPiece,
  streamEnd,
  takePiece,
} from '../../src/stream/stream.js';

export const SYN = TcpFlag.Syn;
export const ACK = TcpFlag.Ack;
export const FIN = TcpFlag.Fin;
export const RST = TcpFlag.Rst;
export const URG = TcpFlag.Urg;

export interface SegmentFields {
  seq: number;
  ack?: number;
  flags?: number;
  data?: Uint8Array | string;
  window?: number;
  /** Timestamp option: value and echo. */
  ts?: [number, number];
  wscale?: number;
  /** Urgent pointer; give the URG flag too. */
  urgent?: number;
  fastOpen?: boolean;
  /** Seconds since the start. */
  at?: number;
  port?: number;
  /** Where the payload goes in memory; default: the next place of the arena. */
  off?: number;
}

/** What a direction delivered. */
export class Received {
  readonly bytes: number[] = [];
  gap = 0;
  eof = 0;
  pieces = 0;
  get text(): string {
    return Buffer.from(this.bytes).toString('latin1');
  }
}

export class Wire {
  readonly p = new Packet();
  readonly got: [Received, Received] = [new Received(), new Received()];
  flow = 0;
  status = 0;
  /** Calls takePiece after each segment. */
  deliver = true;
  private place: number = Region.ArenaOff;
  private readonly piece = new StreamPiece();

  constructor(settings: { [key: string]: Tree } = {}, inline = false) {
    const s = new Settings(settings);
    configureHostOs(s);
    configureFlow(s);
    configureStream(s, inline);
  }

  /** A segment of the client (toServer) or the server; returns names of the stream events it raised. */
  send(toServer: boolean, s: SegmentFields): string[] {
    const p = this.p;
    p.reset();
    p.tsUs = 1_700_000_000_000_000 + (s.at ?? 0) * 1e6;
    p.flags = PacketFlag.WantsFlow;
    p.ipVersion = 4;
    p.ipProto = IpProto.Tcp;
    p.ttl = 64;
    const [client, server] = [0x0a000001, 0x0a000002];
    p.src0 = toServer ? client : server;
    p.dst0 = toServer ? server : client;
    p.srcPort = toServer ? (s.port ?? 40_000) : 80;
    p.dstPort = toServer ? 80 : (s.port ?? 40_000);
    p.seq = s.seq | 0;
    p.ack = (s.ack ?? 0) | 0;
    p.tcpFlags = s.flags ?? ACK;
    p.window = s.window ?? 65_535;
    p.urgent = s.urgent ?? 0;
    p.l4HdrLen = 20;
    if (s.ts !== undefined) {
      p.flags |= PacketFlag.TcpTimestamp;
      [p.tsVal, p.tsEcr] = s.ts;
    }
    if (s.wscale !== undefined) {
      p.flags |= PacketFlag.TcpWscale;
      p.wscale = s.wscale;
    }
    if (s.fastOpen === true) p.flags |= PacketFlag.TcpFastOpen;
    const data = typeof s.data === 'string' ? Buffer.from(s.data, 'latin1') : (s.data ?? new Uint8Array(0));
    const off = s.off ?? this.place;
    u8.set(data, off + 20);
    p.l4Off = off;
    p.payloadOff = off + 20;
    p.payloadLen = data.length;
    p.wireLen = 54 + data.length;
    if (s.off === undefined) this.place += 20 + data.length;
    this.flow = lookupFlow(p);
    this.finishEnded();
    this.status = handleSegment(p);
    if (this.deliver) this.drain(this.flow);
    return Array.from(p.events.subarray(0, p.eventCount), (id) => streamEventNames[id - EventRange.Stream]);
  }

  /** The handshake; both sides then go on at isn + 1. */
  open(clientIsn = 100, serverIsn = 500, wscale?: number): void {
    this.send(true, { seq: clientIsn, flags: SYN, wscale });
    this.send(false, { seq: serverIsn, ack: clientIsn + 1, flags: SYN | ACK, wscale });
    this.send(true, { seq: clientIsn + 1, ack: serverIsn + 1 });
  }

  drain(flow: number): void {
    for (const dir of [Dir.ToServer, Dir.ToClient]) {
      const to = this.got[dir];
      while (takePiece(flow, dir, this.piece)) {
        const piece = this.piece;
        to.pieces++;
        to.gap += piece.gap;
        if (piece.eof) to.eof++;
        for (let i = 0; i < piece.len; i++) to.bytes.push(u8[piece.off + i]);
      }
    }
  }

  /** The batch ends: what was in the arena is overwritten. */
  batchEnds(): void {
    endBatch();
    u8.fill(0xee, Region.ArenaOff, this.place);
    this.place = Region.ArenaOff;
  }

  /** The capture ends. */
  end(): void {
    endAllFlows();
    this.finishEnded();
  }

  private finishEnded(): void {
    for (let f = endedFlow(); f !== 0; f = endedFlow()) {
      streamEnd(f);
      this.drain(f);
      releaseStream(f);
      freeFlow(f);
    }
  }
}
