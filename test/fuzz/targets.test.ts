import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { corpusOf } from '../../fuzz/corpus.js';
import { mutate } from '../../fuzz/mutate.js';
import { type FuzzTarget, MaxInputLen } from '../../fuzz/target.js';
import { targets } from '../../fuzz/targets.js';
import { seeded } from '../tools/seeded.js';

const Mutations = 300;

describe('fuzz targets hold', function () {
  // With the addon under sanitizers everything takes its time.
  this.timeout(300_000);
  for (const name of Object.keys(targets)) {
    describe(name, () => {
      let target: FuzzTarget;
      before(async () => {
        target = await targets[name]();
        assert.equal(target.name, name);
      });

      it('on well-formed inputs and on inputs that once broke them', () => {
        const seeds = target.seeds();
        assert.ok(seeds.length > 0);
        for (const bytes of seeds) target.run(bytes);
        for (const entry of corpusOf(name)) target.run(entry.bytes);
      });

      it(`on ${Mutations} changed inputs`, () => {
        const random = seeded(7);
        const words = target.words.map((word) => (typeof word === 'string' ? Buffer.from(word, 'latin1') : word));
        for (let i = 0; i < Mutations; i++) {
          const input = mutate(random, target.seeds(), words, target.shape);
          try {
            target.run(input);
          } catch (error) {
            assert.fail(
              `input ${Buffer.from(input).toString('base64')}: ${error instanceof Error ? error.stack : error}`,
            );
          }
        }
      });
    });
  }
});

function digest(inputs: Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const bytes of inputs) hash.update(`${bytes.length}:`).update(bytes);
  return hash.digest('hex');
}

describe('changing inputs', () => {
  it('repeats itself with the same seed, keeps the bound and really changes', () => {
    const pool = [Buffer.from('GET / HTTP/1.1\r\n\r\n'), new Uint8Array(MaxInputLen).fill(65)];
    const before = digest(pool);
    const series = (seed: number): Uint8Array[] => {
      const random = seeded(seed);
      return Array.from({ length: 50 }, () => mutate(random, pool, [Buffer.from('Host:')]));
    };
    const first = series(1);
    assert.equal(digest(series(1)), digest(first));
    assert.notEqual(digest(series(2)), digest(first));
    assert.equal(digest(pool), before);
    assert.ok(new Set(first.map((bytes) => digest([bytes]))).size > 40);
    assert.ok(first.every((bytes) => bytes.length <= MaxInputLen));
  });
});
