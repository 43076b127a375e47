/** Strategies around the handshake: which numbers the session has, and whether there is one. */
import { concat } from '../tools/bytes.js';
import { Ack, type Client, Fin, Psh, Rst, Syn } from './tcp-client.js';
import { Hops } from './tcp-model.js';
import { Attack, Decoy } from './tcp-sensor.js';
import type { Strategy } from './tcp-strategies.js';

/** Fast open: an empty request of a cookie (RFC 7413 section 4.1.1), and a cookie that is none. */
const FastOpenRequest = Uint8Array.from([34, 2, 1, 1]);
const FastOpenCookie = Uint8Array.from([34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1]);

const far = 77_000_000;

/** The attack over a session that is open. */
const attack = (c: Client): Promise<void> => c.say(Attack);

async function openAnd(c: Client, before: (c: Client) => void | Promise<void>): Promise<void> {
  await before(c);
  await c.open();
  await attack(c);
}

async function after(c: Client, meanwhile: (c: Client) => void | Promise<void>): Promise<void> {
  await c.open();
  await meanwhile(c);
  await c.listen();
  await attack(c);
}

export const handshakes: Strategy[] = [
  {
    name: 'INTANG: control block created by a SYN that does not arrive (low TTL)',
    received: true,
    run: (c) => openAnd(c, () => c.syn({ seq: c.isn + far, ttl: Hops })),
  },
  {
    name: 'INTANG: control block created by a SYN that does not arrive, timestamps in use',
    received: true,
    run: (c) => {
      c.timestamps = true;
      return openAnd(c, () => c.syn({ seq: c.isn + far, ttl: Hops, ts: -5000 }));
    },
  },
  {
    name: 'Geneva: SYN with a wrong checksum and another number before the SYN',
    received: true,
    run: (c) => openAnd(c, () => c.syn({ seq: c.isn + far, badChecksum: true })),
  },
  {
    name: 'five SYNs that do not arrive, each with another number',
    received: true,
    run: (c) =>
      openAnd(c, () => {
        for (let i = 1; i <= 5; i++) c.syn({ seq: c.isn + i * 10_000, ttl: Hops });
      }),
  },
  {
    name: 'twenty SYNs that do not arrive, each with another number',
    received: true,
    run: (c) =>
      openAnd(c, () => {
        for (let i = 1; i <= 20; i++) c.syn({ seq: c.isn + i * 10_000, ttl: Hops });
      }),
  },
  {
    name: 'Ptacek–Newsham tcp-3whs: SYN with another number within the session',
    received: true,
    run: (c) => after(c, () => c.syn({ seq: c.isn + far })),
  },
  {
    name: 'INTANG: resynchronise by a SYN, desynchronise by data out of the window',
    received: true,
    run: (c) =>
      after(c, () => {
        c.syn({ seq: c.isn + far, ttl: Hops });
        c.send({ seq: c.isn + far + 1, ttl: Hops }, Decoy);
      }),
  },
  {
    name: 'INTANG: desynchronise by data out of the window',
    received: true,
    run: (c) => after(c, () => c.send({ at: far, ttl: Hops }, Decoy)),
  },
  {
    name: 'INTANG: control block reversed by a SYN/ACK of the client (low TTL)',
    received: true,
    run: (c) => openAnd(c, () => c.send({ flags: Syn | Ack, seq: c.isn + far, ack: 99, ttl: Hops })),
  },
  {
    name: 'Geneva: SYN/ACK of the client with a wrong checksum',
    received: true,
    run: (c) => openAnd(c, () => c.send({ flags: Syn | Ack, seq: c.isn, ack: 99, badChecksum: true })),
  },
  {
    name: 'SYN/ACK of the client within the session',
    received: true,
    run: (c) => after(c, () => c.send({ flags: Syn | Ack, seq: c.isn, ack: c.rcv })),
  },
  {
    name: 'INTANG: RST that does not arrive before the SYN',
    received: true,
    run: (c) => openAnd(c, () => c.send({ flags: Rst, seq: c.isn, ttl: Hops })),
  },
  {
    name: 'Geneva: SYN with a payload, which the server ignores',
    received: true,
    run: async (c) => {
      c.syn({}, Decoy);
      await c.listen();
      c.send();
      await attack(c);
    },
  },
  {
    name: 'SYN with a payload and a request of a fast open cookie (RFC 7413), ignored',
    received: true,
    run: async (c) => {
      c.syn({ options: FastOpenRequest }, Decoy);
      await c.listen();
      c.send();
      await attack(c);
    },
  },
  {
    name: 'SYN with a payload and a wrong fast open cookie, ignored',
    received: true,
    run: async (c) => {
      c.syn({ options: FastOpenCookie }, Decoy);
      await c.listen();
      c.send();
      await attack(c);
    },
  },
  {
    name: 'RFC 7413: the attack in the SYN of a server that takes it',
    received: true,
    fastOpen: true,
    run: async (c) => {
      c.syn({ options: FastOpenCookie }, Attack);
      await c.listen();
      c.at = Attack.length;
      c.send();
      await c.hear();
    },
  },
  {
    name: 'half of the attack in a SYN without the option of a server that takes it',
    received: true,
    fastOpen: true,
    run: async (c) => {
      c.syn({}, Attack.slice(0, 20));
      await c.listen();
      c.at = 20;
      c.send();
      await c.say(Attack.slice(20));
    },
  },
  {
    name: 'ACK of the handshake with a wrong number, which the server resets, then the right one',
    received: true,
    run: async (c) => {
      c.syn();
      await c.listen();
      c.send({ ack: c.rcv + 5000 });
      await c.listen();
      c.send();
      await attack(c);
    },
  },
  {
    name: 'Geneva: ACK of the handshake with a wrong number that does not arrive',
    received: true,
    run: async (c) => {
      c.syn();
      await c.listen();
      c.send({ ack: c.rcv + 5000, ttl: Hops });
      c.send();
      await attack(c);
    },
  },
  {
    name: 'the attack in the ACK of the handshake',
    received: true,
    run: async (c) => {
      c.syn();
      await c.listen();
      await attack(c);
    },
  },
  {
    name: 'RST in the middle of the handshake that does not arrive',
    received: true,
    run: async (c) => {
      c.syn();
      await c.listen();
      c.send({ flags: Rst, ttl: Hops });
      c.send();
      await attack(c);
    },
  },
  {
    name: 'FIN in the middle of the handshake that does not arrive',
    received: true,
    run: async (c) => {
      c.syn();
      await c.listen();
      c.send({ flags: Fin | Ack, ttl: Hops });
      c.send();
      await attack(c);
    },
  },
  {
    name: 'data before the end of the handshake with a wrong acknowledgement, then the session',
    received: true,
    run: async (c) => {
      c.syn();
      await c.listen();
      c.send({ ack: c.rcv + 70_000, ttl: Hops }, Decoy);
      c.send();
      await attack(c);
    },
  },
  {
    name: 'port used again after a close',
    received: true,
    run: async (c) => {
      await c.open();
      await c.say(Decoy);
      await c.close();
      await c.path.wait(1);
      c.isn += 500_000;
      c.at = 0;
      await c.open();
      await attack(c);
    },
  },
  {
    name: 'port used again after a reset',
    received: true,
    run: async (c) => {
      await c.open();
      await c.say(Decoy);
      c.send({ flags: Rst });
      c.isn += 500_000;
      c.at = 0;
      await c.open();
      await attack(c);
    },
  },
  {
    name: 'port used again after a reset that the sensor takes for stray (number not the next)',
    received: false,
    anomaly: 'stream.est_syn_resend_diff_seq',
    run: async (c) => {
      await c.open();
      await c.say(Decoy);
      c.send({ flags: Rst, at: c.at + 9 });
      await c.listen();
      c.isn += 500_000;
      c.at = 0;
      c.syn();
      await c.listen();
    },
  },
  {
    name: 'keep-alive with a byte of its own (RFC 9293 section 3.8.4)',
    received: true,
    run: async (c) => {
      await c.open();
      await c.say(Attack.slice(0, 9));
      c.send({ at: c.at - 1 }, 'X');
      await c.listen();
      await c.say(Attack.slice(9));
    },
  },
  {
    name: 'zero window of the client, then the attack',
    received: true,
    run: async (c) => {
      await c.open();
      c.send({ window: 0 });
      await c.say(Attack, 1400, { window: 0 });
    },
  },
  {
    name: 'the attack past the depth of the stream (1 MiB of uploads before it)',
    received: true,
    run: async (c) => {
      await c.open();
      const body = 'a'.repeat(100_000);
      const upload = `POST /upload HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      for (let i = 0; i < 12; i++) await c.say(upload);
      await attack(c);
    },
  },
  {
    name: 'a hundred requests that ask for nothing, then the attack',
    received: true,
    run: async (c) => {
      await c.open();
      for (let i = 0; i < 100; i++) await c.say(Decoy);
      await attack(c);
    },
  },
  {
    name: 'RST with data, which does not arrive, then the attack',
    received: true,
    run: (c) => after(c, () => c.send({ flags: Rst | Psh, ttl: Hops }, concat(new Uint8Array(3), new Uint8Array(3)))),
  },
];
