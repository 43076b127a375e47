/**
 * What an inline sensor sends when it rejects: TCP resets to either or both ends, or ICMP unreachable to the sender
 * (Suricata manual, "Rules Format", "Action"), and the block page to a client whose request is rejected. The dropped packet
 * reached nobody, so its receiver still expects it. Answers wait until the verdicts of their batch are given: else they would
 * overtake what was let through before, and name numbers that nobody expects yet. Whoever goes on sending on a rejected flow is answered again, with the
 * number that this packet names: so a lost reset does not leave an end hanging.
 */
import { closeHandle } from '../addon/handles.js';
import { isRefusal, openRaw, sendRaw } from '../addon/inject.js';
import { column } from '../core/columns.js';
import { counter, counts } from '../core/counters.js';
import { PeccaryError } from '../core/errors.js';
import { ScratchPart, u8 } from '../core/memory.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { FlowFlag, FlowLimit, flows } from '../flow/columns.js';
import { firstTransaction } from '../http/tx-list.js';
import { AppProto } from '../protocol/app-proto.js';
import { TxProgress } from '../protocol/buffers.js';
import { Dir, IpProto } from '../protocol/ip.js';
import { Ipv4Layout } from '../protocol/ipv4.js';
import { Ipv6Layout } from '../protocol/ipv6.js';
import { TcpFlag } from '../protocol/tcp.js';
import { RuleAction } from '../rules/compile/layout.js';
import { S, streamAt, tcb } from '../stream/columns.js';
import { keepPage, PageLimit } from './block-page.js';
import { buildReject, buildReset, buildSegment, ResetBuf } from './reset.js';

const enum Limit {
  /** Packets sent a second at most. */
  PerSecond = 20_000,
  /** Answers that wait for the end of a batch, and where their bytes do. */
  Waiting = 1024,
  Off = ScratchPart.RespondOff + 0x3_0000,
  End = ScratchPart.RespondEnd,
}

/** Ends of a flow that are answered, and that the client got the page. */
const enum Side {
  Client = 1,
  Server = 2,
  Both = 3,
  Paged = 4,
}

const mem = u8;

const cResets = counter('respond.resets_sent');
const cUnreachable = counter('respond.unreachable_sent');
const cPages = counter('respond.block_pages_sent');
const cLimited = counter('respond.answers_limited');
const cFailed = counter('respond.answers_failed');

/** Side bits by flow, valid for the flow of that serial number. */
const sides = column.u8(FlowLimit.Max + 1);
const serials = column.f64(FlowLimit.Max + 1);

export class InlineAnswer {
  private readonly handle: number;
  private readonly pageLen: number;
  private second = 0;
  private sent = 0;
  /** Answers that wait: length and IP version of each, one behind the other from Limit.Off. */
  private readonly lens = new Uint32Array(Limit.Waiting);
  private readonly versions = new Uint8Array(Limit.Waiting);
  private waiting = 0;
  private end: number = Limit.Off;

  /** Opens raw sockets whose packets carry `mark`. Throws PeccaryError when the kernel refuses. */
  constructor(mark: number, page: Buffer | null) {
    const opened = openRaw(mark, '');
    if (isRefusal(opened)) {
      const remedy = 'run as root, or with the capabilities CAP_NET_RAW and CAP_NET_ADMIN';
      throw new PeccaryError('capture', `resets cannot be sent: ${opened.message}; ${remedy}`);
    }
    this.handle = opened;
    this.pageLen = page?.length ?? 0;
    if (page !== null) keepPage(page);
  }

  /** `p` is dropped. `action`: the RuleAction that rejects it, 0 when none does: its flow may be rejected already. */
  dropped(p: Packet, action: number): void {
    const f = p.flow;
    if (action === 0) {
      if (f !== 0 && (flows.flags[f] & FlowFlag.Rejected) !== 0) this.again(p);
      return;
    }
    const meant = sidesOf(p, action);
    if (f !== 0) {
      sides[f] = meant;
      serials[f] = flows.serial[f];
    }
    this.first(p, meant);
  }

  /** The packet that is rejected. */
  private first(p: Packet, meant: number): void {
    const source = senderOf(p);
    const tcp = p.ipProto === IpProto.Tcp;
    if ((meant & (Side.Both ^ source)) !== 0 && tcp) this.resetReceiver(p);
    if ((meant & source) === 0) return;
    if (this.pageLen > 0 && tcp && mayHavePage(p)) this.sendPage(p);
    else this.send(p, buildReject(p, true, false));
  }

  /** The receiver expects the first byte that it has not acknowledged, the packet's first, or one between them. */
  private resetReceiver(p: Packet): void {
    this.send(p, buildReject(p, false, false));
    if (p.flow === 0) return;
    const acked = tcb[streamAt(p.flow, p.dir) + S.LastAck];
    if (acked !== 0 && acked !== (p.seq | 0)) this.send(p, buildReset(p, false, acked, p.ack));
  }

  /** A later packet of a rejected flow. */
  private again(p: Packet): void {
    const f = p.flow;
    const source = senderOf(p);
    if (serials[f] !== flows.serial[f]) {
      // Rejected by an exception policy: the sender is told (Suricata manual, "Exception Policies").
      sides[f] = source;
      serials[f] = flows.serial[f];
    }
    if ((sides[f] & source) === 0) return;
    // A client that reads the page acknowledges it; it is reset once it goes on or closes.
    const silent = p.payloadLen === 0 && (p.tcpFlags & (TcpFlag.Fin | TcpFlag.Syn)) === 0;
    if (silent && source === Side.Client && (sides[f] & Side.Paged) !== 0) return;
    this.send(p, buildReject(p, true, false));
  }

  private sendPage(p: Packet): void {
    const ack = (p.seq + p.payloadLen) | 0;
    for (let at = 0; at < this.pageLen; at += PageLimit.Segment) {
      const n = Math.min(PageLimit.Segment, this.pageLen - at);
      const end = at + n === this.pageLen ? TcpFlag.Fin | TcpFlag.Psh : 0;
      const len = buildSegment(p, true, (p.ack + at) | 0, ack, TcpFlag.Ack | end, PageLimit.Off + at, n);
      if (!this.transmit(p, len)) return;
    }
    counts[cPages]++;
    sides[p.flow] |= Side.Paged;
  }

  private send(p: Packet, len: number): void {
    if (this.transmit(p, len)) counts[p.ipProto === IpProto.Tcp ? cResets : cUnreachable]++;
  }

  /** Keeps what was built for `p` until `flush`; false when there is nothing, or it is too much. */
  private transmit(p: Packet, len: number): boolean {
    if (len === 0) return false;
    const second = Math.floor(p.tsUs / 1e6);
    if (second !== this.second) {
      this.second = second;
      this.sent = 0;
    }
    if (this.sent++ >= Limit.PerSecond || this.waiting === Limit.Waiting || this.end + len > Limit.End) {
      counts[cLimited]++;
      return false;
    }
    mem.copyWithin(this.end, ResetBuf.Packet, ResetBuf.Packet + len);
    this.lens[this.waiting] = len;
    this.versions[this.waiting++] = p.ipVersion;
    this.end += len;
    return true;
  }

  /** Sends what waits. */
  flush(): void {
    let at: number = Limit.Off;
    for (let i = 0; i < this.waiting; i++) {
      const to = at + (this.versions[i] === 6 ? Ipv6Layout.DstOff : Ipv4Layout.DstOff);
      if (sendRaw(this.handle, at, this.lens[i], this.versions[i], to) !== 0) counts[cFailed]++;
      at += this.lens[i];
    }
    this.waiting = 0;
    this.end = Limit.Off;
  }

  close(): void {
    closeHandle(this.handle);
  }
}

function senderOf(p: Packet): Side.Client | Side.Server {
  return p.flow === 0 || p.dir === Dir.ToServer ? Side.Client : Side.Server;
}

function sidesOf(p: Packet, action: number): number {
  if (action === RuleAction.RejectBoth) return Side.Both;
  const source = senderOf(p);
  return action === RuleAction.RejectDst ? Side.Both ^ source : source;
}

/** Whether the response to a request that is rejected can be the page: no byte of this response, or one before, came yet. */
function mayHavePage(p: Packet): boolean {
  const f = p.flow;
  if (f === 0 || p.dir !== Dir.ToServer || flows.appProto[f] !== AppProto.Http1) return false;
  if ((p.flags & PacketFlag.Reassembled) !== 0 || (p.tcpFlags & TcpFlag.Ack) === 0) return false;
  if (tcb[streamAt(f, Dir.ToClient) + S.NextSeq] !== (p.ack | 0)) return false;
  const tx = firstTransaction(f);
  return tx !== null && tx.next === null && tx.responseProgress === TxProgress.NotStarted;
}
