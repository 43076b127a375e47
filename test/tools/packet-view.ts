/** Reads and rewrites packets for the capture rewriter: the IP packet of a frame, the TCP segment of a packet. */
import { checksumFold, concat, sumBytes } from './bytes.js';

/** A whole TCP segment in an unfragmented IP packet. */
export interface TcpView {
  ip: Uint8Array;
  /** Bytes of IP header, extension headers excluded (packets with those are left alone). */
  ipHdrLen: number;
  tcpHdrLen: number;
  /** "address port" of sender and receiver, and both in one order for the connection. */
  from: string;
  to: string;
  connection: string;
  seq: number;
  ack: number;
  flags: number;
  payload: Uint8Array;
}

/** The IP packet of a frame without its padding, or null. `tags`: also behind VLAN tags. */
export function parseIp(bytes: Uint8Array, linkType: number, tags = true): Uint8Array | null {
  let at = 0;
  if (linkType === 1) {
    at = 12;
    const type = (): number => (bytes[at] << 8) | bytes[at + 1];
    while (tags && at + 4 < bytes.length && (type() === 0x8100 || type() === 0x88a8 || type() === 0x9100)) at += 4;
    if (bytes.length < 14 || (type() !== 0x0800 && type() !== 0x86dd)) return null;
    at += 2;
  } else if (linkType !== 101) return null;
  const ip = bytes.subarray(at);
  if (ip.length < 20) return null;
  const version = ip[0] >> 4;
  if (version !== 4 && (version !== 6 || ip.length < 40)) return null;
  const length = version === 4 ? (ip[2] << 8) | ip[3] : 40 + ((ip[4] << 8) | ip[5]);
  return length > ip.length || length < 20 ? null : ip.subarray(0, length);
}

/** The TCP segment of an IP packet, or null for anything else and for fragments. */
export function tcpView(ip: Uint8Array): TcpView | null {
  const v4 = ip[0] >> 4 === 4;
  const ipHdrLen = v4 ? (ip[0] & 15) * 4 : 40;
  if ((v4 ? ip[9] : ip[6]) !== 6 || (v4 && ((ip[6] & 0x3f) | ip[7]) !== 0)) return null;
  if (ip.length < ipHdrLen + 20) return null;
  const d = new DataView(ip.buffer, ip.byteOffset + ipHdrLen, ip.length - ipHdrLen);
  const tcpHdrLen = (d.getUint8(12) >> 4) * 4;
  if (tcpHdrLen < 20 || tcpHdrLen > d.byteLength) return null;
  const address = (off: number): string => ip.subarray(off, off + (v4 ? 4 : 16)).join('.');
  const from = `${address(v4 ? 12 : 8)} ${d.getUint16(0)}`;
  const to = `${address(v4 ? 16 : 24)} ${d.getUint16(2)}`;
  return {
    ip,
    ipHdrLen,
    tcpHdrLen,
    from: `${from} > ${to}`,
    to: `${to} > ${from}`,
    connection: from < to ? `${from} ${to}` : `${to} ${from}`,
    seq: d.getUint32(4),
    ack: d.getUint32(8),
    flags: d.getUint8(13),
    payload: ip.subarray(ipHdrLen + tcpHdrLen),
  };
}

export interface TcpChange {
  seq: number;
  ack?: number;
  flags: number;
  window?: number;
  payload: Uint8Array;
  /** Sent by the other side. */
  swap?: boolean;
  /** Without TCP options. */
  bare?: boolean;
}

/** The packet with a changed segment: lengths and checksums mended. */
export function mended(t: TcpView, c: TcpChange): Uint8Array {
  const tcpHdrLen = c.bare === true ? 20 : t.tcpHdrLen;
  const out = concat(t.ip.subarray(0, t.ipHdrLen + tcpHdrLen), c.payload);
  const v4 = out[0] >> 4 === 4;
  const d = new DataView(out.buffer);
  const at = t.ipHdrLen;
  if (c.swap === true) {
    swap(out, v4 ? 12 : 8, v4 ? 16 : 24, v4 ? 4 : 16);
    swap(out, at, at + 2, 2);
  }
  d.setUint32(at + 4, c.seq);
  if (c.ack !== undefined) d.setUint32(at + 8, c.ack);
  out[at + 12] = (tcpHdrLen >> 2) << 4;
  out[at + 13] = c.flags;
  if (c.window !== undefined) d.setUint16(at + 14, c.window);
  d.setUint16(at + 16, 0);
  const segment = out.subarray(at);
  const addresses = out.subarray(v4 ? 12 : 8, v4 ? 20 : 40);
  d.setUint16(at + 16, checksumFold(sumBytes(segment) + sumBytes(addresses) + 6 + segment.length));
  if (v4) {
    d.setUint16(2, out.length);
    d.setUint16(10, 0);
    d.setUint16(10, checksumFold(sumBytes(out.subarray(0, at))));
  } else d.setUint16(4, out.length - 40);
  return out;
}

function swap(b: Uint8Array, i: number, j: number, len: number): void {
  const first = b.slice(i, i + len);
  b.copyWithin(i, j, j + len);
  b.set(first, j);
}
