import assert from 'node:assert/strict';
import fc from 'fast-check';
import { poolUsed } from '../../src/applayer/pool.js';
import { buf } from '../../src/core/memory.js';
import { BodySettings } from '../../src/http/config.js';
import { BodyStore } from '../../src/http/store.js';
import { BufferStatus, BufferView } from '../../src/http/transaction.js';

const At = 0x1_0000;

/** All windows shown while `data` arrives in pieces: [base, text, seen, complete]. */
function windows(data: Buffer, sizes: number[], s: BodySettings): [number, string, number, number][] {
  const store = new BodyStore();
  const view = new BufferView();
  const out: [number, string, number, number][] = [];
  const look = (): void => {
    while (store.view(s, view) === BufferStatus.Ready) {
      out.push([view.base, buf.toString('latin1', view.off, view.off + view.len), view.seen, view.complete]);
      if (!store.advance(s)) break;
    }
  };
  for (let i = 0, k = 0; i < data.length; k++) {
    const piece = data.subarray(i, i + Math.max(1, sizes[k % sizes.length]));
    piece.copy(buf, At);
    store.add(At, piece.length, s, 0, true);
    i += piece.length;
    look();
  }
  store.done = 1;
  look();
  store.clear();
  return out;
}

function settings(min: number, window: number, limit: number): BodySettings {
  const s = new BodySettings(min, window);
  s.limit = limit;
  return s;
}

describe('http: body windows (Suricata user guide, request-body-minimal-inspect-size)', () => {
  it('the first has the minimal size, the next ones new bytes and as many old ones', () => {
    const got = windows(Buffer.from('abcdefghijklm'), [13], settings(6, 3, 0));
    assert.deepEqual(got, [
      [0, 'abcdef', 0, 0],
      [3, 'defghi', 3, 0],
      [6, 'ghijkl', 3, 0],
      [9, 'jklm', 3, 1],
    ]);
  });

  it('a short body is one window, when it ends', () => {
    assert.deepEqual(windows(Buffer.from('abc'), [1], settings(6, 3, 0)), [[0, 'abc', 0, 1]]);
  });

  it('a body that ends with a window is shown as complete', () => {
    const got = windows(Buffer.from('abcdef'), [6], settings(6, 3, 0));
    assert.deepEqual(got.at(-1)?.[3], 1);
  });

  it('bytes past the limit are left out', () => {
    const got = windows(Buffer.from('abcdefghij'), [4], settings(6, 3, 8));
    assert.equal(got.map((w) => w[1].slice(w[2])).join(''), 'abcdefgh');
  });

  it('windows do not depend on how the bytes arrived, show every byte once as new, and give memory back', () => {
    const used = poolUsed();
    const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        fc.nat(20_000),
        sizes,
        fc.integer({ min: 1, max: 4000 }),
        fc.integer({ min: 1, max: 2000 }),
        (n, cut, min, win) => {
          const data = Buffer.alloc(n);
          for (let i = 0; i < n; i++) data[i] = (i * 7) & 0xff;
          const s = settings(min, win, 0);
          const got = windows(data, cut, s);
          assert.equal(got.map((w) => w[1].slice(w[2])).join(''), data.toString('latin1'));
          assert.deepEqual(
            got.map((w) => [w[0], w[1], w[2]]),
            windows(data, [n + 1], s).map((w) => [w[0], w[1], w[2]]),
          );
          assert.equal(poolUsed(), used);
        },
      ),
      { numRuns: 60 },
    );
  });
});
