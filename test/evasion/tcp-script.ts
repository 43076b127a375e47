/** A conversation of which both sides are the test's: tcp-scripted.ts and tcp-partial.ts of this folder play them. */
import type { Tree } from '../../src/core/settings.js';
import { frame, type Ipv4Fields, ip, type TcpFields, tcp } from '../tools/build.js';
import { DefaultStartUs, type TimedFrame } from '../tools/session.js';
import { Ack, Fin, Psh, Syn } from './tcp-client.js';
import { Answer } from './tcp-model.js';
import { Attack } from './tcp-sensor.js';

const Client = '192.168.81.10';
const Server = '10.82.0.80';

/** Both sides of a connection; numbers go on as a well-behaved host's would unless a field says otherwise. */
export class Script {
  readonly frames: TimedFrame[] = [];
  c = 1000;
  s = 900_000;
  private nowUs = DefaultStartUs;
  /** Largest bytes of a captured frame. */
  snap = Number.POSITIVE_INFINITY;

  private add(src: string, dst: string, f: TcpFields, data: Uint8Array | string, fields: Ipv4Fields): void {
    const bytes = frame(ip(src, dst, 6, tcp(src, dst, f, data), { id: this.frames.length, ...fields }));
    this.nowUs += 1000;
    this.frames.push({ tsUs: this.nowUs, bytes: bytes.slice(0, this.snap), wireLen: bytes.length });
  }

  private static length(f: TcpFields, data: Uint8Array | string): number {
    const flags = f.flags ?? Ack;
    return data.length + (flags & Syn ? 1 : 0) + (flags & Fin ? 1 : 0);
  }

  client(flags: number, data: Uint8Array | string = '', f: TcpFields = {}, fields: Ipv4Fields = {}): this {
    const seg = { srcPort: 40_001, dstPort: 80, seq: this.c, ack: flags & Ack ? this.s : 0, flags, ...f };
    this.add(Client, Server, seg, data, fields);
    if (f.seq === undefined) this.c += Script.length(seg, data);
    return this;
  }

  server(flags: number, data: Uint8Array | string = '', f: TcpFields = {}, fields: Ipv4Fields = {}): this {
    const seg = { srcPort: 80, dstPort: 40_001, seq: this.s, ack: flags & Ack ? this.c : 0, flags, ...f };
    this.add(Server, Client, seg, data, fields);
    if (f.seq === undefined) this.s += Script.length(seg, data);
    return this;
  }

  open(): this {
    return this.client(Syn)
      .server(Syn | Ack)
      .client(Ack);
  }

  /** A request, acknowledged with its answer. */
  ask(text: Uint8Array | string = Attack): this {
    return this.client(Ack | Psh, text)
      .server(Ack | Psh, Answer)
      .client(Ack);
  }
}

export interface Scripted {
  name: string;
  make: (s: Script) => void;
  tree?: Tree;
  /** Alerts of the attack (default 1). */
  alerts?: number;
  anomaly?: string;
}
