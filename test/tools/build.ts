/**
 * Builders of packets for tests: each header takes named fields with sensible defaults and returns bytes with
 * right lengths and checksums, so that a test states only what it is about. `fields` left out get defaults;
 * a field given is taken as it is, also when it is wrong (a bad length or checksum is then what is tested).
 */
import { addressBytes, bytesOf, checksumFold, concat, sumBytes } from './bytes.js';

/** Header fields of an IPv4 packet (RFC 791 section 3.1). */
export interface Ipv4Fields {
  src?: string;
  dst?: string;
  proto?: number;
  ttl?: number;
  tos?: number;
  id?: number;
  /** Bit 0 MF, 1 DF, 2 reserved (as Packet.ipFlags). */
  flags?: number;
  /** Fragment offset in bytes. */
  fragOff?: number;
  /** Options; padded with zeros to a multiple of four. */
  options?: Uint8Array;
  /** Overrides of computed fields. */
  totalLen?: number;
  ihl?: number;
  version?: number;
  checksum?: number;
}

/** Header fields of an IPv6 packet (RFC 8200 section 3). */
export interface Ipv6Fields {
  src?: string;
  dst?: string;
  /** Next header of the fixed header. */
  proto?: number;
  hopLimit?: number;
  trafficClass?: number;
  flowLabel?: number;
  payloadLen?: number;
  version?: number;
}

/** Header fields of a TCP segment (RFC 9293 section 3.1). */
export interface TcpFields {
  srcPort?: number;
  dstPort?: number;
  seq?: number;
  ack?: number;
  /** TcpFlag bits. */
  flags?: number;
  window?: number;
  urgent?: number;
  /** Options; padded with zeros to a multiple of four. */
  options?: Uint8Array;
  /** Header length in bytes when it is to differ from the real one. */
  hdrLen?: number;
  checksum?: number;
}

export interface UdpFields {
  srcPort?: number;
  dstPort?: number;
  length?: number;
  checksum?: number;
}

export const DefaultClient = '192.168.1.10';
export const DefaultServer = '10.0.0.80';

const pad4 = (b: Uint8Array): Uint8Array => (b.length % 4 === 0 ? b : concat(b, new Uint8Array(4 - (b.length % 4))));
const view = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);
const isIpv6 = (ip: string): boolean => ip.includes(':');

/** An Ethernet II frame (IEEE 802.3 clause 3). Not padded to 60 bytes. */
export function ethernet(
  payload: Uint8Array,
  type = 0x0800,
  { src = '02:00:00:00:00:01', dst = '02:00:00:00:00:02' }: { src?: string; dst?: string } = {},
): Uint8Array {
  const mac = (s: string): number[] => s.split(':').map((x) => Number.parseInt(x, 16));
  return concat(Uint8Array.from([...mac(dst), ...mac(src), type >> 8, type & 255]), payload);
}

/** A 4-byte VLAN tag (IEEE 802.1Q): TCI and the ethertype of what follows; put it behind a frame's ethertype 0x8100. */
export function vlanTag(id: number, innerType: number, payload: Uint8Array, pcp = 0): Uint8Array {
  const tci = (pcp << 13) | id;
  return concat(Uint8Array.from([tci >> 8, tci & 255, innerType >> 8, innerType & 255]), payload);
}

export function ipv4(f: Ipv4Fields, payload: Uint8Array): Uint8Array {
  const options = pad4(f.options ?? new Uint8Array(0));
  const hdrLen = 20 + options.length;
  const out = new Uint8Array(hdrLen + payload.length);
  const d = view(out);
  out[0] = ((f.version ?? 4) << 4) | ((f.ihl ?? hdrLen) >> 2);
  out[1] = f.tos ?? 0;
  d.setUint16(2, f.totalLen ?? out.length);
  d.setUint16(4, f.id ?? 1);
  d.setUint16(6, ((f.flags ?? 0) << 13) | ((f.fragOff ?? 0) >> 3));
  out[8] = f.ttl ?? 64;
  out[9] = f.proto ?? 6;
  out.set(addressBytes(f.src ?? DefaultClient), 12);
  out.set(addressBytes(f.dst ?? DefaultServer), 16);
  out.set(options, 20);
  d.setUint16(10, f.checksum ?? checksumFold(sumBytes(out.subarray(0, hdrLen))));
  out.set(payload, hdrLen);
  return out;
}

export function ipv6(f: Ipv6Fields, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(40 + payload.length);
  const d = view(out);
  d.setUint32(0, (((f.version ?? 6) << 28) | ((f.trafficClass ?? 0) << 20) | (f.flowLabel ?? 0)) >>> 0);
  d.setUint16(4, f.payloadLen ?? payload.length);
  out[6] = f.proto ?? 6;
  out[7] = f.hopLimit ?? 64;
  out.set(addressBytes(f.src ?? '2001:db8::10'), 8);
  out.set(addressBytes(f.dst ?? '2001:db8::80'), 24);
  out.set(payload, 40);
  return out;
}

/** Sum of the pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1) for addresses of either family. */
function pseudoSum(src: string, dst: string, proto: number, len: number): number {
  return sumBytes(addressBytes(src)) + sumBytes(addressBytes(dst)) + proto + (len >>> 16) + (len & 0xffff);
}

/** A TCP segment from `src` to `dst` (addresses only for the checksum). */
export function tcp(src: string, dst: string, f: TcpFields, payload: Uint8Array | string = ''): Uint8Array {
  const data = bytesOf(payload);
  const options = pad4(f.options ?? new Uint8Array(0));
  const hdrLen = 20 + options.length;
  const out = new Uint8Array(hdrLen + data.length);
  const d = view(out);
  d.setUint16(0, f.srcPort ?? 40000);
  d.setUint16(2, f.dstPort ?? 80);
  d.setUint32(4, (f.seq ?? 0) >>> 0);
  d.setUint32(8, (f.ack ?? 0) >>> 0);
  out[12] = ((f.hdrLen ?? hdrLen) >> 2) << 4;
  out[13] = f.flags ?? 0x10;
  d.setUint16(14, f.window ?? 0xffff);
  d.setUint16(18, f.urgent ?? 0);
  out.set(options, 20);
  out.set(data, hdrLen);
  d.setUint16(16, f.checksum ?? checksumFold(sumBytes(out) + pseudoSum(src, dst, 6, out.length)));
  return out;
}

/** A UDP datagram (RFC 768) from `src` to `dst` (addresses only for the checksum). */
export function udp(src: string, dst: string, f: UdpFields, payload: Uint8Array | string = ''): Uint8Array {
  const data = bytesOf(payload);
  const out = new Uint8Array(8 + data.length);
  const d = view(out);
  d.setUint16(0, f.srcPort ?? 40000);
  d.setUint16(2, f.dstPort ?? 53);
  d.setUint16(4, f.length ?? out.length);
  out.set(data, 8);
  d.setUint16(6, f.checksum ?? (checksumFold(sumBytes(out) + pseudoSum(src, dst, 17, out.length)) || 0xffff));
  return out;
}

/** An ICMP message (RFC 792): type, code, checksum, then `rest` (with the four bytes of id and sequence). */
export function icmpv4(type: number, code: number, rest: Uint8Array = new Uint8Array(4)): Uint8Array {
  const out = concat(Uint8Array.from([type, code, 0, 0]), rest);
  view(out).setUint16(2, checksumFold(sumBytes(out)));
  return out;
}

/** An ICMPv6 message (RFC 4443) from `src` to `dst`. */
export function icmpv6(
  src: string,
  dst: string,
  type: number,
  code: number,
  rest: Uint8Array = new Uint8Array(4),
): Uint8Array {
  const out = concat(Uint8Array.from([type, code, 0, 0]), rest);
  view(out).setUint16(2, checksumFold(sumBytes(out) + pseudoSum(src, dst, 58, out.length)));
  return out;
}

/** An IP packet of whichever family the addresses have. `fields` may hold fields of that family. */
export function ip(
  src: string,
  dst: string,
  proto: number,
  payload: Uint8Array,
  fields: Ipv4Fields & Ipv6Fields = {},
): Uint8Array {
  return isIpv6(src) ? ipv6({ ...fields, src, dst, proto }, payload) : ipv4({ ...fields, src, dst, proto }, payload);
}

/** Ethernet around an IP packet; the ethertype comes from the IP version. */
export function frame(packet: Uint8Array): Uint8Array {
  return ethernet(packet, packet[0] >> 4 === 6 ? 0x86dd : 0x0800);
}

/** Ethernet + IP + TCP in one call. */
export function tcpFrame(
  f: TcpFields & { src?: string; dst?: string; ip?: Ipv4Fields & Ipv6Fields },
  payload: Uint8Array | string = '',
): Uint8Array {
  const { src = DefaultClient, dst = DefaultServer } = f;
  return frame(ip(src, dst, 6, tcp(src, dst, f, payload), f.ip));
}

/** Ethernet + IP + UDP in one call. */
export function udpFrame(
  f: UdpFields & { src?: string; dst?: string; ip?: Ipv4Fields & Ipv6Fields },
  payload: Uint8Array | string = '',
): Uint8Array {
  const { src = DefaultClient, dst = DefaultServer } = f;
  return frame(ip(src, dst, 17, udp(src, dst, f, payload), f.ip));
}
