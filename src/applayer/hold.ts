/** Bytes held while it is not known what a flow speaks: a block of the pool for each direction. */
import { column } from '../core/columns.js';
import { counter, counts } from '../core/counters.js';
import { u8 } from '../core/memory.js';
import type { Settings } from '../core/settings.js';
import { FlowLimit } from '../flow/columns.js';
import type { Dir } from '../protocol/ip.js';
import { allocBlock, blockSize, freeBlock } from './pool.js';

const mem = u8;
const cHeld = counter('applayer.hold_limit');

const enum HoldLimit {
  /** Default of app-layer.hold-limit: bytes held of a direction; when more come, what is recognised by then must do. */
  Bytes = 1 << 16,
  /** A PROXY header at its longest must fit. */
  Least = 256,
  Most = 1 << 20,
}

let most: number = HoldLimit.Bytes;

/** Reads `app-layer.hold-limit`. */
export function configureHold(settings: Settings): void {
  most = settings.size('app-layer.hold-limit', HoldLimit.Bytes, HoldLimit.Least, HoldLimit.Most);
}

const off = column.i32(2 * (FlowLimit.Max + 1));
const len = column.i32(2 * (FlowLimit.Max + 1));
const size = column.i32(2 * (FlowLimit.Max + 1));

export function heldOff(flow: number, dir: Dir): number {
  return off[2 * flow + dir];
}
export function heldLen(flow: number, dir: Dir): number {
  return len[2 * flow + dir];
}

/** Adds bytes to what is held. False at the limit or when the pool is used up (counted). */
export function hold(flow: number, dir: Dir, from: number, count: number): boolean {
  const i = 2 * flow + dir;
  const need = len[i] + count;
  if (need > most) {
    counts[cHeld]++;
    return false;
  }
  if (need > size[i]) {
    const newSize = blockSize(need);
    const block = allocBlock(newSize);
    if (block === 0) {
      counts[cHeld]++;
      return false;
    }
    if (size[i] !== 0) {
      mem.copyWithin(block, off[i], off[i] + len[i]);
      freeBlock(off[i], size[i]);
    }
    off[i] = block;
    size[i] = newSize;
  }
  mem.copyWithin(off[i] + len[i], from, from + count);
  len[i] = need;
  return true;
}

export function dropHeld(flow: number, dir: Dir): void {
  const i = 2 * flow + dir;
  if (size[i] !== 0) freeBlock(off[i], size[i]);
  off[i] = len[i] = size[i] = 0;
}
