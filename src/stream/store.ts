/**
 * Keeps the bytes of a stream: in-order segments borrowed from the batch, everything else in pages. Bytes before
 * S.BaseSeq are gone; between it and S.RightEdge every byte is in at most one place, so that whoever reads sees
 * one value whatever was sent twice.
 */
import { counter, counts } from '../core/counters.js';
import { Region, u8 } from '../core/memory.js';
import type { HostOs } from '../defrag/host-os.js';
import { bLen, bNext, bOff, borrow, bSeq, clearBorrowed, listedStream, resetBorrowed } from './borrow.js';
import { S, StreamFlag, tcb } from './columns.js';
import { findOrigin, noteOrigin, origin, Rank } from './doubt.js';
import { newDataWins } from './overlap.js';
import {
  findPage,
  isPresent,
  markStart,
  obtainPage,
  Page,
  pageData,
  scan,
  scanStart,
  scanStartBack,
  writePage,
} from './pages.js';

export const enum Insert {
  Ok = 0,
  /** Wholly before what is kept. */
  Before = 1,
  /** Not all could be kept: the memcap is met. */
  NoMemory = 2,
  /** Some bytes were seen before. */
  Overlap = 4,
  /** ... with another value. */
  Different = 8,
}

/** Bounds of a segment at most, when searched for in the pages: the largest IP payload. */
const MaxSegment = 65_535;

const cOverlap = counter('tcp.overlap');
const cDifferent = counter('tcp.overlap_diff_data');
const cNormalFail = counter('tcp.insert_data_normal_fail');
const cOverlapFail = counter('tcp.insert_data_overlap_fail');
const bytes = u8;

/**
 * Adds `len` bytes at `off`, whose first has sequence number `seq`, to stream record c.
 *
 * @param rank how certain it is that the segment arrives (Rank)
 * @returns bits of Insert
 */
export function insertData(c: number, seq: number, off: number, len: number, policy: HostOs, rank: number): number {
  const base = tcb[c + S.BaseSeq];
  const end = (seq + len) | 0;
  if (((end - base) | 0) <= 0) return Insert.Before;
  if (((seq - base) | 0) < 0) {
    const cut = (base - seq) | 0;
    seq = base;
    off += cut;
    len -= cut;
  }
  const right = tcb[c + S.RightEdge];
  const ahead = (seq - right) | 0;
  if (rank !== Rank.Certain && ahead >= 0) noteOrigin(c, seq, rank, seq, end);
  if (ahead === 0 && off < Region.ArenaEnd && borrow(c, seq, off, len)) {
    tcb[c + S.RightEdge] = end;
    return Insert.Ok;
  }
  if (ahead > 0) tcb[c + S.Flags] |= StreamFlag.Holes;
  if (tcb[c + S.BorrowHead] !== 0 && !settleBorrowed(c)) return Insert.NoMemory;
  if (ahead >= 0) {
    const ok = append(c, seq, off, len, true);
    if (!ok) counts[cNormalFail]++;
    tcb[c + S.RightEdge] = end;
    return ok ? Insert.Ok : Insert.NoMemory;
  }
  const result = insertOverlapping(c, seq, off, len, policy, rank);
  if (((end - right) | 0) > 0) tcb[c + S.RightEdge] = end;
  return result;
}

/** Writes bytes to places that hold none. False when the memcap was met. */
function append(c: number, seq: number, off: number, len: number, starts: boolean): boolean {
  while (len > 0) {
    const page = obtainPage(c, seq);
    if (page === 0) {
      tcb[c + S.Flags] |= StreamFlag.Holes;
      return false;
    }
    const place = seq & Page.Mask;
    const n = Math.min(len, Page.Len - place);
    writePage(page, place, off, n);
    if (starts) markStart(page, place, true);
    starts = false;
    seq = (seq + n) | 0;
    off += n;
    len -= n;
  }
  return true;
}

/** Moves what the stream borrows from the batch into pages. False when the memcap was met: the rest is lost. */
export function settleBorrowed(c: number): boolean {
  const base = tcb[c + S.BaseSeq];
  let ok = true;
  for (let e = tcb[c + S.BorrowHead]; e !== 0; e = bNext[e]) {
    const past = (base - bSeq[e]) | 0;
    const skip = past > 0 ? past : 0;
    if (skip < bLen[e] && ok) ok = append(c, (bSeq[e] + skip) | 0, bOff[e] + skip, bLen[e] - skip, true);
  }
  if (!ok) counts[cNormalFail]++;
  clearBorrowed(c);
  return ok;
}

/** Copies what is still borrowed into pages; the arena may be reused afterwards. Returns streams that lost data. */
export function settleBatch(): number {
  let lost = 0;
  for (let i = 0, c = listedStream(0); c >= 0; c = listedStream(++i)) {
    if (tcb[c + S.BorrowHead] !== 0 && !settleBorrowed(c)) lost++;
  }
  resetBorrowed();
  return lost;
}

/** Start of the segment that the byte at `seq` came with, among the bytes still kept. */
function pieceStart(c: number, seq: number): number {
  let x = seq;
  while (((seq - x) | 0) < MaxSegment) {
    const page = findPage(c, x);
    if (page === 0) return (x + 1) | 0;
    const place = x & Page.Mask;
    if (!isPresent(page, place)) return (x + 1) | 0;
    const mark = scanStartBack(page, place);
    if (mark >= 0) return ((x & ~Page.Mask) + mark) | 0;
    x = ((x & ~Page.Mask) - 1) | 0;
  }
  return x;
}

/** End (one past) of the segment that the byte at `seq` came with, as far as it is kept. */
function pieceEnd(c: number, seq: number): number {
  let x = seq;
  while (((x - seq) | 0) < MaxSegment) {
    const page = findPage(c, x);
    if (page === 0) return x;
    const place = x & Page.Mask;
    // The page of the first byte is searched from the byte after it: its own mark is not an end.
    const first = x === seq ? scanStart(page, place) : startsHere(page, place) ? place : scanStart(page, place);
    const stop = Math.min(first, scan(page, place, false));
    if (stop < Page.Len) return ((x & ~Page.Mask) + stop) | 0;
    x = ((x & ~Page.Mask) + Page.Len) | 0;
  }
  return x;
}

function startsHere(page: number, place: number): boolean {
  return scanStartBack(page, place) === place;
}

/** Adds a segment of which some bytes may be there already: gaps are filled, doubles decided by policy. */
function insertOverlapping(c: number, seq: number, off: number, len: number, policy: HostOs, rank: number): number {
  const end = (seq + len) | 0;
  let result: number = Insert.Ok;
  let x = seq;
  let newRun = false;
  while (((end - x) | 0) > 0) {
    const page = findPage(c, x);
    const place = x & Page.Mask;
    const inPage = Math.min((end - x) | 0, Page.Len - place);
    const from = off + ((x - seq) | 0);
    if (page === 0 || !isPresent(page, place)) {
      const n = page === 0 ? inPage : Math.min(inPage, scan(page, place, true) - place);
      if (!newRun) noteOrigin(c, x, rank, seq, end);
      if (!append(c, x, from, n, !newRun)) {
        counts[(result & Insert.Overlap) !== 0 ? cOverlapFail : cNormalFail]++;
        return result | Insert.NoMemory;
      }
      newRun = true;
      x = (x + n) | 0;
      continue;
    }
    result |= Insert.Overlap;
    const oldStart = pieceStart(c, x);
    const oldEnd = pieceEnd(c, x);
    const stop = ((oldEnd - end) | 0) > 0 ? end : oldEnd;
    const n = (stop - x) | 0;
    if (!sameBytes(c, x, from, n)) result |= Insert.Different;
    findOrigin(c, oldStart, oldEnd);
    const { rank: oldRank, from: oldFrom, to: oldTo } = origin;
    const wins = rank === oldRank ? newDataWins(policy, (seq - oldFrom) | 0, (end - oldTo) | 0) : rank > oldRank;
    if (wins) {
      if (!newRun) noteOrigin(c, x, rank, seq, end);
      overwrite(c, x, from, n, !newRun);
      if (stop !== oldEnd) {
        markAt(c, stop, true);
        noteOrigin(c, stop, oldRank, oldFrom, oldTo);
      }
    }
    newRun = wins;
    x = stop;
  }
  if ((result & Insert.Overlap) !== 0) counts[cOverlap]++;
  if ((result & Insert.Different) !== 0) counts[cDifferent]++;
  return result;
}

function markAt(c: number, seq: number, starts: boolean): void {
  const page = findPage(c, seq);
  if (page !== 0) markStart(page, seq & Page.Mask, starts);
}

/** Writes over bytes that are there; `starts` says whether a run of new bytes begins here. */
function overwrite(c: number, seq: number, off: number, len: number, starts: boolean): void {
  markAt(c, seq, starts);
  while (len > 0) {
    const page = findPage(c, seq);
    const place = seq & Page.Mask;
    const n = Math.min(len, Page.Len - place);
    writePage(page, place, off, n);
    seq = (seq + n) | 0;
    off += n;
    len -= n;
  }
}

function sameBytes(c: number, seq: number, off: number, len: number): boolean {
  let i = 0;
  while (i < len) {
    const page = findPage(c, (seq + i) | 0);
    const place = (seq + i) & Page.Mask;
    const n = Math.min(len - i, Page.Len - place);
    const at = pageData(page, place);
    for (let k = 0; k < n; k++) if (bytes[at + k] !== bytes[off + i + k]) return false;
    i += n;
  }
  return true;
}

/**
 * Writes the bytes that are kept over those of a segment that repeats them with other values, so that what is let
 * through is what was inspected (inline).
 */
export function restoreKept(c: number, seq: number, off: number, len: number): void {
  let i = 0;
  while (i < len) {
    const page = findPage(c, (seq + i) | 0);
    const place = (seq + i) & Page.Mask;
    const n = Math.min(len - i, Page.Len - place);
    for (let k = 0; page !== 0 && k < n; k++) {
      if (isPresent(page, place + k)) bytes[off + i + k] = bytes[pageData(page, place + k)];
    }
    i += n;
  }
}
