/** The first alerts in an order other than time: each part is asked once, and no more kept than the page takes. */
import { Bits } from './bits.js';
import { BlockPart, compareWide, lowerBound } from './block-part.js';
import { BlockLen, type Column, Field } from './column.js';
import type { Condition } from './condition.js';
import type { Database } from './open.js';
import { evaluate, type Part, partsOf, timesOf } from './parts.js';
import type { TailPart } from './tail-part.js';

/** An address of 4 or 16 bytes, or none of 0; alerts of one address are ordered by time and id, the newest first. */
export interface ByAddress {
  key: Buffer;
  timeUs: number;
  id: number;
}

/** Entries kept beyond those of the page, so that sorting is seldom. */
const Room = 1000;

const none = Buffer.alloc(0);

/** The first `limit` (-1: all) of what is offered. */
class Page<T> {
  private readonly compare: (a: T, b: T) => number;
  private readonly limit: number;
  private readonly most: number;
  private best: T[] = [];
  /** What comes after it is not wanted any more. */
  last: T | null = null;

  constructor(limit: number, compare: (a: T, b: T) => number) {
    this.limit = limit < 0 ? Number.POSITIVE_INFINITY : limit;
    this.most = 2 * this.limit + Room;
    this.compare = compare;
  }

  offer(entry: T): void {
    if (this.last !== null && this.compare(entry, this.last) > 0) return;
    this.best.push(entry);
    if (this.best.length < this.most) return;
    this.cut();
    this.last = this.best[this.best.length - 1];
  }

  private cut(): void {
    this.best.sort(this.compare);
    if (this.best.length > this.limit) this.best.length = this.limit;
  }

  entries(): T[] {
    this.cut();
    return this.best;
  }
}

/** Ids above `after` in ascending order, at most `limit` (-1: all) of them. */
export function firstById(db: Database, c: Condition, limit: number, after: number | null): number[] {
  const page = new Page<number>(limit, (a, b) => a - b);
  const { since, until } = timesOf(c);
  const from = after ?? -1;
  for (const ref of partsOf(db)) {
    if (ref.lastUs < since || ref.firstUs > until) continue;
    const part = ref.open();
    if (part.size === 0 || part.idAt(part.size - 1) <= from) continue;
    if (page.last !== null && part.idAt(0) > page.last) continue;
    for (const place of evaluate(part, c).places()) {
      const id = part.idAt(place);
      if (page.last !== null && id > page.last) break;
      if (id > from) page.offer(id);
    }
  }
  return page.entries();
}

const byAddress = (a: ByAddress, b: ByAddress): number =>
  Buffer.compare(a.key, b.key) || b.timeUs - a.timeUs || b.id - a.id;

/** Alerts without an address first, then those of the least address; after `after`, at most `limit` (-1: all). */
export function firstByAddress(
  db: Database,
  c: Condition,
  by: 'src' | 'dst',
  limit: number,
  after: ByAddress | null,
): number[] {
  const page = new Page<ByAddress>(limit, byAddress);
  const { since, until } = timesOf(c);
  // The newest come first: of an address with many alerts most are then refused at once.
  for (const ref of partsOf(db).reverse()) {
    if (ref.lastUs < since || ref.firstUs > until) continue;
    const part = ref.open();
    const bits = evaluate(part, c);
    if (bits.empty) continue;
    const from = new FromPart(part, bits, page, after);
    if (part instanceof BlockPart) from.block(part, by === 'src' ? Field.Src : Field.Dst);
    else from.tail(part, by);
  }
  return page.entries().map((e) => e.id);
}

/** Offers the alerts of one part. */
class FromPart {
  private readonly part: Part;
  private readonly bits: Bits;
  private readonly page: Page<ByAddress>;
  private readonly after: ByAddress | null;

  constructor(part: Part, bits: Bits, page: Page<ByAddress>, after: ByAddress | null) {
    this.part = part;
    this.bits = bits;
    this.page = page;
    this.after = after;
  }

  private offer(key: Buffer, place: number): void {
    if (!this.bits.has(place)) return;
    const entry = { key, timeUs: this.part.times[place], id: this.part.idAt(place) };
    if (this.after === null || byAddress(entry, this.after) > 0) this.page.offer(entry);
  }

  tail(part: TailPart, by: 'src' | 'dst'): void {
    for (const { place, value } of part.values<Buffer>(`a.${by}`)) this.offer(value, place);
  }

  block(part: BlockPart, field: Field): void {
    const start = this.after?.key ?? none;
    const narrow = part.column(field);
    const wide = part.column(field + 1, 4);
    if (start.length === 0) this.withoutAddress(part, [narrow, wide]);
    if (narrow !== null) {
      const least = start.length === 0 ? 0 : start.readUInt32BE(0);
      // An IPv4 address comes before the IPv6 addresses that begin with it.
      this.values(narrow, lowerBound(narrow.values, start.length === 16 ? least + 1 : least));
    }
    if (wide !== null) {
      const least = Buffer.concat([start, Buffer.alloc(16 - start.length)]);
      let from = 0;
      while (from < wide.counts.length && compareWide(wide, from, least) < 0) from++;
      this.values(wide, from);
    }
  }

  /** From value `from` on, until nothing of the page can come any more. */
  private values(c: Column, from: number): void {
    let start = 0;
    for (let i = 0; i < from; i++) start += c.counts[i];
    for (let i = from; i < c.counts.length; i++) {
      const key = Buffer.alloc(c.width * 4);
      for (let w = 0; w < c.width; w++) key.writeUInt32BE(c.values[i * c.width + w], w * 4);
      const { last } = this.page;
      if (last !== null && Buffer.compare(key, last.key) > 0) return;
      if (c.whole) {
        const places = this.bits.places();
        for (let k = places.length - 1; k >= 0; k--) this.offer(key, places[k]);
        return;
      }
      const end = start + c.counts[i];
      for (let k = end - 1; k >= start; k--) this.offer(key, c.places[k]);
      start = end;
    }
  }

  /** Alerts that are in no column of addresses. */
  private withoutAddress(part: BlockPart, columns: (Column | null)[]): void {
    let seen = 0;
    for (const c of columns) seen += c === null ? 0 : c.whole ? part.made : c.places.length;
    if (seen >= part.made) return;
    const rest = new Bits(BlockLen);
    for (const c of columns) if (c !== null) rest.addRange(c.places, 0, c.places.length);
    for (const place of rest.not().and(this.bits).places()) this.offer(none, place);
  }
}
