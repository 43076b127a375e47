/** Captures that hold only a part of what was said, and frames that no wire carries. */
import type { Tree } from '../../src/core/settings.js';
import { bytesOf } from '../tools/bytes.js';
import { Ack, Fin, Psh, Syn } from './tcp-client.js';
import { Answer } from './tcp-model.js';
import type { Script, Scripted } from './tcp-script.js';
import { Attack, Decoy, linux } from './tcp-sensor.js';

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

export const partial: Scripted[] = [
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
