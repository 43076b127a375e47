/**
 * Internet checksums (RFC 1071) of a decoded packet. Each function computes over the bytes in memory: `-k` decides
 * whether the pipeline asks, the checksum keywords ask always. Captured bytes beyond the datagram are left out.
 */
import { u8 } from '../core/memory.js';
import { IpProto } from '../protocol/ip.js';
import { type Packet, PacketFlag } from './packet.js';

const mem = u8;

/** Sum of 16-bit words of [off, off + len), an odd last byte padded; unfolded: below 2^48 for any datagram. */
export function sum(off: number, len: number): number {
  const end = off + len;
  const whole = end - (len & 1);
  let total = 0;
  for (let i = off; i < whole; i += 2) total += (mem[i] << 8) | mem[i + 1];
  if (whole !== end) total += mem[whole] << 8;
  return total;
}

/** One's complement sum folded to 16 bits. */
export function fold(total: number): number {
  let folded = (total & 0xffff) + Math.floor(total / 0x1_0000);
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

function wordSum(w: number): number {
  return (w >>> 16) + (w & 0xffff);
}

/** Sum of the pseudo header: addresses, protocol, length (RFC 9293 section 3.1, RFC 8200 section 8.1). */
function pseudoSum(p: Packet, proto: number, len: number): number {
  let total = wordSum(p.src0) + wordSum(p.dst0) + proto + len;
  if (p.ipVersion === 6) {
    total += wordSum(p.src1) + wordSum(p.src2) + wordSum(p.src3);
    total += wordSum(p.dst1) + wordSum(p.dst2) + wordSum(p.dst3);
  }
  return total;
}

/** Bytes from the transport header to the end of the datagram. */
function transportLen(p: Packet): number {
  return p.ipOff + p.ipLen - p.l4Off;
}

/** The IPv4 header checksum (RFC 791 section 3.1); true for packets without an IPv4 header. */
export function ipv4ChecksumOk(p: Packet): boolean {
  return p.ipVersion !== 4 || fold(sum(p.ipOff, p.ipHdrLen)) === 0xffff;
}

/** The TCP checksum over IPv4 or IPv6; true when there is no TCP header. */
export function tcpChecksumOk(p: Packet): boolean {
  if (p.l4Off === 0 || p.ipProto !== IpProto.Tcp) return true;
  const len = transportLen(p);
  return fold(pseudoSum(p, IpProto.Tcp, len) + sum(p.l4Off, len)) === 0xffff;
}

/**
 * Whether the checksum field of a TCP packet holds the sum of the pseudo header alone, not complemented: what a system
 * leaves there when its network card is to do the rest (Linux Documentation/networking/checksum-offloads.rst, "TX
 * Checksum Offload"). A capture on that system has such packets; they never are on a wire.
 */
export function tcpChecksumOffloaded(p: Packet): boolean {
  if (p.l4Off === 0 || p.ipProto !== IpProto.Tcp) return false;
  return ((mem[p.l4Off + 16] << 8) | mem[p.l4Off + 17]) === fold(pseudoSum(p, IpProto.Tcp, transportLen(p)));
}

/** The UDP checksum. Zero means none over IPv4 (RFC 768); over IPv6 it is wrong (RFC 8200 section 8.1). */
export function udpChecksumOk(p: Packet): boolean {
  if (p.l4Off === 0 || p.ipProto !== IpProto.Udp) return true;
  if (((mem[p.l4Off + 6] << 8) | mem[p.l4Off + 7]) === 0) return p.ipVersion === 4;
  const len = p.l4HdrLen + p.payloadLen;
  return fold(pseudoSum(p, IpProto.Udp, len) + sum(p.l4Off, len)) === 0xffff;
}

/** The ICMP checksum (RFC 792). */
export function icmpv4ChecksumOk(p: Packet): boolean {
  if (p.l4Off === 0 || p.ipProto !== IpProto.Icmp) return true;
  return fold(sum(p.l4Off, transportLen(p))) === 0xffff;
}

/** The ICMPv6 checksum (RFC 4443 section 2.3). */
export function icmpv6ChecksumOk(p: Packet): boolean {
  if (p.l4Off === 0 || p.ipProto !== IpProto.Icmpv6) return true;
  const len = transportLen(p);
  return fold(pseudoSum(p, IpProto.Icmpv6, len) + sum(p.l4Off, len)) === 0xffff;
}

/** The transport checksum of whatever the packet carries. */
function transportChecksumOk(p: Packet): boolean {
  switch (p.ipProto) {
    case IpProto.Tcp:
      return tcpChecksumOk(p);
    case IpProto.Udp:
      return udpChecksumOk(p);
    case IpProto.Icmp:
      return icmpv4ChecksumOk(p);
    case IpProto.Icmpv6:
      return icmpv6ChecksumOk(p);
    default:
      return true;
  }
}

/** Writes the checksums of the IPv4 header and of the TCP or UDP header anew, after bytes of the packet were changed. */
export function writeChecksums(p: Packet): void {
  if (p.ipVersion === 4) put16(p.ipOff + 10, 0, ~fold(sumWithout(p.ipOff, p.ipHdrLen, 10)));
  if (p.l4Off === 0) return;
  if (p.ipProto === IpProto.Tcp) {
    const len = transportLen(p);
    put16(p.l4Off + 16, 0, ~fold(pseudoSum(p, IpProto.Tcp, len) + sumWithout(p.l4Off, len, 16)));
  } else if (p.ipProto === IpProto.Udp && (p.ipVersion === 6 || ((mem[p.l4Off + 6] << 8) | mem[p.l4Off + 7]) !== 0)) {
    const len = p.l4HdrLen + p.payloadLen;
    // A sum of 0 is sent as all ones: 0 means that there is none.
    put16(p.l4Off + 6, 0xffff, ~fold(pseudoSum(p, IpProto.Udp, len) + sumWithout(p.l4Off, len, 6)));
  }
}

/** As `sum`, the word at `skip` taken for 0. */
function sumWithout(off: number, len: number, skip: number): number {
  return sum(off, len) - ((mem[off + skip] << 8) | mem[off + skip + 1]);
}

/** Writes a checksum; `zero` stands for 0. */
function put16(at: number, zero: number, value: number): void {
  const word = (value & 0xffff) === 0 ? zero : value;
  mem[at] = word >>> 8;
  mem[at + 1] = word;
}

/** All checksums of the packet; sets PacketFlag.BadChecksum when one is wrong. */
export function checksumsOk(p: Packet): boolean {
  if (ipv4ChecksumOk(p) && transportChecksumOk(p)) return true;
  p.flags |= PacketFlag.BadChecksum;
  return false;
}
