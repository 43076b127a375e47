import assert from 'node:assert/strict';
import fc from 'fast-check';
import { allocBlock, blockSize, freeBlock, poolUsed, setPoolLimit } from '../../src/applayer/pool.js';
import { Region, u8 } from '../../src/core/memory.js';

describe('applayer: the pool of message memory', () => {
  it('rounds to powers of two from 256 bytes to 2 MiB', () => {
    assert.deepEqual([1, 256, 257, 4096, 1 << 21, (1 << 21) + 1].map(blockSize), [256, 256, 512, 4096, 1 << 21, 0]);
  });

  it('blocks never overlap, lie in the region, and all memory comes back', () => {
    const used = poolUsed();
    const step = fc.record({ len: fc.integer({ min: 1, max: 70_000 }), free: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const live: { off: number; size: number; mark: number }[] = [];
        const check = (b: { off: number; size: number; mark: number }): void => {
          assert.ok(u8[b.off + 8] === b.mark && u8[b.off + b.size - 1] === b.mark, 'overwritten');
        };
        steps.forEach((s, i) => {
          if (s.free % 3 === 0 && live.length > 0) {
            const b = live.splice(s.free % live.length, 1)[0];
            check(b);
            freeBlock(b.off, b.size);
            return;
          }
          const size = blockSize(s.len);
          const off = allocBlock(size);
          assert.ok(off >= Region.HttpOff && off + size <= Region.HttpEnd && off % size === 0);
          u8.fill(i & 0xff, off, off + size);
          live.push({ off, size, mark: i & 0xff });
        });
        for (const b of live) {
          check(b);
          freeBlock(b.off, b.size);
        }
        assert.equal(poolUsed(), used);
      }),
      { numRuns: 50 },
    );
  });

  it('hands out no more than the memcap', () => {
    setPoolLimit(poolUsed() + 512);
    const a = allocBlock(512);
    assert.notEqual(a, 0);
    assert.equal(allocBlock(256), 0);
    freeBlock(a, 512);
    setPoolLimit(0);
  });
});
