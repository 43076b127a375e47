/** Questions about the alerts of one block, answered from its columns. */
import type { AddressRange } from '../address-bytes.js';
import { Bits } from './bits.js';
import { BlockFields, BlockLen, type Column, decodeColumn, decodeTimes, decodeWords, Field } from './column.js';
import type { Leaf, Mark } from './condition.js';
import type { Database, Statement } from './open.js';
import type { FoundTexts, Resolver } from './resolve.js';

export interface BlockRow {
  id: number;
  first_us: number;
  last_us: number;
  alerts: number;
  removed: number;
}

/** Alerts of a span of ids: each is asked of an index, so that a million archived alerts cost a list what its block has. */
const markSql: Record<Mark, string> = {
  archived: 'SELECT alert_id FROM triage WHERE alert_id BETWEEN ? AND ? AND archived = 1',
  escalated: 'SELECT alert_id FROM triage WHERE alert_id BETWEEN ? AND ? AND escalated = 1',
  commented: "SELECT alert_id FROM alert_note WHERE alert_id BETWEEN ? AND ? AND action = 'comment'",
};
const taggedSql = 'SELECT alert_id FROM alert_tag WHERE tag = ? AND alert_id BETWEEN ? AND ?';

/** Statements that parts of one question share. */
export class BlockReader {
  readonly column;
  readonly within;
  readonly bounds;
  readonly alive;
  readonly tagged;
  readonly marked: Record<Mark, Statement>;

  constructor(db: Database) {
    this.column = db.prepare('SELECT data FROM block_column WHERE id = ?').pluck();
    this.within = db.prepare('SELECT data FROM block_column WHERE id = ? AND hi >= ? AND lo <= ?').pluck();
    this.bounds = db.prepare('SELECT lo, hi FROM block_column WHERE id = ?');
    this.alive = db.prepare('SELECT id FROM alert WHERE id BETWEEN ? AND ?').pluck();
    this.tagged = db.prepare(taggedSql).pluck();
    this.marked = {
      archived: db.prepare(markSql.archived).pluck(),
      escalated: db.prepare(markSql.escalated).pluck(),
      commented: db.prepare(markSql.commented).pluck(),
    };
  }
}

const addressFields = {
  src: [Field.Src],
  dst: [Field.Dst],
  client: [Field.Client],
  actor: [Field.Actor],
  ip: [Field.Src, Field.Dst, Field.Client],
};
const textFields = { host: Field.Host, url: Field.Url, user_agent: Field.UserAgent, referer: Field.Referer };
const spanFields = {
  src_port: [Field.SrcPort],
  dst_port: [Field.DstPort],
  port: [Field.SrcPort, Field.DstPort],
  status: [Field.Status],
};

/** So few values are looked for one by one in a column. */
const Few = 64;

/** Index of the first value that is not less than `x`. */
export function lowerBound(values: Uint32Array | Float64Array, x: number): number {
  let lo = 0;
  let hi = values.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (values[mid] < x) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** Order of value `i` of a wide column and an address of 16 bytes. */
export function compareWide(c: Column, i: number, address: Buffer): number {
  for (let w = 0; w < 4; w++) {
    const d = c.values[i * 4 + w] - address.readUInt32BE(w * 4);
    if (d !== 0) return d;
  }
  return 0;
}

export class BlockPart {
  readonly firstUs: number;
  readonly lastUs: number;
  readonly size = BlockLen;
  private readonly row: BlockRow;
  private readonly reader: BlockReader;
  private readonly resolver: Resolver;
  private timeColumn: Float64Array | null = null;
  private aliveBits: Bits | null = null;
  private readonly late: readonly number[];

  /** `late`: alerts of the block that its columns are wrong about. */
  constructor(row: BlockRow, late: readonly number[], reader: BlockReader, resolver: Resolver) {
    this.row = row;
    this.firstUs = row.first_us;
    this.lastUs = row.last_us;
    this.late = late;
    this.reader = reader;
    this.resolver = resolver;
  }

  idAt(place: number): number {
    return this.row.id * BlockLen + place;
  }

  get times(): Float64Array {
    this.timeColumn ??= decodeTimes(this.reader.column.get(this.row.id * BlockFields + Field.Time) as Buffer);
    return this.timeColumn;
  }

  /** Alerts when the columns were made. */
  get made(): number {
    return this.row.alerts;
  }

  /** All alerts of the block are as the columns say, and fill it. */
  get complete(): boolean {
    return this.row.removed === 0 && this.late.length === 0 && this.row.alerts === BlockLen;
  }

  /** Alerts that there are, and that the columns are right about. */
  all(): Bits {
    if (this.aliveBits === null) {
      const bits = new Bits(BlockLen, this.row.removed === 0 && this.row.alerts === BlockLen);
      const first = this.row.id * BlockLen;
      if (bits.empty)
        for (const id of this.reader.alive.all(first, first + BlockLen - 1) as number[]) bits.add(id - first);
      for (const id of this.late) bits.words[(id - first) >>> 5] &= ~(1 << ((id - first) & 31));
      this.aliveBits = bits;
    }
    return new Bits(BlockLen).or(this.aliveBits);
  }

  column(field: number, width = 1): Column | null {
    const data = this.reader.column.get(this.row.id * BlockFields + field) as Buffer | undefined;
    return data === undefined ? null : decodeColumn(data, width);
  }

  words(field: Field.Method | Field.Proto): { words: string[]; column: Column } | null {
    const data = this.reader.column.get(this.row.id * BlockFields + field) as Buffer | undefined;
    return data === undefined ? null : decodeWords(data);
  }

  private columnWithin(field: number, lo: number, hi: number): Column | null {
    const data = this.reader.within.get(this.row.id * BlockFields + field, lo, hi) as Buffer | undefined;
    return data === undefined ? null : decodeColumn(data);
  }

  match(c: Leaf): Bits {
    switch (c.field) {
      case 'signature':
      case 'run':
        return this.oneOf(c.field === 'run' ? Field.Run : Field.Signature, new Set(c.ids));
      case 'src':
      case 'dst':
      case 'client':
      case 'actor':
      case 'ip':
        return this.inRanges(addressFields[c.field], c.ranges);
      case 'src_port':
      case 'dst_port':
      case 'port':
      case 'status':
        return this.inSpans(spanFields[c.field], c.spans);
      case 'method':
      case 'proto':
        return this.oneWord(c.field, c.words);
      case 'blocked':
        return this.oneOf(Field.Blocked, new Set([c.value]));
      case 'time':
        return this.between(c.since, c.until);
      case 'id':
        return this.withIds(this.resolver.ascending(c.ids));
      case 'flow':
        return this.withIds(this.resolver.ascending(this.resolver.alertsOfFlows(c.ids)));
      case 'mark':
        return this.named(this.reader.marked[c.is]);
      case 'tag':
        return c.tags.reduce((bits, tag) => bits.or(this.named(this.reader.tagged, tag)), new Bits(BlockLen));
      case 'text':
        return this.withWords(c);
      default:
        return this.withTexts(textFields[c.field], this.resolver.texts(c));
    }
  }

  private add(bits: Bits, c: Column, from: number, to: number): void {
    if (to <= from) return;
    if (c.whole) {
      bits.or(this.all());
      return;
    }
    let start = 0;
    for (let i = 0; i < from; i++) start += c.counts[i];
    let end = start;
    for (let i = from; i < to; i++) end += c.counts[i];
    bits.addRange(c.places, start, end);
  }

  /** Alerts whose value is one of these. */
  private oneOf(field: Field, ids: ReadonlySet<number>): Bits {
    const bits = new Bits(BlockLen);
    if (ids.size === 0) return bits;
    const few = ids.size <= Few ? [...ids] : null;
    const c = few === null ? this.column(field) : this.columnWithin(field, Math.min(...few), Math.max(...few));
    return c === null ? bits : this.among(c, ids);
  }

  private among(c: Column, ids: ReadonlySet<number>): Bits {
    const bits = new Bits(BlockLen);
    if (c.whole) return ids.has(c.values[0]) ? bits.or(this.all()) : bits;
    if (ids.size <= Few) {
      for (const id of ids) {
        const at = lowerBound(c.values, id);
        if (c.values[at] === id) this.add(bits, c, at, at + 1);
      }
      return bits;
    }
    let at = 0;
    for (let i = 0; i < c.values.length; i++) {
      if (ids.has(c.values[i])) bits.addRange(c.places, at, at + c.counts[i]);
      at += c.counts[i];
    }
    return bits;
  }

  private withTexts(field: Field, texts: FoundTexts): Bits {
    if (texts.known !== null) return this.oneOf(field, texts.known);
    const c = this.column(field);
    return c === null ? new Bits(BlockLen) : this.among(c, texts.among(c.values));
  }

  private inRanges(fields: readonly Field[], ranges: readonly AddressRange[]): Bits {
    const bits = new Bits(BlockLen);
    for (const field of fields) {
      for (const { lo, hi } of ranges) {
        if (lo.length === 4) {
          const [from, to] = [lo.readUInt32BE(0), hi.readUInt32BE(0)];
          const c = this.columnWithin(field, from, to);
          if (c !== null) this.add(bits, c, lowerBound(c.values, from), lowerBound(c.values, to + 1));
        } else {
          const c = this.column(field + 1, 4);
          if (c === null) continue;
          const d = c.counts.length;
          let from = 0;
          while (from < d && compareWide(c, from, lo) < 0) from++;
          let to = from;
          while (to < d && compareWide(c, to, hi) <= 0) to++;
          this.add(bits, c, from, to);
        }
      }
    }
    return bits;
  }

  private inSpans(fields: readonly Field[], spans: readonly { lo: number; hi: number }[]): Bits {
    const bits = new Bits(BlockLen);
    for (const field of fields) {
      for (const { lo, hi } of spans) {
        const c = this.columnWithin(field, lo, hi);
        if (c !== null) this.add(bits, c, lowerBound(c.values, lo), lowerBound(c.values, hi + 1));
      }
    }
    return bits;
  }

  private oneWord(field: 'method' | 'proto', wanted: readonly string[]): Bits {
    const bits = new Bits(BlockLen);
    const c = this.words(field === 'method' ? Field.Method : Field.Proto);
    if (c === null) return bits;
    const upper = new Set(wanted.map((w) => w.toUpperCase()));
    c.words.forEach((word, id) => {
      const at = upper.has(word.toUpperCase()) ? lowerBound(c.column.values, id) : -1;
      if (at >= 0) this.add(bits, c.column, at, at + 1);
    });
    return bits;
  }

  private between(since: number | null, until: number | null): Bits {
    const lo = since ?? 0;
    const hi = until ?? Number.MAX_SAFE_INTEGER;
    if (lo <= this.firstUs && hi >= this.lastUs) return new Bits(BlockLen, true);
    const bits = new Bits(BlockLen);
    if (lo > this.lastUs || hi < this.firstUs) return bits;
    const { times } = this;
    for (let i = 0; i < BlockLen; i++) if (times[i] >= lo && times[i] <= hi) bits.add(i);
    return bits;
  }

  /** `ids`: ascending. */
  private withIds(ids: Float64Array): Bits {
    const bits = new Bits(BlockLen);
    const first = this.row.id * BlockLen;
    for (let i = lowerBound(ids, first); i < ids.length && ids[i] < first + BlockLen; i++) bits.add(ids[i] - first);
    return bits;
  }

  /** Alerts that a statement names: its last two values are the span of ids. */
  private named(ids: Statement, ...values: string[]): Bits {
    const bits = new Bits(BlockLen);
    const first = this.row.id * BlockLen;
    for (const id of ids.all(...values, first, first + BlockLen - 1) as number[]) bits.add(id - first);
    return bits;
  }

  private withWords(c: { text: string; prefix: boolean }): Bits {
    const words = this.resolver.words(c);
    const bits = this.oneOf(Field.Signature, words.signatures);
    for (const field of Object.values(textFields)) bits.or(this.withTexts(field, words.texts));
    const span = this.reader.bounds.get(this.row.id * BlockFields + Field.Bytes) as
      | { lo: number; hi: number }
      | undefined;
    // Few blocks have what is rare, and the column is large.
    const may = span !== undefined && words.bytesWithin(span.lo, span.hi);
    const bytes = may ? this.column(Field.Bytes) : null;
    return bytes === null ? bits : bits.or(this.among(bytes, words.bytesAmong(bytes.values)));
  }
}
