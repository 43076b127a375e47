/**
 * Many sets of numbers at once: the number line is cut where any set begins or ends, and each piece gets a class,
 * one a distinct combination of sets. Looking up a value's class once then answers membership in every set with a
 * bit test.
 */
import { hash32 } from './hash32.js';

export interface IntervalClasses<T> {
  /** First value of each piece, ascending; piece 0 begins at the least value of the line. */
  starts: T[];
  /** Class of each piece. */
  classes: number[];
  /** Bitmap rows, one a class, `words` 32-bit words each: bit s is membership in set s. Class 0 is "in no set". */
  rows: Uint32Array[];
}

interface Edge<T> {
  at: T;
  set: number;
  enters: boolean;
}

/**
 * `sets[s]` are sorted, non-overlapping inclusive ranges; `least` is the first value of the line, `next(v)` the value
 * after v, or null at the end of the line.
 */
export function intervalClasses<T extends number | bigint>(
  sets: readonly (readonly [T, T][])[],
  least: T,
  next: (value: T) => T | null,
): IntervalClasses<T> {
  const words = Math.max(1, Math.ceil(sets.length / 32));
  const edges: Edge<T>[] = [];
  sets.forEach((ranges, set) => {
    for (const [lo, hi] of ranges) {
      edges.push({ at: lo, set, enters: true });
      const after = next(hi);
      if (after !== null) edges.push({ at: after, set, enters: false });
    }
  });
  edges.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));

  const active = new Uint32Array(words);
  const rows = [new Uint32Array(words)];
  const known = new Map<string, number>([['0:0', 0]]);
  const starts: T[] = [least];
  const classes: number[] = [0];
  let h1 = 0;
  let h2 = 0;
  for (let i = 0; i < edges.length; ) {
    const at = edges[i].at;
    for (; i < edges.length && edges[i].at === at; i++) {
      const { set, enters } = edges[i];
      const bit = 1 << (set & 31);
      // A set may leave and enter at one place only where its ranges touch, which merged ranges never do.
      if (enters) active[set >>> 5] |= bit;
      else active[set >>> 5] &= ~bit;
      h1 ^= hash32(set, 0x9e3779b9);
      h2 ^= hash32(set, 0x7f4a7c15);
    }
    const key = `${h1 >>> 0}:${h2 >>> 0}`;
    let cls = known.get(key);
    if (cls === undefined) {
      cls = rows.length;
      rows.push(active.slice());
      known.set(key, cls);
    }
    if (starts[starts.length - 1] === at) classes[classes.length - 1] = cls;
    else {
      starts.push(at);
      classes.push(cls);
    }
  }
  return { starts, classes, rows };
}
