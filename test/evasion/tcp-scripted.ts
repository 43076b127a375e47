/**
 * Conversations of which both sides are the test's: strange servers (Geneva's server-side strategies), captures that hold only
 * a part of what was said, and frames that no wire carries.
 */
import type { Tree } from '../../src/core/settings.js';
import { frame, type Ipv4Fields, ip, type TcpFields, tcp } from '../tools/build.js';
import { bytesOf } from '../tools/bytes.js';
import { DefaultStartUs, type TimedFrame } from '../tools/session.js';
import { Ack, Fin, Psh, Rst, Syn } from './tcp-client.js';
import { Answer } from './tcp-model.js';
import { Attack, Decoy, linux } from './tcp-sensor.js';

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

const withStream = (stream: Record<string, Tree>): Tree => ({ ...linux, stream });
const midstream = withStream({ midstream: 'yes' });
const oneSide = withStream({ midstream: 'yes', 'async-oneside': 'yes' });
const oneSideWhole = withStream({ 'async-oneside': 'yes' });
const body = (n: number): string => 'x'.repeat(n);
const post = (n: number): string => `POST /up HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: ${n}\r\n\r\n`;
const page = (n: number): string => `HTTP/1.1 200 OK\r\nContent-Length: ${n}\r\n\r\n`;

/** Data in segments of 1,400 bytes, acknowledged; those whose number `lost` names are not captured. */
function transfer(s: Script, fromClient: boolean, text: string, lost: number[] = []): void {
  const data = bytesOf(text);
  for (let i = 0, n = 0; i < data.length; i += 1400, n++) {
    const part = data.subarray(i, i + 1400);
    if (lost.includes(n)) {
      if (fromClient) s.c += part.length;
      else s.s += part.length;
    } else if (fromClient) s.client(Ack, part);
    else s.server(Ack, part);
    if (n % 8 === 7 || i + 1400 >= data.length) {
      if (fromClient) s.server(Ack);
      else s.client(Ack);
    }
  }
}

export const scripted: Scripted[] = [
  {
    name: 'split handshake: the server answers with ACK and a SYN of its own',
    make: (s) =>
      s
        .client(Syn)
        .server(Syn, '', { ack: 0 })
        .client(Syn | Ack, '', { seq: 1000 })
        .server(Ack)
        .ask(),
  },
  {
    name: 'Geneva server: simultaneous open, SYN instead of SYN/ACK',
    make: (s) =>
      s
        .client(Syn)
        .server(Syn)
        .client(Syn | Ack, '', { seq: 1000 })
        .server(Ack)
        .client(Ack)
        .ask(),
  },
  {
    name: 'Geneva server: RST, then simultaneous open',
    make: (s) =>
      s
        .client(Syn)
        .server(Rst, '', { seq: s.s })
        .server(Syn)
        .client(Syn | Ack, '', { seq: 1000 })
        .server(Ack)
        .ask(),
  },
  {
    name: 'Geneva server: SYN with a payload and simultaneous open',
    make: (s) =>
      s
        .client(Syn)
        .server(Syn, 'GET / HTTP/1.1\r\n\r\n', { seq: s.s })
        .server(Syn)
        .client(Syn | Ack, '', { seq: 1000 })
        .server(Ack)
        .ask(),
  },
  {
    name: 'Geneva server: SYN/ACK with a wrong acknowledgement, the client resets, then the right one',
    make: (s) =>
      s
        .client(Syn)
        .server(Syn | Ack, '', { seq: s.s, ack: 77 })
        .client(Rst, '', { seq: 77 })
        .server(Syn | Ack)
        .client(Ack)
        .ask(),
  },
  {
    name: 'Geneva server: SYN/ACK with a wrong acknowledgement and a payload, then the right one',
    make: (s) =>
      s
        .client(Syn)
        .server(Syn | Ack, 'HTTP/1.1 200 OK\r\n\r\n', { seq: s.s, ack: 77 })
        .client(Rst, '', { seq: 77 })
        .server(Syn | Ack)
        .client(Ack)
        .ask(),
  },
  {
    name: 'Geneva server: SYN/ACK with a payload three times',
    make: (s) => {
      s.client(Syn);
      for (let i = 0; i < 2; i++) s.server(Syn | Ack, 'benign', { seq: s.s, ack: s.c });
      s.server(Syn | Ack, 'benign', { seq: s.s, ack: s.c });
      s.s++;
      s.client(Ack).ask();
    },
  },
  {
    name: 'Geneva server: GET in a SYN/ACK, then a plain one',
    make: (s) =>
      s
        .client(Syn)
        .server(Syn | Ack, Decoy, { seq: s.s, ack: s.c })
        .server(Syn | Ack)
        .client(Ack)
        .ask(),
  },
  {
    name: 'Geneva server: a packet without flags before the SYN/ACK',
    make: (s) =>
      s
        .client(Syn)
        .server(0, '', { seq: s.s })
        .server(Syn | Ack)
        .client(Ack)
        .ask(),
  },
  {
    name: 'Geneva server: RST/ACK and then SYN/ACK',
    make: (s) =>
      s
        .client(Syn)
        .server(Rst | Ack, '', { seq: s.s, ack: 5 })
        .server(Syn | Ack)
        .client(Ack)
        .ask(),
  },
  {
    name: 'Geneva server: a window of ten bytes cuts the request',
    make: (s) => {
      s.client(Syn)
        .server(Syn | Ack, '', { window: 10 })
        .client(Ack);
      for (let i = 0; i < Attack.length; i += 10) {
        s.client(Ack, Attack.slice(i, i + 10)).server(Ack, '', { window: 10 });
      }
      s.server(Ack | Psh, Answer);
    },
  },
  {
    name: 'zero window of the server, probes of one byte that it takes in the end (RFC 9293 section 3.8.6.1)',
    make: (s) => {
      s.open().client(Ack, Attack.slice(0, 10)).server(Ack, '', { window: 0 });
      for (let i = 0; i < 3; i++) s.client(Ack, Attack[10], { seq: s.c }).server(Ack, '', { window: 0 });
      s.client(Ack, Attack[10]).server(Ack).ask(Attack.slice(11));
    },
  },
  {
    name: 'an attack that is never acknowledged, then RST',
    make: (s) =>
      s
        .open()
        .client(Ack | Psh, Attack)
        .client(Rst),
  },
  {
    name: 'an attack that is never acknowledged, and silence',
    make: (s) => s.open().client(Ack | Psh, Attack),
  },
  {
    name: 'an attack after a reset of the client that the server does not mind',
    make: (s) => s.open().ask(Decoy).client(Rst, '', { seq: s.c }).ask(),
  },
  {
    name: 'an attack after a reset of the server',
    make: (s) =>
      s
        .open()
        .ask(Decoy)
        .server(Rst | Ack, '', { seq: s.s })
        .server(Ack)
        .ask(),
  },
  {
    name: 'one side alone, with its handshake (stream.async-oneside)',
    tree: oneSideWhole,
    make: (s) =>
      s
        .client(Syn)
        .client(Ack)
        .client(Ack | Psh, Attack)
        .client(Ack, '', { ack: s.s + 50 }),
  },
  {
    name: 'one side alone, from the middle (stream.midstream and async-oneside)',
    tree: oneSide,
    make: (s) =>
      s
        .client(Ack | Psh, Decoy)
        .client(Ack | Psh, Attack)
        .client(Ack, '', { ack: s.s + 50 }),
  },
  { name: 'from the middle (stream.midstream)', tree: midstream, make: (s) => s.ask(Decoy).ask() },
  {
    name: 'from the middle, the answer first: client and server are told apart',
    tree: midstream,
    make: (s) =>
      s
        .server(Ack | Psh, Answer)
        .client(Ack)
        .ask(),
  },
  {
    name: 'a SYN/ACK of the client before its handshake, sessions picked up (stream.midstream)',
    tree: midstream,
    make: (s) =>
      s
        .client(Syn | Ack, '', { seq: 5 })
        .open()
        .ask(),
  },
  {
    name: 'from the middle without stream.midstream: nothing is taken up',
    make: (s) => s.ask(Decoy).ask(),
    alerts: 0,
    anomaly: '',
  },
  {
    name: 'a hole in an upload: the next request is seen',
    make: (s) => {
      s.open();
      transfer(s, true, post(20_000) + body(20_000), [5, 6]);
      s.server(Ack | Psh, Answer)
        .client(Ack)
        .ask();
    },
    anomaly: 'stream.reassembly_seq_gap',
  },
  {
    name: 'a hole in an answer: the next request is seen',
    make: (s) => {
      s.open().client(Ack | Psh, Decoy);
      transfer(s, false, page(20_000) + body(20_000), [3]);
      s.ask();
    },
    anomaly: 'stream.reassembly_seq_gap',
  },
  {
    name: 'a hole where a whole request was: the next request is seen',
    make: (s) => {
      s.open();
      s.c += Decoy.length;
      s.server(Ack | Psh, Answer)
        .client(Ack)
        .ask();
    },
    anomaly: 'stream.reassembly_seq_gap',
  },
  {
    name: 'a hole in the head of a request: the next request is seen',
    make: (s) => {
      s.open().client(Ack, 'GET /first HTTP/1.1\r\nHost: www.exa');
      s.c += 400;
      s.client(Ack | Psh, 'ple.com\r\n\r\n')
        .server(Ack | Psh, Answer)
        .client(Ack)
        .ask();
    },
    anomaly: 'stream.reassembly_seq_gap',
  },
  {
    name: 'a hole in the head of an answer: the next request is seen',
    make: (s) => {
      s.open()
        .client(Ack | Psh, Decoy)
        .server(Ack, 'HTTP/1.1 200 OK\r\nContent-Le');
      s.s += 30;
      s.server(Ack | Psh, 'ello')
        .client(Ack)
        .ask();
    },
    anomaly: 'stream.reassembly_seq_gap',
  },
  {
    name: 'a hole in a chunk of an upload that takes its end along: the next request is seen',
    make: (s) => {
      s.open().client(Ack, 'POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc');
      s.c += 200;
      s.server(Ack | Psh, Answer)
        .client(Ack)
        .ask();
    },
    anomaly: 'stream.reassembly_seq_gap',
  },
  {
    name: 'a hole that takes the end of a body and the beginning of the next request along: the third is seen',
    make: (s) => {
      s.open().client(Ack, post(1000) + body(500));
      s.c += 520;
      s.client(Ack, 'om/path HTTP/1.1\r\nHost: a\r\n\r\n')
        .server(Ack | Psh, Answer + Answer)
        .client(Ack)
        .ask();
    },
    anomaly: 'stream.reassembly_seq_gap',
  },
  {
    name: 'a hole in a head that takes its end along: the next request is seen',
    make: (s) => {
      s.open().client(Ack, 'GET /first HTTP/1.1\r\nHost: www.exa');
      s.c += 40;
      s.server(Ack | Psh, Answer)
        .client(Ack)
        .ask();
    },
    anomaly: 'stream.reassembly_seq_gap',
  },
  {
    name: 'frames cut by the snap length: what was captured is inspected, the next request too',
    make: (s) => {
      s.open();
      s.snap = 400;
      s.client(Ack | Psh, `GET /long HTTP/1.1\r\nHost: a\r\nCookie: ${body(900)}\r\n\r\n`)
        .server(Ack | Psh, Answer)
        .client(Ack);
      s.ask();
    },
  },
  {
    name: 'an attack in the captured part of a frame that the snap length cut',
    anomaly: 'decoder.ipv4.trunc_pkt',
    make: (s) => {
      s.open();
      s.snap = 200;
      s.client(Ack | Psh, Attack.replace('\r\n\r\n', `\r\nCookie: ${body(900)}\r\n\r\n`)).server(Ack | Psh, Answer);
      s.client(Ack)
        .client(Ack | Fin)
        .server(Ack | Fin);
    },
  },
  {
    name: 'a frame of 60,000 bytes, as segmentation offload gives them to a capture',
    make: (s) =>
      s
        .open()
        .client(Ack | Psh, post(59_000) + body(59_000) + Attack)
        .server(Ack | Psh, Answer + Answer)
        .client(Ack),
  },
  {
    name: 'a frame whose IP length is 0, as segmentation offload leaves it: no host takes it from a wire',
    alerts: 0,
    anomaly: 'decoder.ipv4.iplen_smaller_than_hlen',
    make: (s) =>
      s
        .open()
        .client(Ack | Psh, Attack, {}, { totalLen: 0 })
        .server(Ack | Psh, Answer)
        .client(Ack),
  },
  {
    name: 'more than the depth of the stream each way before it',
    make: (s) => {
      s.open();
      transfer(s, true, post(1_200_000) + body(1_200_000));
      transfer(s, false, page(1_200_000) + body(1_200_000));
      s.ask();
    },
    anomaly: 'stream.reassembly_depth_reached',
  },
  {
    name: 'the acknowledgement comes before the data (capture out of order)',
    make: (s) => {
      s.open()
        .server(Ack, '', { ack: s.c + Attack.length })
        .ask();
    },
  },
];
