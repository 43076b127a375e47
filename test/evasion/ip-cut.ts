/** Cuts any part of an IPv4 packet's payload into a fragment (RFC 791 section 3.2). */
import { checksumFold, concat, sumBytes } from '../tools/bytes.js';

export interface Cut {
  /** Bytes of the payload; `from` a multiple of eight. */
  from: number;
  to: number;
  /** More fragments follow. */
  more: boolean;
}

export function cut(packet: Uint8Array, id: number, piece: Cut): Uint8Array {
  const hdrLen = (packet[0] & 15) * 4;
  const out = concat(packet.subarray(0, hdrLen), packet.subarray(hdrLen + piece.from, hdrLen + piece.to));
  const d = new DataView(out.buffer);
  d.setUint16(2, out.length);
  d.setUint16(4, id);
  d.setUint16(6, (piece.more ? 0x2000 : 0) | (piece.from >> 3));
  d.setUint16(10, 0);
  d.setUint16(10, checksumFold(sumBytes(out.subarray(0, hdrLen))));
  return out;
}

/** All of it in fragments of `size` bytes. */
export function piecesOf(packet: Uint8Array, id: number, size: number): Uint8Array[] {
  const len = packet.length - (packet[0] & 15) * 4;
  const out: Uint8Array[] = [];
  for (let from = 0; from < len; from += size) {
    out.push(cut(packet, id, { from, to: Math.min(len, from + size), more: from + size < len }));
  }
  return out;
}
