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

/** The `text` table. */
export class TextTable {
  readonly uses: UseCounts;
  private readonly cache = new BoundedMap<string, number>(CacheMax);
  private readonly find;
  private readonly insert;

  constructor(db: Database) {
    this.uses = new UseCounts(db, 'text');
    this.find = db.prepare(`SELECT id, value FROM text WHERE hash = ? LIMIT ${SameHash}`);
    this.insert = db.prepare('INSERT INTO text (hash, value) VALUES (?, ?)');
  }

  /** Id of `value` with a reference more; null for null. */
  id(value: string | null): number | null {
    if (value === null) return null;
    const known = this.cache.get(value) ?? this.look(value);
    if (known !== undefined) {
      this.uses.more(known);
      return known;
    }
    const id = Number(this.insert.run(textHash(value), value).lastInsertRowid);
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
    return this.cache.get(value) ?? this.look(value);
  }

  /** What is remembered may not be in the database any more: a transaction was rolled back, or rows were removed. */
  forget(): void {
    this.cache.clear();
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
  private last = 0;
  private packet: Uint8Array | null = null;
  private packetId = 0;

  constructor(db: Database, runId: number) {
    this.runId = runId;
    this.uses = new UseCounts(db, 'bytes');
    this.find = db.prepare(`SELECT id, data FROM bytes WHERE hash = ? AND run_id = ? LIMIT ${SameHash}`);
    this.insert = db.prepare('INSERT INTO bytes (run_id, hash, data, kind) VALUES (?, ?, ?, ?)');
    this.last = (db.prepare('SELECT max(id) FROM bytes').pluck().get() as number | null) ?? 0;
  }

  /** Id of `data` with a reference more; null for no bytes. */
  id(data: Uint8Array | null): number | null {
    if (data === null || data.length === 0) return null;
    const digest = hash('sha256', data, 'binary');
    const windowed = (Math.floor(this.last / Window) % Windows) * WindowHash + bits36(digest);
    const known = this.cache.get(digest) ?? this.look(windowed, data);
    if (known !== undefined) {
      this.uses.more(known);
      return known;
    }
    this.last = Number(this.insert.run(this.runId, windowed, data, BytesKind.Text).lastInsertRowid);
    this.cache.set(digest, this.last);
    return this.last;
  }

  /** The same for a packet: it is only ever that of the alert before. */
  packetOf(data: Uint8Array | null): number | null {
    if (data === null || data.length === 0) return null;
    if (this.packet !== null && Buffer.compare(this.packet, data) === 0) {
      this.uses.more(this.packetId);
      return this.packetId;
    }
    this.packet = Buffer.from(data);
    this.packetId = Number(this.insert.run(this.runId, null, data, BytesKind.Packet).lastInsertRowid);
    this.last = this.packetId;
    return this.packetId;
  }

  private look(windowed: number, data: Uint8Array): number | undefined {
    const rows = this.find.all(windowed, this.runId) as { id: number; data: Buffer }[];
    return rows.find((r) => Buffer.compare(r.data, data) === 0)?.id;
  }

  forget(): void {
    this.cache.clear();
    this.packet = null;
    this.uses.forget();
  }
}
