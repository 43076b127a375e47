/** IPv6 (RFC 8200): the fixed header, then extension headers, transport or tunnel. */
import { counter, counts } from '../core/counters.js';
import { dv, u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { IpProto } from '../protocol/ip.js';
import { Ipv4Layout } from '../protocol/ipv4.js';
import { Ipv6Layout } from '../protocol/ipv6.js';
import { decodeGre } from './gre.js';
import { decodeIcmpv6 } from './icmpv6.js';
import { ExtEnd, isExtension, upperLayer, walkExtensions } from './ipv6-ext.js';
import { cutBySnapLen, damaged, enterLayer, Layer } from './layer.js';
import { type Packet, PacketOrigin } from './packet.js';
import { decodeEsp, decodeSctp } from './sctp.js';
import { decodeTcp } from './tcp.js';
import { carryTunnel } from './tunnel-kind.js';
import { decodeUdp } from './udp.js';

const mem = u8;
const view = dv;
const cIpv6 = counter('decoder.ipv6');

export function decodeIpv6(p: Packet): Layer {
  counts[cIpv6]++;
  if (!enterLayer(p)) return Layer.Failed;
  const off = p.restOff;
  const len = p.restLen;
  // Suricata has the event ipv6.pkt_too_small and never raises it; rules and counts that rely on this stay right.
  if (len < Ipv6Layout.HeaderLen) return Layer.Failed;
  if (mem[off] >> 4 !== 6) return bad(p, DecoderEvent.Ipv6WrongIpVersion);
  const payloadLen = view.getUint16(off + Ipv6Layout.PayloadLenOff);
  if (len < Ipv6Layout.HeaderLen + payloadLen) {
    damaged(p, DecoderEvent.Ipv6TruncPkt);
    if (!cutBySnapLen(p, off, Ipv6Layout.HeaderLen + payloadLen)) return Layer.Failed;
  }

  p.ipVersion = 6;
  p.ipOff = off;
  p.ipHdrLen = Ipv6Layout.HeaderLen;
  const heldLen = Math.min(len - Ipv6Layout.HeaderLen, payloadLen);
  p.ipLen = Ipv6Layout.HeaderLen + heldLen;
  p.tos = (view.getUint16(off) >> 4) & 0xff;
  p.ttl = mem[off + Ipv6Layout.HopLimitOff];
  setAddresses(p, off);
  const next = mem[off + Ipv6Layout.NextHeaderOff];
  p.ipProto = 0;
  p.restOff = off + Ipv6Layout.HeaderLen;
  p.restLen = heldLen;
  if (!isExtension(next)) decodePayload(p, next, p.restOff, p.restLen);
  else if (walkExtensions(p, next) === ExtEnd.Payload) decodeBehindExtensions(p, upperLayer());
  return Layer.Done;
}

function bad(p: Packet, event: DecoderEvent): Layer {
  damaged(p, event);
  return Layer.Failed;
}

function setAddresses(p: Packet, off: number): void {
  p.src0 = view.getInt32(off + Ipv6Layout.SrcOff);
  p.src1 = view.getInt32(off + Ipv6Layout.SrcOff + 4);
  p.src2 = view.getInt32(off + Ipv6Layout.SrcOff + 8);
  p.src3 = view.getInt32(off + Ipv6Layout.SrcOff + 12);
  p.dst0 = view.getInt32(off + Ipv6Layout.DstOff);
  p.dst1 = view.getInt32(off + Ipv6Layout.DstOff + 4);
  p.dst2 = view.getInt32(off + Ipv6Layout.DstOff + 8);
  p.dst3 = view.getInt32(off + Ipv6Layout.DstOff + 12);
}

/**
 * As decodePayload. Suricata decodes neither GRE nor IPv6 here and reports an unknown header; a tunnel must not
 * hide behind an option header, so we report as it does and look inside.
 */
function decodeBehindExtensions(p: Packet, next: number): void {
  if (next === IpProto.Gre || next === IpProto.Ipv6) p.addEvent(DecoderEvent.Ipv6UnknownNextHeader);
  decodePayload(p, next, p.restOff, p.restLen);
}

/** Decodes the upper layer `next`. Without one that is known to belong to IPv6, p.ipProto stays what it is. */
function decodePayload(p: Packet, next: number, off: number, len: number): void {
  if (next === IpProto.Icmp) {
    p.addEvent(DecoderEvent.Ipv6Icmpv4);
    return;
  }
  p.ipProto = next;
  switch (next) {
    case IpProto.Tcp:
      decodeTcp(p, off, len);
      break;
    case IpProto.Udp:
      decodeUdp(p, off, len);
      break;
    case IpProto.Icmpv6:
      decodeIcmpv6(p, off, len);
      break;
    case IpProto.Sctp:
      decodeSctp(p, off, len);
      break;
    case IpProto.Gre:
      decodeGre(p, off, len);
      break;
    case IpProto.IpIp:
      carryIpv4(p, off, len);
      break;
    case IpProto.Ipv6:
      carryIpv6(p, off, len);
      break;
    case IpProto.Esp:
      decodeEsp(p, off, len);
      break;
    default:
      p.addEvent(DecoderEvent.Ipv6UnknownNextHeader);
  }
}

/** IPv4 in IPv6 (RFC 2473). */
function carryIpv4(p: Packet, off: number, len: number): void {
  if (len < Ipv4Layout.HeaderLen) {
    damaged(p, DecoderEvent.Ipv6Ipv4InIpv6TooSmall);
  } else if (mem[off] >> 4 !== 4) {
    p.addEvent(DecoderEvent.Ipv6Ipv4InIpv6WrongVersion);
  } else {
    carryTunnel(p, Layer.Ipv4, PacketOrigin.Ipv6Tunnel, off, len);
  }
}

/** IPv6 in IPv6 (RFC 2473). */
function carryIpv6(p: Packet, off: number, len: number): void {
  if (len < Ipv6Layout.HeaderLen) {
    damaged(p, DecoderEvent.Ipv6Ipv6InIpv6TooSmall);
  } else if (mem[off] >> 4 !== 6) {
    p.addEvent(DecoderEvent.Ipv6Ipv6InIpv6WrongVersion);
  } else {
    carryTunnel(p, Layer.Ipv6, PacketOrigin.Ipv6Tunnel, off, len);
  }
}
