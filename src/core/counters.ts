/**
 * Process-wide named counters, addressed by integer on the hot path.
 *
 * Names are Suricata's where it has the counter (`decoder.pkts`, `tcp.sessions`, …).
 * A module registers at load: `const cPkts = counter('decoder.pkts')` and then does
 * `counts[cPkts]++`. At most MaxCounters names; one more is a programming error and throws.
 */
const MaxCounters = 2048;

/** One cell a counter, in order of registration. Float64: exact to 2^53. */
export const counts = new Float64Array(new SharedArrayBuffer(MaxCounters * 8));
const names: string[] = [];
const byName = new Map<string, number>();

/** Index of the counter called `name`, registered on first use. */
export function counter(name: string): number {
  const known = byName.get(name);
  if (known !== undefined) return known;
  if (names.length === MaxCounters) throw new RangeError(`more than ${MaxCounters} counters`);
  names.push(name);
  byName.set(name, names.length - 1);
  return names.length - 1;
}

/** Current values by name; counters never incremented are included as 0. */
export function counterSnapshot(): Record<string, number> {
  const out: Record<string, number> = {};
  for (let i = 0; i < names.length; i++) out[names[i]] = counts[i];
  return out;
}

/** Names of the cells of `counts`, in order; grows when a counter is registered. */
export function counterNames(): readonly string[] {
  return names;
}

/** Sets every counter to 0 (a new run in the same process, and tests). */
export function resetCounters(): void {
  counts.fill(0);
}

const held = new Float64Array(MaxCounters);
let heldCount = 0;

/** Remembers all counters, for `putBackCounts`: what is done in between is not counted. */
export function holdCounts(): void {
  heldCount = names.length;
  for (let i = 0; i < heldCount; i++) held[i] = counts[i];
}

/** Counters are again what they were when `holdCounts` was called last. */
export function putBackCounts(): void {
  for (let i = 0; i < heldCount; i++) counts[i] = held[i];
}
