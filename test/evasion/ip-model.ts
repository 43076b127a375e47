/**
 * A model of how Linux 6 puts fragments together: a fragment that brings nothing new is ignored, any other overlap drops the whole
 * datagram (RFC 5722, which Linux follows for IPv4 too).
 */
import { concat } from '../tools/bytes.js';

interface Waiting {
  header: Uint8Array | null;
  pieces: { start: number; data: Uint8Array }[];
  end: number;
  dead: boolean;
}

/** True when the bytes [start, end) are there already, in pieces that touch. */
function contained(pieces: Waiting['pieces'], start: number, end: number): boolean {
  let at = start;
  for (const p of pieces) if (p.start <= at && p.start + p.data.length > at) at = p.start + p.data.length;
  return at >= end;
}

export class IpModel {
  private readonly waiting = new Map<string, Waiting>();

  /** The packet itself, the datagram it completes, or null. */
  take(packet: Uint8Array): Uint8Array | null {
    return packet[0] >> 4 === 4 ? this.take4(packet) : this.take6(packet);
  }

  private take4(packet: Uint8Array): Uint8Array | null {
    const hdrLen = (packet[0] & 15) * 4;
    const start = (((packet[6] & 31) << 8) | packet[7]) * 8;
    const more = (packet[6] & 0x20) !== 0;
    if (start === 0 && !more) return packet;
    const length = (packet[2] << 8) | packet[3];
    const key = `4 ${packet.subarray(4, 6).join()} ${packet.subarray(9, 10)} ${packet.subarray(12, 20).join()}`;
    const whole = this.add(key, start, more, packet.subarray(hdrLen, length), packet.subarray(0, hdrLen));
    if (whole === null) return null;
    const out = concat(whole.header, whole.data);
    const d = new DataView(out.buffer);
    d.setUint16(2, out.length);
    d.setUint16(6, 0);
    return out;
  }

  private take6(packet: Uint8Array): Uint8Array | null {
    if (packet[6] !== 44) return packet;
    const word = (packet[42] << 8) | packet[43];
    const start = word & ~7;
    const more = (word & 1) !== 0;
    const header = packet.slice(0, 40);
    header[6] = packet[40];
    const length = 40 + ((packet[4] << 8) | packet[5]);
    const key = `6 ${packet.subarray(8, 40).join()} ${packet.subarray(44, 48).join()}`;
    const data = packet.subarray(48, length);
    // An atomic fragment stands for itself (RFC 6946).
    const whole = start === 0 && !more ? { header, data } : this.add(key, start, more, data, header);
    if (whole === null) return null;
    const out = concat(whole.header, whole.data);
    new DataView(out.buffer).setUint16(4, out.length - 40);
    return out;
  }

  private add(
    key: string,
    start: number,
    more: boolean,
    data: Uint8Array,
    header: Uint8Array,
  ): { header: Uint8Array; data: Uint8Array } | null {
    const w = this.waiting.get(key) ?? { header: null, pieces: [], end: -1, dead: false };
    this.waiting.set(key, w);
    const end = start + data.length;
    const furthest = Math.max(0, ...w.pieces.map((p) => p.start + p.data.length));
    if (more ? w.end >= 0 && end > w.end : end < furthest || (w.end >= 0 && end !== w.end)) w.dead = true;
    if (w.dead || contained(w.pieces, start, end)) return null;
    w.dead = w.pieces.some((p) => start < p.start + p.data.length && p.start < end);
    if (w.dead) return null;
    if (start === 0) w.header = header;
    if (!more) w.end = end;
    w.pieces.push({ start, data });
    w.pieces.sort((a, b) => a.start - b.start);
    const bytes = w.pieces.reduce((n, p) => n + p.data.length, 0);
    if (w.header === null || bytes !== w.end) return null;
    this.waiting.delete(key);
    return { header: w.header, data: concat(...w.pieces.map((p) => p.data)) };
  }
}
