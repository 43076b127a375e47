import { Ack, Psh, Rst, Syn } from './tcp-client.js';
import { Answer } from './tcp-model.js';
import type { Scripted } from './tcp-script.js';
import { Attack, Decoy } from './tcp-sensor.js';

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
];
