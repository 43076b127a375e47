/** What the states share: taking over a valid segment, resets, and what a state answers. */
import { counter, counts } from '../../core/counters.js';
import { type Packet, PacketFlag } from '../../decode/packet.js';
import { HostOs } from '../../defrag/host-os.js';
import { StreamEvent } from '../../protocol/stream-events.js';
import { TcpFlag } from '../../protocol/tcp.js';
import { noteTimestamp, validAck, validRst } from '../checks.js';
import { S, Ssn, SsnFlag, StreamFlag, Tcb, tcb } from '../columns.js';
import { Rank, rankOf } from '../doubt.js';
import { targetPolicy } from '../host.js';
import { addPayload } from '../reassemble.js';
import { noteSack } from '../sack.js';
import { closeByReset, updateLastAck, updateNextSeq, updateNextWin } from '../session.js';

const cAckUnseen = counter('tcp.ack_unseen_data');

/** Raises the event; the packet is invalid. */
export function refuse(p: Packet, event: StreamEvent): boolean {
  p.addEvent(event);
  return false;
}

/** Notes the FIN of an accepted segment: the stream ends after its payload (RFC 9293 section 3.6). */
export function noteFin(c: number, p: Packet): void {
  if ((p.tcpFlags & TcpFlag.Fin) === 0 || (tcb[c + S.Flags] & StreamFlag.FinSeen) !== 0) return;
  tcb[c + S.Flags] |= StreamFlag.FinSeen;
  tcb[c + S.FinSeq] = (p.seq + p.payloadLen) | 0;
}

/** Takes the packet's acknowledgement over for the other side's stream o. */
export function takeAck(o: number, p: Packet): void {
  if ((p.tcpFlags & TcpFlag.Ack) === 0) return;
  const ack = p.ack | 0;
  if (((ack - tcb[o + S.NextSeq]) | 0) > 0 && (tcb[o + S.Flags] & StreamFlag.FinSeen) === 0) counts[cAckUnseen]++;
  updateLastAck(o, ack);
}

/** When the other side's data was missed but acknowledged, it goes on from there. */
export function catchUp(o: number, p: Packet): void {
  const ack = p.ack | 0;
  if (((ack - tcb[o + S.NextSeq]) | 0) > 0) tcb[o + S.NextSeq] = ack;
}

/** The sender goes on after this segment, if it is the expected one. */
export function goOn(k: number, c: number, p: Packet): void {
  if (tcb[c + S.NextSeq] === (p.seq | 0)) updateNextSeq(k, c, (p.seq + p.payloadLen) | 0);
}

/** True when the sequence number lies between what is expected and the end of the window. */
export function inWindow(c: number, seq: number): boolean {
  if (((seq - tcb[c + S.NextSeq]) | 0) < 0) return false;
  return ((seq - (tcb[c + S.LastAck] + tcb[c + S.Window])) | 0) <= 0;
}

/** True when the segment ends before the right edge of the window, or no window can be known. */
export function beforeNextWin(k: number, c: number, p: Packet): boolean {
  if (((p.seq + p.payloadLen - tcb[c + S.NextWin]) | 0) <= 0) return true;
  return (tcb[k + Ssn.Flags] & (SsnFlag.Midstream | SsnFlag.Async | SsnFlag.Lossy)) !== 0;
}

/** The end of every accepted segment of the closing states: acknowledgement, timestamp, catching up, payload. */
export function accept(f: number, c: number, o: number, p: Packet): void {
  const k = f * Tcb.Flow;
  takeAck(o, p);
  noteTimestamp(f, c, p);
  catchUp(o, p);
  goOn(k, c, p);
  noteSack(o, p);
  updateNextWin(o);
  noteFin(c, p);
  addPayload(f, c, p);
}

/**
 * True, raising suspected_rst_inject, for a reset that its receiver most likely does not take, or never gets: with a TTL
 * lower than others of its way, with a signature (RFC 2385), or, for today's Linux, with another number than the next one
 * (RFC 5961 section 3.2). The session goes on; when it has ended indeed, the answer to the next SYN tells.
 */
export function isStrayReset(f: number, c: number, p: Packet): boolean {
  if (rankOf(p) === Rank.Certain) {
    const seq = p.seq | 0;
    const next = seq === tcb[c + S.NextSeq] || seq === tcb[c + S.LastAck];
    if (next || targetPolicy(f, p) !== HostOs.Linux) return false;
    if ((tcb[f * Tcb.Flow + Ssn.Flags] & (SsnFlag.Async | SsnFlag.Midstream)) !== 0) return false;
  }
  p.addEvent(StreamEvent.SuspectedRstInject);
  return true;
}

/**
 * True for a FIN that its receiver does not take, or most likely never gets: without ACK (RFC 9293 section 3.10.7.4), with a
 * low TTL or a signature. Its data is kept as doubtful as it is; the session stays open.
 */
export function isStrayFin(f: number, c: number, p: Packet): boolean {
  if ((p.tcpFlags & TcpFlag.Ack) === 0) p.flags |= PacketFlag.Doubtful;
  else if (rankOf(p) === Rank.Certain) return false;
  addPayload(f, c, p);
  return true;
}

/** A reset in any state from established on: all that was sent so far counts as received. */
export function takeReset(f: number, c: number, o: number, p: Packet): boolean {
  if (!validRst(f, c, o, p)) return false;
  if (isStrayReset(f, c, p)) return true;
  tcb[o + S.Flags] |= StreamFlag.RstSeen;
  closeByReset(f);
  tcb[c + S.NextSeq] = (p.seq + p.payloadLen) | 0;
  const ack = p.ack | 0;
  if ((p.tcpFlags & TcpFlag.Ack) !== 0) {
    if (validAck(f, o, p)) updateLastAck(o, furthest(o, ack));
    tcb[o + S.NextSeq] = ack;
  } else updateLastAck(o, tcb[o + S.RightEdge]);
  updateLastAck(c, furthest(c, p.seq | 0));
  // Bytes a reset carries are a reason in words (RFC 9293 section 3.5.2), not part of the stream.
  noteTimestamp(f, c, p);
  return true;
}

function furthest(c: number, seq: number): number {
  const right = tcb[c + S.RightEdge];
  return ((right - seq) | 0) > 0 ? right : seq;
}
