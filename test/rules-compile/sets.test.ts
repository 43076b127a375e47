import assert from 'node:assert/strict';
import fc from 'fast-check';
import { intervalClasses } from '../../src/rules/compile/interval-classes.js';
import { addressTables, portTables } from '../../src/rules/compile/sets.js';
import type { AddressSet, PortSet } from '../../src/rules/ir.js';

/** Sorted, merged, disjoint ranges from any pairs. */
function ranges(pairs: [number, number][]): [number, number][] {
  const out: [number, number][] = [];
  for (const [a, b] of pairs
    .map(([x, y]): [number, number] => [Math.min(x, y), Math.max(x, y)])
    .sort((p, q) => p[0] - q[0])) {
    const last = out[out.length - 1];
    if (last !== undefined && a <= last[1] + 1) last[1] = Math.max(last[1], b);
    else out.push([a, b]);
  }
  return out;
}

const point = fc.integer({ min: 0, max: 200 });
const setArb = fc.array(fc.tuple(point, point), { maxLength: 6 }).map(ranges);

describe('Classes of numbers in many sets', () => {
  it('membership by class is membership by range, for any sets', () => {
    fc.assert(
      fc.property(fc.array(setArb, { maxLength: 40 }), (sets) => {
        const { starts, classes, rows } = intervalClasses<number>(sets, 0, (v) => (v === 200 ? null : v + 1));
        for (let v = 0; v <= 200; v++) {
          let piece = 0;
          while (piece + 1 < starts.length && starts[piece + 1] <= v) piece++;
          const row = rows[classes[piece]];
          sets.forEach((set, s) => {
            const inSet = set.some(([lo, hi]) => v >= lo && v <= hi);
            assert.equal((row[s >>> 5] & (1 << (s & 31))) !== 0, inSet, `value ${v}, set ${s}`);
          });
        }
      }),
    );
  });

  it('equal combinations of sets share a class', () => {
    const { classes } = intervalClasses<number>(
      [
        [
          [1, 2],
          [5, 6],
        ],
      ],
      0,
      (v) => v + 1,
    );
    assert.deepEqual(classes, [0, 1, 0, 1, 0]);
  });

  it('addresses up to the last of both families have their place', () => {
    const max6 = (1n << 128n) - 1n;
    const set: AddressSet = {
      any: false,
      v4: [
        [0, 0],
        [0xffffffff, 0xffffffff],
      ],
      v6: [[1n << 64n, max6]],
      text: '',
    };
    const t = addressTables([set]);
    assert.deepEqual([...t.v4Starts], [0, 1, 0xffffffff]);
    assert.deepEqual([...t.v6Starts], [0, 0, 0, 0, 0, 1, 0, 0]);
    const bit = (cls: number) => (t.rows[cls * t.rowWords] >>> 1) & 1;
    assert.deepEqual([...t.v4Classes].map(bit), [1, 0, 1]);
    assert.deepEqual([...t.v6Classes].map(bit), [0, 1]);
  });

  it('ports by class', () => {
    const set = (r: [number, number][]): PortSet => ({ any: false, ranges: r, text: '' });
    const t = portTables([
      set([[80, 80]]),
      set([
        [0, 1023],
        [65535, 65535],
      ]),
    ]);
    const has = (port: number, n: number) => (t.rows[t.classes[port] * t.rowWords] & (1 << n)) !== 0;
    assert.deepEqual(
      [80, 81, 1023, 1024, 65535].map((p) => [has(p, 1), has(p, 2)]),
      [
        [true, true],
        [false, true],
        [false, true],
        [false, false],
        [false, true],
      ],
    );
  });
});
