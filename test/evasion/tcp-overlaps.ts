/** Strategies of order and overlap: fragroute's tcp_seg, tcp_chaff and order, and urgent data. */

import { seeded } from '../tools/seeded.js';
import { Ack, type Client, Psh, Urg } from './tcp-client.js';
import { Attack, Decoy } from './tcp-sensor.js';
import type { Strategy } from './tcp-strategies.js';

const n = Attack.length;
type Part = [text: string, from: number, to: number];

/** Sends parts of texts to their places, in this order. */
function parts(...list: Part[]): (c: Client) => Promise<void> {
  return async (c) => {
    await c.open();
    for (const [text, from, to] of list) c.send({ at: from, flags: Ack | Psh }, text.slice(from, to));
    c.at = n;
    await c.hear();
  };
}

const overlap = (name: string, received: boolean, ...list: Part[]): Strategy => ({
  name,
  received,
  run: parts(...list),
  ...(received ? {} : { anomaly: 'stream.reassembly_overlap_different_data' }),
});

const A = Attack;
const D = Decoy;

function pieces(size: number): Part[] {
  const out: Part[] = [];
  for (let i = 0; i < n; i += size) out.push([A, i, Math.min(n, i + size)]);
  return out;
}

const evenFirst = (list: Part[]): Part[] => [
  ...list.filter((_, i) => i % 2 === 1),
  ...list.filter((_, i) => i % 2 === 0),
];

/** Segments of attack and decoy anywhere, in any order, and at last whatever is missing of the attack. */
function jumble(seed: number): Strategy {
  const random = seeded(seed);
  const pick = (most: number): number => Math.floor(random() * most);
  const list: Part[] = [];
  for (let i = 0; i < 14; i++) {
    const from = 1 + pick(n - 2);
    list.push([pick(3) === 0 ? D : A, from, Math.min(n, from + 1 + pick(24))]);
  }
  return {
    name: `segments of attack and decoy in disorder, seed ${seed}`,
    received: null,
    run: parts(...list, [A, 0, 8], [A, 6, 24], [A, 20, 40], [A, 38, n]),
  };
}

export const overlaps: Strategy[] = [
  ...Array.from({ length: 24 }, (_, i) => jumble(i + 1)),
  { name: 'fragroute tcp_seg 1: segments of one byte', received: true, run: parts(...pieces(1)) },
  {
    name: 'fragroute order reverse: one byte a segment, last first',
    received: true,
    run: parts(...pieces(1).reverse()),
  },
  { name: 'fragroute order random: every other segment first', received: true, run: parts(...evenFirst(pieces(4))) },
  { name: 'fragroute dup: every segment twice', received: true, run: parts(...pieces(8).flatMap((p) => [p, p])) },
  overlap('a decoy ahead, then all of the attack in one', true, [D, 5, 30], [A, 0, n]),
  overlap('the attack ahead, then a whole decoy in one', false, [A, 5, 30], [D, 0, n]),
  overlap('the attack ahead, the same place again with a decoy', true, [A, 5, n], [D, 5, n], [A, 0, 5]),
  overlap('a decoy ahead, the same place again with the attack', false, [D, 5, n], [A, 5, n], [A, 0, 5]),
  overlap('a decoy ahead, the attack from the same place but longer', true, [D, 5, 30], [A, 5, n], [A, 0, 5]),
  overlap('the attack ahead, a decoy within it', true, [A, 4, n], [D, 8, 20], [A, 0, 4]),
  overlap('a decoy ahead, the attack around it', true, [D, 8, 20], [A, 4, n], [A, 0, 4]),
  overlap('a decoy ahead, the attack over its front', true, [D, 12, 30], [A, 4, 24], [A, 24, n], [A, 0, 4]),
  overlap('a decoy ahead, the attack over its end', false, [D, 5, 20], [A, 10, n], [A, 0, 5]),
  overlap(
    'fragroute tcp_seg new: forward overlap, the later copy a decoy',
    true,
    [A, 4, 24],
    [D, 16, 24],
    [A, 24, n],
    [A, 0, 4],
  ),
  overlap('fragroute tcp_seg old: a decoy behind, the attack from before it', true, [D, 16, 24], [A, 8, n], [A, 0, 8]),
  overlap('three deep: decoy, attack over it, decoy over both', false, [D, 10, 20], [A, 8, 24], [D, 6, n], [A, 0, 6]),
  {
    name: 'fragroute tcp_chaff: in-order overlap after the acknowledgement',
    received: true,
    run: async (c) => {
      await c.open();
      await c.say(A.slice(0, 10));
      c.send({ at: 0 }, D.slice(0, 10));
      await c.listen();
      c.send({ at: 4 }, D.slice(4, 10) + A.slice(10, 20));
      c.at = 20;
      await c.listen();
      await c.say(A.slice(20));
    },
  },
  {
    name: 'a decoy of the same place while the attack is not acknowledged yet',
    received: true,
    run: parts([A, 0, 20], [D, 0, 20], [A, 20, n]),
  },
  {
    name: 'urgent bytes that the server takes out of the line, with stream.reassembly.urgent.policy oob',
    received: true,
    stream: { reassembly: { urgent: { policy: 'oob' } } },
    run: async (c) => {
      await c.open();
      for (let i = 0; i < n; i += 20) {
        const text = A.slice(i, i + 20);
        c.send({ flags: Ack | Psh | Urg, urgent: 10 }, `${text.slice(0, 9)}X${text.slice(9)}`);
        c.at += text.length + 1;
        await c.listen();
      }
      await c.hear();
    },
  },
  {
    name: 'an urgent byte that the server takes out of the line (RFC 6093 section 3.1)',
    received: true,
    anomaly: 'stream.reassembly_urgent_data',
    run: async (c) => {
      await c.open();
      const dirty = `${A.slice(0, 9)}X${A.slice(9)}`;
      c.send({ flags: Ack | Psh | Urg, urgent: 10 }, dirty);
      c.at = dirty.length;
      await c.hear();
    },
  },
];
