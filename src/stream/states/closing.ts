/** CLOSING, CLOSE_WAIT, LAST_ACK, TIME_WAIT and CLOSED: the last packets of a session (RFC 9293 section 3.6). */
import type { Packet } from '../../decode/packet.js';
import { Dir } from '../../protocol/ip.js';
import { StreamEvent } from '../../protocol/stream-events.js';
import { TcpFlag } from '../../protocol/tcp.js';
import { isRetransmission, timestampOk, validAck } from '../checks.js';
import { S, TcpState, tcb } from '../columns.js';
import { scaledWindow, setState } from '../session.js';
import { accept, inWindow, isStrayFin, refuse, takeReset } from './common.js';

/** Handles a packet in CLOSING. False when it is invalid. */
export function stateClosing(f: number, c: number, o: number, p: Packet): boolean {
  const tcpFlags = p.tcpFlags;
  if ((tcpFlags & TcpFlag.Rst) !== 0) return takeReset(f, c, o, p);
  if ((tcpFlags & TcpFlag.Syn) !== 0) return refuse(p, StreamEvent.ShutdownSynResend);
  if ((tcpFlags & TcpFlag.Ack) === 0) return true;
  if (!timestampOk(f, c, p)) return false;
  const again = isRetransmission(c, p);
  if ((p.seq | 0) !== tcb[c + S.NextSeq]) return refuse(p, StreamEvent.ClosingAckWrongSeq);
  if (!validAck(f, o, p)) return refuse(p, StreamEvent.ClosingInvalidAck);
  if (!again) {
    setState(f, TcpState.TimeWait);
    tcb[o + S.Window] = scaledWindow(p, o);
  }
  accept(f, c, o, p);
  return true;
}

/** Handles a packet in CLOSE_WAIT. False when it is invalid. */
export function stateCloseWait(f: number, c: number, o: number, p: Packet): boolean {
  const tcpFlags = p.tcpFlags;
  if ((tcpFlags & TcpFlag.Rst) !== 0) return takeReset(f, c, o, p);
  if ((tcpFlags & TcpFlag.Fin) !== 0) return finInCloseWait(f, c, o, p);
  if ((tcpFlags & TcpFlag.Syn) !== 0) return refuse(p, StreamEvent.ShutdownSynResend);
  if ((tcpFlags & TcpFlag.Ack) === 0) return true;
  if (!timestampOk(f, c, p)) return false;
  const again = isRetransmission(c, p);
  const last = tcb[c + S.LastAck];
  if (p.payloadLen > 0 && ((p.seq + p.payloadLen - last) | 0) <= 0) {
    return refuse(p, StreamEvent.ClosewaitPktBeforeLastAck);
  }
  if (((p.seq - (last + tcb[c + S.Window])) | 0) > 0) return refuse(p, StreamEvent.ClosewaitAckOutOfWindow);
  if (!validAck(f, o, p)) return refuse(p, StreamEvent.ClosewaitInvalidAck);
  if (!again) tcb[o + S.Window] = scaledWindow(p, o);
  accept(f, c, o, p);
  return true;
}

function finInCloseWait(f: number, c: number, o: number, p: Packet): boolean {
  if (!timestampOk(f, c, p)) return false;
  const again = isRetransmission(c, p);
  if (!again && !inWindow(c, p.seq | 0)) return refuse(p, StreamEvent.ClosewaitFinOutOfWindow);
  if (!validAck(f, o, p)) return refuse(p, StreamEvent.ClosewaitInvalidAck);
  if (!again && isStrayFin(f, c, p)) return true;
  if (!again) {
    // The client's FIN brought the session here; only the server's goes on.
    if (p.dir === Dir.ToClient) setState(f, TcpState.LastAck);
    tcb[o + S.Window] = scaledWindow(p, o);
  }
  accept(f, c, o, p);
  return true;
}

/** Handles a packet in LAST_ACK. False when it is invalid. */
export function stateLastAck(f: number, c: number, o: number, p: Packet): boolean {
  const tcpFlags = p.tcpFlags;
  if ((tcpFlags & TcpFlag.Rst) !== 0) return takeReset(f, c, o, p);
  if ((tcpFlags & TcpFlag.Fin) !== 0) return true;
  if ((tcpFlags & TcpFlag.Syn) !== 0) return refuse(p, StreamEvent.ShutdownSynResend);
  if ((tcpFlags & TcpFlag.Ack) === 0) return true;
  if (!timestampOk(f, c, p)) return false;
  if (p.dir !== Dir.ToServer) return true;
  const again = isRetransmission(c, p);
  if (!validAck(f, o, p)) return refuse(p, StreamEvent.LastackInvalidAck);
  if (!again) {
    const ahead = (p.seq - tcb[c + S.NextSeq]) | 0;
    if (ahead > 1) return refuse(p, StreamEvent.LastackAckWrongSeq);
    if (ahead >= 0) setState(f, TcpState.Closed);
    tcb[o + S.Window] = scaledWindow(p, o);
  }
  accept(f, c, o, p);
  return true;
}

/** Handles a packet in TIME_WAIT. False when it is invalid. */
export function stateTimeWait(f: number, c: number, o: number, p: Packet): boolean {
  const tcpFlags = p.tcpFlags;
  if ((tcpFlags & TcpFlag.Rst) !== 0) return takeReset(f, c, o, p);
  if ((tcpFlags & TcpFlag.Fin) !== 0) return true;
  if ((tcpFlags & TcpFlag.Syn) !== 0) return refuse(p, StreamEvent.ShutdownSynResend);
  if ((tcpFlags & TcpFlag.Ack) === 0) return true;
  if (!timestampOk(f, c, p)) return false;
  const again = isRetransmission(c, p);
  const ahead = (p.seq - tcb[c + S.NextSeq]) | 0;
  if (!again && ahead !== 0 && ahead !== 1) {
    // Data the client has not acknowledged, sent once more.
    if (p.dir === Dir.ToClient && p.payloadLen > 0 && (p.seq | 0) === tcb[c + S.LastAck]) return true;
    return refuse(p, StreamEvent.TimewaitAckWrongSeq);
  }
  if (!validAck(f, o, p)) return refuse(p, StreamEvent.TimewaitInvalidAck);
  if (!again) {
    setState(f, TcpState.Closed);
    tcb[o + S.Window] = scaledWindow(p, o);
  }
  accept(f, c, o, p);
  return true;
}
