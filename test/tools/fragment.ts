/** Cuts IP packets into fragments (RFC 791 section 3.2, RFC 8200 section 4.5). */
import { checksumFold, concat, sumBytes } from './bytes.js';

/** Fragments of at most `size` payload bytes (rounded down to a multiple of 8); the packet itself when it fits. */
export function fragmentPacket(packet: Uint8Array, size: number, id: number): Uint8Array[] {
  const piece = Math.max(8, size & ~7);
  return packet[0] >> 4 === 6 ? fragmentIpv6(packet, piece, id) : fragmentIpv4(packet, piece, id);
}

function fragmentIpv4(packet: Uint8Array, piece: number, id: number): Uint8Array[] {
  const hdrLen = (packet[0] & 15) * 4;
  const payload = packet.subarray(hdrLen);
  const already = ((packet[6] & 0x3f) | packet[7]) !== 0;
  if (payload.length <= piece || already) return [packet];
  const out: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += piece) {
    const part = concat(packet.subarray(0, hdrLen), payload.subarray(at, at + piece));
    const d = new DataView(part.buffer);
    d.setUint16(2, part.length);
    d.setUint16(4, id);
    d.setUint16(6, (at + piece < payload.length ? 0x2000 : 0) | (at >> 3));
    d.setUint16(10, 0);
    d.setUint16(10, checksumFold(sumBytes(part.subarray(0, hdrLen))));
    out.push(part);
  }
  return out;
}

/** Only packets without extension headers: nothing before the fragment header then. */
function fragmentIpv6(packet: Uint8Array, piece: number, id: number): Uint8Array[] {
  const payload = packet.subarray(40);
  const next = packet[6];
  const plain = next === 6 || next === 17 || next === 58;
  if (payload.length <= piece || !plain) return [packet];
  const out: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += piece) {
    const header = new Uint8Array(48);
    header.set(packet.subarray(0, 40));
    const part = concat(header, payload.subarray(at, at + piece));
    const d = new DataView(part.buffer);
    d.setUint16(4, part.length - 40);
    part[6] = 44;
    part[40] = next;
    d.setUint16(42, at | (at + piece < payload.length ? 1 : 0));
    d.setUint32(44, id);
    out.push(part);
  }
  return out;
}
