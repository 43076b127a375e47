/** What alerts have most often, and when they came. */
import type { Bits } from './bits.js';
import { BlockPart } from './block-part.js';
import { type Column, Field } from './column.js';
import type { Condition } from './condition.js';
import type { Database } from './open.js';
import { evaluate, type Part, partsOf, timesOf } from './parts.js';
import { spanOf } from './select.js';
import { TailPart } from './tail-part.js';

export type TopField =
  | 'signature'
  | 'run'
  | 'src'
  | 'dst'
  | 'client'
  | 'host'
  | 'url'
  | 'user_agent'
  | 'referer'
  | 'method'
  | 'proto'
  | 'status'
  | 'src_port'
  | 'dst_port';

/** `value`: signature and run: the id of the row; addresses: 4 or 16 bytes; texts and words: text; else a number. */
export interface TopValue {
  count: number;
  value: number | string | Buffer;
  firstUs: number;
  lastUs: number;
}

type Kind = 'number' | 'address' | 'text' | 'word';

/** `tail`: the same value of an alert's own row. `client` is whoever is behind the alert. */
const fields: Record<TopField, { kind: Kind; field: Field; tail: string }> = {
  signature: { kind: 'number', field: Field.Signature, tail: 'a.signature_id' },
  run: { kind: 'number', field: Field.Run, tail: 'a.run_id' },
  src: { kind: 'address', field: Field.Src, tail: 'hex(a.src)' },
  dst: { kind: 'address', field: Field.Dst, tail: 'hex(a.dst)' },
  client: { kind: 'address', field: Field.Actor, tail: 'hex(coalesce(a.client, f.src, a.src))' },
  host: { kind: 'text', field: Field.Host, tail: 'a.host_id' },
  url: { kind: 'text', field: Field.Url, tail: 'a.url_id' },
  user_agent: { kind: 'text', field: Field.UserAgent, tail: 'h.user_agent_id' },
  referer: { kind: 'text', field: Field.Referer, tail: 'h.referer_id' },
  method: { kind: 'word', field: Field.Method, tail: 'h.method' },
  proto: { kind: 'word', field: Field.Proto, tail: 'a.proto' },
  status: { kind: 'number', field: Field.Status, tail: 'h.status' },
  src_port: { kind: 'number', field: Field.SrcPort, tail: 'a.src_port' },
  dst_port: { kind: 'number', field: Field.DstPort, tail: 'a.dst_port' },
};

/** Counts by number, without an object for each: an open hash table of 32-bit numbers. */
class NumberCounts {
  private keys = new Uint32Array(1024);
  private counts = new Uint32Array(1024);
  size = 0;

  private placeOf(key: number): number {
    const mask = this.keys.length - 1;
    let at = (Math.imul(key, 0x9e3779b1) >>> 7) & mask;
    while (this.counts[at] !== 0 && this.keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  add(key: number, n: number): void {
    const at = this.placeOf(key);
    if (this.counts[at] === 0) {
      this.keys[at] = key;
      this.size++;
    }
    this.counts[at] += n;
    if (this.size * 2 > this.keys.length) this.grow();
  }

  private grow(): void {
    const { keys, counts } = this;
    this.keys = new Uint32Array(keys.length * 4);
    this.counts = new Uint32Array(keys.length * 4);
    for (let i = 0; i < keys.length; i++) {
      if (counts[i] === 0) continue;
      const at = this.placeOf(keys[i]);
      this.keys[at] = keys[i];
      this.counts[at] = counts[i];
    }
  }

  /** Those with the greatest counts, at least `limit` of them when there are as many (-1: all); in no order. */
  most(limit: number): [number, number][] {
    let least = 1;
    if (limit >= 0 && this.size > limit) {
      const sorted = this.counts.slice().sort();
      least = Math.max(1, sorted[sorted.length - limit] ?? 1);
    }
    const out: [number, number][] = [];
    for (let i = 0; i < this.keys.length; i++) if (this.counts[i] >= least) out.push([this.keys[i], this.counts[i]]);
    return out;
  }
}

/** IPv6 addresses in hexadecimal digits and words are text here, all else numbers. */
export class Counts {
  readonly numbers = new NumberCounts();
  readonly texts = new Map<string, number>();

  get size(): number {
    return this.numbers.size + this.texts.size;
  }

  add(value: number | string, n = 1): void {
    if (typeof value === 'number') this.numbers.add(value, n);
    else this.texts.set(value, (this.texts.get(value) ?? 0) + n);
  }

  most(limit: number): [number | string, number][] {
    const all = [...this.numbers.most(limit), ...this.texts].sort((a, b) => b[1] - a[1]);
    return limit < 0 ? all : all.slice(0, limit);
  }
}

/** Calls `found` for each value of the column with how many of the alerts have it. `bits` null: all of a complete block. */
function eachValue(c: Column, bits: Bits | null, found: (index: number, n: number) => void): void {
  if (c.whole) {
    found(0, bits === null ? c.counts[0] : bits.count());
    return;
  }
  let at = 0;
  for (let i = 0; i < c.counts.length; i++) {
    const end = at + c.counts[i];
    let n = bits === null ? c.counts[i] : 0;
    if (bits !== null) for (let k = at; k < end; k++) n += bits.has(c.places[k]) ? 1 : 0;
    if (n > 0) found(i, n);
    at = end;
  }
}

const hex8 = (n: number): string => n.toString(16).padStart(8, '0');

function countBlock(part: BlockPart, by: TopField, bits: Bits | null, into: Counts): void {
  const { kind, field } = fields[by];
  if (kind === 'word') {
    const c = part.words(field as Field.Method | Field.Proto);
    if (c !== null) eachValue(c.column, bits, (i, n) => into.add(c.words[c.column.values[i]], n));
    return;
  }
  const c = part.column(field);
  if (c !== null) eachValue(c, bits, (i, n) => into.add(c.values[i], n));
  if (kind !== 'address') return;
  const wide = part.column(field + 1, 4);
  if (wide === null) return;
  eachValue(wide, bits, (i, n) => {
    const words = wide.values.subarray(i * 4, i * 4 + 4);
    into.add(Array.from(words, hex8).join(''), n);
  });
}

function countTail(part: TailPart, by: TopField, bits: Bits, into: Counts): void {
  const { kind, tail } = fields[by];
  for (const { place, value } of part.values<number | string>(tail)) {
    if (!bits.has(place)) continue;
    if (kind !== 'address') into.add(value);
    else if (String(value).length === 8) into.add(Number.parseInt(String(value), 16));
    else if (String(value).length === 32) into.add(String(value).toLowerCase());
  }
}

/** Counts values of a part. `bits` null: of all its alerts; in full columns that is quicker. */
export function countPart(part: Part, by: TopField, bits: Bits | null, into: Counts): void {
  const whole = bits === null || bits.count() === part.size;
  if (part instanceof BlockPart) countBlock(part, by, whole && part.complete ? null : (bits ?? part.all()), into);
  else countTail(part, by, bits ?? part.all(), into);
}

const isAny = (c: Condition): boolean => 'and' in c && c.and.every(isAny);

function gather(db: Database, c: Condition, by: TopField): Counts {
  const counts = new Counts();
  const { since, until } = timesOf(c);
  for (const ref of partsOf(db)) {
    if (ref.lastUs < since || ref.firstUs > until) continue;
    const part = ref.open();
    const bits = isAny(c) && part instanceof BlockPart && part.complete ? null : evaluate(part, c);
    if (bits?.empty) continue;
    countPart(part, by, bits, counts);
  }
  return counts;
}

/** How many of the alerts that pass have which value; IPv6 addresses as hexadecimal digits, IPv4 as numbers, texts by row. */
export function countsOf(db: Database, c: Condition, by: TopField): Map<number | string, number> {
  return new Map(gather(db, c, by).most(-1));
}

/** The `limit` most frequent values (-1: all) of alerts that pass, the most frequent first. */
export function topOf(db: Database, c: Condition, by: TopField, limit: number): TopValue[] {
  const most = gather(db, c, by).most(limit);
  const text = db.prepare('SELECT value FROM text WHERE id = ?').pluck();
  return most.flatMap(([key, count]) => {
    const value = valueFor(by, key, text);
    if (value === null) return [];
    const times = spanOf(db, { and: [hasValue(by, value), c] }) ?? { firstUs: 0, lastUs: 0 };
    return [{ count, value, ...times }];
  });
}

function valueFor(by: TopField, key: number | string, text: { get(id: number): unknown }): TopValue['value'] | null {
  const { kind } = fields[by];
  if (kind === 'text') return (text.get(key as number) as string | undefined) ?? null;
  if (kind !== 'address') return key;
  if (typeof key === 'string') return Buffer.from(key, 'hex');
  const v4 = Buffer.alloc(4);
  v4.writeUInt32BE(key, 0);
  return v4;
}

/** The alerts with this value. */
export function hasValue(by: TopField, value: TopValue['value']): Condition {
  switch (by) {
    case 'signature':
    case 'run':
      return { field: by, ids: [value as number] };
    case 'src':
    case 'dst':
      return { field: by, ranges: [{ lo: value as Buffer, hi: value as Buffer }] };
    case 'client':
      return { field: 'actor', ranges: [{ lo: value as Buffer, hi: value as Buffer }] };
    case 'method':
    case 'proto':
      return { field: by, words: [value as string] };
    case 'status':
    case 'src_port':
    case 'dst_port':
      return { field: by, spans: [{ lo: value as number, hi: value as number }] };
    default:
      return { field: by, has: value as string, exact: true };
  }
}

/** Alerts in each span of `stepUs` from `fromUs` on, `steps` of them; by signature, or all together as signature 0. */
export function timelineOf(
  db: Database,
  c: Condition,
  o: { fromUs: number; stepUs: number; steps: number; bySignature: boolean },
): Map<number, Float64Array> {
  const out = new Map<number, Float64Array>();
  const until = o.fromUs + o.stepUs * o.steps - 1;
  const all: Condition = { and: [{ field: 'time', since: o.fromUs, until }, c] };
  const times = timesOf(all);
  const add = (part: Part, place: number, signature: number): void => {
    let line = out.get(signature);
    if (line === undefined) {
      line = new Float64Array(o.steps);
      out.set(signature, line);
    }
    line[Math.floor((part.times[place] - o.fromUs) / o.stepUs)]++;
  };
  for (const ref of partsOf(db)) {
    if (ref.lastUs < times.since || ref.firstUs > times.until) continue;
    const part = ref.open();
    const bits = evaluate(part, all);
    if (bits.empty) continue;
    if (!o.bySignature) for (const place of bits.places()) add(part, place, 0);
    else bySignature(part, bits, (place, signature) => add(part, place, signature));
  }
  return out;
}

function bySignature(part: Part, bits: Bits, found: (place: number, signature: number) => void): void {
  if (part instanceof TailPart) {
    for (const { place, value } of part.values<number>('a.signature_id')) if (bits.has(place)) found(place, value);
    return;
  }
  const c = part.column(Field.Signature);
  if (c === null) return;
  if (c.whole) {
    for (const place of bits.places()) found(place, c.values[0]);
    return;
  }
  let at = 0;
  c.counts.forEach((n, i) => {
    for (const end = at + n; at < end; at++) if (bits.has(c.places[at])) found(c.places[at], c.values[i]);
  });
}
