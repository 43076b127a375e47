import assert from 'node:assert/strict';
import fc from 'fast-check';
import { editDistance, nearest } from '../../src/core/near-miss.js';

describe('near misses (optimal string alignment distance)', () => {
  it('counts an insertion, a deletion, a replacement and a swap of neighbours as one edit each', () => {
    assert.equal(editDistance('memcap', 'memcapp', 3), 1);
    assert.equal(editDistance('memcap', 'memca', 3), 1);
    assert.equal(editDistance('memcap', 'memcab', 3), 1);
    assert.equal(editDistance('memcap', 'memcpa', 3), 1);
    assert.equal(editDistance('kitten', 'sitting', 5), 3);
  });

  it('says limit + 1 as soon as there are more edits', () => {
    assert.equal(editDistance('abcdef', 'uvwxyz', 2), 3);
    assert.equal(editDistance('a', 'abcdef', 2), 3);
  });

  it('is symmetric, and zero only for equal words', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const d = editDistance(a, b, 12);
        assert.equal(d, editDistance(b, a, 12));
        assert.equal(d === 0, a === b);
      }),
    );
  });

  it('suggests the nearest word and nothing for what is far from all', () => {
    assert.equal(nearest('http.urii', ['http.uri', 'http.host', 'http.uri.raw']), 'http.uri');
    assert.equal(nearest('zeppelin', ['http.uri', 'http.host']), null);
    assert.equal(nearest('ab', ['xy']), null);
  });
});
