/** Search for a pattern of the pool in a run of memory. */
import { buf, u8 } from '../core/memory.js';

const mem = u8;
/** Windows above this length are searched natively: the call costs more than short loops. */
const NativeFrom = 192;

let pool: Uint8Array = new Uint8Array(0);
const needles = new Map<number, Buffer>();
const lower = new Uint8Array(256);
for (let i = 0; i < 256; i++) lower[i] = i >= 0x41 && i <= 0x5a ? i + 0x20 : i;

/** Binds the pattern bytes of the installed rules. */
export function bindPool(bytes: Uint8Array): void {
  pool = bytes;
  needles.clear();
}

/** Writes `len` bytes of the pool over memory. */
export function copyFromPool(pOff: number, len: number, to: number): void {
  for (let i = 0; i < len; i++) mem[to + i] = pool[pOff + i];
}

/** A Buffer over a pattern, made once. Patterns are few and the pool lives as long as the rules. */
function needle(off: number, len: number): Buffer {
  const key = off * 65536 + len;
  let n = needles.get(key);
  if (n === undefined) {
    n = Buffer.from(pool.slice(off, off + len));
    needles.set(key, n);
  }
  return n;
}

function findExact(pOff: number, pLen: number, from: number, to: number): number {
  if (to - from > NativeFrom) {
    const at = buf.subarray(from, to).indexOf(needle(pOff, pLen));
    return at < 0 ? -1 : from + at;
  }
  const first = pool[pOff];
  const last = to - pLen;
  for (let i = from; i <= last; i++) {
    if (mem[i] !== first) continue;
    let j = 1;
    while (j < pLen && mem[i + j] === pool[pOff + j]) j++;
    if (j === pLen) return i;
  }
  return -1;
}

function findNoCase(pOff: number, pLen: number, from: number, to: number): number {
  const first = pool[pOff];
  const upper = first >= 0x61 && first <= 0x7a ? first - 0x20 : first;
  const last = to - pLen;
  for (let i = from; i <= last; i++) {
    const c = mem[i];
    if (c !== first && c !== upper) continue;
    let j = 1;
    while (j < pLen && lower[mem[i + j]] === pool[pOff + j]) j++;
    if (j === pLen) return i;
  }
  return -1;
}

/**
 * First occurrence of pool[pOff, pOff + pLen) within memory[from, to), or -1. Patterns searched without case are in
 * lower case in the pool. An empty pattern is at `from`.
 */
export function find(pOff: number, pLen: number, from: number, to: number, noCase: boolean): number {
  if (pLen === 0) return from;
  if (to - from < pLen) return -1;
  return noCase ? findNoCase(pOff, pLen, from, to) : findExact(pOff, pLen, from, to);
}
