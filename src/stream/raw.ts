/**
 * The raw stream for stream rules (Suricata manual, "Stream-engine", chunk sizes): inspectable bytes in chunks of
 * at least `toserver-chunk-size` or `toclient-chunk-size`, or whatever there is when the caller flushes or the
 * session ends. A chunk begins where the one before ended; the bytes before it stay in front of it in memory, so
 * that a pattern which crosses the border can still be found.
 */
import { ScratchPart, u8 } from '../core/memory.js';
import { Dir } from '../protocol/ip.js';
import { bLen, bNext, bOff, bSeq } from './borrow.js';
import { appOffsets, S, StreamFlag, stateOf, Tcb, TcpState, tcb } from './columns.js';
import { Arrival, streamConfig } from './config.js';
import { inspectLimit, RawOverlap, releaseConsumed, unanswered } from './deliver.js';
import { findPage, isPresent, nextPresent, Page, pageData, scan } from './pages.js';

/** Bytes in one chunk at most; more becomes several chunks. */
const MaxChunk = 262_144;
const bytes = u8;

/** A chunk of raw stream. Borrowed until the next call of any function of this folder. */
export class RawChunk {
  off = 0;
  len = 0;
  /** Bytes of the same stream that lie in memory just before `off`; they were in an earlier chunk. */
  before = 0;
  /** Offset of the chunk in the stream. */
  offset = 0;
}

/** Tells that raw inspection wants this direction, from the next byte on; or no longer does. */
export function setRawWanted(f: number, dir: number, wanted: boolean): void {
  const c = f * Tcb.Flow + dir * Tcb.Stream;
  const flags = tcb[c + S.Flags];
  if (wanted === ((flags & StreamFlag.RawWanted) !== 0)) return;
  if (wanted) {
    if (!streamConfig.rawStream || (flags & StreamFlag.NoReassembly) !== 0 || pastDepth(f, dir, 0)) return;
    tcb[c + S.RawSeq] = tcb[c + S.AppSeq];
    tcb[c + S.Flags] |= StreamFlag.RawWanted;
  } else {
    tcb[c + S.Flags] &= ~StreamFlag.RawWanted;
    tcb[c + S.RawSeq] = tcb[c + S.AppSeq];
    releaseConsumed(c);
  }
}

function rawOffset(f: number, dir: number, c: number): number {
  return appOffsets[f * 2 + dir] + ((tcb[c + S.RawSeq] - tcb[c + S.AppSeq]) | 0);
}

function pastDepth(f: number, dir: number, offset: number): boolean {
  return streamConfig.depth !== 0 && offset + appOffsets[f * 2 + dir] >= streamConfig.depth;
}

/**
 * Next chunk of raw stream of direction `dir`, into `chunk`; false when there is none yet. Call until false.
 *
 * @param flush inspect what there is, however little: a transaction or the flow is complete
 */
export function takeRawChunk(f: number, dir: number, flush: boolean, chunk: RawChunk): boolean {
  const c = f * Tcb.Flow + dir * Tcb.Stream;
  cursorOf = -1;
  const flags = tcb[c + S.Flags];
  if ((flags & (StreamFlag.RawWanted | StreamFlag.NoReassembly)) !== StreamFlag.RawWanted) return false;
  if (streamConfig.arrival !== Arrival.None && unanswered(f, flags)) return false;
  let raw = tcb[c + S.RawSeq];
  let limit = inspectLimit(c);
  const right = tcb[c + S.RightEdge];
  if (((limit - right) | 0) > 0) limit = right;
  let left = (limit - raw) | 0;
  const offset = rawOffset(f, dir, c);
  let last = false;
  if (streamConfig.depth !== 0 && offset + left >= streamConfig.depth) {
    left = Math.max(0, streamConfig.depth - offset);
    last = true;
  }
  const chunkSize = dir === Dir.ToServer ? streamConfig.chunkToServer : streamConfig.chunkToClient;
  const now =
    flush || last || streamConfig.inline || (flags & StreamFlag.Flushed) !== 0 || stateOf(f) > TcpState.TimeWait;
  if (left > 0 && (now || left >= chunkSize)) {
    const hole = holeAt(c, raw, limit);
    raw = (raw + hole) | 0;
    left -= hole;
    if (left > 0 && (hole === 0 || ((tcb[c + S.AppSeq] - raw) | 0) >= 0)) {
      const back = hole > 0 ? 0 : keptBefore(c, raw, streamConfig.inline ? chunkSize : RawOverlap);
      const n = gather(c, (raw - back) | 0, Math.min(left, MaxChunk) + back, chunk);
      chunk.off += back;
      chunk.len = n - back;
      chunk.before = back;
      chunk.offset = offset + hole;
      moveOn(c, (raw + chunk.len) | 0, last && chunk.len === left);
      return true;
    }
    if (left <= 0) moveOn(c, raw, last);
    return false;
  }
  if (last) moveOn(c, raw, true);
  return false;
}

function moveOn(c: number, to: number, ends: boolean): void {
  tcb[c + S.RawSeq] = to;
  if (ends) tcb[c + S.Flags] &= ~StreamFlag.RawWanted;
  releaseConsumed(c);
}

/** Bytes missing at `seq`, up to `limit`. */
function holeAt(c: number, seq: number, limit: number): number {
  if (runAt(c, seq) > 0) return 0;
  let next = nextPresent(c, seq, limit);
  const head = tcb[c + S.BorrowHead];
  if (head !== 0 && ((bSeq[head] - seq) | 0) > 0 && ((next - bSeq[head]) | 0) > 0) next = bSeq[head];
  return (next - seq) | 0;
}

/** Bytes kept without a hole before `seq`, at most `most`. */
function keptBefore(c: number, seq: number, most: number): number {
  const base = tcb[c + S.BaseSeq];
  let n = Math.min(most, (seq - base) | 0);
  // Walk forward from the far end: a hole shortens what lies in front of the chunk.
  let x = (seq - n) | 0;
  while (((seq - x) | 0) > 0) {
    const run = runAt(c, x);
    if (run === 0) {
      x = (x + 1) | 0;
      n = (seq - x) | 0;
    } else x = (x + run) | 0;
  }
  return n > 0 ? n : 0;
}

let runOff = 0;
/** Borrowed entry and stream of the last run: the next one is looked for from there, so that a walk stays linear. */
let cursor = 0;
let cursorOf = -1;

/** Bytes contiguous in memory from `seq` on, 0 when that byte is missing; sets `runOff`. */
function runAt(c: number, seq: number): number {
  const again = cursorOf === c && cursor !== 0 && ((seq - bSeq[cursor]) | 0) >= 0;
  for (let e = again ? cursor : tcb[c + S.BorrowHead]; e !== 0; e = bNext[e]) {
    const into = (seq - bSeq[e]) | 0;
    if (into < 0) break;
    if (into < bLen[e]) {
      cursor = e;
      cursorOf = c;
      runOff = bOff[e] + into;
      return bLen[e] - into;
    }
  }
  const page = findPage(c, seq);
  const place = seq & Page.Mask;
  if (page === 0 || !isPresent(page, place)) return 0;
  runOff = pageData(page, place);
  return scan(page, place, false) - place;
}

/** Makes `len` bytes from `seq` contiguous: where they lie if they are, else in the scratch. Stops at a hole. */
function gather(c: number, seq: number, len: number, chunk: RawChunk): number {
  let run = runAt(c, seq);
  if (run >= len) {
    chunk.off = runOff;
    return len;
  }
  chunk.off = ScratchPart.StreamOff;
  let n = 0;
  while (run > 0) {
    const take = Math.min(run, len - n);
    bytes.copyWithin(ScratchPart.StreamOff + n, runOff, runOff + take);
    n += take;
    if (n === len) break;
    run = runAt(c, (seq + n) | 0);
  }
  return n;
}
