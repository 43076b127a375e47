/**
 * Memory of waiting datagrams: pages of the Fragments region, each for 2 KiB of a datagram's payload and a word
 * about every 8 bytes of it. `defrag.memcap` bounds how many pages are in use.
 *
 *     0 .... 2047   payload bytes
 *     2048 . 3071   256 words, one a unit of 8 bytes: 0 nothing there, else UnitWord
 */
import { memory, Region, u8 } from '../core/memory.js';

const mem = u8;
/** Word view of the memory, for the unit words. */
export const words: Uint32Array = new Uint32Array(memory);

export const enum Page {
  DataLen = 2048,
  DataShift = 11,
  UnitsOff = 2048,
  Units = 256,
  Len = 3072,
  /** Pages that fit into the region. */
  Max = (Region.FragmentsEnd - Region.FragmentsOff - ((Region.FragmentsEnd - Region.FragmentsOff) % Len)) / Len,
}

const free = new Uint16Array(Page.Max);
let freeCount = 0;
/** Pages handed out at least once: those above were never touched. */
let touched = 0;
let inUse = 0;
let limit: number = Page.Max;

/** Sets the bound in bytes (defrag.memcap). Forgets all pages: only when no datagram waits. */
export function setPageMemcap(bytes: number): void {
  limit = Math.min(Page.Max, Math.floor(bytes / Page.Len));
  freeCount = 0;
  touched = 0;
  inUse = 0;
}

export function pagesLeft(): number {
  return limit - inUse;
}

/** Number (1-based) of an empty page; 0 when the bound is met. */
export function takePage(): number {
  if (inUse >= limit) return 0;
  inUse++;
  const page = freeCount > 0 ? free[--freeCount] : ++touched;
  const off = pageOff(page) + Page.UnitsOff;
  mem.fill(0, off, off + Page.Units * 4);
  return page;
}

export function returnPage(page: number): void {
  inUse--;
  free[freeCount++] = page;
}

/** Offset of a page in memory. */
export function pageOff(page: number): number {
  return Region.FragmentsOff + (page - 1) * Page.Len;
}
