/**
 * Urgent bytes that a host takes out of the line (RFC 6093 section 3.1, `stream.reassembly.urgent.policy: oob`): the byte
 * before the urgent pointer is skipped when its stream is handed on. Which bytes these are is kept in one small table: they
 * are next to never used.
 */
import { type Packet, PacketFlag } from '../decode/packet.js';
import { S, StreamFlag, tcb } from './columns.js';

const enum Table {
  /** Urgent bytes of all streams that were not handed on yet; one more stays in the line, and an event tells. */
  Max = 1024,
}

const stream = new Int32Array(Table.Max);
const place = new Int32Array(Table.Max);
let used = 0;

/** Forgets all (a new run). */
export function resetUrgent(): void {
  used = 0;
}

/**
 * Notes the urgent byte that a packet of stream c points to. False when the table is full. A pointer of 0 means the first
 * byte, as BSD and Linux take it; what was handed on, or pointed to before, is left alone.
 */
export function noteUrgent(c: number, seq: number, p: Packet): boolean {
  if ((p.flags & PacketFlag.Retransmission) !== 0) return true;
  const at = (seq + (p.urgent > 0 ? p.urgent - 1 : 0)) | 0;
  if (((at - tcb[c + S.AppSeq]) | 0) < 0) return true;
  for (let i = 0; i < used; i++) if (stream[i] === c && place[i] === at) return true;
  if (used === Table.Max) return false;
  stream[used] = c;
  place[used++] = at;
  tcb[c + S.Flags] |= StreamFlag.Urgent;
  return true;
}

/** Bytes from `seq` of stream c to its next urgent byte, at most `len`. What lies before `seq` is forgotten. */
export function beforeUrgent(c: number, seq: number, len: number): number {
  let most = len;
  let left = 0;
  for (let i = 0; i < used; i++) {
    if (stream[i] !== c) continue;
    const ahead = (place[i] - seq) | 0;
    if (ahead < 0) removeAt(i--);
    else {
      left++;
      if (ahead < most) most = ahead;
    }
  }
  if (left === 0) tcb[c + S.Flags] &= ~StreamFlag.Urgent;
  return most;
}

/** The stream is released. */
export function dropUrgent(c: number): void {
  if ((tcb[c + S.Flags] & StreamFlag.Urgent) === 0) return;
  for (let i = 0; i < used; i++) if (stream[i] === c) removeAt(i--);
  tcb[c + S.Flags] &= ~StreamFlag.Urgent;
}

function removeAt(i: number): void {
  used--;
  stream[i] = stream[used];
  place[i] = place[used];
}
