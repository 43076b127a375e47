/**
 * Questions about alerts in any number: which pass a condition, how many, what they have most often, when they came.
 * Blocks are answered from their columns (blocks.ts), the rest from rows.
 */
import type { Bits } from './bits.js';
import type { Condition } from './condition.js';
import type { Database } from './open.js';
import { evaluate, type Part, type PartRef, partsOf, timesOf } from './parts.js';

export interface Found {
  id: number;
  timeUs: number;
}

export interface Order {
  /** The newest first, else the oldest. */
  newest: boolean;
  /** The last alert of the page before. */
  after?: Found;
}

/** Parts that may have alerts of these times. */
function overlapping(db: Database, c: Condition): PartRef[] {
  const { since, until } = timesOf(c);
  return partsOf(db).filter((p) => p.lastUs >= since && p.firstUs <= until);
}

/** What one part has to give, in order. */
class Run {
  private readonly places: Uint32Array;
  private readonly part: Part;
  private at = 0;

  constructor(part: Part, bits: Bits, newest: boolean) {
    this.part = part;
    this.places = bits.places();
    const { times } = part;
    let sorted = true;
    for (let i = 1; i < this.places.length && sorted; i++) sorted = times[this.places[i]] >= times[this.places[i - 1]];
    if (!sorted) this.places.sort((a, b) => times[a] - times[b] || a - b);
    if (newest) this.places.reverse();
  }

  get head(): Found | null {
    if (this.at >= this.places.length) return null;
    const place = this.places[this.at];
    return { id: this.part.idAt(place), timeUs: this.part.times[place] };
  }

  next(): void {
    this.at++;
  }
}

const before = (a: Found, b: Found, newest: boolean): boolean => {
  const d = a.timeUs - b.timeUs || a.id - b.id;
  return newest ? d > 0 : d < 0;
};

/** Alerts that pass, in order of time and id, one at a time; no more is read than what is asked for. */
export function* selectAlerts(db: Database, c: Condition, o: Order): Generator<Found> {
  const { newest, after } = o;
  const since = after !== undefined && !newest ? after.timeUs : null;
  const until = after !== undefined && newest ? after.timeUs : null;
  const all: Condition = after === undefined ? c : { and: [{ field: 'time', since, until }, c] };
  const edge = (p: PartRef): number => (newest ? -p.lastUs : p.firstUs);
  const waiting = overlapping(db, all).sort((a, b) => edge(a) - edge(b));
  const runs: Run[] = [];
  let at = 0;
  for (;;) {
    let best: Run | null = null;
    let head: Found | null = null;
    for (let i = runs.length - 1; i >= 0; i--) {
      const mine = runs[i].head;
      if (mine === null) runs.splice(i, 1);
      else if (head === null || before(mine, head, newest)) [best, head] = [runs[i], mine];
    }
    // A part that begins no later than the best so far may have something better.
    const next = waiting[at];
    if (next !== undefined && (head === null || edge(next) <= (newest ? -head.timeUs : head.timeUs))) {
      at++;
      const part = next.open();
      runs.push(new Run(part, evaluate(part, all), newest));
      continue;
    }
    if (best === null || head === null) return;
    best.next();
    if (after === undefined || before(after, head, newest)) yield head;
  }
}

export function countAlertsOf(db: Database, c: Condition): number {
  let n = 0;
  for (const ref of overlapping(db, c)) n += evaluate(ref.open(), c).count();
  return n;
}

/**
 * As many alerts that pass as there are, counted in the newest parts first until there are more than `most` or `parts`
 * parts have been asked. `all`: the count is of all parts.
 */
export function countUpTo(
  db: Database,
  c: Condition,
  o: { most: number; parts: number },
): { count: number; all: boolean } {
  const refs = overlapping(db, c).sort((a, b) => b.lastUs - a.lastUs);
  let n = 0;
  for (const [i, ref] of refs.entries()) {
    if (n > o.most || i === o.parts) return { count: Math.min(n, o.most), all: false };
    n += evaluate(ref.open(), c).count();
  }
  return n > o.most ? { count: o.most, all: false } : { count: n, all: true };
}

/** Earliest and latest alert that pass, or null. */
export function spanOf(db: Database, c: Condition): { firstUs: number; lastUs: number } | null {
  const first = selectAlerts(db, c, { newest: false }).next().value as Found | undefined;
  const last = selectAlerts(db, c, { newest: true }).next().value as Found | undefined;
  return first === undefined || last === undefined ? null : { firstUs: first.timeUs, lastUs: last.timeUs };
}
