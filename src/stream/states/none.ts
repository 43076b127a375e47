/** No session yet: a SYN opens one, anything else only when sessions are picked up midstream. */
import { ExceptionPolicy } from '../../decode/exception.js';
import { type Packet, PacketFlag } from '../../decode/packet.js';
import { FlowFlag, flows } from '../../flow/columns.js';
import { StreamEvent } from '../../protocol/stream-events.js';
import { TcpFlag } from '../../protocol/tcp.js';
import { S, Ssn, SsnFlag, StreamFlag, Tcb, TcpState, tcb } from '../columns.js';
import { streamConfig } from '../config.js';
import { addPayload } from '../reassemble.js';
import { MaxWscale, openSession, resetNextWin, setIsn, setState, swapSession, updateNextSeq } from '../session.js';
import { noteFin, refuse } from './common.js';

/** What else the packet asks for. */
export const opening = {
  /** `stream.midstream-policy` applies to it. */
  midstream: false,
  /** No session could be had: `stream.memcap-policy` applies. */
  memcap: false,
};

/** Handles a packet of a flow that has no session. False when it is invalid. */
export function stateNone(f: number, p: Packet): boolean {
  const tcpFlags = p.tcpFlags;
  if ((tcpFlags & TcpFlag.Rst) !== 0) return refuse(p, StreamEvent.RstButNoSession);
  if ((tcpFlags & TcpFlag.Fin) !== 0) {
    opening.midstream = true;
    if (!mayPickUp() || p.payloadLen === 0) return refuse(p, StreamEvent.FinButNoSession);
    if (!obtain(f, true)) return false;
    pickUp(f, p, TcpState.FinWait1);
    return true;
  }
  if ((tcpFlags & (TcpFlag.Syn | TcpFlag.Ack)) === (TcpFlag.Syn | TcpFlag.Ack)) {
    opening.midstream = true;
    const answers = (flows.flags[f] & FlowFlag.SynAgain) !== 0;
    if (answers) opening.midstream = false;
    else if ((!streamConfig.midstream && !streamConfig.asyncOneside) || !permissive()) return true;
    if (!obtain(f, true)) return false;
    pickUpSynAck(f, p);
    return true;
  }
  if ((tcpFlags & TcpFlag.Syn) !== 0) {
    if (!obtain(f, false)) return false;
    openBySyn(f, p);
    return true;
  }
  if ((tcpFlags & TcpFlag.Ack) !== 0) {
    opening.midstream = true;
    if (!mayPickUp()) return true;
    if (!obtain(f, true)) return false;
    pickUp(f, p, TcpState.Established);
    tcb[f * Tcb.Flow + Ssn.Flags] |= SsnFlag.SackOk;
  }
  return true;
}

function permissive(): boolean {
  const policy = streamConfig.midstreamPolicy;
  return (
    policy === ExceptionPolicy.Ignore || policy === ExceptionPolicy.PassFlow || policy === ExceptionPolicy.PassPacket
  );
}

function mayPickUp(): boolean {
  return streamConfig.midstream && permissive();
}

function obtain(f: number, midstream: boolean): boolean {
  if (openSession(f, midstream)) return true;
  opening.memcap = true;
  return false;
}

/** RFC 9293 section 3.5: the first segment of the handshake. */
function openBySyn(f: number, p: Packet): void {
  const k = f * Tcb.Flow;
  const c = k;
  const o = k + Tcb.Stream;
  setState(f, TcpState.SynSent);
  if (streamConfig.asyncOneside) tcb[k + Ssn.Flags] |= SsnFlag.Async;
  setIsn(f, 0, p.seq | 0);
  if ((p.flags & PacketFlag.TcpTimestamp) !== 0) {
    tcb[c + S.LastTs] = p.tsVal;
    tcb[c + S.LastPktSec] = Math.floor(p.tsUs / 1e6);
    tcb[c + S.Flags] |= StreamFlag.Timestamp | (p.tsVal === 0 ? StreamFlag.ZeroTimestamp : 0);
  }
  tcb[o + S.Window] = p.window;
  if ((p.flags & PacketFlag.TcpWscale) !== 0) {
    tcb[k + Ssn.Flags] |= SsnFlag.ServerWscale;
    tcb[o + S.Wscale] = p.wscale;
  }
  if ((p.flags & PacketFlag.TcpSackOk) !== 0) tcb[k + Ssn.Flags] |= SsnFlag.ClientSackOk;
  if ((p.flags & PacketFlag.TcpFastOpen) !== 0) {
    tcb[k + Ssn.Flags] |= SsnFlag.FastOpen;
    if (p.payloadLen > 0) {
      updateNextSeq(k, c, (tcb[c + S.NextSeq] + p.payloadLen) | 0);
      addPayload(f, c, p);
    }
  } else if (p.payloadLen > 0) {
    // Some systems take it (RFC 9293 section 3.10.7.2), most do not: kept until the answer tells.
    tcb[k + Ssn.Flags] |= SsnFlag.SynData;
    addPayload(f, c, p);
    p.flags &= ~PacketFlag.StreamAdded;
  }
}

function bothTimestamps(k: number, c: number, o: number, p: Packet): void {
  if ((p.flags & PacketFlag.TcpTimestamp) === 0) return;
  tcb[c + S.LastTs] = p.tsVal;
  tcb[o + S.LastTs] = p.tsEcr;
  tcb[k + Ssn.Flags] |= SsnFlag.Timestamp;
  tcb[c + S.LastPktSec] = Math.floor(p.tsUs / 1e6);
  if (p.tsVal === 0) tcb[c + S.Flags] |= StreamFlag.ZeroTimestamp;
  if (p.tsEcr === 0) tcb[o + S.Flags] |= StreamFlag.ZeroTimestamp;
}

/** The handshake was missed: the sender is taken for the client and windows for as large as they can be. */
function pickUp(f: number, p: Packet, state: TcpState): void {
  const k = f * Tcb.Flow;
  const c = k;
  const o = k + Tcb.Stream;
  setState(f, state);
  tcb[k + Ssn.Flags] |= SsnFlag.Midstream | SsnFlag.MidstreamEstablished;
  if (streamConfig.asyncOneside) tcb[k + Ssn.Flags] |= SsnFlag.Async;
  tcb[c + S.Wscale] = tcb[o + S.Wscale] = MaxWscale;
  setIsn(f, 0, (p.seq - 1) | 0);
  const fin = (p.tcpFlags & TcpFlag.Fin) !== 0 ? 1 : 0;
  tcb[c + S.NextSeq] = (p.seq + p.payloadLen + fin) | 0;
  tcb[c + S.Window] = p.window << MaxWscale;
  tcb[c + S.LastAck] = p.seq | 0;
  resetNextWin(c);
  setIsn(f, 1, (p.ack - 1) | 0);
  tcb[o + S.LastAck] = p.ack | 0;
  tcb[o + S.NextWin] = p.ack | 0;
  bothTimestamps(k, c, o, p);
  if ((tcb[k + Ssn.Flags] & SsnFlag.Async) !== 0) updateNextSeq(k, c, tcb[c + S.NextSeq]);
  noteFin(c, p);
  addPayload(f, c, p);
}

/** Only the SYN was missed: the sender is the server, so flow and packet are turned round. */
function pickUpSynAck(f: number, p: Packet): void {
  swapSession(f, p);
  const k = f * Tcb.Flow;
  const client = k;
  const server = k + Tcb.Stream;
  setState(f, TcpState.SynRecv);
  tcb[k + Ssn.Flags] |= SsnFlag.Midstream | SsnFlag.MidstreamSynAck;
  if (streamConfig.asyncOneside) tcb[k + Ssn.Flags] |= SsnFlag.Async;
  setIsn(f, 1, p.seq | 0);
  setIsn(f, 0, (p.ack - 1) | 0);
  tcb[server + S.Window] = p.window;
  tcb[client + S.Window] = p.window;
  tcb[client + S.LastAck] = p.ack | 0;
  tcb[server + S.LastAck] = (p.seq + 1) | 0;
  resetNextWin(server);
  resetNextWin(client);
  // A server scales its window only if the client offered to: how far is not known.
  if ((p.flags & PacketFlag.TcpWscale) !== 0) {
    tcb[client + S.Wscale] = p.wscale;
    tcb[server + S.Wscale] = MaxWscale;
  }
  bothTimestamps(k, server, client, p);
  if ((p.flags & PacketFlag.TcpSackOk) !== 0) tcb[k + Ssn.Flags] |= SsnFlag.SackOk;
}
