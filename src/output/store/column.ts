/**
 * A column: which alerts of a block have which value of a field, as
 *
 *     number of values d, number of entries n          2 x 4 bytes, little endian
 *     the values, ascending                            d x 4
 *     how many alerts have each                        d x 2
 *     their places in the block, ascending per value   n x 2; left out when one value is that of all alerts
 *
 * An alert has at most one value of a field, except of `Bytes`. A block is 32,768 consecutive alert ids.
 */

/** Alerts of a block. */
export const BlockLen = 32_768;
/** Room for fields in the ids of block_column. */
export const BlockFields = 32;

/** Numbers of fields in the database: never changed. */
export const enum Field {
  Run = 1,
  Signature = 2,
  /** IPv4 addresses are numbers; the field after each is that of IPv6 addresses, which are WideColumns. */
  Src = 3,
  Dst = 5,
  /** The real client, where a proxy names one; and who is behind the alert: that one, or the flow's client, or the source. */
  Client = 7,
  Actor = 9,
  /** Rows of `text`. */
  Host = 11,
  Url = 12,
  UserAgent = 13,
  Referer = 14,
  /** Places in a list of words that comes before the column (encodeWords). */
  Method = 15,
  Proto = 16,
  Status = 17,
  SrcPort = 18,
  DstPort = 19,
  Blocked = 20,
  /** Rows of `bytes` that full text is searched in: payload, heads, bodies. */
  Bytes = 21,
  /** Not a column of this form: a time for each place (encodeTimes). */
  Time = 22,
}

const Head = 8;

export interface Column {
  /** `width` words each. */
  values: Uint32Array;
  width: number;
  counts: Uint16Array;
  /** Places, by value; empty when `whole`. */
  places: Uint16Array;
  /** One value, which all alerts of the block have. */
  whole: boolean;
}

/** Buffers of the database lie at any address; typed arrays want theirs aligned. */
function aligned(b: Uint8Array): { buffer: ArrayBufferLike; at: number } {
  if (b.byteOffset % 8 === 0) return { buffer: b.buffer, at: b.byteOffset };
  return { buffer: b.slice().buffer, at: 0 };
}

/** `width`: 32-bit words of a value, 1 or (IPv6 addresses, the first word first) 4. */
export function decodeColumn(data: Uint8Array, width = 1): Column {
  const { buffer, at } = aligned(data);
  const [d, n] = new Uint32Array(buffer, at, 2);
  const values = new Uint32Array(buffer, at + Head, d * width);
  const after = Head + d * width * 4;
  const counts = new Uint16Array(buffer, at + after, d);
  const whole = data.length === after + d * 2;
  return { values, width, counts, whole, places: new Uint16Array(buffer, at + after + d * 2, whole ? 0 : n) };
}

export interface Encoded {
  /** Least and greatest value, or 0. */
  lo: number;
  hi: number;
  data: Buffer;
}

function parts(d: number, n: number, width: number, whole: boolean) {
  const after = Head + d * width * 4;
  const data = Buffer.alloc(after + d * 2 + (whole ? 0 : n * 2));
  const { buffer } = data;
  new Uint32Array(buffer, 0, 2).set([d, n]);
  return {
    data,
    values: new Uint32Array(buffer, Head, d * width),
    counts: new Uint16Array(buffer, after, d),
    places: new Uint16Array(buffer, after + d * 2, whole ? 0 : n),
  };
}

/** Numbers the different values of a column as they come: an open hash table that is used again and again. */
class Numbering {
  private static readonly Room = 524_288;
  private readonly keys = new Uint32Array(Numbering.Room);
  private readonly ids = new Int32Array(Numbering.Room);
  private mask = 0;
  count = 0;

  /** For at most `n` different values; a block has five entries of bytes for an alert at most. */
  clear(n: number): void {
    let room = 1024;
    while (room < n * 2 && room < Numbering.Room) room *= 2;
    this.mask = room - 1;
    this.ids.fill(-1, 0, room);
    this.count = 0;
  }

  idOf(value: number): number {
    let at = (Math.imul(value, 0x9e3779b1) >>> 8) & this.mask;
    while (this.ids[at] >= 0) {
      if (this.keys[at] === value) return this.ids[at];
      at = (at + 1) & this.mask;
    }
    this.keys[at] = value;
    this.ids[at] = this.count;
    return this.count++;
  }
}

let numbering: Numbering | null = null;

/**
 * A column of `n` entries, each a value and its place; those of one value in the order of their places. `alerts`: how many
 * places of the block are taken. Null when there are no entries.
 */
export function encodeColumn(values: Uint32Array, at: Uint16Array, n: number, alerts: number): Encoded | null {
  if (n === 0) return null;
  numbering ??= new Numbering();
  numbering.clear(n);
  const ids = new Uint32Array(n);
  for (let i = 0; i < n; i++) ids[i] = numbering.idOf(values[i]);
  const d = numbering.count;
  const whole = d === 1 && n === alerts;
  const out = parts(d, n, 1, whole);
  const counts = new Uint32Array(d);
  const first = new Uint32Array(d);
  for (let i = 0; i < n; i++) {
    counts[ids[i]]++;
    first[ids[i]] = values[i];
  }
  out.values.set(first);
  out.values.sort();
  const next = first; // of each value, where its next place goes
  let to = 0;
  for (let i = 0; i < d; i++) {
    const id = numbering.idOf(out.values[i]);
    out.counts[i] = counts[id];
    next[id] = to;
    to += counts[id];
  }
  if (!whole) for (let i = 0; i < n; i++) out.places[next[ids[i]]++] = at[i];
  return { lo: out.values[0], hi: out.values[d - 1], data: out.data };
}

/** The same for IPv6 addresses: places in ascending order by address, which is 32 hexadecimal digits. */
export function encodeWide(byAddress: ReadonlyMap<string, number[]>): Encoded | null {
  const list = [...byAddress].sort(([a], [b]) => (a < b ? -1 : 1));
  if (list.length === 0) return null;
  const n = list.reduce((sum, [, at]) => sum + at.length, 0);
  const { data, values, counts, places } = parts(list.length, n, 4, false);
  let to = 0;
  list.forEach(([hex, at], i) => {
    for (let w = 0; w < 4; w++) values[i * 4 + w] = Number.parseInt(hex.slice(w * 8, w * 8 + 8), 16);
    counts[i] = at.length;
    places.set(at, to);
    to += at.length;
  });
  return { lo: 0, hi: 0, data };
}

/** Words, and the column of their places in the list: length of the list's JSON (4 bytes, a multiple of 8 with padding). */
export function encodeWords(words: readonly string[], column: Encoded): Encoded {
  const json = JSON.stringify(words);
  const text = Buffer.from(json.padEnd(json.length + 8 - ((Buffer.byteLength(json) + 4) % 8), ' '));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length, 0);
  return { lo: 0, hi: 0, data: Buffer.concat([length, text, column.data]) };
}

export function decodeWords(data: Buffer): { words: string[]; column: Column } {
  const length = data.readUInt32LE(0);
  const words = JSON.parse(data.toString('utf8', 4, 4 + length)) as string[];
  return { words, column: decodeColumn(data.subarray(4 + length)) };
}

/**
 * Times by place, as microseconds: 32-bit differences from the place before and the first in full, or all in full when
 * they jump by more than half an hour. Places without an alert repeat the time before.
 */
export function encodeTimes(times: Float64Array): Buffer {
  const n = times.length;
  const short = Buffer.alloc(8 + n * 4);
  const deltas = new Int32Array(short.buffer, short.byteOffset + 8, n);
  short.writeDoubleLE(times[0] ?? 0, 0);
  for (let i = 1; i < n; i++) {
    const d = times[i] - times[i - 1];
    if (d !== (d | 0)) return Buffer.from(times.buffer, times.byteOffset, n * 8);
    deltas[i] = d;
  }
  return short;
}

export function decodeTimes(data: Uint8Array): Float64Array {
  const { buffer, at } = aligned(data);
  if (data.length === BlockLen * 8) return new Float64Array(buffer, at, BlockLen);
  const out = new Float64Array(BlockLen);
  const deltas = new Int32Array(buffer, at + 8, BlockLen);
  let t = new Float64Array(buffer, at, 1)[0];
  for (let i = 0; i < BlockLen; i++) {
    t += deltas[i];
    out[i] = t;
  }
  return out;
}
