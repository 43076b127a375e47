/**
 * TCP session records: one a flow id, in one Int32Array. A packet reads and writes nearly every field of its
 * session, so a record lies in few cache lines where a column a field would touch one line each.
 *
 *     word 0..49 of flow f at f * Tcb.Flow
 *       [ stream to server: Tcb.Stream words ][ stream to client: Tcb.Stream words ][ session words ]
 *
 * A stream is named after the direction of its data: the stream to server is what the client sends. Sequence
 * numbers are 32-bit and signed; see seq.ts for how they compare.
 */
import { column } from '../core/columns.js';
import { FlowLimit } from '../flow/columns.js';

/** States of a session (RFC 9293 section 3.3.2), in Suricata's order: several conditions compare them. */
export const enum TcpState {
  None = 0,
  SynSent = 1,
  SynRecv = 2,
  Established = 3,
  FinWait1 = 4,
  FinWait2 = 5,
  TimeWait = 6,
  LastAck = 7,
  CloseWait = 8,
  Closing = 9,
  Closed = 10,
}

/** Names as EVE's `tcp.state` has them, by TcpState. */
export const tcpStateNames: readonly string[] = [
  'none',
  'syn_sent',
  'syn_recv',
  'established',
  'fin_wait1',
  'fin_wait2',
  'time_wait',
  'last_ack',
  'close_wait',
  'closing',
  'closed',
];

export const enum Tcb {
  /** Words of a stream and of a whole record. */
  Stream = 23,
  Flow = 50,
}

/** Words of a stream, from f * Tcb.Flow + dir * Tcb.Stream. */
export const enum S {
  Isn = 0,
  /** Next sequence number expected of the sender. */
  NextSeq = 1,
  /** Highest acknowledgement the receiver sent. */
  LastAck = 2,
  /** Right edge of what the sender may send, and the receiver's window, scaled. */
  NextWin = 3,
  Window = 4,
  /** Last timestamp of the sender, and the capture second of its packet (RFC 7323). */
  LastTs = 5,
  LastPktSec = 6,
  /** StreamFlag; bits 16..23 window scale of the receiver. */
  Flags = 7,
  Wscale = 8,
  /** First byte not yet given to the application layer, and to raw inspection. */
  AppSeq = 9,
  RawSeq = 10,
  /** End of the rightmost byte seen; left edge of what is kept. */
  RightEdge = 11,
  BaseSeq = 12,
  /** Right edge of the highest selective acknowledgement (RFC 2018), when above LastAck. */
  SackEdge = 13,
  /** Number of the FIN, valid with StreamFlag.FinSeen. */
  FinSeq = 14,
  /** Pages of this stream: first of the chain, how many. */
  Pages = 15,
  PageCount = 16,
  /** Borrowed segments of the current batch: first, last, and the one that holds AppSeq. */
  BorrowHead = 17,
  BorrowTail = 18,
  BorrowApp = 19,
  /** TCP flags the sender used. */
  TcpFlags = 20,
  /** Sequence numbers known to have no byte in a page, [HoleSeq, HoleEnd); none when they are equal. */
  HoleSeq = 21,
  HoleEnd = 22,
}

/** Session words, from f * Tcb.Flow. */
export const enum Ssn {
  Flags = 46,
  /** State in bits 0..7, the state before in 8..15, queued SYNs or SYN/ACKs in 16..23. */
  State = 47,
  /** First queued SYN or SYN/ACK (src/stream/syn-queue.ts). */
  Queue = 48,
  /** Host policies: bits 0..7 for packets to the server, 8..15 to the client; 0: not looked up yet. */
  Policies = 49,
}

export const enum StreamFlag {
  /** Timestamp option seen in the SYN / its value was 0. */
  Timestamp = 0x0001,
  ZeroTimestamp = 0x0002,
  /** The last packet of this sender was a keep-alive. */
  KeepAlive = 0x0004,
  /** A RST arrived that was addressed to this stream's sender. */
  RstSeen = 0x0008,
  /** A FIN was accepted. */
  FinSeen = 0x0010,
  /** End of data was given to the application layer. */
  EofGiven = 0x0020,
  /** More bytes than `stream.reassembly.depth`. */
  DepthReached = 0x0040,
  /** Raw inspection wants this stream. */
  RawWanted = 0x0080,
  /** Nobody wants the bytes: do not keep them. */
  NoReassembly = 0x0100,
  /** The flow has ended: everything is inspectable. */
  Flushed = 0x0200,
  /** Bytes were lost. */
  HasGap = 0x0400,
  /** Listed as holding borrowed segments in this batch. */
  Listed = 0x0800,
  /** Data came ahead of what had arrived, or could not be kept: bytes may be missing before the right edge. */
  Holes = 0x1000,
  /** Holds, or held, segments that may not have arrived, or that others took bytes from (doubt.ts). */
  Doubt = 0x2000,
  /** Has urgent bytes that are to be left out (urgent.ts). */
  Urgent = 0x4000,
}

export const enum SsnFlag {
  /** Picked up without its beginning; by a SYN/ACK; window of the other side not known yet. */
  Midstream = 0x0001,
  MidstreamSynAck = 0x0002,
  MidstreamEstablished = 0x0004,
  /** Only one side is seen. */
  Async = 0x0008,
  /** Both sides use timestamps / selective acknowledgements. */
  Timestamp = 0x0010,
  SackOk = 0x0020,
  ClientSackOk = 0x0040,
  /** The client offered window scaling. */
  ServerWscale = 0x0080,
  /** Split handshake: SYN answered by a SYN. */
  FourWay = 0x0100,
  /** The server answered with data or ACK after the handshake. */
  HandshakeConfirmed = 0x0200,
  EvasionAttempt = 0x0400,
  ClosedByRst = 0x0800,
  FastOpen = 0x1000,
  TfoDataIgnored = 0x2000,
  /** Zero window probe to server / to client on its way. */
  ProbeToServer = 0x4000,
  ProbeToClient = 0x8000,
  /** Data was seen acknowledged that was never captured. */
  Lossy = 0x1_0000,
  /** The session's memory is held (counts against the memcaps). */
  Open = 0x2_0000,
  /** More different SYNs than are kept: the server's answer tells which one counts. */
  SynFlood = 0x4_0000,
  /** The SYN carried data without asking for fast open: the server's answer tells whether it counts. */
  SynData = 0x8_0000,
}

/** All records. The operating system backs only what is touched. */
export const tcb = column.i32((FlowLimit.Max + 1) * Tcb.Flow);
/** Offset in the stream of S.AppSeq, by flow * 2 + dir: exact beyond 4 GiB. */
export const appOffsets = column.f64((FlowLimit.Max + 1) * 2);

/** Record of the stream of direction `dir` (Dir) of a flow. */
export function streamAt(flow: number, dir: number): number {
  return flow * Tcb.Flow + dir * Tcb.Stream;
}

/** State of the session. */
export function stateOf(flow: number): TcpState {
  return tcb[flow * Tcb.Flow + Ssn.State] & 0xff;
}
