/** Counters of several workers as those of one. */

/** A counter that is the largest of something, and one that is an average. */
const Largest = 'decoder.max_pkt_size';
const Average = 'decoder.avg_pkt_size';

export function addCounters(all: readonly Record<string, number>[]): Record<string, number> {
  if (all.length === 1) return all[0];
  const out: Record<string, number> = {};
  for (const counters of all) {
    for (const [name, n] of Object.entries(counters)) {
      out[name] = name === Largest ? Math.max(out[name] ?? 0, n) : (out[name] ?? 0) + n;
    }
  }
  if (out['decoder.pkts'] > 0) out[Average] = Math.floor(out['decoder.bytes'] / out['decoder.pkts']);
  return out;
}
