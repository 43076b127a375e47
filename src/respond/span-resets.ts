/**
 * Resets from beside the wire: the sensor sees a copy of the traffic and races what it sees. Both ends get resets with the
 * number that each expects by the packet at hand, and more of them a segment apart, for what is on its way; every later
 * packet of the connection shows the numbers anew and is answered again. An end that takes no reset but the exact one
 * (RFC 5961 section 3.2) answers the others with its number, which is such a packet. Whether the response was whole before
 * the connection ended is counted: nobody can promise that it was not.
 */
import { closeHandle } from '../addon/handles.js';
import { isRefusal, linkAddress, openLink, openRaw, sendLink, sendRaw } from '../addon/inject.js';
import { column } from '../core/columns.js';
import { counter, counts } from '../core/counters.js';
import { PeccaryError } from '../core/errors.js';
import { ScratchPart, u8 } from '../core/memory.js';
import type { Packet } from '../decode/packet.js';
import { FlowFlag, FlowLimit, flows } from '../flow/columns.js';
import { TxFlag } from '../http/transaction.js';
import { firstTransaction } from '../http/tx-list.js';
import { Dir, IpProto } from '../protocol/ip.js';
import { Ipv4Layout } from '../protocol/ipv4.js';
import { Ipv6Layout } from '../protocol/ipv6.js';
import { TcpFlag } from '../protocol/tcp.js';
import { S, Ssn, SsnFlag, StreamFlag, streamAt, Tcb, TcpState, tcb } from '../stream/columns.js';
import { addEthernet, hasNeighbours } from './frame.js';
import { buildReject, buildReset, ResetBuf, segmentLength } from './reset.js';
import type { ResponseConfig } from './response-config.js';

const enum Own {
  /** The interface's own hardware address and the configured one, in the room before packets that are built. */
  AddressOff = ScratchPart.RespondOff,
  DestinationOff = ScratchPart.RespondOff + 8,
}

/** Payload of a full segment over Ethernet: IPv4, IPv6, and what the timestamps option takes of it (RFC 7323). */
const enum Segment {
  Ipv4 = 1460,
  Ipv6 = 1440,
  Timestamps = 12,
}

const enum Fate {
  None = 0,
  /** Resets were sent. */
  Rejected = 1,
  /** The response was whole nevertheless. */
  Late = 2,
}

const cSent = counter('respond.resets_sent');
const cUnreachable = counter('respond.unreachable_sent');
const cLimited = counter('respond.answers_limited');
const cFailed = counter('respond.answers_failed');
const cNoWay = counter('respond.no_neighbour');
const cConnections = counter('respond.connections');
const cStopped = counter('respond.connections_stopped');
const cLate = counter('respond.connections_late');

/** By flow, valid for the flow of that serial number: Fate, packets answered, and the transaction that was rejected. */
const fates = column.u8(FlowLimit.Max + 1);
const answered = column.u8(FlowLimit.Max + 1);
const rejectedTx = column.i32(FlowLimit.Max + 1);
const serials = column.f64(FlowLimit.Max + 1);

export class SpanResets {
  private readonly handle: number;
  private tokens: number;
  private filledMs = performance.now();

  /** Opens the interface. Throws PeccaryError when the kernel refuses. */
  constructor(private readonly config: ResponseConfig) {
    const opened = config.route ? openRaw(0, '') : openLink(config.interface);
    if (isRefusal(opened)) {
      const remedy = 'name another with --respond, and run as root or with CAP_NET_RAW';
      throw new PeccaryError('capture', `resets cannot be sent by ${config.interface}: ${opened.message}; ${remedy}`);
    }
    this.handle = opened;
    this.tokens = config.perSecond;
    if (!config.route) linkAddress(opened, Own.AddressOff);
    if (config.destination !== null) u8.set(config.destination, Own.DestinationOff);
  }

  /** A rule rejects `p`, or what it completes. `tx`: number of the transaction that the rule matched in, -1 none. */
  reject(p: Packet, tx: number): void {
    const f = p.flow;
    if (p.ipProto !== IpProto.Tcp || f === 0) {
      this.send(p, true, buildReject(p, true, true));
      return;
    }
    if (!isKnown(f)) {
      serials[f] = flows.serial[f];
      fates[f] = Fate.Rejected;
      answered[f] = 0;
      rejectedTx[f] = tx;
      counts[cConnections]++;
    }
    this.resetBoth(p, this.config.guesses);
  }

  /** A later packet of a rejected connection. */
  follow(p: Packet): void {
    const f = p.flow;
    if (!isKnown(f)) return;
    if (fates[f] === Fate.Rejected && flows.tcpState[f] !== TcpState.Closed && isAnswered(f)) fates[f] = Fate.Late;
    if ((p.tcpFlags & TcpFlag.Rst) !== 0 || answered[f] >= this.config.perConnection) return;
    answered[f]++;
    this.resetBoth(p, 1);
  }

  /** The connection is over. */
  ended(f: number): void {
    if (!isKnown(f)) return;
    counts[fates[f] === Fate.Late ? cLate : cStopped]++;
    serials[f] = 0;
  }

  close(): void {
    closeHandle(this.handle);
  }

  /** The server first: what it does not send need not be stopped. */
  private resetBoth(p: Packet, guesses: number): void {
    const server = p.dir === Dir.ToClient;
    this.resetEnd(p, server, guesses);
    this.resetEnd(p, !server, guesses);
  }

  /** Resets to the sender of `p` (`toSource`) or its receiver. */
  private resetEnd(p: Packet, toSource: boolean, guesses: number): void {
    if ((p.tcpFlags & TcpFlag.Rst) !== 0) return;
    this.send(p, toSource, buildReject(p, toSource, true));
    if (guesses < 2) return;
    const mine = (p.seq + segmentLength(p)) | 0;
    const from = toSource ? p.ack : mine;
    const ack = toSource ? mine : p.ack;
    // What the other end is known to have sent may be there before the reset is.
    const sent = tcb[streamAt(p.flow, toSource ? 1 - p.dir : p.dir) + S.NextSeq];
    if (((sent - from) | 0) > 0) this.send(p, toSource, buildReset(p, toSource, sent, ack));
    const base = ((sent - from) | 0) > 0 ? sent : from;
    const timestamps = (tcb[p.flow * Tcb.Flow + Ssn.Flags] & SsnFlag.Timestamp) !== 0;
    const step = (p.ipVersion === 6 ? Segment.Ipv6 : Segment.Ipv4) - (timestamps ? Segment.Timestamps : 0);
    for (let i = 1; i < guesses; i++) {
      this.send(p, toSource, buildReset(p, toSource, (base + i * step) | 0, ack));
    }
  }

  /** Sends what was built for `p`, `len` bytes of it; 0: there is nothing. */
  private send(p: Packet, toSource: boolean, len: number): void {
    if (len === 0) return;
    if (!this.config.route && this.config.destination === null && !hasNeighbours(p)) {
      counts[cNoWay]++;
      return;
    }
    if (!this.mayGo()) {
      counts[cLimited]++;
      return;
    }
    if (this.transmit(p, toSource, len) !== 0) counts[cFailed]++;
    else counts[p.ipProto === IpProto.Tcp ? cSent : cUnreachable]++;
  }

  private transmit(p: Packet, toSource: boolean, len: number): number {
    const { config, handle } = this;
    if (config.route) {
      const to = ResetBuf.Packet + (p.ipVersion === 6 ? Ipv6Layout.DstOff : Ipv4Layout.DstOff);
      return sendRaw(handle, ResetBuf.Packet, len, p.ipVersion, to);
    }
    const destination = config.destination === null ? 0 : Own.DestinationOff;
    const at = addEthernet(p, toSource, Own.AddressOff, destination);
    return sendLink(handle, at, ResetBuf.Packet - at + len);
  }

  /** Takes one of the packets of this second. */
  private mayGo(): boolean {
    const { perSecond } = this.config;
    const now = performance.now();
    this.tokens = Math.min(perSecond, this.tokens + ((now - this.filledMs) / 1000) * perSecond);
    this.filledMs = now;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}

function isKnown(f: number): boolean {
  return (flows.flags[f] & FlowFlag.Rejected) !== 0 && serials[f] === flows.serial[f] && fates[f] !== Fate.None;
}

/** Whether the response to what was rejected is whole; without a transaction: whether the server has closed its side. */
function isAnswered(f: number): boolean {
  const id = rejectedTx[f];
  if (id < 0) return (tcb[streamAt(f, Dir.ToClient) + S.Flags] & StreamFlag.FinSeen) !== 0;
  for (let tx = firstTransaction(f); tx !== null; tx = tx.next) {
    if (tx.id === id) return (tx.flags & TxFlag.ResponseDone) !== 0;
  }
  // It was complete and is forgotten.
  return true;
}
