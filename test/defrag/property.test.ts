import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DefragStatus } from '../../src/defrag/defrag.js';
import { fragmentsHeld, trackerCount } from '../../src/defrag/trackers.js';
import { configure, feed, v4, v6 } from './helpers.js';

/** A cut of [0, length) at multiples of eight, as lists of [start, end). */
const cuts = (length: number): fc.Arbitrary<[number, number][]> =>
  fc.uniqueArray(fc.integer({ min: 1, max: (length - 1) >> 3 }), { minLength: 1, maxLength: 12 }).map((at) => {
    const edges = [0, ...at.map((x) => x * 8).sort((a, b) => a - b), length];
    return edges.slice(1).map((end, i): [number, number] => [edges[i], end]);
  });

/** At least nine bytes: eight do not come apart. */
const datagram = fc.uint8Array({ minLength: 9, maxLength: 4000 });
const fragmented = datagram.chain((data) =>
  cuts(data.length).chain((pieces) =>
    fc.tuple(fc.constant(data), fc.shuffledSubarray(pieces, { minLength: pieces.length })),
  ),
);

describe('any fragmentation (RFC 791 section 3.2, RFC 8200 section 4.5)', () => {
  for (const [family, build] of [
    ['IPv4', v4],
    ['IPv6', v6],
  ] as const) {
    it(`${family}: in any order gives the same datagram, and nothing is left behind`, () => {
      fc.assert(
        fc.property(fragmented, ([data, pieces]) => {
          configure();
          const got = pieces.map(([start, end]) => feed(build(start, end < data.length, data.slice(start, end))));
          const last = got[got.length - 1];
          assert.ok(got.slice(0, -1).every((x) => x.status === DefragStatus.Held));
          assert.equal(last.status, DefragStatus.Complete);
          assert.ok(Buffer.from(last.text, 'latin1').equals(data));
          assert.deepEqual([trackerCount(), fragmentsHeld()], [0, 0]);
        }),
      );
    });
  }

  it('repeated and overlapping fragments of the same data give the same datagram under every policy', () => {
    const policies = fc.constantFrom('first', 'last', 'bsd', 'bsd-right', 'linux', 'windows', 'solaris');
    const extra = fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 20 })), { maxLength: 8 });
    fc.assert(
      fc.property(fragmented, extra, policies, ([data, pieces], more, os) => {
        configure(os);
        const overlaps = more
          .map(([at, units]): [number, number] => [at * 8, Math.min((at + units) * 8, data.length & ~7)])
          .filter(([start, end]) => start < end && end < data.length);
        let text: string | null = null;
        for (const [start, end] of [...overlaps, ...pieces]) {
          const got = feed(v4(start, end < data.length, data.slice(start, end)));
          if (got.status === DefragStatus.Complete) text ??= got.text;
        }
        assert.ok(text !== null && Buffer.from(text, 'latin1').equals(data));
      }),
    );
  });

  it('random fragments never throw and never leave more behind than they brought', () => {
    const one = fc.record({
      at: fc.nat(8191),
      more: fc.boolean(),
      len: fc.nat(1500),
      id: fc.nat(3),
      six: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 60 }), (list) => {
        configure(undefined, { memcap: '128kb' });
        for (const { at, more, len, id, six } of list) {
          const data = new Uint8Array(len);
          feed(six ? v6(at * 8, more, data, id) : v4(at * 8, more, data, { id }));
        }
        assert.ok(trackerCount() <= 8 && fragmentsHeld() <= list.length);
      }),
    );
  });
});
