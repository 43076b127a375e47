/**
 * Checks of single packets that several states share: acknowledgements, timestamps (RFC 7323 section 5), resets
 * (RFC 9293 section 3.5.3 and what systems make of it), retransmissions.
 */
import { type Packet, PacketFlag } from '../decode/packet.js';
import { HostOs } from '../defrag/host-os.js';
import { Dir } from '../protocol/ip.js';
import { StreamEvent } from '../protocol/stream-events.js';
import { TcpFlag } from '../protocol/tcp.js';
import { S, Ssn, SsnFlag, StreamFlag, stateOf, Tcb, TcpState, tcb } from './columns.js';
import { streamConfig } from './config.js';
import { targetPolicy } from './host.js';

/** Timestamps older than this are no longer compared (RFC 7323 section 5.5): 24 days. */
const PawsSeconds = 2_073_600;

/** True when the acknowledgement, of data of stream c, is one its receiver can have sent; raises pkt_invalid_ack. */
export function validAck(f: number, c: number, p: Packet): boolean {
  if ((p.tcpFlags & TcpFlag.Ack) === 0) return true;
  const ack = p.ack | 0;
  const last = tcb[c + S.LastAck];
  const ahead = (ack - last) | 0;
  if (ahead === 0 || (ahead > 0 && ((ack - tcb[c + S.NextWin]) | 0) <= 0)) return true;
  if (ahead < 0) {
    const window = tcb[c + S.Window];
    if (window === 0 || ((ack - (last - window)) | 0) >= 0) return true;
    p.addEvent(StreamEvent.PktInvalidAck);
    return false;
  }
  if ((tcb[f * Tcb.Flow + Ssn.Flags] & SsnFlag.Async) !== 0) return true;
  // The answer to a SYN that resets: nothing is known of the window yet.
  if (
    stateOf(f) === TcpState.SynSent &&
    p.dir === Dir.ToClient &&
    (p.tcpFlags & TcpFlag.Rst) !== 0 &&
    ack === ((tcb[c + S.Isn] + 1) | 0)
  ) {
    return true;
  }
  p.addEvent(StreamEvent.PktInvalidAck);
  return false;
}

/** Systems that take a timestamp of 0 after a handshake with another. */
function allowsZero(os: HostOs): boolean {
  return (
    os === HostOs.OldLinux ||
    os === HostOs.Windows ||
    os === HostOs.Windows2k3 ||
    os === HostOs.Vista ||
    os === HostOs.Solaris
  );
}

/**
 * Compares the timestamp with the sender's last one. False, and pkt_invalid_timestamp, when the receiver would drop
 * the packet.
 *
 * @param c stream of the packet's sender
 * @param update take the timestamp over, if it is valid
 */
function checkTimestamp(f: number, c: number, p: Packet, update: boolean): boolean {
  const k = f * Tcb.Flow;
  const os = targetPolicy(f, p);
  if ((p.flags & PacketFlag.TcpTimestamp) === 0) {
    if (update && os === HostOs.Solaris) tcb[k + Ssn.Flags] &= ~SsnFlag.Timestamp;
    return true;
  }
  const ts = p.tsVal | 0;
  const expected = tcb[c + S.NextSeq] === (p.seq | 0);
  let last = tcb[c + S.LastTs];
  let compare = true;
  if ((tcb[c + S.Flags] & StreamFlag.ZeroTimestamp) !== 0) {
    if (os === HostOs.Linux || os === HostOs.Windows2k3) {
      tcb[k + Ssn.Flags] &= ~SsnFlag.Timestamp;
      compare = false;
    } else if (os === HostOs.OldLinux || os === HostOs.Windows || os === HostOs.Vista) {
      tcb[c + S.Flags] &= ~StreamFlag.ZeroTimestamp;
      if (expected) {
        last = ts;
        if (update) tcb[c + S.LastTs] = ts;
        compare = false;
      }
    }
  }
  if (os === HostOs.Hpux11 && !expected) compare = false;
  if (ts === 0 && !allowsZero(os)) return badTimestamp(p);
  if (!compare) return true;
  return compareTimestamp(k, c, p, ts, last, os, expected, update);
}

function compareTimestamp(
  k: number,
  c: number,
  p: Packet,
  ts: number,
  last: number,
  os: HostOs,
  expected: boolean,
  update: boolean,
): boolean {
  const slack = os === HostOs.Linux || streamConfig.liberalTimestamps ? 1 : 0;
  const now = Math.floor(p.tsUs / 1e6) | 0;
  let lastSec = tcb[c + S.LastPktSec];
  if (lastSec === 0 && (tcb[k + Ssn.Flags] & SsnFlag.Midstream) !== 0) {
    lastSec = now;
    if (update) tcb[c + S.LastPktSec] = now;
  }
  const outdated = now > lastSec + PawsSeconds;
  const invalid = ((ts - last + slack) | 0) < 0 || (tcb[c + S.LastTs] !== 0 && outdated);
  if (invalid && !(expected && outdated)) return badTimestamp(p);
  if (update) {
    if (expected) tcb[c + S.LastTs] = ts;
    tcb[c + S.LastPktSec] = now;
  }
  return true;
}

function badTimestamp(p: Packet): boolean {
  p.addEvent(StreamEvent.PktInvalidTimestamp);
  return false;
}

/** checkTimestamp when both sides use timestamps, else true. */
export function timestampOk(f: number, c: number, p: Packet): boolean {
  return (tcb[f * Tcb.Flow + Ssn.Flags] & SsnFlag.Timestamp) === 0 || checkTimestamp(f, c, p, false);
}

/** Takes the packet's timestamp over when both sides use timestamps. */
export function noteTimestamp(f: number, c: number, p: Packet): void {
  if ((tcb[f * Tcb.Flow + Ssn.Flags] & SsnFlag.Timestamp) !== 0) checkTimestamp(f, c, p, true);
}

/**
 * True when the receiver accepts this reset: each system asks for another place of its sequence number.
 *
 * @param c stream of the packet's sender, `o` the other
 */
export function validRst(f: number, c: number, o: number, p: Packet): boolean {
  if (!timestampOk(f, c, p)) return false;
  if (p.payloadLen > 0) p.addEvent(StreamEvent.RstWithData);
  if ((p.tcpFlags & TcpFlag.Ack) !== 0 && p.ack !== 0 && !validAck(f, o, p)) {
    p.addEvent(StreamEvent.RstInvalidAck);
    return false;
  }
  const seq = p.seq | 0;
  const next = tcb[c + S.NextSeq];
  if ((tcb[f * Tcb.Flow + Ssn.Flags] & SsnFlag.Async) !== 0) return ((seq - next) | 0) >= 0;
  switch (targetPolicy(f, p)) {
    case HostOs.Hpux11:
      return ((seq - next) | 0) >= 0;
    case HostOs.OldLinux:
    case HostOs.Linux:
    case HostOs.Solaris:
      return ((seq + p.payloadLen - tcb[c + S.LastAck]) | 0) >= 0 && ((seq - (next + tcb[c + S.Window])) | 0) <= 0;
    default:
      return seq === next;
  }
}

/** True when the data was sent before, raising pkt_retransmission: acknowledged (wholly or partly) or in flight. */
export function isRetransmission(c: number, p: Packet): boolean {
  if (p.payloadLen === 0) return false;
  const seq = p.seq | 0;
  const end = (seq + p.payloadLen) | 0;
  const last = tcb[c + S.LastAck];
  const partly = ((seq - last) | 0) < 0 && ((end - last) | 0) > 0;
  if (!partly && ((end - last) | 0) > 0 && ((end - tcb[c + S.NextSeq]) | 0) > 0) return false;
  p.addEvent(StreamEvent.PktRetransmission);
  p.flags |= PacketFlag.Retransmission;
  return true;
}
