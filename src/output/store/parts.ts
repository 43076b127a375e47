/** The alerts of a database in parts: blocks, and what is not in blocks; and a condition evaluated over a part. */
import { Bits } from './bits.js';
import { BlockPart, BlockReader, type BlockRow } from './block-part.js';
import { BlockLen } from './column.js';
import type { Condition } from './condition.js';
import type { Database } from './open.js';
import { Resolver } from './resolve.js';
import { TailLen, TailPart } from './tail-part.js';

export type Part = BlockPart | TailPart;

/** A part that is opened when it is its turn. */
export interface PartRef {
  /** Times of its alerts, as far as known. */
  firstUs: number;
  lastUs: number;
  open(): Part;
}

/** Ranges of ids that no block has, at most TailLen long, the newest first. */
function tailRanges(db: Database, blocks: readonly BlockRow[]): { lo: number; hi: number }[] {
  const { lo, hi } = db
    .prepare('SELECT (SELECT min(id) FROM alert) AS lo, (SELECT max(id) FROM alert) AS hi')
    .get() as { lo: number | null; hi: number | null };
  if (lo === null || hi === null) return [];
  const out: { lo: number; hi: number }[] = [];
  let from = lo;
  for (const b of [...blocks, { id: Math.floor(hi / BlockLen) + 1 }]) {
    const until = b.id * BlockLen - 1;
    for (; from <= until; from += TailLen) out.push({ lo: from, hi: Math.min(until, from + TailLen - 1) });
    from = (b.id + 1) * BlockLen;
  }
  return out.filter((r) => r.lo <= hi);
}

export function partsOf(db: Database): PartRef[] {
  const resolver = new Resolver(db);
  const reader = new BlockReader(db);
  const blocks = db.prepare('SELECT id, first_us, last_us, alerts, removed FROM block ORDER BY id').all() as BlockRow[];
  const late = db.prepare('SELECT alert_id FROM late ORDER BY alert_id').pluck().all() as number[];
  const out: PartRef[] = blocks.map((row) => ({
    firstUs: row.first_us,
    lastUs: row.last_us,
    open: () =>
      new BlockPart(
        row,
        late.filter((id) => Math.floor(id / BlockLen) === row.id),
        reader,
        resolver,
      ),
  }));
  const tails = tailRanges(db, blocks);
  // Few: opened at once, for their times.
  for (const of of [...tails, ...(late.length > 0 ? [late] : [])]) {
    const part = tails.length <= 4 ? new TailPart(db, resolver, of) : null;
    if (part !== null && part.size === 0) continue;
    out.push({
      firstUs: part?.firstUs ?? 0,
      lastUs: part?.lastUs ?? Number.MAX_SAFE_INTEGER,
      open: () => part ?? new TailPart(db, resolver, of),
    });
  }
  return out;
}

/** The times that a condition allows at all. */
export function timesOf(c: Condition): { since: number; until: number } {
  const open = { since: 0, until: Number.MAX_SAFE_INTEGER };
  if ('field' in c) return c.field === 'time' ? { since: c.since ?? 0, until: c.until ?? open.until } : open;
  if (!('and' in c)) return open;
  return c.and
    .map(timesOf)
    .reduce((a, b) => ({ since: Math.max(a.since, b.since), until: Math.min(a.until, b.until) }), open);
}

/** Alerts of the part that pass. */
export function evaluate(part: Part, c: Condition): Bits {
  return part.all().and(inner(part, c));
}

function inner(part: Part, c: Condition): Bits {
  if ('field' in c) return part.match(c);
  if ('not' in c) return inner(part, c.not).not();
  if ('or' in c) return c.or.reduce((bits: Bits, x) => bits.or(inner(part, x)), new Bits(part.size));
  const bits = new Bits(part.size, true);
  for (const x of c.and) {
    bits.and(inner(part, x));
    if (bits.empty) break;
  }
  return bits;
}
