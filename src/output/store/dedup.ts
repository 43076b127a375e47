/** Text and bytes that the store keeps once. Each id given out is a reference that is counted (uses.ts). */
import { hash } from 'node:crypto';
import type { Database } from './open.js';
import { UseCounts } from './uses.js';

/** Ids of text remembered before the oldest half is forgotten (they are then looked up in the database). */
const CacheMax = 65_536;
/** Longer text is not remembered: it would hold the memory, and seldom repeats. */
const CacheTextLen = 512;
/** Rows with the same hash that are compared; text that somebody made to collide is then kept more than once. */
const SameHash = 4;

/**
 * Bytes are looked for among the last so many rows only: what repeats does so soon, and the part of the index that is in
 * use stays small enough to lie in memory however large the table grows.
 */
const Window = 2 ** 18;
const WindowHash = 2 ** 36;
const Windows = 2 ** 16;

/** Bits of a digest (as latin1 text) as an exact integer: 36, and 52. */
const bits36 = (d: string): number => (d.charCodeAt(0) & 15) * 2 ** 32 + word(d, 1);
const bits52 = (d: string): number =>
  (d.charCodeAt(0) & 15) * 2 ** 48 + d.charCodeAt(1) * 2 ** 40 + d.charCodeAt(2) * 2 ** 32 + word(d, 3);
const word = (d: string, at: number): number =>
  d.charCodeAt(at) * 2 ** 24 + (d.charCodeAt(at + 1) << 16) + (d.charCodeAt(at + 2) << 8) + d.charCodeAt(at + 3);

const bits48 = (d: string, at: number): number =>
  (d.charCodeAt(at) * 256 + d.charCodeAt(at + 1)) * 2 ** 32 + word(d, at + 2);

/** Where text lies in the index of the `text` table: 52 bits of SHA-1. */
export function textHash(value: string): number {
  return bits52(hash('sha1', value, 'binary'));
}

/** A Map that forgets its older half when it is full. */
export class BoundedMap<K, V> {
  private readonly map = new Map<K, V>();
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  get(key: K): V | undefined {
    return this.map.get(key);
  }

  delete(key: K): void {
    this.map.delete(key);
  }

  clear(): void {
    this.map.clear();
  }

  set(key: K, value: V): void {
    if (this.map.size >= this.max) {
      let drop = this.max >> 1;
      for (const k of this.map.keys()) {
        if (drop-- === 0) break;
        this.map.delete(k);
      }
    }
    this.map.set(key, value);
  }
}

/** Ids for new rows: none is given out again while something may be remembered of a row that had it. */
class RowIds {
  private readonly greatest;
  /** 0: to be asked for. */
  private last = 0;

  constructor(db: Database, table: string) {
    this.greatest = db.prepare(`SELECT coalesce(max(id), 0) FROM ${table}`).pluck();
  }

  /** The last one given out. */
  get current(): number {
    if (this.last === 0) this.last = this.greatest.get() as number;
    return this.last;
  }

  next(): number {
    this.last = this.current + 1;
    return this.last;
  }

  forget(): void {
    this.last = 0;
  }
}

/** The `text` table. */
export class TextTable {
  readonly uses: UseCounts;
  private readonly ids: RowIds;
  private readonly cache = new BoundedMap<string, number>(CacheMax);
  private readonly find;
  private readonly insert;

  constructor(db: Database) {
    this.uses = new UseCounts(db, 'text');
    this.find = db.prepare(`SELECT id, value FROM text WHERE hash = ? LIMIT ${SameHash}`);
    this.insert = db.prepare('INSERT INTO text (id, hash, value) VALUES (?, ?, ?)');
    this.ids = new RowIds(db, 'text');
  }

  /** Id of `value` with a reference more; null for null. */
  id(value: string | null): number | null {
    if (value === null) return null;
    const known = this.known(value);
    if (known !== undefined) {
      this.uses.more(known);
      return known;
    }
    const id = this.ids.next();
    this.insert.run(id, textHash(value), value);
    if (value.length <= CacheTextLen) this.cache.set(value, id);
    return id;
  }

  private look(value: string): number | undefined {
    const rows = this.find.all(textHash(value)) as { id: number; value: string }[];
    const id = rows.find((r) => r.value === value)?.id;
    if (id !== undefined && value.length <= CacheTextLen) this.cache.set(value, id);
    return id;
  }

  /** Id of `value` when the store has it, without a reference. */
  known(value: string): number | undefined {
    const id = this.cache.get(value);
    return id === undefined || this.uses.gone.has(id) ? this.look(value) : id;
  }

  /** What is remembered may not be in the database any more: a transaction was rolled back, or rows were removed. */
  forget(): void {
    this.cache.clear();
    this.ids.forget();
    this.uses.forget();
  }
}

/** A power of two. */
const DigestPlaces = 131_072;

/** Ids by digest, the last one of each place: a table of numbers, that collecting garbage has nothing to do with. */
class DigestCache {
  private readonly keys = new Float64Array(DigestPlaces * 3);
  private readonly ids = new Float64Array(DigestPlaces);

  /** 144 bits of the digest: nobody finds two that agree in them. */
  get(digest: string): number | undefined {
    const at = word(digest, 20) & (DigestPlaces - 1);
    const k = this.keys;
    const same =
      k[at * 3] === bits48(digest, 0) && k[at * 3 + 1] === bits48(digest, 6) && k[at * 3 + 2] === bits48(digest, 12);
    return same && this.ids[at] !== 0 ? this.ids[at] : undefined;
  }

  set(digest: string, id: number): void {
    const at = word(digest, 20) & (DigestPlaces - 1);
    for (let i = 0; i < 3; i++) this.keys[at * 3 + i] = bits48(digest, i * 6);
    this.ids[at] = id;
  }

  clear(): void {
    this.ids.fill(0);
  }
}

/** What `bytes.kind` says: full text is searched in all but packets. */
const enum BytesKind {
  Text = 0,
  Packet = 1,
}

/** The `bytes` table of one run. */
export class BytesTable {
  readonly uses: UseCounts;
  private readonly cache = new DigestCache();
  private readonly runId: number;
  private readonly find;
  private readonly insert;
  private readonly ids: RowIds;
  private packet: Uint8Array | null = null;
  private packetId = 0;

  constructor(db: Database, runId: number) {
    this.runId = runId;
    this.uses = new UseCounts(db, 'bytes');
    this.find = db.prepare(`SELECT id, data FROM bytes WHERE hash = ? AND run_id = ? LIMIT ${SameHash}`);
    this.insert = db.prepare('INSERT INTO bytes (id, run_id, hash, data, kind) VALUES (?, ?, ?, ?, ?)');
    this.ids = new RowIds(db, 'bytes');
  }

  /** Id of `data` with a reference more; null for no bytes. */
  id(data: Uint8Array | null): number | null {
    if (data === null || data.length === 0) return null;
    const digest = hash('sha256', data, 'binary');
    const windowed = (Math.floor(this.ids.current / Window) % Windows) * WindowHash + bits36(digest);
    const cached = this.cache.get(digest);
    const known = cached === undefined || this.uses.gone.has(cached) ? this.look(windowed, data) : cached;
    if (known !== undefined) {
      this.uses.more(known);
      return known;
    }
    const id = this.ids.next();
    this.insert.run(id, this.runId, windowed, data, BytesKind.Text);
    this.cache.set(digest, id);
    return id;
  }

  /** The same for a packet: it is only ever that of the alert before. */
  packetOf(data: Uint8Array | null): number | null {
    if (data === null || data.length === 0) return null;
    if (this.packet !== null && Buffer.compare(this.packet, data) === 0 && !this.uses.gone.has(this.packetId)) {
      this.uses.more(this.packetId);
      return this.packetId;
    }
    this.packet = Buffer.from(data);
    this.packetId = this.ids.next();
    this.insert.run(this.packetId, this.runId, null, data, BytesKind.Packet);
    return this.packetId;
  }

  private look(windowed: number, data: Uint8Array): number | undefined {
    const rows = this.find.all(windowed, this.runId) as { id: number; data: Buffer }[];
    return rows.find((r) => Buffer.compare(r.data, data) === 0)?.id;
  }

  forget(): void {
    this.cache.clear();
    this.ids.forget();
    this.packet = null;
    this.uses.forget();
  }
}
