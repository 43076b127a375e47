/**
 * Bytes of a body (or an uploaded file) kept for inspection in windows.
 *
 * The first window is [0, minInspect), or the whole body when it ends earlier; each further one has `window` new
 * bytes and shows up to `window` old ones again; the last one comes with the end. Windows are cut by byte counts
 * alone, so what is inspected does not depend on how the bytes were segmented. Inline, each window has whatever is
 * new. Bytes past the limit are counted, not kept.
 */

import { allocBlock, blockSize, freeBlock } from '../applayer/pool.js';
import { counter, counts } from '../core/counters.js';
import { u8 } from '../core/memory.js';
import type { BodySettings } from './config.js';
import { BufferStatus, type BufferView } from './transaction.js';

const mem = u8;
const cCut = counter('http.body_limit');
const cNoMemory = counter('http.body_no_memory');

export const enum StoreLimit {
  /** First bytes kept for events when nothing inspects the body. */
  First = 4096,
  /** Largest block, so also the most that waits for inspection. */
  Block = 1 << 21,
}

let inlineMode = false;

/** Whether windows show whatever is new (http-body-inline with an inline sensor). */
export function setInlineBodies(on: boolean): void {
  inlineMode = on;
}

export class BodyStore {
  off = 0;
  size = 0;
  /** Offset in the body of the first byte kept, and bytes kept from there. */
  base = 0;
  len = 0;
  /** Bytes of the body seen so far, kept or not. */
  seen = 0;
  /** Bytes inspected. */
  inspected = 0;
  /** The last window was inspected. */
  finished = 0;
  /** No more bytes come. */
  done = 0;
  /** The limit was reached, or there was no memory: bytes were left out. */
  cut = 0;
  /** A gap lies in the body. */
  gap = 0;
  /** The connection ended before the body did. */
  short = 0;
  /** First bytes, kept apart once the front was dropped. */
  firstOff = 0;
  firstLen = 0;

  clear(): void {
    if (this.size !== 0) freeBlock(this.off, this.size);
    if (this.firstLen !== 0) freeBlock(this.firstOff, blockSize(this.firstLen));
    this.off = this.size = this.base = this.len = this.seen = 0;
    this.inspected = this.finished = this.done = this.cut = this.gap = this.short = 0;
    this.firstOff = this.firstLen = 0;
  }

  /**
   * Adds bytes. `expect`: bytes likely to come in all (0: unknown), to take the right block at once.
   * `wanted`: whether anyone inspects the body; else only the first StoreLimit.First bytes are kept.
   */
  add(off: number, len: number, s: BodySettings, expect: number, wanted: boolean): void {
    this.seen += len;
    if (this.cut !== 0) return;
    const kept = this.base + this.len;
    const limit = wanted ? s.limit : Math.min(s.limit === 0 ? StoreLimit.First : s.limit, StoreLimit.First);
    let take = len;
    if (limit !== 0 && kept + take >= limit) {
      take = limit - kept;
      if (take < len || wanted) this.cut = kept + len > limit ? 1 : 0;
      if (this.cut !== 0 && wanted) counts[cCut]++;
    }
    if (take <= 0) return;
    if (this.len + take > this.size && !this.grow(take, s, expect, limit)) {
      this.cut = 1;
      counts[cNoMemory]++;
      return;
    }
    mem.copyWithin(this.off + this.len, off, off + take);
    this.len += take;
  }

  private grow(take: number, s: BodySettings, expect: number, limit: number): boolean {
    this.dropFront(s);
    const need = this.len + take;
    if (need <= this.size) return true;
    let want = Math.max(need, Math.min(expect, s.minInspect), this.size * 2);
    if (limit !== 0) want = Math.max(need, Math.min(want, limit));
    const size = blockSize(Math.min(want, Math.max(need, StoreLimit.Block)));
    const block = size === 0 ? 0 : allocBlock(size);
    if (block === 0) return false;
    if (this.size !== 0) {
      mem.copyWithin(block, this.off, this.off + this.len);
      freeBlock(this.off, this.size);
    }
    this.off = block;
    this.size = size;
    return true;
  }

  /** Drops inspected bytes that no later window shows, when that frees half of the block. */
  private dropFront(s: BodySettings): void {
    const spare = this.inspected - s.window - this.base;
    if (spare < this.size >>> 1 || spare <= 0) return;
    if (this.base === 0) this.keepFirst();
    mem.copyWithin(this.off, this.off + spare, this.off + this.len);
    this.base += spare;
    this.len -= spare;
  }

  private keepFirst(): void {
    const len = Math.min(this.len, StoreLimit.First);
    const block = allocBlock(blockSize(len));
    if (block === 0) return;
    mem.copyWithin(block, this.off, this.off + len);
    this.firstOff = block;
    this.firstLen = len;
  }

  /** End of the window to show now, or -1 when there is none yet. */
  private windowEnd(s: BodySettings): number {
    const kept = this.base + this.len;
    const last = this.done !== 0 || this.cut !== 0;
    if (inlineMode) return kept > this.inspected || (this.done !== 0 && this.finished === 0) ? kept : -1;
    const step = this.inspected === 0 ? s.minInspect : s.window;
    if (kept - this.inspected >= step) return this.inspected + step;
    if (!last) return -1;
    if (kept > this.inspected) return kept;
    return this.done !== 0 && this.finished === 0 ? kept : -1;
  }

  /** The window to show now. Absent: there is nothing, and never will be; Pending: not enough yet. */
  view(s: BodySettings, out: BufferView): BufferStatus {
    const kept = this.base + this.len;
    if (kept === 0) return this.done !== 0 ? BufferStatus.Absent : BufferStatus.Pending;
    const end = this.windowEnd(s);
    if (end < 0) return this.finished !== 0 ? BufferStatus.Absent : BufferStatus.Pending;
    const from = Math.max(this.base, this.inspected - s.window);
    out.off = this.off + from - this.base;
    out.len = end - from;
    out.base = from;
    out.seen = this.inspected - from;
    out.complete = this.done !== 0 && end === kept ? 1 : 0;
    return BufferStatus.Ready;
  }

  /** Moves past the window last shown; true when another one can be shown at once. */
  advance(s: BodySettings): boolean {
    const end = this.windowEnd(s);
    if (end < 0) return false;
    this.inspected = end;
    if (this.done !== 0 && end === this.base + this.len) this.finished = 1;
    return this.windowEnd(s) >= 0;
  }

  /** True when a window waits to be shown. */
  ready(s: BodySettings): boolean {
    return this.base + this.len !== 0 && this.windowEnd(s) >= 0;
  }

  /** First bytes of the body (at most StoreLimit.First) in `out`. */
  first(out: { off: number; len: number }): void {
    if (this.firstLen !== 0) {
      out.off = this.firstOff;
      out.len = this.firstLen;
    } else {
      out.off = this.off;
      out.len = this.base === 0 ? Math.min(this.len, StoreLimit.First) : 0;
    }
  }
}
