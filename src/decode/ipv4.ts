/** IPv4 (RFC 791): header checks, options, and which transport or tunnel follows. */
import { counter, counts } from '../core/counters.js';
import { dv, u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { IpProto } from '../protocol/ip.js';
import { Ipv4Layout } from '../protocol/ipv4.js';
import { decodeGre } from './gre.js';
import { decodeIcmpv4 } from './icmpv4.js';
import { decodeIpv4Options } from './ipv4-options.js';
import { cutBySnapLen, damaged, enterLayer, Layer } from './layer.js';
import { type Packet, PacketFlag, PacketOrigin } from './packet.js';
import { decodeEsp, decodeSctp } from './sctp.js';
import { decodeTcp } from './tcp.js';
import { carryTunnel, TunnelKind } from './tunnel-kind.js';
import { decodeUdp } from './udp.js';

const mem = u8;
const view = dv;
const cIpv4 = counter('decoder.ipv4');

export function decodeIpv4(p: Packet): Layer {
  counts[cIpv4]++;
  if (!enterLayer(p)) return Layer.Failed;
  const off = p.restOff;
  const len = p.restLen;
  if (len < Ipv4Layout.HeaderLen) return bad(p, DecoderEvent.Ipv4PktTooSmall);
  const first = mem[off];
  if (first >> 4 !== 4) return bad(p, DecoderEvent.Ipv4WrongIpVersion);
  const hdrLen = (first & 0x0f) * 4;
  if (hdrLen < Ipv4Layout.HeaderLen) return bad(p, DecoderEvent.Ipv4HlenTooSmall);
  const totalLen = (mem[off + Ipv4Layout.TotalLenOff] << 8) | mem[off + Ipv4Layout.TotalLenOff + 1];
  if (totalLen < hdrLen) return bad(p, DecoderEvent.Ipv4IplenSmallerThanHlen);
  if (len < hdrLen) return bad(p, DecoderEvent.Ipv4TruncPkt);
  if (len < totalLen) {
    damaged(p, DecoderEvent.Ipv4TruncPkt);
    if (!cutBySnapLen(p, off, totalLen)) return Layer.Failed;
  }

  p.ipVersion = 4;
  p.ipOff = off;
  p.ipHdrLen = hdrLen;
  const heldLen = Math.min(len, totalLen);
  p.ipLen = heldLen;
  p.tos = mem[off + 1];
  p.ipId = (mem[off + Ipv4Layout.IdOff] << 8) | mem[off + Ipv4Layout.IdOff + 1];
  const frag = (mem[off + Ipv4Layout.FragOff] << 8) | mem[off + Ipv4Layout.FragOff + 1];
  p.ipFlags = frag >> 13;
  p.ttl = mem[off + Ipv4Layout.TtlOff];
  p.ipProto = mem[off + Ipv4Layout.ProtoOff];
  p.src0 = view.getInt32(off + Ipv4Layout.SrcOff);
  p.dst0 = view.getInt32(off + Ipv4Layout.DstOff);
  if (hdrLen > Ipv4Layout.HeaderLen) {
    if (!decodeIpv4Options(p, off + Ipv4Layout.HeaderLen, hdrLen - Ipv4Layout.HeaderLen)) {
      p.clearIp();
      p.ipProto = 0;
      return Layer.Failed;
    }
  }
  // More fragments, or an offset: the transport header is complete only in the reassembled datagram.
  if ((frag & 0x3fff) !== 0) {
    p.fragOff = (frag & 0x1fff) * 8;
    p.moreFragments = (frag >> 13) & 1;
    p.flags |= PacketFlag.Fragment;
    return Layer.Done;
  }
  decodePayload(p, off + hdrLen, heldLen - hdrLen);
  return Layer.Done;
}

function bad(p: Packet, event: DecoderEvent): Layer {
  damaged(p, event);
  return Layer.Failed;
}

function decodePayload(p: Packet, off: number, len: number): void {
  switch (p.ipProto) {
    case IpProto.Tcp:
      decodeTcp(p, off, len);
      break;
    case IpProto.Udp:
      decodeUdp(p, off, len);
      break;
    case IpProto.Icmp:
      decodeIcmpv4(p, off, len);
      break;
    case IpProto.Gre:
      decodeGre(p, off, len);
      break;
    case IpProto.Sctp:
      decodeSctp(p, off, len);
      break;
    case IpProto.Esp:
      decodeEsp(p, off, len);
      break;
    case IpProto.Ipv6:
      carryTunnel(p, Layer.Ipv6, PacketOrigin.Ipv4Tunnel, off, len);
      p.flags |= PacketFlag.WantsFlow;
      break;
    case IpProto.IpIp:
      carryTunnel(p, Layer.Ipv4, PacketOrigin.Ipv4Tunnel, off, len, TunnelKind.MustBeIp);
      break;
    case IpProto.Icmpv6:
      damaged(p, DecoderEvent.Ipv4Icmpv6);
      break;
  }
}
