/**
 * The segment pool: stream data that outlives its batch, in pages of the Segments region. A page holds the bytes
 * of one stream whose sequence numbers share their upper 21 bits, so that the place of any byte is found by one
 * hash lookup, whatever order the bytes came in: there is no list of segments that a sender could make long.
 *
 *     page (2,560 bytes)
 *       0    256   512                2560
 *       | present | starts |   data     |      one bit a byte: it is there; a segment begins here
 *
 * The start bits are what overlap policies go by: the bounds of the segment an old byte came with.
 */

import { randomBytes } from 'node:crypto';
import { column } from '../core/columns.js';
import { counter, counts } from '../core/counters.js';
import { memory, Region, u8 } from '../core/memory.js';
import { S, tcb } from './columns.js';

export const enum Page {
  /** Stream bytes in a page. */
  Len = 2048,
  Shift = 11,
  Mask = 2047,
  /** Bytes a page takes. */
  Size = 2560,
  DataOff = 512,
  Words = 64,
  /** Pages in the region. */
  Max = 209_715,
  Buckets = 131_072,
}

const cMemuse = counter('tcp.reassembly_memuse');
const bytes = u8;
const words = new Int32Array(memory);

/** By page id, from 1: stream record, upper bits of the sequence number, links in the stream and in the bucket. */
const owner = column.i32(Page.Max + 1);
const number = column.i32(Page.Max + 1);
const streamNext = column.i32(Page.Max + 1);
const streamPrev = column.i32(Page.Max + 1);
const bucketNext = column.i32(Page.Max + 1);
const buckets = new Int32Array(Page.Buckets);
const seed = randomBytes(4).readInt32LE(0);

let limit = Page.Max as number;
let inUse = 0;
let highest = 0;
let freeHead = 0;

/** Bounds the pool to `memcap` bytes (`stream.reassembly.memcap`) and empties it. */
export function configurePages(memcap: number): void {
  limit = Math.min(Page.Max, Math.floor(memcap / Page.Size));
  buckets.fill(0);
  inUse = highest = freeHead = 0;
  counts[cMemuse] = 0;
}

/** Pages in use. */
export function pagesInUse(): number {
  return inUse;
}

function bucketOf(c: number, no: number): number {
  let h = Math.imul(c ^ seed, 0x9e3779b1) ^ Math.imul(no, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) & (Page.Buckets - 1);
}

/** Offset in memory of a page. */
function at(page: number): number {
  return Region.SegmentsOff + (page - 1) * Page.Size;
}

/** Page of stream record c that holds sequence number `seq`, or 0. */
export function findPage(c: number, seq: number): number {
  if (tcb[c + S.PageCount] === 0) return 0;
  const no = seq >>> Page.Shift;
  let page = buckets[bucketOf(c, no)];
  while (page !== 0 && (number[page] !== no || owner[page] !== c)) page = bucketNext[page];
  return page;
}

/** The same, made when it is not there; 0 when the memcap is met. */
export function obtainPage(c: number, seq: number): number {
  const known = findPage(c, seq);
  if (known !== 0) return known;
  let page = freeHead;
  if (page !== 0) freeHead = streamNext[page];
  else if (inUse < limit) page = ++highest;
  else return 0;
  inUse++;
  counts[cMemuse] = inUse * Page.Size;
  const base = at(page) >>> 2;
  words.fill(0, base, base + 2 * Page.Words);
  link(page, c, seq >>> Page.Shift);
  return page;
}

function link(page: number, c: number, no: number): void {
  owner[page] = c;
  number[page] = no;
  const bucket = bucketOf(c, no);
  bucketNext[page] = buckets[bucket];
  buckets[bucket] = page;
  const first = tcb[c + S.Pages];
  streamPrev[page] = 0;
  streamNext[page] = first;
  if (first !== 0) streamPrev[first] = page;
  tcb[c + S.Pages] = page;
  tcb[c + S.PageCount]++;
}

function unlink(page: number): void {
  const c = owner[page];
  const bucket = bucketOf(c, number[page]);
  let q = buckets[bucket];
  if (q === page) buckets[bucket] = bucketNext[page];
  else {
    while (bucketNext[q] !== page) q = bucketNext[q];
    bucketNext[q] = bucketNext[page];
  }
  const prev = streamPrev[page];
  const next = streamNext[page];
  if (prev === 0) tcb[c + S.Pages] = next;
  else streamNext[prev] = next;
  if (next !== 0) streamPrev[next] = prev;
  tcb[c + S.PageCount]--;
}

function freePage(page: number): void {
  unlink(page);
  streamNext[page] = freeHead;
  freeHead = page;
  inUse--;
  counts[cMemuse] = inUse * Page.Size;
}

/** Gives back every page of a stream. The bytes stay readable until the next insertion. */
export function freeAllPages(c: number): void {
  while (tcb[c + S.Pages] !== 0) freePage(tcb[c + S.Pages]);
}

/** Gives back pages of a stream that lie wholly before `seq`; none lies before `from`. */
export function freePagesBefore(c: number, from: number, seq: number): void {
  // As many places as there are pages cost no more than going through the pages.
  let at = from & ~Page.Mask;
  for (let n = tcb[c + S.PageCount]; n > 0; n--) {
    if (((at + Page.Len - seq) | 0) > 0) return;
    const page = findPage(c, at);
    if (page !== 0) freePage(page);
    at = (at + Page.Len) | 0;
  }
  let page = tcb[c + S.Pages];
  while (page !== 0) {
    const next = streamNext[page];
    if ((((number[page] << Page.Shift) + Page.Len - seq) | 0) <= 0) freePage(page);
    page = next;
  }
}

/** Exchanges the pages of two streams (the session was turned round). */
export function swapPages(a: number, b: number): void {
  const lists: [number, number][] = [];
  for (const c of [a, b]) {
    for (let page = tcb[c + S.Pages]; page !== 0; page = streamNext[page]) lists.push([page, c]);
  }
  for (const [page] of lists) unlink(page);
  for (const [page, c] of lists) link(page, c === a ? b : a, number[page]);
}

/**
 * First sequence number from `seq` on at which the stream has data in a page, at most `right`; `right` when none.
 * What was found missing is remembered: a sender that leaves a wide hole does not have it searched with every packet.
 */
export function nextPresent(c: number, seq: number, right: number): number {
  if (tcb[c + S.PageCount] === 0) return right;
  const inHole = ((seq - tcb[c + S.HoleSeq]) | 0) >= 0 && ((tcb[c + S.HoleEnd] - seq) | 0) > 0;
  const from = inHole ? tcb[c + S.HoleEnd] : seq;
  if (((from - right) | 0) >= 0) return right;
  const found = firstPresent(c, from, right);
  tcb[c + S.HoleSeq] = seq;
  tcb[c + S.HoleEnd] = found;
  return found;
}

/** Bytes come to [seq, seq + len) of a page. */
function fillHole(c: number, seq: number, len: number): void {
  const from = tcb[c + S.HoleSeq];
  if (((seq + len - from) | 0) <= 0 || ((tcb[c + S.HoleEnd] - seq) | 0) <= 0) return;
  tcb[c + S.HoleEnd] = ((seq - from) | 0) > 0 ? seq : from;
}

/** Looks at the places of as many pages as the stream has; when they are not there, at its pages. */
function firstPresent(c: number, seq: number, right: number): number {
  let x = seq;
  for (let n = tcb[c + S.PageCount]; n > 0; n--) {
    const page = findPage(c, x);
    const first = page === 0 ? Page.Len : scan(page, x & Page.Mask, true);
    if (first < Page.Len) {
      const found = ((x & ~Page.Mask) + first) | 0;
      return ((found - right) | 0) < 0 ? found : right;
    }
    x = ((x & ~Page.Mask) + Page.Len) | 0;
    if (((x - right) | 0) >= 0) return right;
  }
  let best = right;
  for (let page = tcb[c + S.Pages]; page !== 0; page = streamNext[page]) {
    const base = number[page] << Page.Shift;
    // Before the place looked at, or past what was found.
    if (((base - x) | 0) < 0 || ((best - base) | 0) <= 0) continue;
    const first = scan(page, 0, true);
    if (first < Page.Len && ((best - base - first) | 0) > 0) best = (base + first) | 0;
  }
  return best;
}

/** First place at or after `from` in a page whose byte is present (or, with `want` false, missing); Page.Len if none. */
export function scan(page: number, from: number, want: boolean): number {
  return scanBits(at(page) >>> 2, from, want);
}

/** First place after `from` in a page where a segment starts; Page.Len if none. */
export function scanStart(page: number, from: number): number {
  return from + 1 >= Page.Len ? Page.Len : scanBits((at(page) >>> 2) + Page.Words, from + 1, true);
}

function scanBits(base: number, from: number, want: boolean): number {
  const flip = want ? 0 : -1;
  let w = from >>> 5;
  let bits = (words[base + w] ^ flip) & (-1 << (from & 31));
  while (bits === 0) {
    if (++w === Page.Words) return Page.Len;
    bits = words[base + w] ^ flip;
  }
  return (w << 5) + 31 - Math.clz32(bits & -bits);
}

/** Last place at or before `from` where a segment starts; -1 when none in this page. */
export function scanStartBack(page: number, from: number): number {
  const base = (at(page) >>> 2) + Page.Words;
  let w = from >>> 5;
  let bits = words[base + w] & (-1 >>> (31 - (from & 31)));
  while (bits === 0) {
    if (--w < 0) return -1;
    bits = words[base + w];
  }
  return (w << 5) + 31 - Math.clz32(bits);
}

/** True when the byte at this place is present. */
export function isPresent(page: number, place: number): boolean {
  return ((words[(at(page) >>> 2) + (place >>> 5)] >>> (place & 31)) & 1) !== 0;
}

/** Sets or clears the mark that a segment starts at this place. */
export function markStart(page: number, place: number, starts: boolean): void {
  const w = (at(page) >>> 2) + Page.Words + (place >>> 5);
  if (starts) words[w] |= 1 << (place & 31);
  else words[w] &= ~(1 << (place & 31));
}

/** Copies `len` bytes at `off` to `place` of a page and marks them present. Must fit the page. */
export function writePage(page: number, place: number, off: number, len: number): void {
  const to = at(page) + Page.DataOff + place;
  fillHole(owner[page], ((number[page] << Page.Shift) + place) | 0, len);
  bytes.copyWithin(to, off, off + len);
  const base = at(page) >>> 2;
  const end = place + len;
  for (let x = place; x < end; ) {
    const upTo = Math.min(end, (x & ~31) + 32);
    const n = upTo - x;
    words[base + (x >>> 5)] |= (n === 32 ? -1 : (1 << n) - 1) << (x & 31);
    x = upTo;
  }
}

/** Offset in memory of the byte at `place` of a page. */
export function pageData(page: number, place: number): number {
  return at(page) + Page.DataOff + place;
}
