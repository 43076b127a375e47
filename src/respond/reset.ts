/**
 * Builds the packets that end a conversation: TCP resets (RFC 9293 section 3.10.7, numbers as RFC 5961 section 3 wants
 * them) and ICMP unreachable (RFC 1812 section 5.2.7.1, RFC 4443 section 3.1), over IPv4 and IPv6. Each is written to the
 * same place of the scratch memory, the packet before is overwritten.
 */
import { ScratchPart, u8 } from '../core/memory.js';
import { fold, sum } from '../decode/checksum.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { Icmpv4Type, Icmpv6Type } from '../protocol/icmp.js';
import { IpProto } from '../protocol/ip.js';
import { Ipv4Layout } from '../protocol/ipv4.js';
import { Ipv6Layout } from '../protocol/ipv6.js';
import { TcpFlag } from '../protocol/tcp.js';
import { TcpLayout } from '../protocol/tcp-header.js';

const mem = u8;

export const enum ResetBuf {
  /** Where a packet is built, and the room before it for a link header. */
  Headroom = 64,
  Packet = ScratchPart.RespondOff + Headroom,
  /** End of the room for one packet. */
  End = ScratchPart.RespondOff + 0x1_0000,
}

const enum Made {
  Ttl = 64,
  /** Codes of ICMP and ICMPv6 unreachable: communication administratively prohibited. */
  Icmpv4Code = 13,
  Icmpv6Code = 1,
  IcmpHeader = 8,
  /** Most bytes of an ICMP error over IPv4 and IPv6. */
  Icmpv4Max = 576,
  Icmpv6Max = 1280,
  /** First message type of ICMPv6 that is no error. */
  Icmpv6Informational = 128,
}

function put16(at: number, v: number): void {
  mem[at] = v >>> 8;
  mem[at + 1] = v;
}

function put32(at: number, v: number): void {
  mem[at] = v >>> 24;
  mem[at + 1] = v >>> 16;
  mem[at + 2] = v >>> 8;
  mem[at + 3] = v;
}

/** Whether there may be an answer to the packet at all (RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e)). */
function isAnswerable(p: Packet): boolean {
  if ((p.flags & (PacketFlag.Fragment | PacketFlag.Tunnelled)) !== 0) return false;
  if (p.ipVersion === 4) return isUnicast4(p.src0 >>> 24, p.src0) && isUnicast4(p.dst0 >>> 24, p.dst0);
  if (p.ipVersion === 6)
    return isUnicast6(p.src0, p.src1, p.src2, p.src3) && isUnicast6(p.dst0, p.dst1, p.dst2, p.dst3);
  return false;
}

function isUnicast4(first: number, address: number): boolean {
  return first < 224 && address !== 0;
}

function isUnicast6(w0: number, w1: number, w2: number, w3: number): boolean {
  return w0 >>> 24 !== 0xff && (w0 | w1 | w2 | w3) !== 0;
}

/** Sequence numbers that a TCP packet uses up: its payload, SYN and FIN. */
export function segmentLength(p: Packet): number {
  const { tcpFlags } = p;
  return p.payloadLen + ((tcpFlags & TcpFlag.Syn) !== 0 ? 1 : 0) + ((tcpFlags & TcpFlag.Fin) !== 0 ? 1 : 0);
}

/**
 * The packet that refuses `p`: a reset for TCP, else ICMP unreachable (to the sender only). Its length in bytes at
 * ResetBuf.Packet; 0: there is none (a reset or an ICMP error, a fragment, what came out of a tunnel, addresses of
 * groups). `toSource`: to the sender of `p`, as if from its receiver, else the other way. `delivered`: `p` reaches its
 * receiver, who then expects what follows it; otherwise it was dropped.
 */
export function buildReject(p: Packet, toSource: boolean, delivered: boolean): number {
  if (p.l4Off === 0 || !isAnswerable(p)) return 0;
  if (p.ipProto !== IpProto.Tcp) return toSource ? buildUnreachable(p) : 0;
  if ((p.tcpFlags & TcpFlag.Rst) !== 0) return 0;
  const length = segmentLength(p);
  // Without an acknowledgement of its sender there is no number that it would take but the one it has not used.
  if (toSource) {
    const seq = (p.tcpFlags & TcpFlag.Ack) !== 0 ? p.ack : 0;
    return buildSegment(p, true, seq, (p.seq + length) | 0, TcpFlag.Rst | TcpFlag.Ack, 0, 0);
  }
  const seq = (p.seq + (delivered ? length : 0)) | 0;
  const flags = (p.tcpFlags & TcpFlag.Ack) !== 0 ? TcpFlag.Rst | TcpFlag.Ack : TcpFlag.Rst;
  return buildSegment(p, false, seq, p.ack, flags, 0, 0);
}

/** A reset between the ends of `p` with the given numbers (signed 32 bits); 0 when there may be none. */
export function buildReset(p: Packet, toSource: boolean, seq: number, ack: number): number {
  if (p.ipProto !== IpProto.Tcp || p.l4Off === 0 || !isAnswerable(p)) return 0;
  return buildSegment(p, toSource, seq, ack, TcpFlag.Rst | TcpFlag.Ack, 0, 0);
}

/**
 * A TCP segment without options to the sender (`toSource`) or the receiver of `p`, as if from the other. `flags`: TcpFlag
 * bits; its payload is copied from [dataOff, dataOff + dataLen), at most what leaves room for the headers. Its length.
 */
export function buildSegment(
  p: Packet,
  toSource: boolean,
  seq: number,
  ack: number,
  flags: number,
  dataOff: number,
  dataLen: number,
): number {
  const at = ResetBuf.Packet + ipHeaderLen(p);
  const len = TcpLayout.HeaderLen + dataLen;
  if (dataLen < 0 || at + len > ResetBuf.End) return 0;
  put16(at, toSource ? p.dstPort : p.srcPort);
  put16(at + 2, toSource ? p.srcPort : p.dstPort);
  put32(at + TcpLayout.SeqOff, seq);
  put32(at + TcpLayout.AckOff, (flags & TcpFlag.Ack) !== 0 ? ack : 0);
  mem[at + TcpLayout.DataOff] = (TcpLayout.HeaderLen / 4) << 4;
  mem[at + TcpLayout.FlagsOff] = flags;
  // A reset offers no window; a segment with data must, or its receiver may not answer.
  put16(at + TcpLayout.WindowOff, (flags & TcpFlag.Rst) !== 0 ? 0 : p.window & 0xffff);
  put16(at + TcpLayout.ChecksumOff, 0);
  put16(at + TcpLayout.UrgentOff, 0);
  if (dataLen > 0) mem.copyWithin(at + TcpLayout.HeaderLen, dataOff, dataOff + dataLen);
  const total = putIpHeader(p, toSource, IpProto.Tcp, len);
  put16(at + TcpLayout.ChecksumOff, transportChecksum(p.ipVersion, at, len, IpProto.Tcp));
  return total;
}

function ipHeaderLen(p: Packet): number {
  return p.ipVersion === 6 ? Ipv6Layout.HeaderLen : Ipv4Layout.HeaderLen;
}

/** The IP header in front of `payload` bytes; the length of both. */
function putIpHeader(p: Packet, toSource: boolean, proto: number, payload: number): number {
  const at = ResetBuf.Packet;
  if (p.ipVersion === 6) {
    put32(at, 0x6000_0000);
    put16(at + Ipv6Layout.PayloadLenOff, payload);
    mem[at + Ipv6Layout.NextHeaderOff] = proto;
    mem[at + Ipv6Layout.HopLimitOff] = Made.Ttl;
    putAddress6(at + (toSource ? Ipv6Layout.DstOff : Ipv6Layout.SrcOff), p.src0, p.src1, p.src2, p.src3);
    putAddress6(at + (toSource ? Ipv6Layout.SrcOff : Ipv6Layout.DstOff), p.dst0, p.dst1, p.dst2, p.dst3);
    return Ipv6Layout.HeaderLen + payload;
  }
  const total = Ipv4Layout.HeaderLen + payload;
  put16(at, 0x4500);
  put16(at + Ipv4Layout.TotalLenOff, total);
  // Never fragmented, so its identification says nothing (RFC 6864 section 4.1).
  put32(at + Ipv4Layout.IdOff, 0x0000_4000);
  mem[at + Ipv4Layout.TtlOff] = Made.Ttl;
  mem[at + Ipv4Layout.ProtoOff] = proto;
  put16(at + Ipv4Layout.ChecksumOff, 0);
  put32(at + (toSource ? Ipv4Layout.DstOff : Ipv4Layout.SrcOff), p.src0);
  put32(at + (toSource ? Ipv4Layout.SrcOff : Ipv4Layout.DstOff), p.dst0);
  put16(at + Ipv4Layout.ChecksumOff, ~fold(sum(at, Ipv4Layout.HeaderLen)));
  return total;
}

function putAddress6(at: number, w0: number, w1: number, w2: number, w3: number): void {
  put32(at, w0);
  put32(at + 4, w1);
  put32(at + 8, w2);
  put32(at + 12, w3);
}

/** Checksum of the message at `at` behind the IP header that was just built, its own field being 0. */
function transportChecksum(ipVersion: number, at: number, len: number, proto: number): number {
  const [addresses, size] =
    ipVersion === 6
      ? [ResetBuf.Packet + Ipv6Layout.SrcOff, Ipv6Layout.HeaderLen - Ipv6Layout.SrcOff]
      : [ResetBuf.Packet + Ipv4Layout.SrcOff, Ipv4Layout.HeaderLen - Ipv4Layout.SrcOff];
  return ~fold(sum(addresses, size) + proto + len + sum(at, len));
}

/** ICMP unreachable to the sender of `p`, with as much of `p` as fits. */
function buildUnreachable(p: Packet): number {
  const at = ResetBuf.Packet + ipHeaderLen(p);
  if (p.ipVersion === 6) {
    if (p.ipProto === IpProto.Icmpv6 && p.icmpType < Made.Icmpv6Informational) return 0;
    const len = putError(p, at, Icmpv6Type.Unreachable, Made.Icmpv6Code, Made.Icmpv6Max);
    const total = putIpHeader(p, true, IpProto.Icmpv6, len);
    put16(at + 2, transportChecksum(6, at, len, IpProto.Icmpv6));
    return total;
  }
  if (p.ipProto === IpProto.Icmp && isIcmpError(p.icmpType)) return 0;
  const len = putError(p, at, Icmpv4Type.Unreachable, Made.Icmpv4Code, Made.Icmpv4Max);
  put16(at + 2, ~fold(sum(at, len)));
  return putIpHeader(p, true, IpProto.Icmp, len);
}

function putError(p: Packet, at: number, type: number, code: number, max: number): number {
  const quoted = Math.min(p.ipLen, max - ipHeaderLen(p) - Made.IcmpHeader);
  put32(at, (type << 24) | (code << 16));
  put32(at + 4, 0);
  mem.copyWithin(at + Made.IcmpHeader, p.ipOff, p.ipOff + quoted);
  return Made.IcmpHeader + quoted;
}

function isIcmpError(type: number): boolean {
  switch (type) {
    case Icmpv4Type.Unreachable:
    case Icmpv4Type.SourceQuench:
    case Icmpv4Type.Redirect:
    case Icmpv4Type.TimeExceeded:
    case Icmpv4Type.ParameterProblem:
      return true;
    default:
      return false;
  }
}
