/**
 * The header lines of a message as rows of integers in a pool block:
 *
 *     16 × int32  first row of each bucket + 1 (seeded hash of the lower-case name)
 *     rows of 8 × int32: name position, name length, value position, value length, hash,
 *                        next row of the bucket + 1, next repetition + 1, last repetition + 1 (first rows)
 *
 * A name seen again is a row of its own, chained to the first one ("repetition"); readers join the values with ", "
 * (RFC 9110, section 5.3). Looking a name up costs a walk through one bucket of at most headers-limit / 16 rows on
 * average, so that many headers do not make the parser quadratic.
 */
import { randomInt } from 'node:crypto';
import { allocBlock, blockSize, freeBlock } from '../applayer/pool.js';
import { memory, u8 } from '../core/memory.js';
import type { Side } from './side.js';
import { equalsNoCaseNoNul, lowerOf } from './text.js';

const mem = u8;
const cells = new Int32Array(memory);
const lower = lowerOf;

const enum Row {
  Buckets = 16,
  Cells = 8,
  NameOff = 0,
  NameLen = 1,
  ValueOff = 2,
  ValueLen = 3,
  Hash = 4,
  NextInBucket = 5,
  NextSame = 6,
  LastSame = 7,
}

const seed = randomInt(0x7fff_ffff);

/** A header name to look for. */
export class HeaderName {
  readonly text: string;
  readonly hash: number;
  constructor(lowerText: string) {
    let h = seed;
    for (let i = 0; i < lowerText.length; i++) h = mix(h, lowerText.charCodeAt(i));
    this.text = lowerText;
    this.hash = h;
  }
}

function mix(h: number, c: number): number {
  const x = Math.imul(h ^ c, 0x9e37_79b1);
  return x ^ (x >>> 15);
}

/** Hash of a name in lower case; NUL bytes do not count, as clients pass over them. */
function hashOf(off: number, len: number): number {
  let h = seed;
  for (let i = 0; i < len; i++) if (mem[off + i] !== 0) h = mix(h, lower[mem[off + i]]);
  return h;
}

function cell(side: Side, row: number): number {
  return (side.rowsOff >>> 2) + Row.Buckets + row * Row.Cells;
}

/** First row of the header called `name`, or -1. */
export function findHeader(side: Side, name: HeaderName): number {
  if (side.rowCount === 0) return -1;
  let r = cells[(side.rowsOff >>> 2) + (name.hash & (Row.Buckets - 1))] - 1;
  while (r >= 0) {
    const c = cell(side, r);
    if (cells[c + Row.Hash] === name.hash) {
      if (equalsNoCaseNoNul(side.at(cells[c + Row.NameOff]), cells[c + Row.NameLen], name.text)) return r;
    }
    r = cells[c + Row.NextInBucket] - 1;
  }
  return -1;
}

function findSame(side: Side, off: number, len: number, hash: number): number {
  let r = cells[(side.rowsOff >>> 2) + (hash & (Row.Buckets - 1))] - 1;
  while (r >= 0) {
    const c = cell(side, r);
    if (cells[c + Row.Hash] === hash && cells[c + Row.NameLen] === len) {
      const other = side.at(cells[c + Row.NameOff]);
      let i = 0;
      while (i < len && lower[mem[off + i]] === lower[mem[other + i]]) i++;
      if (i === len) return r;
    }
    r = cells[c + Row.NextInBucket] - 1;
  }
  return -1;
}

function makeRoom(side: Side): boolean {
  const need = Row.Buckets * 4 + (side.rowCount + 1) * Row.Cells * 4;
  if (need <= side.rowsSize) return true;
  const size = blockSize(Math.max(need, side.rowsSize * 2, 512));
  const off = allocBlock(size);
  if (off === 0) return false;
  if (side.rowsSize === 0) cells.fill(0, off >>> 2, (off >>> 2) + Row.Buckets);
  else {
    mem.copyWithin(off, side.rowsOff, side.rowsOff + Row.Buckets * 4 + side.rowCount * Row.Cells * 4);
    freeBlock(side.rowsOff, side.rowsSize);
  }
  side.rowsOff = off;
  side.rowsSize = size;
  return true;
}

/** Looks for a header of the same name as the bytes at a position; its first row or -1. */
export function findHeaderLike(side: Side, nameOff: number, nameLen: number): number {
  if (side.rowCount === 0) return -1;
  const off = side.at(nameOff);
  return findSame(side, off, nameLen, hashOf(off, nameLen));
}

/** Adds a header of a name not seen before. False when the pool is used up. */
export function addHeader(side: Side, nameOff: number, nameLen: number, valueOff: number, valueLen: number): boolean {
  if (!makeRoom(side)) return false;
  const hash = hashOf(side.at(nameOff), nameLen);
  const row = side.rowCount++;
  const c = cell(side, row);
  const bucket = (side.rowsOff >>> 2) + (hash & (Row.Buckets - 1));
  cells[c + Row.NameOff] = nameOff;
  cells[c + Row.NameLen] = nameLen;
  cells[c + Row.ValueOff] = valueOff;
  cells[c + Row.ValueLen] = valueLen;
  cells[c + Row.Hash] = hash;
  cells[c + Row.NextInBucket] = cells[bucket];
  cells[c + Row.NextSame] = 0;
  cells[c + Row.LastSame] = row + 1;
  cells[bucket] = row + 1;
  return true;
}

/** Adds a repetition to the header at row `first`. False when the pool is used up. */
export function addRepetition(
  side: Side,
  first: number,
  nameOff: number,
  nameLen: number,
  valueOff: number,
  valueLen: number,
): boolean {
  if (!makeRoom(side)) return false;
  const row = side.rowCount++;
  const c = cell(side, row);
  cells[c + Row.NameOff] = nameOff;
  cells[c + Row.NameLen] = nameLen;
  cells[c + Row.ValueOff] = valueOff;
  cells[c + Row.ValueLen] = valueLen;
  cells[c + Row.Hash] = 0;
  cells[c + Row.NextInBucket] = -1;
  cells[c + Row.NextSame] = 0;
  cells[c + Row.LastSame] = 0;
  const f = cell(side, first);
  cells[cell(side, cells[f + Row.LastSame] - 1) + Row.NextSame] = row + 1;
  cells[f + Row.LastSame] = row + 1;
  return true;
}

/** True for a row that begins a header (not a repetition). */
export function isFirstRow(side: Side, row: number): boolean {
  return cells[cell(side, row) + Row.LastSame] !== 0;
}
export function isRepeated(side: Side, row: number): boolean {
  return cells[cell(side, row) + Row.NextSame] !== 0;
}
/** Next repetition of a row, -1 at the end. */
function nextRepetition(side: Side, row: number): number {
  return cells[cell(side, row) + Row.NextSame] - 1;
}
/** Address of the name of a row. */
export function nameAt(side: Side, row: number): number {
  return side.at(cells[cell(side, row) + Row.NameOff]);
}
export function nameLen(side: Side, row: number): number {
  return cells[cell(side, row) + Row.NameLen];
}
/** Address of the value of one row (not joined with its repetitions). */
export function valueAt(side: Side, row: number): number {
  return side.at(cells[cell(side, row) + Row.ValueOff]);
}
export function valueLen(side: Side, row: number): number {
  return cells[cell(side, row) + Row.ValueLen];
}

/** Copies the value of a header joined with its repetitions to `to`, at most up to `end`; the end of what was written. */
export function copyJoined(side: Side, first: number, to: number, end: number): number {
  let at = to;
  for (let r = first; r >= 0; r = nextRepetition(side, r)) {
    if (r !== first) {
      if (at + 2 > end) return at;
      mem[at++] = 0x2c;
      mem[at++] = 0x20;
    }
    const off = valueAt(side, r);
    const len = Math.min(valueLen(side, r), end - at);
    mem.copyWithin(at, off, off + len);
    at += len;
  }
  return at;
}

/** Forgets all header lines (the interim 100 response, RFC 9110, section 15.2.1). */
export function dropHeaders(side: Side): void {
  side.rowCount = 0;
  if (side.rowsSize !== 0) cells.fill(0, side.rowsOff >>> 2, (side.rowsOff >>> 2) + Row.Buckets);
}
