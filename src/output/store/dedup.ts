/** Text and bytes that the store keeps once. */
import { createHash } from 'node:crypto';
import type { Database } from './open.js';

/** Ids remembered of each kind before the oldest half is forgotten (they are then looked up in the database). */
const CacheMax = 32_768;
/** Longer text is not remembered: it would hold the memory, and seldom repeats. */
const CacheTextLen = 512;

/** 52 bits of SHA-1 as an exact integer. */
export function hash52(data: string | Uint8Array): number {
  const d = createHash('sha1').update(data).digest();
  return (d[0] & 0x0f) * 2 ** 48 + d.readUIntBE(1, 6);
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
  private readonly cache = new BoundedMap<string, number>(CacheMax);
  private readonly find;
  private readonly insert;

  constructor(db: Database) {
    this.find = db.prepare('SELECT id, value FROM text WHERE hash = ?');
    this.insert = db.prepare('INSERT INTO text (hash, value) VALUES (?, ?)');
  }

  id(value: string | null): number | null {
    if (value === null) return null;
    const known = this.cache.get(value);
    if (known !== undefined) return known;
    const hash = hash52(value);
    const rows = this.find.all(hash) as { id: number; value: string }[];
    const same = rows.find((r) => r.value === value);
    const id = same?.id ?? Number(this.insert.run(hash, value).lastInsertRowid);
    if (value.length <= CacheTextLen) this.cache.set(value, id);
    return id;
  }

  /** What is remembered may not be in the database any more: a transaction was rolled back, or rows were removed. */
  forget(): void {
    this.cache.clear();
  }
}

/** The `bytes` table of one run. */
export class BytesTable {
  private readonly cache = new BoundedMap<number, number>(CacheMax);
  private readonly runId: number;
  private readonly find;
  private readonly read;
  private readonly insert;

  constructor(db: Database, runId: number) {
    this.runId = runId;
    this.find = db.prepare('SELECT id, data FROM bytes WHERE run_id = ? AND hash = ?');
    this.read = db.prepare('SELECT data FROM bytes WHERE id = ?').pluck();
    this.insert = db.prepare('INSERT INTO bytes (run_id, hash, data) VALUES (?, ?, ?)');
  }

  /** Id of `data`; null for no bytes. */
  id(data: Uint8Array | null): number | null {
    if (data === null || data.length === 0) return null;
    const hash = hash52(data);
    const known = this.cache.get(hash);
    if (known !== undefined && Buffer.compare(this.read.get(known) as Buffer, data) === 0) return known;
    const rows = this.find.all(this.runId, hash) as { id: number; data: Buffer }[];
    const same = rows.find((r) => Buffer.compare(r.data, data) === 0);
    const id = same?.id ?? Number(this.insert.run(this.runId, hash, data).lastInsertRowid);
    this.cache.set(hash, id);
    return id;
  }

  forget(): void {
    this.cache.clear();
  }
}
