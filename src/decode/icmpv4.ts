/** ICMP (RFC 792): type and code, and the packet that errors quote. */
import { counter, counts } from '../core/counters.js';
import { dv, u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { Icmpv4Type } from '../protocol/icmp.js';
import { IpProto } from '../protocol/ip.js';
import { Ipv4Layout } from '../protocol/ipv4.js';
import { damaged } from './layer.js';
import { type Packet, PacketFlag } from './packet.js';

const mem = u8;
const view = dv;
const cIcmpv4 = counter('decoder.icmpv4');

const enum IcmpLayout {
  HeaderLen = 8,
  /** Header with the three times of a timestamp message. */
  TimestampLen = 20,
  /** Bytes of a quoted transport header that hold its ports. */
  PortsLen = 4,
}

/** Decodes `len` bytes at `off`; leaves l4Off 0 when the header is unusable. */
export function decodeIcmpv4(p: Packet, off: number, len: number): void {
  counts[cIcmpv4]++;
  if (len < IcmpLayout.HeaderLen) {
    damaged(p, DecoderEvent.Icmpv4PktTooSmall);
    return;
  }
  const type = mem[off];
  const code = mem[off + 1];
  p.ipProto = IpProto.Icmp;
  p.l4Off = off;
  p.l4HdrLen = IcmpLayout.HeaderLen;
  p.icmpType = type;
  p.icmpCode = code;
  p.icmpId = -1;
  p.icmpSeq = -1;
  p.icmpMtu = -1;
  p.payloadOff = off + IcmpLayout.HeaderLen;
  p.payloadLen = len - IcmpLayout.HeaderLen;
  p.flags |= PacketFlag.WantsFlow;
  switch (type) {
    case Icmpv4Type.Unreachable:
      decodeError(p, code <= 15);
      break;
    case Icmpv4Type.SourceQuench:
    case Icmpv4Type.ParameterProblem:
      decodeError(p, code === 0);
      break;
    case Icmpv4Type.Redirect:
      decodeError(p, code <= 3);
      break;
    case Icmpv4Type.TimeExceeded:
      decodeError(p, code <= 1);
      break;
    case Icmpv4Type.RouterAdvert:
      decodeRouterAdvert(p, off);
      break;
    case Icmpv4Type.Timestamp:
    case Icmpv4Type.TimestampReply:
      setIdAndSequence(p, off);
      if (code !== 0) p.addEvent(DecoderEvent.Icmpv4UnknownCode);
      else if (len < IcmpLayout.TimestampLen) damaged(p, DecoderEvent.Icmpv4PktTooSmall);
      if (len >= IcmpLayout.TimestampLen) setHeaderLength(p, IcmpLayout.TimestampLen);
      break;
    case Icmpv4Type.Echo:
    case Icmpv4Type.EchoReply:
    case Icmpv4Type.InfoRequest:
    case Icmpv4Type.InfoReply:
    case Icmpv4Type.MaskRequest:
    case Icmpv4Type.MaskReply:
      setIdAndSequence(p, off);
      if (code !== 0) p.addEvent(DecoderEvent.Icmpv4UnknownCode);
      break;
    default:
      p.addEvent(DecoderEvent.Icmpv4UnknownType);
  }
}

/** RFC 1256 section 3: number of entries and their size in 4-byte units; the entries belong to the header. */
function decodeRouterAdvert(p: Packet, off: number): void {
  const entries = mem[off + 4] * mem[off + 5] * 4;
  if (entries > p.payloadLen) p.addEvent(DecoderEvent.Icmpv4Ipv4TruncPkt);
  else setHeaderLength(p, IcmpLayout.HeaderLen + entries);
}

function setHeaderLength(p: Packet, hdrLen: number): void {
  p.payloadLen -= hdrLen - p.l4HdrLen;
  p.payloadOff += hdrLen - p.l4HdrLen;
  p.l4HdrLen = hdrLen;
}

function setIdAndSequence(p: Packet, off: number): void {
  p.icmpId = view.getUint16(off + 4);
  p.icmpSeq = view.getUint16(off + 6);
}

/** An error quotes the start of the packet that caused it. */
function decodeError(p: Packet, knownCode: boolean): void {
  if (!knownCode) {
    p.addEvent(DecoderEvent.Icmpv4UnknownCode);
    return;
  }
  const off = p.payloadOff;
  const len = p.payloadLen;
  if (len === 0) return;
  if (len < Ipv4Layout.HeaderLen) {
    damaged(p, DecoderEvent.Icmpv4Ipv4TruncPkt);
    return;
  }
  if (mem[off] >> 4 !== 4) {
    damaged(p, DecoderEvent.Icmpv4Ipv4UnknownVer);
    return;
  }
  const hdrLen = (mem[off] & 0x0f) * 4;
  p.embOff = off;
  p.embProto = mem[off + Ipv4Layout.ProtoOff];
  p.embSrcPort = 0;
  p.embDstPort = 0;
  const hasPorts = p.embProto === IpProto.Tcp || p.embProto === IpProto.Udp;
  if (hasPorts && hdrLen >= Ipv4Layout.HeaderLen && len >= hdrLen + IcmpLayout.PortsLen) {
    p.embSrcPort = view.getUint16(off + hdrLen);
    p.embDstPort = view.getUint16(off + hdrLen + 2);
  }
}
