import assert from 'node:assert/strict';
import { DefragStatus } from '../../src/defrag/defrag.js';
import { configure, feed, v4 } from './helpers.js';

/**
 * Fragments as in Novak, "Target-Based Fragmentation Reassembly" (2005): three that leave gaps, then three that
 * overlap them from behind, from before, and at both ends. Units of eight bytes:
 *
 *     unit  0 1 2 3 4 5 6 7 8 9 a b
 *           1 1 1 . 2 2 . 3 3 3 . .
 *           . . 4 4 4 4 . . . . . .
 *           . . . . . . 5 5 5 . . .
 *           . . . . . . . . . 6 6 6
 */
const fragments: [number, number, string][] = [
  [0, 3, '1'],
  [4, 6, '2'],
  [7, 10, '3'],
  [2, 6, '4'],
  [6, 9, '5'],
  [9, 12, '6'],
];
const Last = 12;

function reassembled(os: string): string {
  configure(os);
  let text = '';
  for (const [start, end, mark] of fragments) {
    const got = feed(v4(start * 8, end < Last, mark.repeat((end - start) * 8)));
    if (got.status === DefragStatus.Complete) text = got.text;
  }
  return text.replace(/(.)\1{7}/g, '$1');
}

describe('overlap by the target (Novak 2005, section 2; Suricata manual, "Host OS policy")', () => {
  const expected: [string, string][] = [
    // The first copy of every byte.
    ['first', '111422533366'],
    // The last copy of every byte.
    ['last', '114444555666'],
    // The copy whose fragment begins first; of two that begin together the earlier.
    ['bsd', '111444555366'],
    // The copy whose fragment begins last, of two that begin together the later.
    ['bsd-right', '114422533666'],
    // As BSD, of two that begin together the later.
    ['old-linux', '111444555366'],
    // Since 4.19: what is there stays.
    ['linux', '111422533366'],
    // The earlier copy, unless the later begins before it and ends behind it.
    ['windows', '111422533366'],
    // The earlier copy, unless the later begins before it and ends with it or behind it.
    ['solaris', '111444533366'],
  ];
  for (const [os, text] of expected) {
    it(`${os}: ${text}`, () => assert.equal(reassembled(os), text));
  }

  it('two that begin together: old Linux keeps the later, BSD and today’s Linux the earlier', () => {
    for (const [os, text] of [
      ['old-linux', 'bbbbbbbbAAAAAAAAz'],
      ['linux', 'AAAAAAAAAAAAAAAAz'],
      ['bsd', 'AAAAAAAAAAAAAAAAz'],
    ]) {
      configure(os);
      feed(v4(0, true, 'A'.repeat(16)));
      feed(v4(0, true, 'b'.repeat(8)));
      assert.equal(feed(v4(16, false, 'z')).text, text);
    }
  });
});
