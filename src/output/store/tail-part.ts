/** Questions about alerts that no column speaks of yet, or rightly: asked of their rows, by their ids. */
import type { AddressRange } from '../address-bytes.js';
import { Bits } from './bits.js';
import type { Leaf, Mark } from './condition.js';
import type { Database } from './open.js';
import type { FoundTexts, Resolver } from './resolve.js';

/** Alerts of one part at most. */
export const TailLen = 65_536;

type Value = number | string | Buffer;
interface Where {
  sql: string;
  values: Value[];
}

const addressColumns = {
  src: ['a.src'],
  dst: ['a.dst'],
  client: ['a.client'],
  actor: ['coalesce(a.client, f.src, a.src)'],
  ip: ['a.src', 'a.dst', 'a.client'],
};
const spanColumns = {
  src_port: ['a.src_port'],
  dst_port: ['a.dst_port'],
  port: ['a.src_port', 'a.dst_port'],
  status: ['h.status'],
};
const textColumns = { host: 'a.host_id', url: 'a.url_id', user_agent: 'h.user_agent_id', referer: 'h.referer_id' };
const bytesColumns = [
  'a.payload_id',
  'h.request_head_id',
  'h.response_head_id',
  'h.request_body_id',
  'h.response_body_id',
];

const marks: Record<Mark, string> = {
  archived: 'EXISTS (SELECT 1 FROM triage g WHERE g.alert_id = a.id AND g.archived = 1)',
  escalated: 'EXISTS (SELECT 1 FROM triage g WHERE g.alert_id = a.id AND g.escalated = 1)',
  commented: "EXISTS (SELECT 1 FROM alert_note g WHERE g.alert_id = a.id AND g.action = 'comment')",
};

const joined = 'alert a LEFT JOIN http h ON h.id = a.http_id LEFT JOIN flow f ON f.id = a.flow_id';
const listed = '(SELECT value FROM json_each(?))';
const anyOf = (list: Where[]): Where => ({
  sql: list.length === 0 ? '0' : `(${list.map((w) => w.sql).join(' OR ')})`,
  values: list.flatMap((w) => w.values),
});
const within = (columns: readonly string[], ids: Iterable<number>): Where => {
  const json = JSON.stringify([...ids]);
  return anyOf(columns.map((c) => ({ sql: `${c} IN ${listed}`, values: [json] })));
};

/** The alerts of a range of ids, or of a list of them, with their times. */
export class TailPart {
  readonly size: number;
  readonly times: Float64Array;
  readonly firstUs: number;
  readonly lastUs: number;
  private readonly db: Database;
  private readonly resolver: Resolver;
  private readonly ids: Float64Array;
  private readonly where: Where;

  constructor(db: Database, resolver: Resolver, of: { lo: number; hi: number } | readonly number[]) {
    this.db = db;
    this.resolver = resolver;
    this.where =
      'lo' in of
        ? { sql: 'a.id BETWEEN ? AND ?', values: [of.lo, of.hi] }
        : { sql: `a.id IN ${listed}`, values: [JSON.stringify(of)] };
    const rows = this.db
      .prepare(`SELECT a.id, a.time_us FROM alert a WHERE ${this.where.sql} ORDER BY a.id`)
      .raw()
      .all(...this.where.values) as [number, number][];
    this.size = rows.length;
    this.ids = new Float64Array(this.size);
    this.times = new Float64Array(this.size);
    let first = Number.POSITIVE_INFINITY;
    let last = 0;
    rows.forEach(([id, time], i) => {
      this.ids[i] = id;
      this.times[i] = time;
      if (time < first) first = time;
      if (time > last) last = time;
    });
    this.firstUs = first;
    this.lastUs = last;
  }

  idAt(place: number): number {
    return this.ids[place];
  }

  all(): Bits {
    return new Bits(this.size, true);
  }

  private placeOf(id: number): number {
    let lo = 0;
    let hi = this.size;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (this.ids[mid] < id) lo = mid + 1;
      else hi = mid;
    }
    return this.ids[lo] === id ? lo : -1;
  }

  private withIds(ids: readonly number[]): Bits {
    const bits = new Bits(this.size);
    for (const id of ids) {
      const place = this.placeOf(id);
      if (place >= 0) bits.add(place);
    }
    return bits;
  }

  match(c: Leaf): Bits {
    if (c.field === 'id') return this.withIds(c.ids);
    if (c.field === 'flow') return this.withIds(this.resolver.alertsOfFlows(c.ids));
    if (c.field === 'time') {
      const bits = new Bits(this.size);
      const [lo, hi] = [c.since ?? 0, c.until ?? Number.MAX_SAFE_INTEGER];
      for (let i = 0; i < this.size; i++) if (this.times[i] >= lo && this.times[i] <= hi) bits.add(i);
      return bits;
    }
    const { sql, values } = this.leaf(c);
    // Joins are by key; those that the condition does not name cost nothing.
    const found = this.db
      .prepare(`SELECT a.id FROM ${joined} WHERE ${this.where.sql} AND ${sql}`)
      .pluck()
      .all(...this.where.values, ...values);
    return this.withIds(found as number[]);
  }

  /** A value for each alert that has one: for top lists. `expression` is one of ours. */
  values<T>(expression: string): { place: number; value: T }[] {
    const rows = this.db
      .prepare(`SELECT a.id, ${expression} FROM ${joined} WHERE ${this.where.sql} ORDER BY a.id`)
      .raw()
      .iterate(...this.where.values) as IterableIterator<[number, T | null]>;
    const out: { place: number; value: T }[] = [];
    let place = 0;
    for (const [id, value] of rows) {
      while (this.ids[place] < id) place++;
      if (this.ids[place] === id && value !== null) out.push({ place, value });
    }
    return out;
  }

  private leaf(c: Exclude<Leaf, { field: 'id' | 'flow' | 'time' }>): Where {
    switch (c.field) {
      case 'signature':
        return within(['a.signature_id'], c.ids);
      case 'run':
        return within(['a.run_id'], c.ids);
      case 'src':
      case 'dst':
      case 'client':
      case 'actor':
      case 'ip':
        return addresses(addressColumns[c.field], c.ranges);
      case 'src_port':
      case 'dst_port':
      case 'port':
      case 'status':
        return anyOf(
          spanColumns[c.field].flatMap((column) =>
            c.spans.map((s) => ({ sql: `${column} BETWEEN ? AND ?`, values: [s.lo, s.hi] })),
          ),
        );
      case 'method':
        return anyOf(c.words.map((w) => ({ sql: 'h.method = ? COLLATE NOCASE', values: [w] })));
      case 'proto':
        return anyOf(c.words.map((w) => ({ sql: 'a.proto = ? COLLATE NOCASE', values: [w] })));
      case 'blocked':
        return { sql: 'a.blocked = ?', values: [c.value] };
      case 'mark':
        return { sql: marks[c.is], values: [] };
      case 'tag':
        return anyOf(
          c.tags.map((tag) => ({
            sql: 'EXISTS (SELECT 1 FROM alert_tag g WHERE g.alert_id = a.id AND g.tag = ?)',
            values: [tag],
          })),
        );
      case 'text':
        return this.words(c);
      default:
        return within([textColumns[c.field]], this.textsOf(this.resolver.texts(c), [textColumns[c.field]]));
    }
  }

  private words(c: { text: string; prefix: boolean }): Where {
    const found = this.resolver.words(c);
    const bytes = found.bytesAmong(this.distinct(bytesColumns).sort((a, b) => a - b));
    return anyOf([
      within(['a.signature_id'], found.signatures),
      within(Object.values(textColumns), this.textsOf(found.texts, Object.values(textColumns))),
      within(bytesColumns, bytes),
    ]);
  }

  /** Those texts among the ones that these alerts refer to. */
  private textsOf(texts: FoundTexts, columns: readonly string[]): ReadonlySet<number> {
    return texts.known ?? texts.among(this.distinct(columns));
  }

  /** What these alerts have in any of the columns. */
  private distinct(columns: readonly string[]): number[] {
    const found = new Set<number>();
    const rows = this.db
      .prepare(`SELECT ${columns.join(', ')} FROM alert a LEFT JOIN http h ON h.id = a.http_id WHERE ${this.where.sql}`)
      .raw()
      .iterate(...this.where.values) as IterableIterator<(number | null)[]>;
    for (const row of rows) for (const id of row) if (id !== null) found.add(id);
    return [...found];
  }
}

/** The length keeps IPv4 and IPv6 apart, which share an order. */
function addresses(columns: readonly string[], ranges: readonly AddressRange[]): Where {
  return anyOf(
    columns.flatMap((column) =>
      ranges.map((r) => ({
        sql: `(${column} BETWEEN ? AND ? AND length(${column}) = ?)`,
        values: [r.lo, r.hi, r.lo.length],
      })),
    ),
  );
}
