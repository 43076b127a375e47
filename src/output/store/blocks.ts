/**
 * Making columns (column.ts) of each block of alerts once it is full: what filters, counts and top lists read instead of
 * index entries for every alert. Costs a tenth of those, and as much at ten million alerts as at the first.
 */
import {
  BlockFields,
  BlockLen,
  type Encoded,
  encodeColumn,
  encodeTimes,
  encodeWide,
  encodeWords,
  Field,
} from './column.js';
import type { Database } from './open.js';

/** So many alerts later a block is full: most transactions of its last alerts have ended by then. */
const Lag = 1024;
/** Rows read at once: one by one costs a third more. */
const AtOnce = 2048;
/** Alerts changed after the columns of their block were made; with more the columns are made anew, sooner when there is time. */
const enum LateMax {
  Busy = 1024,
  Idle = 16,
}

const read = `
  SELECT a.id, a.time_us, a.run_id, a.signature_id, a.src_port, a.dst_port, a.blocked, a.host_id, a.url_id,
    h.user_agent_id, h.referer_id, h.status, a.payload_id, h.request_head_id, h.response_head_id, h.request_body_id,
    h.response_body_id, hex(a.src), hex(a.dst), CASE WHEN a.client IS NULL THEN '' ELSE hex(a.client) END,
    CASE WHEN f.src IS NULL OR f.src = a.src THEN '' ELSE hex(f.src) END, h.method, a.proto
  FROM alert a LEFT JOIN http h ON h.id = a.http_id LEFT JOIN flow f ON f.id = a.flow_id
  WHERE a.id BETWEEN ? AND ? ORDER BY a.id`;

type Row = [...number[]] & (number | string | null)[];

const enum Col {
  Id = 0,
  Time = 1,
  /** Numbers, and their fields in `numberFields`. */
  Numbers = 2,
  FirstBytes = 12,
  BytesEnd = 17,
  Src = 17,
  Dst = 18,
  Client = 19,
  FlowSrc = 20,
  Method = 21,
  Proto = 22,
}

const numberFields = [
  Field.Run,
  Field.Signature,
  Field.SrcPort,
  Field.DstPort,
  Field.Blocked,
  Field.Host,
  Field.Url,
  Field.UserAgent,
  Field.Referer,
  Field.Status,
] as const;

/** Entries of one field, as encodeColumn takes them. */
class Entries {
  private values = new Uint32Array(BlockLen);
  private places = new Uint16Array(BlockLen);
  private n = 0;

  add(value: number, place: number): void {
    if (this.n === this.values.length) {
      const { values, places } = this;
      this.values = new Uint32Array(this.n * 2);
      this.values.set(values);
      this.places = new Uint16Array(this.n * 2);
      this.places.set(places);
    }
    this.values[this.n] = value;
    this.places[this.n++] = place;
  }

  encode(alerts: number): Encoded | null {
    const out = encodeColumn(this.values, this.places, this.n, alerts);
    this.n = 0;
    return out;
  }
}

class Addresses {
  private readonly v4 = new Entries();
  private v6 = new Map<string, number[]>();

  add(hex: string, place: number): void {
    if (hex.length === 8) this.v4.add(Number.parseInt(hex, 16), place);
    else if (hex.length === 32) {
      const places = this.v6.get(hex);
      if (places === undefined) this.v6.set(hex, [place]);
      else places.push(place);
    }
  }

  encode(alerts: number): [Encoded | null, Encoded | null] {
    const wide = encodeWide(this.v6);
    this.v6 = new Map();
    return [this.v4.encode(alerts), wide];
  }
}

class Words {
  private readonly entries = new Entries();
  private words = new Map<string, number>();

  add(word: string, place: number): void {
    let at = this.words.get(word);
    if (at === undefined) {
      at = this.words.size;
      this.words.set(word, at);
    }
    this.entries.add(at, place);
  }

  encode(alerts: number): Encoded | null {
    const column = this.entries.encode(alerts);
    const out = column === null ? null : encodeWords([...this.words.keys()], column);
    this.words = new Map();
    return out;
  }
}

export class BlockMaker {
  private readonly db: Database;
  private readonly rows;
  private readonly bounds;
  private readonly from;
  private readonly known;
  private readonly insertBlock;
  private readonly insertColumn;
  private readonly deleteColumns;
  private readonly deleteLate;
  private readonly lateBlock;
  private readonly numbers = numberFields.map(() => new Entries());
  private readonly bytes = new Entries();
  private readonly src = new Addresses();
  private readonly dst = new Addresses();
  private readonly client = new Addresses();
  private readonly actor = new Addresses();
  private readonly method = new Words();
  private readonly proto = new Words();

  constructor(db: Database) {
    this.db = db;
    this.rows = db.prepare(read).raw();
    this.bounds = db.prepare(
      'SELECT min(id) AS lo, max(id) AS hi FROM (SELECT min(id) AS id FROM alert UNION ALL SELECT max(id) FROM alert)',
    );
    this.from = db.prepare('SELECT min(id) FROM alert WHERE id >= ?').pluck();
    this.known = db.prepare('SELECT id FROM block WHERE id >= ? ORDER BY id').pluck();
    this.insertBlock = db.prepare(
      `INSERT INTO block (id, first_us, last_us, alerts) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET first_us = excluded.first_us, last_us = excluded.last_us, alerts = excluded.alerts, removed = 0`,
    );
    this.insertColumn = db.prepare('INSERT INTO block_column (id, lo, hi, data) VALUES (?, ?, ?, ?)');
    this.deleteColumns = db.prepare('DELETE FROM block_column WHERE id >= ? AND id < ?');
    this.deleteLate = db.prepare('DELETE FROM late WHERE alert_id >= ? AND alert_id < ?');
    this.lateBlock = db
      .prepare(`SELECT alert_id / ${BlockLen} FROM late GROUP BY 1 HAVING count(*) > ? LIMIT 1`)
      .pluck();
  }

  /** The oldest full block without columns, or one with many late alerts; null when there is none. */
  private next(busy: boolean): number | null {
    const { lo, hi } = this.bounds.get() as { lo: number | null; hi: number | null };
    if (lo === null || hi === null) return null;
    const end = Math.floor((hi + 1 - Lag) / BlockLen);
    let at = Math.floor(lo / BlockLen);
    for (const id of this.known.iterate(at)) {
      if (id !== at) break;
      at++;
    }
    if (at < end) {
      const first = this.from.get(at * BlockLen) as number;
      return Math.floor(first / BlockLen) < end ? Math.floor(first / BlockLen) : null;
    }
    return (this.lateBlock.get(busy ? LateMax.Busy : LateMax.Idle) as number | undefined) ?? null;
  }

  /** Makes the columns of one block that wants them; false when there is none. */
  step(busy = false): boolean {
    return this.db
      .transaction(() => {
        const block = this.next(busy);
        if (block === null) return false;
        this.make(block);
        return true;
      })
      .immediate();
  }

  private make(block: number): void {
    const first = block * BlockLen;
    this.deleteColumns.run(block * BlockFields, (block + 1) * BlockFields);
    this.deleteLate.run(first, first + BlockLen);
    const times = new Float64Array(BlockLen).fill(-1);
    let alerts = 0;
    for (let from = first; from < first + BlockLen; from += AtOnce) {
      for (const row of this.rows.all(from, from + AtOnce - 1) as Row[]) {
        const place = row[Col.Id] - first;
        times[place] = row[Col.Time];
        this.add(row, place);
        alerts++;
      }
    }
    const { lo, hi } = filled(times);
    this.insertBlock.run(block, lo, hi, alerts);
    this.write(block, alerts);
    this.insertColumn.run(block * BlockFields + Field.Time, 0, 0, encodeTimes(times));
  }

  private add(row: Row, place: number): void {
    for (let i = 0; i < numberFields.length; i++) {
      const value = row[Col.Numbers + i];
      // Ports that a protocol does not have.
      if (value !== null && value >= 0) this.numbers[i].add(value, place);
    }
    let last: number | null = null;
    for (let i = Col.FirstBytes; i < Col.BytesEnd; i++) {
      const id = row[i];
      if (id === null || id === last) continue;
      // Payload and request head are mostly the same.
      if (i > Col.FirstBytes && id === row[Col.FirstBytes]) continue;
      this.bytes.add(id, place);
      last = id;
    }
    const text = row as unknown as (string | null)[];
    this.src.add(text[Col.Src] ?? '', place);
    this.dst.add(text[Col.Dst] ?? '', place);
    this.client.add(text[Col.Client] ?? '', place);
    this.actor.add(text[Col.Client] || text[Col.FlowSrc] || text[Col.Src] || '', place);
    const method = text[Col.Method];
    if (method !== null) this.method.add(method, place);
    this.proto.add(text[Col.Proto] ?? '', place);
  }

  private write(block: number, alerts: number): void {
    const put = (field: number, e: Encoded | null): void => {
      if (e !== null) this.insertColumn.run(block * BlockFields + field, e.lo, e.hi, e.data);
    };
    numberFields.forEach((field, i) => {
      put(field, this.numbers[i].encode(alerts));
    });
    for (const [field, of] of [
      [Field.Src, this.src],
      [Field.Dst, this.dst],
      [Field.Client, this.client],
      [Field.Actor, this.actor],
    ] as const) {
      const [v4, v6] = of.encode(alerts);
      put(field, v4);
      put(field + 1, v6);
    }
    put(Field.Method, this.method.encode(alerts));
    put(Field.Proto, this.proto.encode(alerts));
    put(Field.Bytes, this.bytes.encode(alerts));
  }
}

/** Gives places without an alert the time before (the first: after); least and greatest time. */
function filled(times: Float64Array): { lo: number; hi: number } {
  let lo = Number.POSITIVE_INFINITY;
  let hi = 0;
  let last = times.find((t) => t >= 0) ?? 0;
  for (let i = 0; i < times.length; i++) {
    if (times[i] < 0) times[i] = last;
    else {
      last = times[i];
      if (last < lo) lo = last;
      if (last > hi) hi = last;
    }
  }
  return { lo: lo === Number.POSITIVE_INFINITY ? 0 : lo, hi };
}
