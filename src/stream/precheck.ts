/**
 * Packets that are understood before their state is asked: keep-alives (RFC 9293 section 3.8.4), window updates that
 * cannot be, retransmissions of what was acknowledged.
 */
import type { Packet } from '../decode/packet.js';
import { PacketFlag } from '../decode/packet.js';
import { StreamEvent } from '../protocol/stream-events.js';
import { TcpFlag } from '../protocol/tcp.js';
import { S, StreamFlag, stateOf, TcpState, tcb } from './columns.js';

export const enum Precheck {
  /** Ask the state. */
  Go = 0,
  /** Understood: nothing changes. */
  Skip = 1,
}

const Special = TcpFlag.Syn | TcpFlag.Fin | TcpFlag.Rst;

/** Looks at a packet of stream c (o: the other stream) before the state does. */
export function precheck(f: number, c: number, o: number, p: Packet): Precheck {
  const seq = p.seq | 0;
  const ack = p.ack | 0;
  const len = p.payloadLen;
  if ((p.tcpFlags & Special) === 0) {
    const next = tcb[c + S.NextSeq];
    if (len <= 1 && seq === ((next - 1) | 0) && ack === tcb[o + S.LastAck]) {
      tcb[c + S.Flags] |= StreamFlag.KeepAlive;
      return Precheck.Skip;
    }
    if (len === 0 && p.window !== 0 && (tcb[o + S.Flags] & StreamFlag.KeepAlive) !== 0) {
      const sameWindow = p.window << tcb[o + S.Wscale] === tcb[o + S.Window];
      if (sameWindow && ack === tcb[o + S.LastAck] && seq === next) {
        tcb[o + S.Flags] &= ~StreamFlag.KeepAlive;
        tcb[c + S.Flags] &= ~StreamFlag.KeepAlive;
        return Precheck.Skip;
      }
    }
    tcb[c + S.Flags] &= ~StreamFlag.KeepAlive;
    if (isBadWindowUpdate(f, c, o, p)) {
      p.addEvent(StreamEvent.PktBadWindowUpdate);
      return Precheck.Skip;
    }
  } else tcb[c + S.Flags] &= ~StreamFlag.KeepAlive;
  if (len > 0) noteSpurious(c, p);
  return Precheck.Go;
}

/** Data that ends before what was acknowledged, or before what is kept. */
function noteSpurious(c: number, p: Packet): void {
  const end = (p.seq + p.payloadLen) | 0;
  const kept = (tcb[c + S.Flags] & StreamFlag.NoReassembly) === 0;
  if (!(kept && ((end - tcb[c + S.BaseSeq]) | 0) <= 0) && ((end - tcb[c + S.LastAck]) | 0) > 0) return;
  p.addEvent(StreamEvent.PktSpuriousRetransmission);
  p.flags |= PacketFlag.Retransmission;
}

/**
 * Some stacks send a window that shrinks by more than what they acknowledge, on numbers ahead of both sides: taking
 * it would shut the real data out.
 */
function isBadWindowUpdate(f: number, c: number, o: number, p: Packet): boolean {
  const window = p.window << tcb[o + S.Wscale];
  const shrinks = tcb[o + S.Window] - window;
  if (shrinks <= p.payloadLen) return false;
  const state = stateOf(f);
  if (state < TcpState.Established || state === TcpState.Closed) return false;
  if ((((p.ack | 0) - tcb[o + S.NextSeq]) | 0) <= 0 || (((p.seq | 0) - tcb[c + S.NextSeq]) | 0) <= 0) return false;
  const acked = ((p.ack | 0) - tcb[o + S.LastAck]) >>> 0;
  // Overrunning a little is common, unless the window is nearly shut.
  return shrinks > (window > 1024 ? acked + 32 : acked);
}
