/**
 * Hands the bytes of a stream to the application layer, in order, each once: passive when they are acknowledged,
 * inline when they arrive. Bytes that were acknowledged but never seen are reported as a gap.
 */
import { counter, counts } from '../core/counters.js';
import { flows } from '../flow/columns.js';
import { Dir } from '../protocol/ip.js';
import { bLen, bNext, bOff, bSeq, clearBorrowed, dropBorrowedBefore } from './borrow.js';
import { appOffsets, S, Ssn, SsnFlag, StreamFlag, Tcb, TcpState, tcb } from './columns.js';
import { Arrival, streamConfig } from './config.js';
import { findPage, freeAllPages, freePagesBefore, isPresent, nextPresent, Page, pageData, scan } from './pages.js';
import { seqMin } from './seq.js';
import { beforeUrgent } from './urgent.js';

/** What `takePiece` gives. Borrowed until the next call of any function of this folder. */
export class StreamPiece {
  /** Bytes in the memory; len 0 for a pure gap or a pure end. */
  off = 0;
  len = 0;
  /** Bytes missing before this piece: they were acknowledged but not captured. */
  gap = 0;
  /** Nothing follows in this direction. */
  eof = false;
  /** Sequence number of the first byte (of the gap, for a gap), and its offset in the stream. */
  startSeq = 0;
  offset = 0;
  /** Past `stream.reassembly.depth`: message bounds are followed, nothing is stored or inspected as raw stream. */
  pastDepth = false;
}

/** Bytes kept before raw progress, for patterns that cross the border of two chunks. */
export const RawOverlap = 256;
/** Bytes kept behind for comparison when the window is not known (`check-overlap-different-data`). */
const LeastKept = 4096;

/** Where `gapAhead` looks. */
const probe = new StreamPiece();

const cGap = counter('tcp.reassembly_gap');

/** Right edge of what may be inspected: acknowledged, arrived (inline), or everything when the flow has ended. */
export function inspectLimit(c: number): number {
  const right = tcb[c + S.RightEdge];
  const flags = tcb[c + S.Flags];
  if ((flags & StreamFlag.Flushed) !== 0) return right;
  if (streamConfig.arrival !== Arrival.None && arrives(c, flags)) return right;
  return ackedLimit(c, flags);
}

/** Whether data of stream record c is inspectable when it arrives. */
function arrives(c: number, flags: number): boolean {
  if (streamConfig.arrival === Arrival.All) return true;
  return c % Tcb.Flow === 0 && (flags & StreamFlag.Doubt) === 0;
}

/** Highest byte acknowledged, not counting a FIN. */
function ackedLimit(c: number, flags: number): number {
  const ack = tcb[c + S.LastAck];
  // Nothing was acknowledged yet: the number is not set.
  if (ack === 0 && tcb[c + S.NextWin] === 0) return tcb[c + S.AppSeq];
  // Compared before it is asked for: code first run at a FIN would throw away the optimised code of every caller.
  const fin = tcb[c + S.FinSeq];
  const beyond = ((ack - fin) | 0) > 0;
  return beyond && (flags & StreamFlag.FinSeen) !== 0 ? fin : ack;
}

/** Whether data came with a SYN that was not answered yet: the server may leave it out, and get it again, inline too. */
export function unanswered(f: number, flags: number): boolean {
  return flows.tcpState[f] === TcpState.SynSent && (flags & StreamFlag.Flushed) === 0;
}

/** True when `takePiece` would give something for stream record c of flow f. */
export function pieceReady(f: number, c: number): boolean {
  const flags = tcb[c + S.Flags];
  if ((flags & StreamFlag.NoReassembly) !== 0 || (streamConfig.arrival !== Arrival.None && unanswered(f, flags)))
    return false;
  const app = tcb[c + S.AppSeq];
  if (((inspectLimit(c) - app) | 0) > 0 && ((tcb[c + S.RightEdge] - app) | 0) > 0) return true;
  return (flags & StreamFlag.EofGiven) === 0 && atEnd(f, c, flags);
}

/** True when `takePiece` will meet a gap before it has given all that may be inspected. */
export function gapAhead(c: number): boolean {
  const flags = tcb[c + S.Flags];
  if ((flags & StreamFlag.Holes) === 0) return false;
  // Without pages all that is there is one borrowed run: only its front can be missing.
  const head = tcb[c + S.BorrowApp];
  let app = tcb[c + S.AppSeq];
  if (tcb[c + S.PageCount] === 0 && head !== 0 && ((bSeq[head] - app) | 0) <= 0) return false;
  const right = tcb[c + S.RightEdge];
  const limit = seqMin(inspectLimit(c), right);
  while (((limit - app) | 0) > 0) {
    const run = locate(c, app, probe);
    if (run === 0) return missing(c, app, right, flags) > 0;
    app = (app + run) | 0;
    if (head !== 0 && ((app - bSeq[head]) | 0) >= 0) return false;
  }
  return false;
}

/** True when no byte will follow what was given to the application layer. */
function atEnd(f: number, c: number, flags: number): boolean {
  if ((flags & StreamFlag.Flushed) !== 0) return true;
  if ((tcb[f * Tcb.Flow + Ssn.State] & 0xff) === TcpState.Closed) return true;
  const fin = tcb[c + S.FinSeq];
  const given = ((tcb[c + S.AppSeq] - fin) | 0) >= 0;
  const acknowledged = ((tcb[c + S.LastAck] - fin) | 0) > 0 || streamConfig.inline;
  return given && acknowledged && (flags & StreamFlag.FinSeen) !== 0;
}

/**
 * Next in-order piece of direction `dir` of a flow, into `piece`. Call until it returns false. Gaps come as pieces
 * of their own (gap > 0, len 0), as does the end of a direction (eof, len 0).
 */
export function takePiece(f: number, dir: number, piece: StreamPiece): boolean {
  const c = f * Tcb.Flow + dir * Tcb.Stream;
  const flags = tcb[c + S.Flags];
  if ((flags & StreamFlag.NoReassembly) !== 0 || flows.tcpState[f] === TcpState.None) return false;
  if (streamConfig.arrival !== Arrival.None && unanswered(f, flags)) return false;
  const app = tcb[c + S.AppSeq];
  const right = tcb[c + S.RightEdge];
  const limit = inspectLimit(c);
  piece.gap = 0;
  piece.eof = false;
  piece.startSeq = app;
  const offset = appOffsets[f * 2 + dir];
  piece.offset = offset;
  piece.pastDepth = streamConfig.depth !== 0 && offset >= streamConfig.depth;
  let most = (limit - app) | 0;
  const held = (right - app) | 0;
  if (most > held) most = held;
  if (most > 0) {
    let n = locate(c, app, piece);
    if (n > 0) {
      if (n > most) n = most;
      const toDepth = streamConfig.depth - offset;
      if (toDepth > 0 && n > toDepth) n = toDepth;
      if ((flags & StreamFlag.Urgent) !== 0) {
        n = beforeUrgent(c, app, n);
        if (n === 0) {
          advance(f, dir, c, (app + 1) | 0, 1);
          return takePiece(f, dir, piece);
        }
      }
      piece.len = n;
      advance(f, dir, c, (app + n) | 0, n);
      return true;
    }
    n = missing(c, app, right, flags);
    if (n > 0) {
      piece.len = 0;
      giveGap(f, dir, c, app, n, piece);
      return true;
    }
    return false;
  }
  if ((flags & StreamFlag.EofGiven) === 0 && atEnd(f, c, flags)) {
    tcb[c + S.Flags] |= StreamFlag.EofGiven;
    piece.off = 0;
    piece.len = 0;
    piece.eof = true;
    return true;
  }
  return false;
}

function giveGap(f: number, dir: number, c: number, app: number, n: number, piece: StreamPiece): void {
  piece.off = 0;
  piece.gap = n;
  counts[cGap]++;
  tcb[c + S.Flags] |= StreamFlag.HasGap;
  tcb[f * Tcb.Flow + Ssn.Flags] |= SsnFlag.Lossy;
  advance(f, dir, c, (app + n) | 0, n);
}

/** Finds the byte at `seq`: sets piece.off and returns how many bytes follow it contiguously in memory; 0: missing. */
function locate(c: number, seq: number, piece: StreamPiece): number {
  const e = tcb[c + S.BorrowApp];
  if (e !== 0) {
    const into = (seq - bSeq[e]) | 0;
    if (into >= 0 && into < bLen[e]) {
      piece.off = bOff[e] + into;
      return bLen[e] - into;
    }
  }
  const page = findPage(c, seq);
  if (page === 0) return 0;
  const place = seq & Page.Mask;
  if (!isPresent(page, place)) return 0;
  piece.off = pageData(page, place);
  return scan(page, place, false) - place;
}

/** Length of the hole at `app` that may be given up: acknowledged bytes that nobody captured. */
function missing(c: number, app: number, right: number, flags: number): number {
  let next = nextPresent(c, app, right);
  const head = tcb[c + S.BorrowHead];
  if (head !== 0 && ((bSeq[head] - app) | 0) > 0 && ((next - bSeq[head]) | 0) > 0) next = bSeq[head];
  // Only when the data behind the hole is acknowledged too: until then the sender may repeat what is missing.
  if ((flags & StreamFlag.Flushed) === 0 && ((ackedLimit(c, flags) - next) | 0) <= 0) return 0;
  return (next - app) | 0;
}

/** The application layer has what lies before `to`. */
function advance(f: number, dir: number, c: number, to: number, n: number): void {
  tcb[c + S.AppSeq] = to;
  appOffsets[f * 2 + dir] += n;
  let e = tcb[c + S.BorrowApp];
  while (e !== 0 && ((bSeq[e] + bLen[e] - to) | 0) <= 0) e = bNext[e];
  tcb[c + S.BorrowApp] = e;
  if ((tcb[c + S.Flags] & StreamFlag.RawWanted) === 0) {
    // Nobody looks at the raw stream, but its progress, in chunks, decides which segments count as old.
    const chunk = dir === Dir.ToServer ? streamConfig.chunkToServer : streamConfig.chunkToClient;
    if (((to - tcb[c + S.RawSeq]) | 0) >= chunk) tcb[c + S.RawSeq] = to;
  }
  releaseConsumed(c);
}

/** Gives back what neither the application layer nor raw inspection nor comparison needs any more. */
export function releaseConsumed(c: number): void {
  const base = tcb[c + S.BaseSeq];
  const app = tcb[c + S.AppSeq];
  let keep = app;
  if ((tcb[c + S.Flags] & StreamFlag.RawWanted) !== 0) {
    const raw = (tcb[c + S.RawSeq] - RawOverlap) | 0;
    if (((keep - raw) | 0) > 0) keep = raw;
  }
  if (streamConfig.checkOverlap) {
    const window = tcb[c + S.Window];
    const back = (app - (window > 0 ? window : LeastKept)) | 0;
    if (((keep - back) | 0) > 0) keep = back;
  }
  if (((keep - base) | 0) <= 0) return;
  tcb[c + S.BaseSeq] = keep;
  if (((keep - tcb[c + S.RightEdge]) | 0) >= 0) {
    if (tcb[c + S.BorrowHead] !== 0) clearBorrowed(c);
    if (tcb[c + S.PageCount] !== 0) freeAllPages(c);
    return;
  }
  if (tcb[c + S.BorrowHead] !== 0) dropBorrowedBefore(c, keep);
  if (tcb[c + S.PageCount] !== 0) freePagesBefore(c, base, keep);
}
