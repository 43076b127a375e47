/** SYN_SENT: the SYN was seen; a SYN/ACK goes on, a SYN the other way is a split or simultaneous open. */
import { type Packet, PacketFlag } from '../../decode/packet.js';
import { FlowFlag, flows } from '../../flow/columns.js';
import { Dir } from '../../protocol/ip.js';
import { StreamEvent } from '../../protocol/stream-events.js';
import { TcpFlag } from '../../protocol/tcp.js';
import { validRst } from '../checks.js';
import { S, Ssn, SsnFlag, StreamFlag, Tcb, TcpState, tcb } from '../columns.js';
import { streamConfig } from '../config.js';
import { addPayload } from '../reassemble.js';
import { closeByReset, MaxWscale, resetNextWin, restart, setIsn, setState, updateNextSeq } from '../session.js';
import { clearQueue, enqueueSyn, findQueuedSyn, findQueuedTs, Handshake, handshakeOf, Queued } from '../syn-queue.js';
import { isStrayReset, refuse } from './common.js';

const h = new Handshake();

/** Handles a packet in SYN_SENT. False when it is invalid. */
export function stateSynSent(f: number, c: number, o: number, p: Packet): boolean {
  const tcpFlags = p.tcpFlags;
  if (p.dir === Dir.ToClient && !echoesSyn(f, p)) return refuse(p, StreamEvent.PktInvalidTimestamp);
  if ((tcpFlags & (TcpFlag.Syn | TcpFlag.Ack)) === (TcpFlag.Syn | TcpFlag.Ack)) {
    return p.dir === Dir.ToClient ? synAckFromServer(f, p) : synAckFromClient(f, p);
  }
  if ((tcpFlags & TcpFlag.Rst) !== 0) return reset(f, c, o, p);
  if ((tcpFlags & TcpFlag.Fin) !== 0) return true;
  if ((tcpFlags & TcpFlag.Syn) !== 0) return p.dir === Dir.ToClient ? synFromServer(f, p) : synAgain(f, p);
  if ((tcpFlags & TcpFlag.Ack) !== 0 && streamConfig.asyncOneside) return oneSided(f, p);
  return true;
}

/** RFC 7323 section 3.2: the server echoes the timestamp of the SYN it answers, one of those that were seen. */
function echoesSyn(f: number, p: Packet): boolean {
  const k = f * Tcb.Flow;
  if ((p.flags & PacketFlag.TcpTimestamp) === 0 || (p.tcpFlags & TcpFlag.Ack) === 0) return true;
  const ecr = p.tsEcr | 0;
  if (ecr === 0 || ecr === tcb[k + S.LastTs] || (tcb[k + Ssn.Flags] & SsnFlag.SynFlood) !== 0) return true;
  return findQueuedTs(k, ecr, h);
}

function synAckFromServer(f: number, p: Packet): boolean {
  const k = f * Tcb.Flow;
  const ack = p.ack | 0;
  const afterSyn = (tcb[k + S.Isn] + 1) | 0;
  if ((tcb[k + Ssn.Flags] & SsnFlag.FastOpen) !== 0) {
    if (ack === tcb[k + S.NextSeq]) {
      takeSynAck(f, p);
      setState(f, TcpState.Established);
      return true;
    }
    if (ack !== afterSyn) return refuse(p, StreamEvent.Hs3SynackWithWrongAck);
    // The server knows fast open (it answers with the option) but took only the SYN, not the data (RFC 7413 4.2).
    tcb[k + Ssn.Flags] |= SsnFlag.TfoDataIgnored;
    flows.flags[f] |= FlowFlag.FastOpenIgnored;
    p.addEvent(StreamEvent.Hs3SynackTfoDataIgnored);
    restart(f, Dir.ToServer, afterSyn);
    takeSynAck(f, p);
    tcb[k + S.NextSeq] = afterSyn;
    return true;
  }
  if (ack !== afterSyn && !otherSyn(f, p)) return refuse(p, StreamEvent.Hs3SynackWithWrongAck);
  if ((tcb[k + Ssn.Flags] & SsnFlag.SynData) !== 0) {
    tcb[k + Ssn.Flags] &= ~SsnFlag.SynData;
    restart(f, Dir.ToServer, ack);
  }
  // The SYN that this answers may be a later one, which its timestamp tells.
  if (tcb[k + Ssn.Queue] !== 0) {
    const ts = (p.flags & PacketFlag.TcpTimestamp) !== 0 ? p.tsEcr | 0 : 0;
    if (ts !== tcb[k + S.LastTs] && findQueuedTs(k, ts, h) && h.seq === tcb[k + S.Isn]) adoptSyn(f, h);
    clearQueue(k);
  }
  takeSynAck(f, p);
  return true;
}

/** The server answers another SYN than the first, or the data of it: the session has the numbers that it says. */
function otherSyn(f: number, p: Packet): boolean {
  const k = f * Tcb.Flow;
  const ack = p.ack | 0;
  if ((tcb[k + Ssn.Flags] & SsnFlag.SynData) !== 0 && ack === tcb[k + S.RightEdge]) {
    tcb[k + Ssn.Flags] &= ~SsnFlag.SynData;
    tcb[k + S.NextSeq] = ack;
    return true;
  }
  const ts = (p.flags & PacketFlag.TcpTimestamp) !== 0 ? p.tsEcr | 0 : 0;
  if (tcb[k + Ssn.Queue] !== 0 && findQueuedSyn(k, (ack - 1) | 0, ts, h)) {
    adoptSyn(f, h);
    return true;
  }
  if ((tcb[k + Ssn.Flags] & SsnFlag.SynFlood) === 0) return false;
  // The SYN it answers was one too many to be kept. What it offered can be told from the answer.
  setIsn(f, Dir.ToServer, (ack - 1) | 0);
  if ((p.flags & PacketFlag.TcpWscale) !== 0) {
    tcb[k + Ssn.Flags] |= SsnFlag.ServerWscale;
    tcb[k + Tcb.Stream + S.Wscale] = MaxWscale;
  }
  if ((p.flags & PacketFlag.TcpTimestamp) === 0) return true;
  tcb[k + S.Flags] |= StreamFlag.Timestamp;
  tcb[k + S.LastTs] = p.tsEcr | 0;
  return true;
}

function takeSynAck(f: number, p: Packet): void {
  handshakeOf(p, h);
  adoptSynAck(f, h);
}

/** Takes the parameters of a SYN over that replaces the first. */
function adoptSyn(f: number, syn: Handshake): void {
  const k = f * Tcb.Flow;
  const server = k + Tcb.Stream;
  if (tcb[k + S.Isn] !== syn.seq) setIsn(f, 0, syn.seq);
  tcb[k + S.Flags] &= ~(StreamFlag.Timestamp | StreamFlag.ZeroTimestamp);
  if ((syn.flags & Queued.Timestamp) !== 0) {
    tcb[k + S.LastTs] = syn.ts;
    tcb[k + S.LastPktSec] = syn.sec;
    tcb[k + S.Flags] |= StreamFlag.Timestamp | (syn.ts === 0 ? StreamFlag.ZeroTimestamp : 0);
  }
  tcb[server + S.Window] = syn.window;
  tcb[server + S.Wscale] = syn.wscale;
  tcb[k + Ssn.Flags] &= ~(SsnFlag.ServerWscale | SsnFlag.ClientSackOk);
  if ((syn.flags & Queued.Wscale) !== 0) tcb[k + Ssn.Flags] |= SsnFlag.ServerWscale;
  if ((syn.flags & Queued.SackOk) !== 0) tcb[k + Ssn.Flags] |= SsnFlag.ClientSackOk;
}

/** Takes a SYN/ACK over: the session is in SYN_RECV with the server's numbers, window and options. */
export function adoptSynAck(f: number, s: Handshake): void {
  const k = f * Tcb.Flow;
  const client = k;
  const server = k + Tcb.Stream;
  setState(f, TcpState.SynRecv);
  setIsn(f, 1, s.seq);
  tcb[client + S.Window] = s.window;
  if ((s.flags & Queued.Timestamp) !== 0 && (tcb[client + S.Flags] & StreamFlag.Timestamp) !== 0) {
    tcb[server + S.LastTs] = s.ts;
    tcb[server + S.LastPktSec] = s.sec;
    if (s.ts === 0) tcb[server + S.Flags] |= StreamFlag.ZeroTimestamp;
    tcb[k + Ssn.Flags] |= SsnFlag.Timestamp;
  } else if ((tcb[k + Ssn.Flags] & SsnFlag.Timestamp) === 0) {
    tcb[client + S.LastTs] = tcb[server + S.LastTs] = 0;
    tcb[client + S.Flags] &= ~(StreamFlag.Timestamp | StreamFlag.ZeroTimestamp);
  }
  tcb[client + S.LastAck] = s.ack;
  tcb[server + S.LastAck] = (s.seq + 1) | 0;
  const scaled = (tcb[k + Ssn.Flags] & SsnFlag.ServerWscale) !== 0 && (s.flags & Queued.Wscale) !== 0;
  tcb[client + S.Wscale] = scaled ? s.wscale : 0;
  if ((tcb[k + Ssn.Flags] & SsnFlag.ClientSackOk) !== 0 && (s.flags & Queued.SackOk) !== 0) {
    tcb[k + Ssn.Flags] |= SsnFlag.SackOk;
  }
  resetNextWin(client);
  resetNextWin(server);
  // Both sides are seen.
  tcb[k + Ssn.Flags] &= ~(SsnFlag.FourWay | SsnFlag.Async);
}

/** The end of a split handshake: SYN, SYN the other way, SYN/ACK from the first sender. */
function synAckFromClient(f: number, p: Packet): boolean {
  const k = f * Tcb.Flow;
  const client = k;
  const server = k + Tcb.Stream;
  if ((tcb[k + Ssn.Flags] & SsnFlag.FourWay) === 0) return refuse(p, StreamEvent.Hs3SynackInWrongDirection);
  if ((p.ack | 0) !== ((tcb[server + S.Isn] + 1) | 0)) return refuse(p, StreamEvent.Hs4SynackWithWrongAck);
  if ((p.seq | 0) !== tcb[client + S.Isn]) return refuse(p, StreamEvent.Hs4SynackWithWrongSyn);
  setState(f, TcpState.SynRecv);
  setIsn(f, 0, p.seq | 0);
  tcb[server + S.Window] = p.window;
  if ((p.flags & PacketFlag.TcpTimestamp) !== 0 && (tcb[server + S.Flags] & StreamFlag.Timestamp) !== 0) {
    tcb[client + S.LastTs] = p.tsVal;
    tcb[client + S.LastPktSec] = Math.floor(p.tsUs / 1e6);
    if (p.tsVal === 0) tcb[client + S.Flags] |= StreamFlag.ZeroTimestamp;
    tcb[k + Ssn.Flags] |= SsnFlag.Timestamp;
  } else {
    tcb[client + S.LastTs] = tcb[server + S.LastTs] = 0;
    tcb[server + S.Flags] &= ~StreamFlag.ZeroTimestamp;
  }
  tcb[server + S.Flags] &= ~StreamFlag.Timestamp;
  tcb[server + S.LastAck] = p.ack | 0;
  tcb[client + S.LastAck] = (p.seq + 1) | 0;
  const scaled = (tcb[k + Ssn.Flags] & SsnFlag.ServerWscale) !== 0 && (p.flags & PacketFlag.TcpWscale) !== 0;
  tcb[server + S.Wscale] = scaled ? p.wscale : 0;
  if ((tcb[k + Ssn.Flags] & SsnFlag.ClientSackOk) !== 0 && (p.flags & PacketFlag.TcpSackOk) !== 0) {
    tcb[k + Ssn.Flags] |= SsnFlag.SackOk;
  }
  resetNextWin(client);
  resetNextWin(server);
  return true;
}

/** RFC 9293 section 3.10.7.3: in SYN_SENT a reset must acknowledge the SYN. */
function reset(f: number, c: number, o: number, p: Packet): boolean {
  if (!validRst(f, c, o, p)) return false;
  if (isStrayReset(f, c, p)) return true;
  const k = f * Tcb.Flow;
  if (p.dir === Dir.ToServer) {
    const isn = tcb[k + S.Isn];
    if ((p.seq | 0) !== isn || p.window !== 0 || (p.ack | 0) !== ((isn + 1) | 0)) return true;
  }
  tcb[o + S.Flags] |= StreamFlag.RstSeen;
  closeByReset(f);
  return true;
}

function synFromServer(f: number, p: Packet): boolean {
  const k = f * Tcb.Flow;
  const server = k + Tcb.Stream;
  tcb[k + Ssn.Flags] |= SsnFlag.FourWay;
  setIsn(f, 1, p.seq | 0);
  if ((p.flags & PacketFlag.TcpTimestamp) !== 0) {
    tcb[server + S.LastTs] = p.tsVal;
    tcb[server + S.LastPktSec] = Math.floor(p.tsUs / 1e6);
    tcb[server + S.Flags] |= StreamFlag.Timestamp | (p.tsVal === 0 ? StreamFlag.ZeroTimestamp : 0);
  }
  tcb[k + S.Window] = p.window;
  tcb[k + Ssn.Flags] &= ~(SsnFlag.ServerWscale | SsnFlag.ClientSackOk);
  if ((p.flags & PacketFlag.TcpWscale) !== 0) {
    tcb[k + Ssn.Flags] |= SsnFlag.ServerWscale;
    tcb[k + S.Wscale] = p.wscale;
  } else tcb[k + S.Wscale] = 0;
  if ((p.flags & PacketFlag.TcpSackOk) !== 0) tcb[k + Ssn.Flags] |= SsnFlag.ClientSackOk;
  return true;
}

/** Another SYN of the client: which one counts is known when the server answers. */
function synAgain(f: number, p: Packet): boolean {
  handshakeOf(p, h);
  if (enqueueSyn(f * Tcb.Flow, h, streamConfig.maxSynQueued)) return true;
  tcb[f * Tcb.Flow + Ssn.Flags] |= SsnFlag.SynFlood;
  return refuse(p, StreamEvent.Hs3SynFlood);
}

/** An ACK of the client without the server's answer: only this side is captured. */
function oneSided(f: number, p: Packet): boolean {
  const k = f * Tcb.Flow;
  const client = k;
  const server = k + Tcb.Stream;
  if ((p.seq | 0) !== tcb[client + S.NextSeq]) return refuse(p, StreamEvent.Hs3AsyncWrongSeq);
  tcb[k + Ssn.Flags] |= SsnFlag.Async;
  setState(f, TcpState.Established);
  tcb[client + S.Window] = p.window;
  tcb[client + S.LastAck] = p.seq | 0;
  resetNextWin(client);
  setIsn(f, 1, (p.ack - 1) | 0);
  tcb[server + S.LastAck] = tcb[server + S.NextSeq];
  tcb[server + S.NextWin] = tcb[server + S.LastAck];
  if ((p.flags & PacketFlag.TcpTimestamp) !== 0 && (tcb[client + S.Flags] & StreamFlag.Timestamp) !== 0) {
    tcb[k + Ssn.Flags] |= SsnFlag.Timestamp;
    tcb[client + S.Flags] &= ~StreamFlag.Timestamp;
    tcb[client + S.LastPktSec] = Math.floor(p.tsUs / 1e6);
  } else {
    tcb[client + S.LastTs] = 0;
    tcb[client + S.Flags] &= ~(StreamFlag.Timestamp | StreamFlag.ZeroTimestamp);
  }
  if ((tcb[k + Ssn.Flags] & SsnFlag.ClientSackOk) !== 0) tcb[k + Ssn.Flags] |= SsnFlag.SackOk;
  updateNextSeq(k, client, (p.seq + p.payloadLen) | 0);
  addPayload(f, client, p);
  return true;
}
