/**
 * Strategies of a client that hides an attack in fragments (Ptacek–Newsham section 5.4, fragroute's ip_frag, ip_chaff and
 * ip_ttl). Played to a model of Linux in ip.test.ts and to the real one in ip.root.test.ts.
 */

import { type Cut, cut, piecesOf } from './ip-cut.js';
import { Ack, type Client, Psh, type SegmentFields } from './tcp-client.js';
import { Hops } from './tcp-model.js';
import { Attack, Decoy } from './tcp-sensor.js';
import type { Strategy } from './tcp-strategies.js';

const order = {
  forward: (x: Uint8Array[]): Uint8Array[] => x,
  reverse: (x: Uint8Array[]): Uint8Array[] => [...x].reverse(),
  inside: (x: Uint8Array[]): Uint8Array[] => [...x.filter((_, i) => i % 2 === 1), ...x.filter((_, i) => i % 2 === 0)],
};

const fields: SegmentFields = { flags: Ack | Psh };

/** Opens a session, sends the fragments that `make` cuts, then what else there is. */
function fragments(make: (c: Client) => Uint8Array[], next?: (c: Client) => void | Promise<void>) {
  return async (c: Client): Promise<void> => {
    await c.open();
    for (const packet of make(c)) c.path.send(packet);
    if (next === undefined) c.at = Attack.length;
    else await next(c);
    await c.hear();
  };
}

/** The attack as one segment that was not fragmented: what a client sends again when nothing came back. */
const again = (c: Client): Promise<void> => c.say(Attack);

const attack = (c: Client): Uint8Array => c.packet(fields, Attack);
const decoy = (c: Client): Uint8Array => c.packet(fields, Decoy);

/** Fragments of the attack, with these fragments of a decoy of the same datagram before, between or after them. */
function mixed(c: Client, plan: [from: 'attack' | 'decoy', cut: Cut][]): Uint8Array[] {
  const id = 0x4100;
  const packets = { attack: attack(c), decoy: decoy(c) };
  return plan.map(([from, piece]) => cut(packets[from], id, piece));
}

const len = 20 + Attack.length;
/** The last unit begins here. */
const tail = Math.floor((len - 1) / 8) * 8;

export const ipStrategies: Strategy[] = [
  ...[8, 16, 24, 40].flatMap((size) =>
    (['forward', 'reverse', 'inside'] as const).map(
      (name): Strategy => ({
        name: `fragroute ip_frag: fragments of ${size} bytes, ${name}`,
        received: true,
        run: fragments((c) => order[name](piecesOf(attack(c), 0x4000 + size, size))),
      }),
    ),
  ),
  {
    name: 'every fragment twice',
    received: true,
    run: fragments((c) => {
      // The last comes once more only before the datagram is whole.
      const all = piecesOf(attack(c), 0x4001, 16);
      return [...all.slice(0, -1).flatMap((x) => [x, x]), all[all.length - 1]];
    }),
  },
  {
    name: 'the same identifier for every datagram',
    received: true,
    run: async (c) => {
      await c.open();
      for (let i = 0; i < Attack.length; i += 12) {
        const packet = c.packet(fields, Attack.slice(i, i + 12));
        for (const x of piecesOf(packet, 0x4002, 16)) c.path.send(x);
        c.at += Math.min(12, Attack.length - i);
      }
      await c.hear();
    },
  },
  {
    name: 'a decoy with the identifier that is never whole, then the attack with another',
    received: true,
    run: fragments((c) => [...piecesOf(decoy(c), 0x4003, 24).slice(0, 2), ...piecesOf(attack(c), 0x4004, 24)]),
  },
  {
    name: 'overlap: the attack, and a decoy in place of a fragment that is there',
    received: true,
    run: fragments((c) =>
      mixed(c, [
        ['attack', { from: 0, to: 40, more: true }],
        ['decoy', { from: 24, to: 40, more: true }],
        ['attack', { from: 40, to: len, more: false }],
      ]),
    ),
  },
  {
    name: 'overlap: a decoy that no Linux takes, then the segment again without fragments',
    received: true,
    run: fragments(
      (c) =>
        mixed(c, [
          ['decoy', { from: 0, to: 32, more: true }],
          ['decoy', { from: 24, to: 40, more: true }],
          ['decoy', { from: 40, to: len, more: false }],
        ]),
      again,
    ),
  },
  {
    name: 'overlap: fragments of one length apart by eight bytes, then the segment again',
    received: true,
    run: fragments(
      (c) =>
        mixed(c, [
          ['decoy', { from: 0, to: 24, more: true }],
          ['attack', { from: 16, to: 40, more: true }],
          ['decoy', { from: 32, to: len, more: false }],
        ]),
      again,
    ),
  },
  {
    name: 'overlap of the end: two last fragments that end in different places, then the segment again',
    received: true,
    run: fragments(
      (c) =>
        mixed(c, [
          ['decoy', { from: tail - 16, to: len, more: false }],
          ['decoy', { from: tail - 16, to: tail, more: false }],
          ['decoy', { from: 0, to: tail - 16, more: true }],
        ]),
      again,
    ),
  },
  {
    name: 'fragroute ip_chaff: decoy fragments that do not arrive (low TTL) before those of the attack',
    received: true,
    run: fragments((c) => {
      const low = c.packet({ ...fields, ttl: Hops }, Decoy);
      const real = piecesOf(attack(c), 0x4005, 24);
      const false_ = piecesOf(low, 0x4005, 24);
      return real.flatMap((x, i) => (i < real.length - 1 ? [false_[i], x] : [x]));
    }),
  },
  {
    name: 'decoy fragments that do not arrive (low TTL) after those of the attack',
    received: true,
    run: fragments((c) => {
      const low = c.packet({ ...fields, ttl: Hops }, Decoy);
      const real = piecesOf(attack(c), 0x4006, 24);
      const false_ = piecesOf(low, 0x4006, 24);
      return real.flatMap((x, i) => (i < real.length - 1 ? [x, false_[i]] : [x]));
    }),
  },
  {
    name: 'a decoy that does not arrive (low TTL), whole and in fragments, then the attack in fragments',
    received: true,
    run: fragments((c) => {
      const low = c.packet({ ...fields, ttl: Hops }, Decoy);
      return [...piecesOf(low, 0x4007, 24), ...piecesOf(attack(c), 0x4008, 24)];
    }),
  },
  {
    name: 'a last fragment that does not arrive (low TTL) makes the datagram whole for the sensor alone',
    received: true,
    anomaly: 'decoder.ipv4.frag_overlap',
    run: fragments((c) => {
      const low = c.packet({ ...fields, ttl: Hops }, Decoy);
      const real = piecesOf(attack(c), 0x4009, 40);
      return [...real.slice(0, -1), piecesOf(low, 0x4009, 40).slice(-1)[0], real[real.length - 1]];
    }),
  },
];
