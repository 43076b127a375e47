/**
 * The TCP stream engine: follows each session's state, keeps what its data stands for in order, and hands it to the
 * application layer (`takePiece`) and to stream rules (`takeRawChunk` in raw.ts) when it may be inspected.
 */
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { setSynAckOpens } from '../flow/reuse.js';
import type { Dir } from '../protocol/ip.js';
import { StreamEvent } from '../protocol/stream-events.js';
import { TcpFlag } from '../protocol/tcp.js';
import { S, Ssn, SsnFlag, StreamFlag, stateOf, Tcb, TcpState, tcb, tcpStateNames } from './columns.js';
import { readStreamConfig, streamConfig, UrgentPolicy } from './config.js';
import { gapAhead, pieceReady } from './deliver.js';
import { applyException } from './exception.js';
import { configurePages } from './pages.js';
import { Precheck, precheck } from './precheck.js';
import { reassembly } from './reassemble.js';
import { reopen, resetSessions } from './session.js';
import { stateCloseWait, stateClosing, stateLastAck, stateTimeWait } from './states/closing.js';
import { stateEstablished } from './states/established.js';
import { stateFinWait1, stateFinWait2 } from './states/fin-wait.js';
import { opening, stateNone } from './states/none.js';
import { stateSynRecv } from './states/syn-recv.js';
import { stateSynSent } from './states/syn-sent.js';
import { settleBatch } from './store.js';

export { StreamPiece, takePiece } from './deliver.js';
export { RawChunk, setRawWanted, takeRawChunk } from './raw.js';
export { releaseStream, swapSession } from './session.js';

/** What `handleSegment` says, as bits. */
export const enum StreamStatus {
  Ok = 0,
  /** The packet does not fit its session: its payload was not taken. */
  Invalid = 1,
  /** `takePiece` has something for the direction. */
  ReadyToServer = 2,
  ReadyToClient = 4,
  /** Drop the packet: an exception policy or `stream.drop-invalid` (inline only); why is in the next bits. */
  Drop = 8,
  ReasonMidstream = 16,
  ReasonMemcap = 32,
  ReasonReassembly = 64,
  /** `stream.drop-invalid`. */
  ReasonInvalid = 128,
  /** The payload was overwritten with the bytes that came first: checksums must be made anew (inline). */
  Modified = 256,
  /** `stream.reassembly.urgent`: policy or oob-limit-policy drop. */
  ReasonUrgent = 512,
}

const cSyn = counter('tcp.syn');
const cSynAck = counter('tcp.synack');
const cRst = counter('tcp.rst');
const cUrg = counter('tcp.urg');
const cBadChecksum = counter('tcp.invalid_checksum');
const cNoFlow = counter('tcp.no_flow');
const cMemcapDrop = counter('tcp.segment_memcap_drop');
counter('tcp.pseudo');
let ips = false;

/** Reads `stream.*`. `inline`: data is inspected on arrival and packets can be dropped. Forgets all sessions. */
export function configureStream(settings: Settings, inline: boolean): void {
  ips = inline;
  readStreamConfig(settings, inline);
  setSynAckOpens(streamConfig.midstream || streamConfig.asyncOneside);
  configurePages(streamConfig.reassemblyMemcap);
  resetSessions();
}

/** Takes a TCP packet whose flow is known (p.flow, p.dir). May turn p.dir and the flow round. Bits of StreamStatus. */
export function handleSegment(p: Packet): number {
  const f = p.flow;
  if (f === 0) {
    counts[cNoFlow]++;
    return StreamStatus.Ok;
  }
  if (streamConfig.checksums && (p.flags & PacketFlag.BadChecksum) !== 0) {
    counts[cBadChecksum]++;
    return StreamStatus.Ok;
  }
  countFlags(p);
  if (ips && streamConfig.urgent === UrgentPolicy.Drop && (p.tcpFlags & TcpFlag.Urg) !== 0) {
    p.flags |= PacketFlag.NoPayloadInspection;
    return StreamStatus.Drop | StreamStatus.ReasonUrgent;
  }
  const k = f * Tcb.Flow;
  const state = tcb[k + Ssn.State] & 0xff;
  let valid = true;
  reassembly.memcapHit = reassembly.modified = reassembly.urgentDrop = false;
  if (state === TcpState.None || (tcb[k + Ssn.Flags] & SsnFlag.Open) === 0) {
    opening.midstream = opening.memcap = false;
    valid = stateNone(f, p);
    if ((tcb[k + Ssn.Flags] & SsnFlag.Open) !== 0) tcb[k + p.dir * Tcb.Stream + S.TcpFlags] |= p.tcpFlags;
    if (opening.midstream || opening.memcap) return afterOpening(f, p, valid);
  } else {
    const c = k + p.dir * Tcb.Stream;
    const o = k + (1 - p.dir) * Tcb.Stream;
    tcb[c + S.TcpFlags] |= p.tcpFlags;
    const early = precheck(f, c, o, p);
    if (early === Precheck.Go) {
      valid = dispatch(f, c, o, p, state);
    }
    if ((tcb[o + S.Flags] & StreamFlag.RstSeen) !== 0) checkAfterRst(k, o, p);
    if (reassembly.memcapHit) return afterMemcap(f, p);
    if (reassembly.urgentDrop && ips) return StreamStatus.Drop | StreamStatus.ReasonUrgent;
    if (reassembly.modified) return StreamStatus.Modified | status(f, p, valid);
  }
  return status(f, p, valid);
}

function countFlags(p: Packet): void {
  const tcpFlags = p.tcpFlags;
  if ((tcpFlags & TcpFlag.Syn) !== 0) counts[(tcpFlags & TcpFlag.Ack) !== 0 ? cSynAck : cSyn]++;
  if ((tcpFlags & TcpFlag.Rst) !== 0) counts[cRst]++;
  if ((tcpFlags & TcpFlag.Urg) !== 0) counts[cUrg]++;
  if ((tcpFlags & TcpFlag.Ack) === 0 && p.ack !== 0) p.addEvent(StreamEvent.PktBrokenAck);
}

function dispatch(f: number, c: number, o: number, p: Packet, state: TcpState): boolean {
  switch (state) {
    case TcpState.Established:
      return stateEstablished(f, c, o, p);
    case TcpState.SynSent:
      return stateSynSent(f, c, o, p);
    case TcpState.SynRecv:
      return stateSynRecv(f, c, o, p);
    case TcpState.FinWait1:
      return stateFinWait1(f, c, o, p);
    case TcpState.FinWait2:
      return stateFinWait2(f, c, o, p);
    case TcpState.Closing:
      return stateClosing(f, c, o, p);
    case TcpState.CloseWait:
      return stateCloseWait(f, c, o, p);
    case TcpState.LastAck:
      return stateLastAck(f, c, o, p);
    case TcpState.TimeWait:
      return stateTimeWait(f, c, o, p);
    default:
      return stateClosed(f, c, o, p);
  }
}

/** CLOSED: nothing more is expected, unless the reset that closed the session seems to have been forged. */
function stateClosed(f: number, c: number, o: number, p: Packet): boolean {
  if ((p.tcpFlags & TcpFlag.Rst) !== 0) return true;
  if ((tcb[c + S.Flags] & StreamFlag.RstSeen) !== 0 || (tcb[o + S.Flags] & StreamFlag.RstSeen) === 0) return true;
  const k = f * Tcb.Flow;
  const before = (tcb[k + Ssn.State] >>> 8) & 0xff;
  if (before === TcpState.Closed || before === TcpState.None) return true;
  if (!dispatch(f, c, o, p, before)) return false;
  // The peer goes on as if there had been no reset, so we do.
  if (stateOf(f) === TcpState.Closed) reopen(f, before);
  return true;
}

/** A packet from the side that seemed to have reset the session. */
function checkAfterRst(k: number, o: number, p: Packet): void {
  if ((p.tcpFlags & TcpFlag.Rst) !== 0) return;
  tcb[o + S.Flags] &= ~StreamFlag.RstSeen;
  tcb[k + Ssn.Flags] &= ~SsnFlag.ClosedByRst;
  p.addEvent(StreamEvent.SuspectedRstInject);
}

function afterOpening(f: number, p: Packet, valid: boolean): number {
  if (opening.memcap) {
    const drop = applyException(p, streamConfig.memcapPolicy, ips);
    return drop ? StreamStatus.Invalid | StreamStatus.Drop | StreamStatus.ReasonMemcap : StreamStatus.Invalid;
  }
  const drop = applyException(p, streamConfig.midstreamPolicy, ips);
  if (drop) return StreamStatus.Drop | StreamStatus.ReasonMidstream;
  return status(f, p, valid);
}

function afterMemcap(f: number, p: Packet): number {
  const drop = applyException(p, streamConfig.reassemblyPolicy, ips);
  const bits = drop ? StreamStatus.Drop | StreamStatus.ReasonReassembly : 0;
  return bits | status(f, p, true);
}

function status(f: number, p: Packet, valid: boolean): number {
  const k = f * Tcb.Flow;
  let bits = 0;
  if (!valid) {
    p.flags |= PacketFlag.StreamInvalid;
    bits = StreamStatus.Invalid;
    if (streamConfig.dropInvalid) {
      p.flags |= PacketFlag.NoPayloadInspection;
      bits |= StreamStatus.Drop | StreamStatus.ReasonInvalid;
    }
  }
  if ((tcb[k + Ssn.Flags] & SsnFlag.Open) === 0) return bits;
  if (pieceReady(f, k)) {
    bits |= StreamStatus.ReadyToServer;
    if (gapAhead(k)) p.addEvent(StreamEvent.ReassemblySeqGap);
  }
  if (pieceReady(f, k + Tcb.Stream)) {
    bits |= StreamStatus.ReadyToClient;
    if (gapAhead(k + Tcb.Stream)) p.addEvent(StreamEvent.ReassemblySeqGap);
  }
  return bits;
}

/** Before the arena is reused: copies what is still borrowed from it into the segment pool. */
export function endBatch(): void {
  counts[cMemcapDrop] += settleBatch();
}

/**
 * The flow has ended: everything that arrived becomes inspectable, then the end of both directions. Not so for a
 * session that both sides closed: what was not acknowledged by then was not received.
 */
export function streamEnd(f: number): void {
  const k = f * Tcb.Flow;
  if ((tcb[k + Ssn.Flags] & SsnFlag.Open) === 0) return;
  if (stateOf(f) === TcpState.Closed && (tcb[k + Ssn.Flags] & SsnFlag.ClosedByRst) === 0) return;
  tcb[k + S.Flags] |= StreamFlag.Flushed;
  tcb[k + Tcb.Stream + S.Flags] |= StreamFlag.Flushed;
}

/** Bytes sent by one side as Suricata's stream_size counts them: next sequence number less the initial one. */
export function streamSize(f: number, dir: Dir): number {
  const c = f * Tcb.Flow + dir * Tcb.Stream;
  return (tcb[c + S.NextSeq] - tcb[c + S.Isn]) >>> 0;
}

/** State of the session as EVE names it. */
export function tcpStateName(f: number): string {
  return tcpStateNames[tcb[f * Tcb.Flow + Ssn.State] & 0xff];
}

/** True when the session was picked up without its handshake. */
export function isMidstream(f: number): boolean {
  return (tcb[f * Tcb.Flow + Ssn.Flags] & SsnFlag.Midstream) !== 0;
}
