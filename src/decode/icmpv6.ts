/** ICMPv6 (RFC 4443 and the RFCs of its message types): type and code, and the packet that errors quote. */
import { counter, counts } from '../core/counters.js';
import { dv, u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { Icmpv6Type } from '../protocol/icmp.js';
import { IpProto } from '../protocol/ip.js';
import { Ipv6Layout } from '../protocol/ipv6.js';
import { damaged } from './layer.js';
import { type Packet, PacketFlag } from './packet.js';

const mem = u8;
const view = dv;
const cIcmpv6 = counter('decoder.icmpv6');

const enum IcmpLayout {
  /** Smallest message: type, code, checksum and four bytes of body. */
  MinLen = 8,
  /** Type, code, checksum. */
  HeaderLen = 4,
  /** Echo messages and errors have four more bytes before their data. */
  LongHeaderLen = 8,
  PortsLen = 4,
}

/** Decodes `len` bytes at `off`; leaves l4Off 0 when the header is unusable. */
export function decodeIcmpv6(p: Packet, off: number, len: number): void {
  counts[cIcmpv6]++;
  if (len < IcmpLayout.MinLen) {
    damaged(p, DecoderEvent.Icmpv6PktTooSmall);
    return;
  }
  const type = mem[off];
  const code = mem[off + 1];
  p.ipProto = IpProto.Icmpv6;
  p.l4Off = off;
  p.icmpType = type;
  p.icmpCode = code;
  p.icmpId = -1;
  p.icmpSeq = -1;
  p.icmpMtu = -1;
  p.flags |= PacketFlag.WantsFlow;
  const echo = type === Icmpv6Type.EchoRequest || type === Icmpv6Type.EchoReply;
  const error = type >= Icmpv6Type.Unreachable && type <= Icmpv6Type.ParameterProblem;
  p.l4HdrLen = echo || error ? IcmpLayout.LongHeaderLen : IcmpLayout.HeaderLen;
  p.payloadOff = off + p.l4HdrLen;
  // Where the header counts four bytes Suricata's payload (dsize, content) ends eight bytes early; so does ours.
  p.payloadLen = echo || error ? len - p.l4HdrLen : Math.max(0, len - IcmpLayout.MinLen - p.l4HdrLen);
  if (echo) {
    p.icmpId = view.getUint16(off + 4);
    p.icmpSeq = view.getUint16(off + 6);
  }
  if (type === Icmpv6Type.PacketTooBig && code === 0) p.icmpMtu = view.getUint32(off + 4);
  const unnamed = unnamedType(type);
  if (unnamed !== 0) p.addEvent(unnamed);
  else if (!knownCode(type, code)) p.addEvent(DecoderEvent.Icmpv6UnknownCode);
  else if (error) decodeQuoted(p);
  // RFC 2710 section 3: multicast listener messages never leave the link.
  if (type >= Icmpv6Type.MldQuery && type <= Icmpv6Type.MldDone && p.ttl !== 1) {
    p.addEvent(DecoderEvent.Icmpv6MldMessageWithInvalidHl);
  }
}

/** The event of a type that IANA has not given a meaning, or 0. */
function unnamedType(type: number): DecoderEvent | 0 {
  if (type === 0 || type === 127) return DecoderEvent.Icmpv6UnknownType;
  if (type === 100 || type === 101 || type === 200 || type === 201) return DecoderEvent.Icmpv6ExperimentationType;
  const named = type <= Icmpv6Type.ParameterProblem || (type >= 128 && type < Icmpv6Type.ExtendedEcho);
  return named ? 0 : DecoderEvent.Icmpv6UnassignedType;
}

function knownCode(type: number, code: number): boolean {
  switch (type) {
    case Icmpv6Type.Unreachable:
      return code <= 6;
    case Icmpv6Type.TimeExceeded:
      return code <= 1;
    case Icmpv6Type.ParameterProblem:
    case Icmpv6Type.NodeInfoQuery:
    case Icmpv6Type.NodeInfoReply:
      return code <= 2;
    case Icmpv6Type.RouterRenumbering:
      return code <= 2 || code === 255;
    case Icmpv6Type.Experimental150:
    case Icmpv6Type.McastRouterAdvert:
    case Icmpv6Type.McastRouterSolicit:
    case Icmpv6Type.McastRouterTerm:
      return true;
    case Icmpv6Type.Rpl:
      return code <= 3 || (code >= 128 && code <= 132);
    default:
      return code === 0;
  }
}

/** An error quotes the packet that caused it (RFC 4443 section 3). */
function decodeQuoted(p: Packet): void {
  const off = p.payloadOff;
  const len = p.payloadLen;
  if (len < Ipv6Layout.HeaderLen) {
    damaged(p, DecoderEvent.Icmpv6Ipv6TruncPkt);
    return;
  }
  if (mem[off] >> 4 !== 6) {
    damaged(p, DecoderEvent.Icmpv6Ipv6UnknownVersion);
    return;
  }
  p.embOff = off;
  p.embProto = mem[off + Ipv6Layout.NextHeaderOff];
  p.embSrcPort = 0;
  p.embDstPort = 0;
  const hasPorts = p.embProto === IpProto.Tcp || p.embProto === IpProto.Udp;
  if (hasPorts && len >= Ipv6Layout.HeaderLen + IcmpLayout.PortsLen) {
    p.embSrcPort = view.getUint16(off + Ipv6Layout.HeaderLen);
    p.embDstPort = view.getUint16(off + Ipv6Layout.HeaderLen + 2);
  }
}
