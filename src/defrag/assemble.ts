/**
 * Puts fragments into a datagram. Offsets of fragments are multiples of 8, so the payload is a row of units of
 * 8 bytes, each empty or owned by one fragment; a later fragment contests each unit by policy. Taking a fragment
 * costs its own length, whatever came before and in whatever order.
 */
import { u8 } from '../core/memory.js';
import { hasLow, isLow, setLow } from './low.js';
import { Page, pageOff, takePage, words } from './pages.js';
import { laterWins, type OverlapPolicy } from './policy.js';
import { TrackerLimit, trackers } from './trackers.js';

const mem = u8;
const w = words;
const t = trackers;

/** A unit's word: first unit of its fragment (13 bits), end of its fragment in bytes (16), bytes filled less one (3). */
const enum UnitWord {
  StartShift = 19,
  EndShift = 3,
  EndMask = 0xffff,
  FillMask = 7,
  Len = 8,
}

export const enum TakeStatus {
  /** No page left. */
  NoMemory = -1,
  Taken = 0,
  /** Some bytes were there before. */
  Overlap = 1,
  /** All bytes were there before and stay as they were. */
  Nothing = 2,
}

/** True when pages for [start, end) are there or can be had; takes them. */
function ensurePages(k: number, start: number, end: number): boolean {
  const base = k * TrackerLimit.Pages;
  for (let i = start >> Page.DataShift; i <= (end - 1) >> Page.DataShift; i++) {
    if (t.pages[base + i] !== 0) continue;
    const page = takePage();
    if (page === 0) return false;
    t.pages[base + i] = page;
  }
  return true;
}

/** Word index of a unit. */
function unitIndex(k: number, unit: number): number {
  const page = t.pages[k * TrackerLimit.Pages + (unit >> 8)];
  return (pageOff(page) + Page.UnitsOff + (unit & 255) * 4) >> 2;
}

/** Memory offset of a unit's bytes. */
function unitOff(k: number, unit: number): number {
  const page = t.pages[k * TrackerLimit.Pages + (unit >> 8)];
  return pageOff(page) + (unit & 255) * UnitWord.Len;
}

/**
 * Adds `len` (at least 1) payload bytes at memory offset `from` as [start, start + len) of the datagram.
 *
 * @param low they came with a lower TTL than other fragments of the datagram
 */
export function takeBytes(k: number, start: number, from: number, len: number, low: boolean): TakeStatus {
  const end = start + len;
  if (!ensurePages(k, start, end)) return TakeStatus.NoMemory;
  const first = start >> 3;
  const last = (end - 1) >> 3;
  const mark = ((first << UnitWord.StartShift) | (end << UnitWord.EndShift)) >>> 0;
  const marksLow = low || hasLow(k);
  let overlap = false;
  let any = false;
  // Units nobody holds yet are copied together, page by page.
  let runFirst = first;
  for (let unit = first; unit <= last; unit++) {
    const fill = unit === last ? end - unit * UnitWord.Len : UnitWord.Len;
    const at = unitIndex(k, unit);
    if (w[at] === 0) {
      any = true;
      if (marksLow) setLow(k, unit, low);
      w[at] = (mark | (fill - 1)) >>> 0;
      if (unit === last || (unit & 255) === 255) {
        copyRun(k, runFirst, from + (runFirst - first) * UnitWord.Len, (unit - runFirst) * UnitWord.Len + fill);
        runFirst = unit + 1;
      }
      continue;
    }
    overlap = true;
    copyRun(k, runFirst, from + (runFirst - first) * UnitWord.Len, (unit - runFirst) * UnitWord.Len);
    const src = from + (unit - first) * UnitWord.Len;
    const wins = laterTaken(k, unit, w[at], start, end, low);
    if (wins && marksLow) setLow(k, unit, low);
    if (contest(wins, unitOff(k, unit), at, src, fill, mark)) any = true;
    runFirst = unit + 1;
  }
  advancePrefix(k);
  if (!any) return TakeStatus.Nothing;
  return overlap ? TakeStatus.Overlap : TakeStatus.Taken;
}

/** Copies `len` bytes (0: none) that lie within one page. */
function copyRun(k: number, unit: number, from: number, len: number): void {
  if (len > 0) mem.copyWithin(unitOff(k, unit), from, from + len);
}

/** True when the bytes of [start, end) replace those of a unit, whose word is `old`: the TTL decides, then the policy. */
function laterTaken(k: number, unit: number, old: number, start: number, end: number, low: boolean): boolean {
  const oldLow = isLow(k, unit);
  if (oldLow !== low) return oldLow;
  const oldStart = (old >>> UnitWord.StartShift) * UnitWord.Len;
  const oldEnd = (old >>> UnitWord.EndShift) & UnitWord.EndMask;
  return laterWins(t.policy[k] as OverlapPolicy, start, end, oldStart, oldEnd);
}

/**
 * Both fragments have bytes in this unit, each from its start: the winner's stay, the rest comes from the longer.
 * True when any byte is now the later fragment's.
 */
function contest(wins: boolean, off: number, at: number, src: number, fill: number, mark: number): boolean {
  const old = w[at];
  const oldFill = (old & UnitWord.FillMask) + 1;
  const keep = wins ? 0 : oldFill;
  if (fill > keep) mem.copyWithin(off + keep, src + keep, src + fill);
  const owner = wins ? mark : old & ~UnitWord.FillMask;
  w[at] = (owner | (Math.max(fill, oldFill) - 1)) >>> 0;
  return fill > keep;
}

/** Moves the count of leading whole units on; over a datagram's life each unit is passed once. */
function advancePrefix(k: number): void {
  const base = k * TrackerLimit.Pages;
  let unit = t.prefix[k];
  while (unit < TrackerLimit.Pages * Page.Units && t.pages[base + (unit >> 8)] !== 0) {
    const word = w[unitIndex(k, unit)];
    if (word === 0 || (word & UnitWord.FillMask) !== UnitWord.FillMask) break;
    unit++;
  }
  t.prefix[k] = unit;
}

/** True when every byte up to the end that a last fragment gave is there. */
export function isWhole(k: number): boolean {
  const end = t.end[k];
  if (end < 0) return false;
  const whole = t.prefix[k] * UnitWord.Len;
  if (whole >= end) return true;
  if (end - whole >= UnitWord.Len || t.pages[k * TrackerLimit.Pages + (t.prefix[k] >> 8)] === 0) return false;
  const word = w[unitIndex(k, t.prefix[k])];
  return word !== 0 && (word & UnitWord.FillMask) + 1 >= end - whole;
}

/** Copies the first `len` payload bytes to memory offset `to`. Only when they are all there. */
export function copyPayload(k: number, to: number, len: number): void {
  for (let done = 0; done < len; done += Page.DataLen) {
    const off = pageOff(t.pages[k * TrackerLimit.Pages + (done >> Page.DataShift)]);
    mem.copyWithin(to + done, off, off + Math.min(Page.DataLen, len - done));
  }
}
