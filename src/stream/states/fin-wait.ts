/** FIN_WAIT1 and FIN_WAIT2: one side has closed, the other may go on sending (RFC 9293 section 3.6). */
import type { Packet } from '../../decode/packet.js';
import { StreamEvent } from '../../protocol/stream-events.js';
import { TcpFlag } from '../../protocol/tcp.js';
import { isRetransmission, timestampOk, validAck } from '../checks.js';
import { S, Tcb, TcpState, tcb } from '../columns.js';
import { scaledWindow, setState } from '../session.js';
import { accept, beforeNextWin, inWindow, isStrayFin, refuse, takeReset } from './common.js';

/** Handles a packet in FIN_WAIT1. False when it is invalid. */
export function stateFinWait1(f: number, c: number, o: number, p: Packet): boolean {
  const tcpFlags = p.tcpFlags;
  if ((tcpFlags & TcpFlag.Rst) !== 0) return takeReset(f, c, o, p);
  if ((tcpFlags & TcpFlag.Fin) !== 0) {
    const next = (tcpFlags & TcpFlag.Ack) !== 0 ? TcpState.TimeWait : TcpState.Closing;
    if (!timestampOk(f, c, p)) return false;
    const again = isRetransmission(c, p);
    if (!again && !inWindow(c, p.seq | 0)) return refuse(p, StreamEvent.Fin1FinWrongSeq);
    if (!validAck(f, o, p)) return refuse(p, StreamEvent.Fin1InvalidAck);
    if (!again && isStrayFin(f, c, p)) return true;
    if (!again) {
      setState(f, next);
      tcb[o + S.Window] = scaledWindow(p, o);
    }
    accept(f, c, o, p);
    return true;
  }
  if ((tcpFlags & TcpFlag.Syn) !== 0) return refuse(p, StreamEvent.ShutdownSynResend);
  if ((tcpFlags & TcpFlag.Ack) === 0) return true;
  if (!timestampOk(f, c, p)) return false;
  const again = isRetransmission(c, p);
  if (!validAck(f, o, p)) return refuse(p, StreamEvent.Fin1InvalidAck);
  if (!again) {
    if (!beforeNextWin(f * Tcb.Flow, c, p)) return refuse(p, StreamEvent.Fin1AckWrongSeq);
    if ((p.seq | 0) === tcb[c + S.NextSeq]) setState(f, TcpState.FinWait2);
    tcb[o + S.Window] = scaledWindow(p, o);
  }
  accept(f, c, o, p);
  return true;
}

/** Handles a packet in FIN_WAIT2. False when it is invalid. */
export function stateFinWait2(f: number, c: number, o: number, p: Packet): boolean {
  const tcpFlags = p.tcpFlags;
  if ((tcpFlags & TcpFlag.Rst) !== 0) return takeReset(f, c, o, p);
  if ((tcpFlags & TcpFlag.Fin) !== 0) {
    if (!timestampOk(f, c, p)) return false;
    const sameFin = (p.seq | 0) === ((tcb[c + S.NextSeq] - 1) | 0) && (p.ack | 0) === tcb[o + S.LastAck];
    const again = sameFin || isRetransmission(c, p);
    if (!again && !inWindow(c, p.seq | 0)) return refuse(p, StreamEvent.Fin2FinWrongSeq);
    if (!validAck(f, o, p)) return refuse(p, StreamEvent.Fin2InvalidAck);
    if (!again && isStrayFin(f, c, p)) return true;
    if (!again) {
      setState(f, TcpState.TimeWait);
      tcb[o + S.Window] = scaledWindow(p, o);
    }
    accept(f, c, o, p);
    return true;
  }
  if ((tcpFlags & TcpFlag.Syn) !== 0) return refuse(p, StreamEvent.ShutdownSynResend);
  if ((tcpFlags & TcpFlag.Ack) === 0) return true;
  if (!timestampOk(f, c, p)) return false;
  const again = isRetransmission(c, p);
  if (!validAck(f, o, p)) return refuse(p, StreamEvent.Fin2InvalidAck);
  if (!again) {
    if (!beforeNextWin(f * Tcb.Flow, c, p)) return refuse(p, StreamEvent.Fin2AckWrongSeq);
    tcb[o + S.Window] = scaledWindow(p, o);
  }
  accept(f, c, o, p);
  return true;
}
