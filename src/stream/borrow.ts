/**
 * Segments of the current batch that are borrowed: data that arrived in order at the right edge of its stream and
 * still lies in the arena. It reaches the parser from there without a copy if it is acknowledged before the batch
 * ends; what is left at the end of the batch is copied once into pages.
 */
import { column } from '../core/columns.js';
import { S, StreamFlag, tcb } from './columns.js';

const enum BorrowLimit {
  /** Segments borrowed at a time; one more goes to pages at once. */
  Segments = 8192,
}

/** By entry, from 1: the first byte's sequence number, where it lies, how long, the next entry of its stream. */
export const bSeq = column.i32(BorrowLimit.Segments + 1);
export const bOff = column.u32(BorrowLimit.Segments + 1);
export const bLen = column.u32(BorrowLimit.Segments + 1);
export const bNext = column.i32(BorrowLimit.Segments + 1);

/** Streams that borrowed in this batch. */
const listed = column.i32(BorrowLimit.Segments + 1);
let listedCount = 0;
let used = 0;

/** Appends a segment to what stream c borrows. False when the table is full. */
export function borrow(c: number, seq: number, off: number, len: number): boolean {
  if (used === BorrowLimit.Segments) return false;
  const e = ++used;
  bSeq[e] = seq;
  bOff[e] = off;
  bLen[e] = len;
  bNext[e] = 0;
  const tail = tcb[c + S.BorrowTail];
  if (tail === 0) tcb[c + S.BorrowHead] = e;
  else bNext[tail] = e;
  tcb[c + S.BorrowTail] = e;
  if (tcb[c + S.BorrowApp] === 0) tcb[c + S.BorrowApp] = e;
  if ((tcb[c + S.Flags] & StreamFlag.Listed) === 0) {
    tcb[c + S.Flags] |= StreamFlag.Listed;
    listed[listedCount++] = c;
  }
  return true;
}

/** Forgets entries of stream c that lie wholly before `seq`. */
export function dropBorrowedBefore(c: number, seq: number): void {
  let e = tcb[c + S.BorrowHead];
  while (e !== 0 && ((bSeq[e] + bLen[e] - seq) | 0) <= 0) {
    if (tcb[c + S.BorrowApp] === e) tcb[c + S.BorrowApp] = bNext[e];
    e = bNext[e];
  }
  tcb[c + S.BorrowHead] = e;
  if (e === 0) tcb[c + S.BorrowTail] = tcb[c + S.BorrowApp] = 0;
}

/** Forgets all entries of stream c. */
export function clearBorrowed(c: number): void {
  tcb[c + S.BorrowHead] = tcb[c + S.BorrowTail] = tcb[c + S.BorrowApp] = 0;
}

/** The stream that listed itself i-th in this batch, or -1 past the last. */
export function listedStream(i: number): number {
  return i < listedCount ? listed[i] : -1;
}

/** Forgets the batch: every stream has given up its entries. */
export function resetBorrowed(): void {
  for (let i = 0; i < listedCount; i++) tcb[listed[i] + S.Flags] &= ~StreamFlag.Listed;
  listedCount = 0;
  used = 0;
}
