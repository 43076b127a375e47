/**
 * Memory of open transactions: a binary buddy allocator over the Http region.
 *
 * Blocks are 2^8 … 2^21 bytes (256 B … 2 MiB), aligned to their own size. Free blocks of one order form a doubly
 * linked list threaded through their own first eight bytes; `orderOf` says for each 256-byte unit whether a free
 * block starts there (order + 1) or not (0), so that neighbours merge when both are free. A block is found and
 * given back in at most 14 steps. `app-layer.protocols.http.memcap` (0: the whole region) bounds what is handed out
 * and what is reserved for objects outside of it.
 */
import { counter, counts } from '../core/counters.js';
import { dv, Region } from '../core/memory.js';

const enum Pool {
  MinOrder = 8,
  MaxOrder = 21,
  Orders = MaxOrder - MinOrder + 1,
  Units = (Region.HttpEnd - Region.HttpOff) >>> MinOrder,
}

const cMemcap = counter('http.memcap');
const cMemuse = counter('http.memuse');

const mem = dv;
const orderOf = new Uint8Array(Pool.Units);
/** First free block of each order, 0 when none. */
const heads = new Int32Array(Pool.Orders);
let bump: number = Region.HttpOff;
let memcap: number = Region.HttpEnd - Region.HttpOff;
let used = 0;

/** Bytes handed out at most; 0 means the whole region. */
export function setPoolLimit(bytes: number): void {
  const all = Region.HttpEnd - Region.HttpOff;
  memcap = bytes === 0 ? all : Math.min(bytes, all);
}

/** Counts memory that lies elsewhere against the same bound. False at the memcap (counted). */
export function reserve(bytes: number): boolean {
  if (used + bytes > memcap) {
    counts[cMemcap]++;
    return false;
  }
  used += bytes;
  counts[cMemuse] = used;
  return true;
}

/** Gives back what `reserve` counted. */
export function unreserve(bytes: number): void {
  used -= bytes;
  counts[cMemuse] = used;
}

/** Bytes in blocks handed out now, and reserved. */
export function poolUsed(): number {
  return used;
}

function unit(off: number): number {
  return (off - Region.HttpOff) >>> Pool.MinOrder;
}

function push(off: number, order: number): void {
  const i = order - Pool.MinOrder;
  const next = heads[i];
  mem.setInt32(off, next, true);
  mem.setInt32(off + 4, 0, true);
  if (next !== 0) mem.setInt32(next + 4, off, true);
  heads[i] = off;
  orderOf[unit(off)] = order + 1;
}

function unlink(off: number, order: number): void {
  const next = mem.getInt32(off, true);
  const prev = mem.getInt32(off + 4, true);
  if (prev !== 0) mem.setInt32(prev, next, true);
  else heads[order - Pool.MinOrder] = next;
  if (next !== 0) mem.setInt32(next + 4, prev, true);
  orderOf[unit(off)] = 0;
}

/** Smallest block size that holds `len` bytes: a power of two from 256; 0 when `len` is above 2 MiB. */
export function blockSize(len: number): number {
  if (len <= 1 << Pool.MinOrder) return 1 << Pool.MinOrder;
  if (len > 1 << Pool.MaxOrder) return 0;
  return 1 << (32 - Math.clz32(len - 1));
}

/** A block of `size` bytes (as blockSize gives it), or 0 when the memcap or the region is used up (counted). */
export function allocBlock(size: number): number {
  if (size === 0 || used + size > memcap) {
    counts[cMemcap]++;
    return 0;
  }
  const order = 31 - Math.clz32(size);
  let at = order;
  while (at <= Pool.MaxOrder && heads[at - Pool.MinOrder] === 0) at++;
  let off: number;
  if (at <= Pool.MaxOrder) {
    off = heads[at - Pool.MinOrder];
    unlink(off, at);
  } else {
    if (bump >= Region.HttpEnd) {
      counts[cMemcap]++;
      return 0;
    }
    off = bump;
    at = Pool.MaxOrder;
    bump += 1 << Pool.MaxOrder;
  }
  while (at > order) {
    at--;
    push(off + (1 << at), at);
  }
  used += size;
  counts[cMemuse] = used;
  return off;
}

/** Gives back the block of `size` bytes at `off`. */
export function freeBlock(off: number, size: number): void {
  used -= size;
  counts[cMemuse] = used;
  let order = 31 - Math.clz32(size);
  let at = off - Region.HttpOff;
  while (order < Pool.MaxOrder) {
    const buddy = at ^ (1 << order);
    if (orderOf[buddy >>> Pool.MinOrder] !== order + 1) break;
    unlink(buddy + Region.HttpOff, order);
    at &= ~(1 << order);
    order++;
  }
  push(at + Region.HttpOff, order);
}
