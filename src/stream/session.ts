/** Sessions: opening, state changes, the sequence bookkeeping all states share, and giving everything back. */
import { counter, counts } from '../core/counters.js';
import type { Packet } from '../decode/packet.js';
import { FlowFlag, FlowState, flows } from '../flow/columns.js';
import { swapFlow } from '../flow/swap.js';
import { setFlowState } from '../flow/table.js';
import { Dir } from '../protocol/ip.js';
import { clearBorrowed, resetBorrowed } from './borrow.js';
import { appOffsets, S, Ssn, SsnFlag, StreamFlag, Tcb, TcpState, tcb } from './columns.js';
import { SessionBytes, streamConfig } from './config.js';
import { resetDoubt } from './doubt.js';
import { freeAllPages, swapPages } from './pages.js';
import { settleBorrowed } from './store.js';
import { clearQueue } from './syn-queue.js';
import { dropUrgent, resetUrgent } from './urgent.js';

const cMemuse = counter('tcp.memuse');
const cSessions = counter('tcp.sessions');
const cActive = counter('tcp.active_sessions');
const cMemcapDrop = counter('tcp.ssn_memcap_drop');
const cMidstream = counter('tcp.midstream_pickups');

/** Largest window scale (RFC 7323 section 2.3): assumed when the handshake was not seen. */
export const MaxWscale = 14;

let open = 0;
/** Highest flow id that ever had a session: what a new run must clear. */
let highest = 0;

/** Forgets all sessions (a new run). The pools they used are emptied by their own configuration. */
export function resetSessions(): void {
  for (let f = 1; f <= highest; f++) clearQueue(f * Tcb.Flow);
  tcb.fill(0, 0, (highest + 1) * Tcb.Flow);
  resetBorrowed();
  resetDoubt();
  resetUrgent();
  open = highest = 0;
  counts[cMemuse] = 0;
}

/** Opens the session of a flow, all fields 0. False when `stream.memcap` is met. */
export function openSession(f: number, midstream: boolean): boolean {
  const k = f * Tcb.Flow;
  if ((tcb[k + Ssn.Flags] & SsnFlag.Open) !== 0) return true;
  if ((open + 1) * SessionBytes > streamConfig.memcap) {
    counts[cMemcapDrop]++;
    return false;
  }
  open++;
  if (f > highest) highest = f;
  counts[cMemuse] = open * SessionBytes;
  tcb.fill(0, k, k + Tcb.Flow);
  appOffsets[f * 2] = appOffsets[f * 2 + 1] = 0;
  tcb[k + Ssn.Flags] = SsnFlag.Open;
  counts[cSessions]++;
  counts[cActive]++;
  if (midstream) {
    counts[cMidstream]++;
    flows.flags[f] |= FlowFlag.Midstream;
  }
  return true;
}

/** Gives back everything the session holds. */
export function releaseStream(f: number): void {
  const k = f * Tcb.Flow;
  if ((tcb[k + Ssn.Flags] & SsnFlag.Open) === 0) return;
  for (let c = k; c <= k + Tcb.Stream; c += Tcb.Stream) {
    clearBorrowed(c);
    freeAllPages(c);
    dropUrgent(c);
    tcb[c + S.Flags] = StreamFlag.NoReassembly;
    tcb[c + S.TcpFlags] = 0;
  }
  clearQueue(k);
  tcb[k + Ssn.Flags] = 0;
  tcb[k + Ssn.State] = 0;
  open--;
  counts[cActive]--;
  counts[cMemuse] = open * SessionBytes;
}

/** Changes the state of the session, and with it that of the flow. */
export function setState(f: number, to: TcpState): void {
  const w = f * Tcb.Flow + Ssn.State;
  const from = tcb[w] & 0xff;
  if (from === to) return;
  tcb[w] = (tcb[w] & ~0xffff) | (from << 8) | to;
  flows.tcpState[f] = to;
  if (to < TcpState.Established) return;
  const ends = to === TcpState.LastAck || to === TcpState.TimeWait || to === TcpState.Closed;
  setFlowState(f, ends ? FlowState.Closed : FlowState.Established);
}

/** The session ends by a reset. */
export function closeByReset(f: number): void {
  tcb[f * Tcb.Flow + Ssn.Flags] |= SsnFlag.ClosedByRst;
  setState(f, TcpState.Closed);
}

/** The reset was not meant for the peer: back to the state before it; more data may follow in both directions. */
export function reopen(f: number, to: TcpState): void {
  const k = f * Tcb.Flow;
  setState(f, to);
  tcb[k + Ssn.Flags] &= ~SsnFlag.ClosedByRst;
  tcb[k + S.Flags] &= ~StreamFlag.EofGiven;
  tcb[k + Tcb.Stream + S.Flags] &= ~StreamFlag.EofGiven;
}

/** Sets the initial sequence number of the stream of direction `dir`; its first byte is the one after. */
export function setIsn(f: number, dir: number, isn: number): void {
  const c = f * Tcb.Flow + dir * Tcb.Stream;
  const first = (isn + 1) | 0;
  if (tcb[c + S.BaseSeq] !== first || tcb[c + S.AppSeq] !== first) restart(f, dir, first);
  tcb[c + S.Isn] = isn;
  tcb[c + S.NextSeq] = first;
  if (dir === Dir.ToServer) flows.cliIsn[f] = isn;
  else flows.srvIsn[f] = isn;
}

/** The stream of direction `dir` begins at `first`; what it had before is forgotten. */
export function restart(f: number, dir: number, first: number): void {
  const c = f * Tcb.Flow + dir * Tcb.Stream;
  clearBorrowed(c);
  freeAllPages(c);
  dropUrgent(c);
  tcb[c + S.AppSeq] = tcb[c + S.RawSeq] = tcb[c + S.RightEdge] = tcb[c + S.BaseSeq] = first;
  appOffsets[f * 2 + dir] = 0;
}

/** The receiver of stream c acknowledged everything before `ack`; never moves back. */
export function updateLastAck(c: number, ack: number): void {
  if (((ack - tcb[c + S.LastAck]) | 0) > 0) tcb[c + S.LastAck] = ack;
}

/** The sender of stream c is expected to go on at `seq`. With one side seen alone, that acknowledges what it sent. */
export function updateNextSeq(k: number, c: number, seq: number): void {
  tcb[c + S.NextSeq] = seq;
  if ((tcb[k + Ssn.Flags] & SsnFlag.Async) !== 0) updateLastAck(c, seq);
}

/** Bytes selectively acknowledged above LastAck: they widen the window. */
export function sackedSize(c: number): number {
  const edge = tcb[c + S.SackEdge];
  if (edge === 0) return 0;
  const n = (edge - tcb[c + S.LastAck]) | 0;
  return n > 0 ? n : 0;
}

/** Moves the right edge of what the sender of stream c may send; never back. */
export function updateNextWin(c: number): void {
  const win = (tcb[c + S.LastAck] + tcb[c + S.Window] + sackedSize(c)) | 0;
  if (((win - tcb[c + S.NextWin]) | 0) > 0) tcb[c + S.NextWin] = win;
}

/** Sets that edge from LastAck and the window. */
export function resetNextWin(c: number): void {
  tcb[c + S.NextWin] = (tcb[c + S.LastAck] + tcb[c + S.Window]) | 0;
}

/** The window the packet advertises to stream c, scaled. */
export function scaledWindow(p: Packet, c: number): number {
  return p.window << tcb[c + S.Wscale];
}

/** Turns session and flow round: the server was taken for the client. The packet's direction too. */
export function swapSession(f: number, p: Packet | null): void {
  const k = f * Tcb.Flow;
  const a = k;
  const b = k + Tcb.Stream;
  settleBorrowed(a);
  settleBorrowed(b);
  swapPages(a, b);
  for (let i = 0; i < Tcb.Stream; i++) {
    if (i === S.Pages || i === S.PageCount) continue;
    const t = tcb[a + i];
    tcb[a + i] = tcb[b + i];
    tcb[b + i] = t;
  }
  const fa = tcb[a + S.Flags];
  const fb = tcb[b + S.Flags];
  // Which record is listed as holding borrowed segments goes with the record, not with the stream.
  tcb[a + S.Flags] = (fa & ~StreamFlag.Listed) | (fb & StreamFlag.Listed);
  tcb[b + S.Flags] = (fb & ~StreamFlag.Listed) | (fa & StreamFlag.Listed);
  const off = appOffsets[f * 2];
  appOffsets[f * 2] = appOffsets[f * 2 + 1];
  appOffsets[f * 2 + 1] = off;
  const policies = tcb[k + Ssn.Policies];
  tcb[k + Ssn.Policies] = ((policies & 0xff) << 8) | ((policies >>> 8) & 0xff);
  swapFlow(f);
  if (p !== null) p.dir ^= 1;
}
