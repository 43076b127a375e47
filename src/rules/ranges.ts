/** Sets of integers as sorted, merged, inclusive ranges; over numbers (IPv4, ports) or bigints (IPv6). */
export type Range<T> = [lo: T, hi: T];

/** Sorted and merged copy. `next` gives the successor of a value. */
export function normalise<T extends number | bigint>(ranges: Range<T>[], next: (x: T) => T): Range<T>[] {
  const sorted = [...ranges].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const out: Range<T>[] = [];
  for (const [lo, hi] of sorted) {
    const last = out[out.length - 1];
    if (last !== undefined && lo <= next(last[1])) {
      if (hi > last[1]) last[1] = hi;
    } else out.push([lo, hi]);
  }
  return out;
}

/** `a` without `b`; both normalised. */
export function subtract<T extends number | bigint>(
  a: Range<T>[],
  b: Range<T>[],
  next: (x: T) => T,
  before: (x: T) => T,
): Range<T>[] {
  const out: Range<T>[] = [];
  let j = 0;
  for (const [lo0, hi] of a) {
    let lo = lo0;
    let gone = false;
    while (j < b.length && b[j][1] < lo) j++;
    for (let k = j; k < b.length && b[k][0] <= hi; k++) {
      if (b[k][0] > lo) out.push([lo, before(b[k][0])]);
      if (b[k][1] >= hi) {
        gone = true;
        break;
      }
      lo = next(b[k][1]);
    }
    if (!gone) out.push([lo, hi]);
  }
  return out;
}
