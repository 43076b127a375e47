/** Alerts in numbers: all of them told by one walk over the parts, since reading columns is what costs. */
import type { Condition } from './condition.js';
import type { Database } from './open.js';
import { evaluate, type Part, partsOf, timesOf } from './parts.js';
import { Counts, countPart } from './top.js';

export interface Summary {
  alerts: number;
  firstUs: number | null;
  lastUs: number | null;
  /** Alerts by row of `signature`. */
  bySignature: ReadonlyMap<number | string, number>;
  /** Different source addresses. */
  sources: number;
  /** How many also pass each of the further conditions. */
  also: number[];
}

/** Alerts that pass `c`. */
export function summaryOf(db: Database, c: Condition, also: readonly Condition[]): Summary {
  const [signatures, sources] = [new Counts(), new Counts()];
  const out = { alerts: 0, also: also.map(() => 0) };
  const span = { firstUs: Number.POSITIVE_INFINITY, lastUs: Number.NEGATIVE_INFINITY };
  const { since, until } = timesOf(c);
  for (const ref of partsOf(db)) {
    if (ref.lastUs < since || ref.firstUs > until) continue;
    const part = ref.open();
    const bits = evaluate(part, c);
    if (bits.empty) continue;
    const count = bits.count();
    out.alerts += count;
    countPart(part, 'signature', bits, signatures);
    countPart(part, 'src', bits, sources);
    also.forEach((more, i) => {
      out.also[i] += evaluate(part, more).and(bits).count();
    });
    widen(span, part, count === part.size ? null : bits.places());
  }
  return {
    ...out,
    firstUs: out.alerts === 0 ? null : span.firstUs,
    lastUs: out.alerts === 0 ? null : span.lastUs,
    bySignature: new Map(signatures.most(-1)),
    sources: sources.size,
  };
}

/** By the times of these places, null: all; not read when the part has none outside the span. */
function widen(span: { firstUs: number; lastUs: number }, part: Part, places: Uint32Array | null): void {
  if (part.firstUs >= span.firstUs && part.lastUs <= span.lastUs) return;
  if (places === null) {
    span.firstUs = Math.min(span.firstUs, part.firstUs);
    span.lastUs = Math.max(span.lastUs, part.lastUs);
    return;
  }
  const { times } = part;
  for (const place of places) {
    span.firstUs = Math.min(span.firstUs, times[place]);
    span.lastUs = Math.max(span.lastUs, times[place]);
  }
}
