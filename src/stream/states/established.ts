/** ESTABLISHED: data both ways (RFC 9293 section 3.10.7.4). The path of nearly every packet. */
import type { Packet } from '../../decode/packet.js';
import { Dir } from '../../protocol/ip.js';
import { StreamEvent } from '../../protocol/stream-events.js';
import { TcpFlag } from '../../protocol/tcp.js';
import { noteTimestamp, timestampOk, validAck } from '../checks.js';
import { S, Ssn, SsnFlag, Tcb, TcpState, tcb } from '../columns.js';
import { addPayload } from '../reassemble.js';
import { noteSack } from '../sack.js';
import { sackedSize, scaledWindow, setState, updateLastAck, updateNextSeq, updateNextWin } from '../session.js';
import { catchUp, isStrayFin, noteFin, refuse, takeAck, takeReset } from './common.js';

/** Handles a packet in ESTABLISHED. False when it is invalid. */
export function stateEstablished(f: number, c: number, o: number, p: Packet): boolean {
  const tcpFlags = p.tcpFlags;
  if ((tcpFlags & (TcpFlag.Rst | TcpFlag.Fin | TcpFlag.Syn)) === 0) {
    if ((tcpFlags & TcpFlag.Ack) === 0) return true;
    if (!timestampOk(f, c, p)) return false;
    if (p.dir === Dir.ToClient) tcb[f * Tcb.Flow + Ssn.Flags] |= SsnFlag.HandshakeConfirmed;
    return segment(f, c, o, p);
  }
  if ((tcpFlags & TcpFlag.Rst) !== 0) return takeReset(f, c, o, p);
  if ((tcpFlags & TcpFlag.Fin) !== 0) return timestampOk(f, c, p) && takeFin(f, c, o, p);
  return (tcpFlags & TcpFlag.Ack) !== 0 ? synAckAgain(f, p) : synAgain(f, p);
}

function segment(f: number, c: number, o: number, p: Packet): boolean {
  const k = f * Tcb.Flow;
  const flags = tcb[k + Ssn.Flags];
  const seq = p.seq | 0;
  const end = (seq + p.payloadLen) | 0;
  const probed = p.dir === Dir.ToServer ? SsnFlag.ProbeToClient : SsnFlag.ProbeToServer;
  if ((flags & probed) !== 0 && (p.ack | 0) === ((tcb[o + S.NextSeq] + 1) | 0)) {
    p.addEvent(StreamEvent.EstAckZwpData);
  } else if (!validAck(f, o, p)) return refuse(p, StreamEvent.EstInvalidAck);

  if ((flags & SsnFlag.MidstreamEstablished) !== 0 && p.dir === Dir.ToClient) knowWindow(k, c, p);
  if (!followsLastAck(k, c, p, end)) return refuse(p, StreamEvent.EstPktBeforeLastAck);

  const next = tcb[c + S.NextSeq];
  const probe = p.payloadLen === 1 && seq === next && tcb[c + S.Window] === 0;
  if (probe) tcb[k + Ssn.Flags] |= p.dir === Dir.ToServer ? SsnFlag.ProbeToServer : SsnFlag.ProbeToClient;
  else if (seq === next) updateNextSeq(k, c, end);
  else if (((seq - next) | 0) < 0 ? ((end - next) | 0) > 0 : false) updateNextSeq(k, c, end);
  else if (((next - tcb[c + S.LastAck]) | 0) < 0) updateNextSeq(k, c, end);

  const edge = (tcb[c + S.NextWin] + sackedSize(c)) | 0;
  const anyWindow = SsnFlag.Midstream | SsnFlag.Async | SsnFlag.Lossy;
  if (!probe && ((end - edge) | 0) > 0 && (flags & anyWindow) === 0) {
    return refuse(p, StreamEvent.EstPacketOutOfWindow);
  }
  tcb[o + S.Window] = scaledWindow(p, o);
  takeAck(o, p);
  noteTimestamp(f, c, p);
  noteSack(o, p);
  updateNextWin(o);
  addPayload(f, c, p);
  return true;
}

/** Picked up midstream: the first packet the other way tells the window. */
function knowWindow(k: number, c: number, p: Packet): void {
  tcb[c + S.Window] = scaledWindow(p, c);
  tcb[c + S.NextWin] = (tcb[c + S.LastAck] + tcb[c + S.Window]) | 0;
  tcb[k + Ssn.Flags] &= ~SsnFlag.MidstreamEstablished;
}

/** False for data that ends before what the receiver has acknowledged. */
function followsLastAck(k: number, c: number, p: Packet, end: number): boolean {
  const last = tcb[c + S.LastAck];
  if (((end - last) | 0) >= 0) return true;
  const next = tcb[c + S.NextSeq];
  if (p.payloadLen <= 1 && (p.seq | 0) === ((next - 1) | 0)) return true;
  if ((tcb[k + Ssn.Flags] & SsnFlag.Async) !== 0) {
    tcb[c + S.LastAck] = p.seq | 0;
    return true;
  }
  // Acknowledged but not seen until now: still wanted.
  return ((last - next) | 0) > 0 && ((end - next) | 0) > 0;
}

/** A FIN in SYN_RECV or ESTABLISHED: the client's leads to CLOSE_WAIT, the server's to FIN_WAIT1. */
export function takeFin(f: number, c: number, o: number, p: Packet): boolean {
  if (!validAck(f, o, p)) return refuse(p, StreamEvent.FinInvalidAck);
  const seq = p.seq | 0;
  const end = (seq + p.payloadLen) | 0;
  const window = (tcb[c + S.LastAck] + tcb[c + S.Window]) | 0;
  if (((end - tcb[c + S.NextSeq]) | 0) < 0 || ((end - window) | 0) > 0) return refuse(p, StreamEvent.FinOutOfWindow);
  if ((p.tcpFlags & TcpFlag.Syn) !== 0) return refuse(p, StreamEvent.FinSyn);
  if (isStrayFin(f, c, p)) return true;
  const toServer = p.dir === Dir.ToServer;
  setState(f, toServer ? TcpState.CloseWait : TcpState.FinWait1);
  // As Suricata counts: a server's FIN takes a number of its own, a client's is counted when it is acknowledged.
  tcb[c + S.NextSeq] = toServer ? end : (end + 1) | 0;
  tcb[o + S.Window] = scaledWindow(p, o);
  takeAck(o, p);
  noteTimestamp(f, c, p);
  if ((p.tcpFlags & TcpFlag.Ack) !== 0) catchUp(o, p);
  noteFin(c, p);
  addPayload(f, c, p);
  if ((tcb[f * Tcb.Flow + Ssn.Flags] & SsnFlag.Async) !== 0) updateLastAck(c, end);
  return true;
}

function synAckAgain(f: number, p: Packet): boolean {
  const k = f * Tcb.Flow;
  if (p.dir === Dir.ToServer) return refuse(p, StreamEvent.EstSynackToserver);
  if ((p.ack | 0) !== tcb[k + S.LastAck]) return refuse(p, StreamEvent.EstSynackResendWithDiffAck);
  if ((p.seq | 0) !== tcb[k + Tcb.Stream + S.Isn]) return refuse(p, StreamEvent.EstSynackResendWithDiffSeq);
  if ((tcb[k + Ssn.Flags] & SsnFlag.HandshakeConfirmed) !== 0) return refuse(p, StreamEvent.EstSynackResend);
  return true;
}

function synAgain(f: number, p: Packet): boolean {
  if (p.dir === Dir.ToClient) return refuse(p, StreamEvent.EstSynToclient);
  if ((p.seq | 0) !== tcb[f * Tcb.Flow + S.Isn]) return refuse(p, StreamEvent.EstSynResendDiffSeq);
  return refuse(p, StreamEvent.EstSynResend);
}
