/** Selective acknowledgements (RFC 2018): only their right edge is kept, it widens the window the sender has. */
import { dv, u8 } from '../core/memory.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { S, tcb } from './columns.js';

const bytes = u8;
const view = dv;
const enum Option {
  End = 0,
  Nop = 1,
  Sack = 5,
}

/** Notes the blocks the packet acknowledges of stream o. */
export function noteSack(o: number, p: Packet): void {
  if ((p.flags & PacketFlag.TcpSack) === 0) return;
  const end = p.l4Off + p.l4HdrLen;
  let at = p.l4Off + 20;
  while (at + 1 < end) {
    const kind = bytes[at];
    if (kind === Option.End) return;
    if (kind === Option.Nop) {
      at++;
      continue;
    }
    const len = bytes[at + 1];
    if (len < 2 || at + len > end) return;
    if (kind === Option.Sack) {
      for (let b = at + 2; b + 8 <= at + len; b += 8) noteBlock(o, view.getInt32(b), view.getInt32(b + 4));
      return;
    }
    at += len;
  }
}

/** A block counts only if it lies above what is acknowledged and within the window. */
function noteBlock(o: number, left: number, right: number): void {
  const last = tcb[o + S.LastAck];
  if (((right - left) | 0) <= 0 || ((left - last) | 0) < 0) return;
  if (((right - tcb[o + S.NextWin]) | 0) > 0) return;
  const edge = tcb[o + S.SackEdge];
  if (edge === 0 || ((right - edge) | 0) > 0 || ((edge - last) | 0) <= 0) tcb[o + S.SackEdge] = right;
}
