/**
 * SYNs and SYN/ACKs of a handshake that differ from the first: which of them counts is known only when the other
 * side answers. At most `stream.max-syn-queued` and `stream.max-synack-queued` a session, from one pool.
 */
import { counter, counts } from '../core/counters.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { Ssn, tcb } from './columns.js';

const cQueued = counter('tcp.syn_queue_limit');

/** Queued packets of all sessions at most; one more is refused as if the session's own bound were met. */
const MaxQueued = 65_536;

export const enum Queued {
  Timestamp = 1,
  Wscale = 2,
  SackOk = 4,
}

/** By entry, from 1. */
const qNext = new Int32Array(MaxQueued + 1);
const qSeq = new Int32Array(MaxQueued + 1);
const qAck = new Int32Array(MaxQueued + 1);
const qTs = new Int32Array(MaxQueued + 1);
const qSec = new Int32Array(MaxQueued + 1);
const qWin = new Uint16Array(MaxQueued + 1);
const qWscale = new Uint8Array(MaxQueued + 1);
const qFlags = new Uint8Array(MaxQueued + 1);
let highest = 0;
let freeHead = 0;

/** What of a SYN or SYN/ACK the session takes over. */
export class Handshake {
  seq = 0;
  ack = 0;
  ts = 0;
  /** Capture second. */
  sec = 0;
  window = 0;
  wscale = 0;
  /** Queued bits. */
  flags = 0;
}

/** Reads a SYN or SYN/ACK. */
export function handshakeOf(p: Packet, out: Handshake): void {
  out.seq = p.seq | 0;
  out.ack = p.ack | 0;
  out.window = p.window;
  out.sec = Math.floor(p.tsUs / 1e6) | 0;
  const ts = (p.flags & PacketFlag.TcpTimestamp) !== 0;
  const ws = (p.flags & PacketFlag.TcpWscale) !== 0;
  out.ts = ts ? p.tsVal | 0 : 0;
  out.wscale = ws ? p.wscale : 0;
  out.flags =
    (ts ? Queued.Timestamp : 0) |
    (ws ? Queued.Wscale : 0) |
    ((p.flags & PacketFlag.TcpSackOk) !== 0 ? Queued.SackOk : 0);
}

/** Queues `h` unless the same is there. False when `most` are queued already. `k`: the session's record. */
export function enqueue(k: number, h: Handshake, most: number): boolean {
  for (let e = tcb[k + Ssn.Queue]; e !== 0; e = qNext[e]) {
    if (qSeq[e] === h.seq && qAck[e] === h.ack && qWin[e] === h.window && qFlags[e] === h.flags && qTs[e] === h.ts) {
      return true;
    }
  }
  return append(k, h, most);
}

/** Queues a SYN unless one is there that the answer could not tell from it: by number and timestamp. */
export function enqueueSyn(k: number, h: Handshake, most: number): boolean {
  for (let e = tcb[k + Ssn.Queue]; e !== 0; e = qNext[e]) if (qTs[e] === h.ts && qSeq[e] === h.seq) return true;
  return append(k, h, most);
}

/** Finds the queued SYN with this number and, when there are several, this timestamp. */
export function findQueuedSyn(k: number, seq: number, ts: number, out: Handshake): boolean {
  let found = 0;
  for (let e = tcb[k + Ssn.Queue]; e !== 0; e = qNext[e]) {
    if (qSeq[e] === seq && (found === 0 || qTs[e] === ts)) found = e;
  }
  return found !== 0 && copy(found, out);
}

function append(k: number, h: Handshake, most: number): boolean {
  const length = (tcb[k + Ssn.State] >>> 16) & 0xff;
  let e = freeHead;
  if (length >= most || (e === 0 && highest === MaxQueued)) {
    counts[cQueued]++;
    return false;
  }
  if (e !== 0) freeHead = qNext[e];
  else e = ++highest;
  qSeq[e] = h.seq;
  qAck[e] = h.ack;
  qTs[e] = h.ts;
  qSec[e] = h.sec;
  qWin[e] = h.window;
  qWscale[e] = h.wscale;
  qFlags[e] = h.flags;
  qNext[e] = tcb[k + Ssn.Queue];
  tcb[k + Ssn.Queue] = e;
  tcb[k + Ssn.State] += 0x1_0000;
  return true;
}

/** Finds the queued SYN with this timestamp. */
export function findQueuedTs(k: number, ts: number, out: Handshake): boolean {
  for (let e = tcb[k + Ssn.Queue]; e !== 0; e = qNext[e]) if (qTs[e] === ts) return copy(e, out);
  return false;
}

/** Finds the queued SYN/ACK with this sequence number and acknowledgement. */
export function findQueued(k: number, seq: number, ack: number, out: Handshake): boolean {
  for (let e = tcb[k + Ssn.Queue]; e !== 0; e = qNext[e]) {
    if (qSeq[e] === seq && qAck[e] === ack) return copy(e, out);
  }
  return false;
}

function copy(e: number, out: Handshake): true {
  out.seq = qSeq[e];
  out.ack = qAck[e];
  out.ts = qTs[e];
  out.sec = qSec[e];
  out.window = qWin[e];
  out.wscale = qWscale[e];
  out.flags = qFlags[e];
  return true;
}

/** Empties the queue of a session. */
export function clearQueue(k: number): void {
  let e = tcb[k + Ssn.Queue];
  tcb[k + Ssn.Queue] = 0;
  tcb[k + Ssn.State] &= 0xffff;
  while (e !== 0) {
    const next = qNext[e];
    qNext[e] = freeHead;
    freeHead = e;
    e = next;
  }
}
