/** SYN_RECV: the SYN/ACK was seen; the client's ACK establishes the session (RFC 9293 section 3.10.7.4). */
import { type Packet, PacketFlag } from '../../decode/packet.js';
import { HostOs } from '../../defrag/host-os.js';
import { Dir } from '../../protocol/ip.js';
import { StreamEvent } from '../../protocol/stream-events.js';
import { TcpFlag } from '../../protocol/tcp.js';
import { noteTimestamp, timestampOk, validAck, validRst } from '../checks.js';
import { S, Ssn, SsnFlag, Tcb, TcpState, tcb } from '../columns.js';
import { streamConfig } from '../config.js';
import { targetPolicy } from '../host.js';
import { addPayload } from '../reassemble.js';
import {
  closeByReset,
  MaxWscale,
  resetNextWin,
  scaledWindow,
  setState,
  updateLastAck,
  updateNextSeq,
} from '../session.js';
import { enqueue, findQueued, Handshake, handshakeOf } from '../syn-queue.js';
import { isStrayReset, refuse } from './common.js';
import { takeFin } from './established.js';
import { adoptSynAck } from './syn-sent.js';

const h = new Handshake();

/** Handles a packet in SYN_RECV. False when it is invalid. */
export function stateSynRecv(f: number, c: number, o: number, p: Packet): boolean {
  const tcpFlags = p.tcpFlags;
  const k = f * Tcb.Flow;
  if ((tcpFlags & TcpFlag.Rst) !== 0) {
    if (!validRst(f, c, o, p)) return false;
    if (!ignoresReset(f, p) && !isStrayReset(f, c, p)) {
      closeByReset(f);
      noteTimestamp(f, c, p);
    }
    return true;
  }
  if ((tcpFlags & TcpFlag.Fin) !== 0) return timestampOk(f, c, p) && takeFin(f, c, o, p);
  if ((tcpFlags & TcpFlag.Syn) !== 0) {
    return (tcpFlags & TcpFlag.Ack) !== 0 ? synAckAgain(k, p) : synAgain(k, p);
  }
  if ((tcpFlags & TcpFlag.Ack) === 0) return true;
  if (tcb[k + Ssn.Queue] !== 0 && findQueued(k, (p.ack - 1) | 0, p.seq | 0, h)) adoptSynAck(f, h);
  if (!timestampOk(f, c, p)) return false;
  if ((tcb[k + Ssn.Flags] & SsnFlag.FourWay) !== 0 && p.dir === Dir.ToClient) return endOfSplit(f, c, o, p);
  return acknowledge(f, c, o, p);
}

/** After a wrong acknowledgement these systems take a reset for a stray packet. */
function ignoresReset(f: number, p: Packet): boolean {
  if ((tcb[f * Tcb.Flow + Ssn.Flags] & SsnFlag.EvasionAttempt) === 0) return false;
  const os = targetPolicy(f, p);
  return os === HostOs.Linux || os === HostOs.OldLinux || os === HostOs.Solaris;
}

function synAckAgain(k: number, p: Packet): boolean {
  if (p.dir === Dir.ToServer) return refuse(p, StreamEvent.Hs3SynackToserverOnSynRecv);
  if ((p.ack | 0) !== tcb[k + S.LastAck]) return refuse(p, StreamEvent.Hs3SynackResendWithDiffAck);
  if ((p.seq | 0) === tcb[k + Tcb.Stream + S.Isn]) return true;
  handshakeOf(p, h);
  if (enqueue(k, h, streamConfig.maxSynAckQueued)) return true;
  return refuse(p, StreamEvent.Hs3SynackFlood);
}

function synAgain(k: number, p: Packet): boolean {
  if (p.dir === Dir.ToClient) return refuse(p, StreamEvent.Hs3SynToclientOnSynRecv);
  if ((p.seq | 0) !== tcb[k + S.Isn]) return refuse(p, StreamEvent.Hs3SynResendDiffSeqOnSynRecv);
  return true;
}

function endOfSplit(f: number, c: number, o: number, p: Packet): boolean {
  if ((p.seq | 0) !== tcb[c + S.NextSeq]) return refuse(p, StreamEvent.Hs4WrongSeq);
  if (!validAck(f, o, p)) return refuse(p, StreamEvent.Hs4InvalidAck);
  noteTimestamp(f, c, p);
  establish(f, c, o, p);
  return true;
}

/** Establishes the session by a segment of stream c that acknowledges stream o. */
function establish(f: number, c: number, o: number, p: Packet): void {
  const k = f * Tcb.Flow;
  updateLastAck(o, p.ack | 0);
  updateNextSeq(k, c, (p.seq + p.payloadLen) | 0);
  tcb[o + S.Window] = scaledWindow(p, o);
  resetNextWin(o);
  if ((tcb[k + Ssn.Flags] & SsnFlag.Midstream) !== 0) midstreamWindows(k, c, o, p);
  setState(f, TcpState.Established);
  if (p.payloadLen > 0) p.flags |= PacketFlag.Established;
  addPayload(f, c, p);
}

/** Without the SYN nothing is known of window scaling: assume the most. */
function midstreamWindows(k: number, c: number, o: number, p: Packet): void {
  tcb[c + S.Window] = p.window << tcb[c + S.Wscale];
  resetNextWin(c);
  resetNextWin(o);
  if ((tcb[k + Ssn.Flags] & SsnFlag.MidstreamSynAck) !== 0) return;
  tcb[c + S.Wscale] = tcb[o + S.Wscale] = MaxWscale;
  tcb[k + Ssn.Flags] |= SsnFlag.SackOk;
}

function acknowledge(f: number, c: number, o: number, p: Packet): boolean {
  const k = f * Tcb.Flow;
  const client = k;
  const server = k + Tcb.Stream;
  const flags = tcb[k + Ssn.Flags];
  const seq = p.seq | 0;
  const ack = p.ack | 0;
  let missedAck = false;
  if (p.dir === Dir.ToClient && (flags & (SsnFlag.MidstreamSynAck | SsnFlag.FastOpen)) === 0) {
    // Inline, nothing is lost between capture and sensor: who sends before the client's ACK is suspect.
    if (streamConfig.inline) {
      const fits = p.payloadLen > 0 && ack === tcb[client + S.LastAck] && seq === tcb[server + S.NextSeq];
      return refuse(p, fits ? StreamEvent.Hs3AckDataInject : StreamEvent.Hs3AckInWrongDir);
    }
    missedAck = true;
  }
  if (seq === tcb[client + S.NextSeq] && ack === tcb[server + S.NextSeq]) {
    noteTimestamp(f, c, p);
    establish(f, client, server, p);
    return true;
  }
  if (streamConfig.asyncOneside && seq === tcb[server + S.NextSeq]) return oneSided(f, c, p);
  if (seq === tcb[client + S.NextSeq]) {
    tcb[k + Ssn.Flags] |= SsnFlag.EvasionAttempt;
    return refuse(p, StreamEvent.Hs3RightSeqWrongAckEvasion);
  }
  const expected = ack === tcb[client + S.LastAck] && seq === tcb[server + S.NextSeq];
  if ((missedAck || (flags & SsnFlag.FastOpen) !== 0) && expected) {
    updateNextSeq(k, server, (seq + p.payloadLen) | 0);
    tcb[client + S.Window] = scaledWindow(p, client);
    resetNextWin(client);
    setState(f, TcpState.Established);
    addPayload(f, server, p);
    return true;
  }
  return lostBefore(f, c, o, p);
}

/** Segments between the handshake and this one are missing. */
function lostBefore(f: number, c: number, o: number, p: Packet): boolean {
  const k = f * Tcb.Flow;
  const client = k;
  const server = k + Tcb.Stream;
  const seq = p.seq | 0;
  const ack = p.ack | 0;
  const ahead = ((seq - tcb[client + S.NextSeq]) | 0) > 0 && ((seq - tcb[client + S.NextWin]) | 0) <= 0;
  if (ahead && ack === tcb[server + S.NextSeq]) {
    noteTimestamp(f, c, p);
    establish(f, client, server, p);
    return true;
  }
  // Compared with the client's numbers, as Suricata does: which of these sessions are taken up depends on it.
  const later = ((seq - tcb[client + S.NextSeq]) | 0) > 0 && ((ack - tcb[client + S.LastAck]) | 0) > 0;
  if (p.dir === Dir.ToClient && !streamConfig.inline && later) {
    noteTimestamp(f, c, p);
    establish(f, c, o, p);
    return true;
  }
  return refuse(p, StreamEvent.Hs3WrongSeqWrongAck);
}

function oneSided(f: number, c: number, p: Packet): boolean {
  const k = f * Tcb.Flow;
  const client = k;
  const server = k + Tcb.Stream;
  tcb[k + Ssn.Flags] |= SsnFlag.Async;
  updateNextSeq(k, server, (tcb[server + S.NextSeq] + p.payloadLen) | 0);
  tcb[client + S.Window] = scaledWindow(p, client);
  tcb[client + S.LastAck] = p.ack | 0;
  noteTimestamp(f, c, p);
  if ((tcb[k + Ssn.Flags] & SsnFlag.Midstream) !== 0) {
    tcb[server + S.Window] = p.window;
    resetNextWin(server);
    tcb[client + S.Wscale] = tcb[server + S.Wscale] = MaxWscale;
    tcb[k + Ssn.Flags] |= SsnFlag.SackOk;
  }
  setState(f, TcpState.Established);
  addPayload(f, server, p);
  return true;
}
