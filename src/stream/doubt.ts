/**
 * Segments of which it is not sure that their receiver takes them: with a TTL lower than others of their way, with an MD5
 * signature that others do not have, refused by a check that systems make differently. Their data counts, but where
 * another copy of a byte is more certain to have arrived, that copy does, whatever the overlap policy says (Ptacek and
 * Newsham 1998, section 5: insertion).
 *
 * The same table keeps the bounds of segments that others took bytes from: overlap policies go by them.
 *
 * A table of fixed size, by stream and first sequence number of the segment; where it is full an entry gives way,
 * and the overlap policy alone decides, by what is left of the segment.
 */
import { randomBytes } from 'node:crypto';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { S, StreamFlag, tcb } from './columns.js';

export const enum Rank {
  /** Nothing speaks against it. */
  Certain = 256,
  /** Its receiver takes it only if it differs from most. Between them: the TTL. */
  Least = 0,
}

const enum Table {
  Rows = 4096,
  Ways = 4,
}

const any = PacketFlag.LowTtl | PacketFlag.TcpMd5 | PacketFlag.Doubtful;
const stream = new Int32Array(Table.Rows * Table.Ways).fill(-1);
const start = new Int32Array(Table.Rows * Table.Ways);
const rank = new Uint16Array(Table.Rows * Table.Ways);
const first = new Int32Array(Table.Rows * Table.Ways);
const last = new Int32Array(Table.Rows * Table.Ways);
const seed = randomBytes(4).readInt32LE(0);
let turn = 0;

/** How certain it is that the packet is taken by its receiver. */
export function rankOf(p: Packet): number {
  if ((p.flags & any) === 0) return Rank.Certain;
  return (p.flags & (PacketFlag.TcpMd5 | PacketFlag.Doubtful)) !== 0 ? Rank.Least : p.ttl;
}

function rowOf(c: number, seq: number): number {
  let h = Math.imul(c ^ seed, 0x9e3779b1) ^ Math.imul(seq, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return ((h ^ (h >>> 13)) & (Table.Rows - 1)) * Table.Ways;
}

/**
 * Notes of the run of bytes that begins at `seq` of stream c how certain it is and which segment, [from, to), it came with:
 * what an overlap policy goes by are the bounds of segments, also when others have taken some of their bytes.
 */
export function noteOrigin(c: number, seq: number, r: number, from: number, to: number): void {
  const plain = r === Rank.Certain && from === seq;
  if (!plain) tcb[c + S.Flags] |= StreamFlag.Doubt;
  else if ((tcb[c + S.Flags] & StreamFlag.Doubt) === 0) return;
  const row = rowOf(c, seq);
  let free = row + (turn++ & (Table.Ways - 1));
  for (let i = row; i < row + Table.Ways; i++) {
    if (stream[i] === c && start[i] === seq) {
      free = i;
      break;
    }
    if (stream[i] < 0) free = i;
  }
  if (plain) {
    if (stream[free] === c && start[free] === seq) stream[free] = -1;
    return;
  }
  stream[free] = c;
  start[free] = seq;
  rank[free] = r;
  first[free] = from;
  last[free] = to;
}

/** Of a run: the segment it came with and how certain that is. Borrowed until the next call of `findOrigin`. */
export const origin = { rank: Rank.Certain as number, from: 0, to: 0 };

/** Sets `origin` to that of the run [seq, end) of stream c. */
export function findOrigin(c: number, seq: number, end: number): void {
  origin.rank = Rank.Certain;
  origin.from = seq;
  origin.to = end;
  if ((tcb[c + S.Flags] & StreamFlag.Doubt) === 0) return;
  const row = rowOf(c, seq);
  for (let i = row; i < row + Table.Ways; i++) {
    if (stream[i] !== c || start[i] !== seq) continue;
    origin.rank = rank[i];
    origin.from = first[i];
    origin.to = last[i];
    return;
  }
}

/** Forgets everything (a new run). */
export function resetDoubt(): void {
  stream.fill(-1);
}
