/**
 * Insertion (Ptacek–Newsham section 5): segments that the sensor gets and the server does not take, each for data, for
 * RST and for FIN; the attack follows on the same numbers.
 */
import { Ack, type Client, Fin, Psh, Rst, type SegmentFields, Syn } from './tcp-client.js';
import { Hops } from './tcp-model.js';
import { Attack, Decoy } from './tcp-sensor.js';
import type { Strategy } from './tcp-strategies.js';

interface Discrepancy {
  name: string;
  fields: (c: Client) => SegmentFields;
  timestamps?: true;
  /** What it is used for; default: all. */
  only?: ('data' | 'rst' | 'fin')[];
}

const Warm = 'GET /first HTTP/1.1\r\nHost: www.example.com\r\n\r\n';

/** Why a server does not take a segment. */
const discrepancies: Discrepancy[] = [
  { name: 'a wrong checksum', fields: () => ({ badChecksum: true }) },
  { name: 'a TTL that does not reach the server', fields: () => ({ ttl: Hops }) },
  { name: 'an MD5 signature nobody asked for (RFC 2385)', fields: () => ({ md5: true }) },
  {
    name: 'an old timestamp (RFC 7323 section 5.3)',
    timestamps: true,
    fields: () => ({ ts: -100_000 }),
    only: ['data', 'fin'],
  },
  {
    name: 'an acknowledgement of what was never sent',
    fields: (c) => ({ ack: c.rcv + 90_000 }),
    only: ['data', 'fin'],
  },
  {
    name: 'an acknowledgement that lies before the session',
    fields: (c) => ({ ack: c.rcv - 900_000 }),
    only: ['data', 'fin'],
  },
  { name: 'a number before the window', fields: (c) => ({ at: c.at - 40_000 }) },
  { name: 'a number past the window', fields: (c) => ({ at: c.at + 900_000 }) },
  { name: 'a number within the window that is not the next', fields: (c) => ({ at: c.at + 7 }), only: ['rst'] },
  { name: 'no ACK flag', fields: () => ({ flags: Psh, ack: 0 }), only: ['data'] },
  { name: 'no flags at all', fields: () => ({ flags: 0, ack: 0 }), only: ['data'] },
  { name: 'a SYN flag', fields: () => ({ flags: Syn }), only: ['data'] },
  { name: 'a FIN flag without ACK', fields: () => ({ flags: Fin, ack: 0 }), only: ['data', 'fin'] },
  { name: 'SYN and FIN', fields: () => ({ flags: Syn | Fin }), only: ['data', 'fin'] },
  {
    name: 'SYN and RST out of the window',
    fields: (c) => ({ flags: Syn | Rst, at: c.at + 900_000 }),
    only: ['data', 'rst'],
  },
];

type Use = 'data' | 'rst' | 'fin';

function inserted(d: Discrepancy, use: Use, c: Client): void {
  const f = d.fields(c);
  if (use === 'data') c.send({ flags: Ack | Psh, ...f }, Decoy);
  if (use === 'rst') {
    c.send({ flags: Rst, ...f });
    c.send({ flags: Rst | Ack, ...f });
  }
  if (use === 'fin') c.send({ flags: Fin | Ack, ...f });
}

function strategy(d: Discrepancy, use: Use): Strategy[] {
  const what = { data: 'data', rst: 'a reset', fin: 'a FIN' }[use];
  const open = async (c: Client): Promise<void> => {
    c.timestamps = d.timestamps === true;
    await c.open();
    c.tsNow = 100;
    await c.say(Warm);
  };
  return [
    {
      name: `insertion of ${what} with ${d.name}`,
      received: true,
      run: async (c) => {
        await open(c);
        inserted(d, use, c);
        await c.listen();
        await c.say(Attack);
      },
    },
    {
      name: `insertion of ${what} with ${d.name}, within the attack`,
      received: true,
      run: async (c) => {
        await open(c);
        await c.say(Attack.slice(0, 8));
        const whole = c.at;
        inserted(d, use, c);
        c.at = whole;
        await c.say(Attack.slice(8), 5);
      },
    },
  ];
}

const teardowns: Strategy[] = [
  {
    name: 'Geneva: teardown by FIN that does not arrive, with the request behind it',
    received: true,
    run: async (c) => {
      await c.open();
      c.send({ flags: Fin | Ack, ttl: Hops });
      await c.say(Attack);
    },
  },
  {
    name: 'Geneva: FIN with data that does not arrive, twice',
    received: true,
    run: async (c) => {
      await c.open();
      c.send({ flags: Fin | Ack | Psh, ttl: Hops }, Decoy);
      c.send({ flags: Fin | Ack | Psh, ttl: Hops }, Decoy);
      await c.say(Attack);
    },
  },
  {
    name: 'INTANG: teardown by RST, RST/ACK and FIN that do not arrive, then data that does not arrive',
    received: true,
    run: async (c) => {
      await c.open();
      for (const flags of [Rst, Rst | Ack, Fin | Ack]) c.send({ flags, ttl: Hops });
      c.send({ ttl: Hops }, Decoy);
      await c.say(Attack);
    },
  },
  {
    name: 'INTANG: prefill in order: data that does not arrive before every part of the attack',
    received: true,
    run: async (c) => {
      await c.open();
      for (let i = 0; i < Attack.length; i += 10) {
        c.send({ ttl: Hops }, Decoy.slice(i, i + 10));
        await c.say(Attack.slice(i, i + 10));
      }
    },
  },
  {
    name: 'prefill with a TTL that only just does not arrive, from a client whose first TTL was far larger',
    received: true,
    run: async (c) => {
      c.ttl = 255;
      await c.open();
      c.ttl = Hops + 1;
      c.send({ ttl: Hops }, Decoy);
      await c.say(Attack);
    },
  },
  {
    name: 'prefill from a client that first sent a SYN with a TTL that does not arrive',
    received: true,
    run: async (c) => {
      c.syn({ ttl: Hops });
      await c.open();
      c.send({ ttl: Hops }, Decoy);
      await c.say(Attack);
    },
  },
  {
    name: 'decoys after parts of the attack, with low TTL on the same numbers',
    received: true,
    run: async (c) => {
      await c.open();
      for (let i = 0; i < Attack.length; i += 10) {
        c.send({}, Attack.slice(i, i + 10));
        c.send({ ttl: Hops }, Decoy.slice(i, i + 10));
        c.at += Math.min(10, Attack.length - i);
      }
      await c.hear();
    },
  },
  {
    name: 'data after a FIN that arrived: nobody reads it',
    received: false,
    anomaly: '',
    run: async (c) => {
      await c.open();
      await c.say(Decoy);
      await c.close();
      c.send({}, Attack);
      await c.listen();
    },
  },
  {
    name: 'old acknowledgement the server accepts, while the window the client offers is small',
    received: true,
    run: async (c) => {
      await c.open();
      await c.say(Warm);
      await c.say(Warm, 1400, { window: 4 });
      c.window = 4;
      c.send({ ack: c.serverIsn + 1 }, Attack);
      c.at += Attack.length;
      await c.hear();
    },
  },
  {
    name: 'timestamps that go back behind a segment the server has not acknowledged yet',
    received: true,
    run: async (c) => {
      c.timestamps = true;
      await c.open();
      c.send({ ts: 5000, at: 20 }, Attack.slice(20, 40));
      c.send({ ts: 300, at: 0 }, Attack.slice(0, 20));
      c.send({ ts: 400, at: 40 }, Attack.slice(40));
      c.at = Attack.length;
      await c.hear();
    },
  },
];

export const insertions: Strategy[] = [
  ...discrepancies.flatMap((d) => (d.only ?? ['data', 'rst', 'fin']).flatMap((use) => strategy(d, use))),
  ...teardowns,
];
