/** GRE version 0 (RFC 2784, RFC 2890; routing of RFC 1701) and version 1 (RFC 2637 section 4.1, PPTP). */
import { counter, counts } from '../core/counters.js';
import { dv } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { EtherType } from '../protocol/ethernet.js';
import { erspan1Enabled } from './erspan.js';
import { damaged, enterLayer, Layer } from './layer.js';
import { type Packet, PacketOrigin } from './packet.js';
import { carryTunnel, TunnelKind } from './tunnel-kind.js';

const view = dv;
const cGre = counter('decoder.gre');

const enum Gre {
  HeaderLen = 4,
  Checksum = 0x8000,
  Routing = 0x4000,
  Key = 0x2000,
  Sequence = 0x1000,
  StrictRoute = 0x0800,
  Recursion = 0x0700,
  /** Version 1: an acknowledgement is present. */
  Ack = 0x0080,
  Flags = 0x0078,
  Version = 0x0007,
  /** Source route entry header (RFC 1701). */
  RouteEntryLen = 4,
  WordLen = 4,
}

/** Decodes `len` bytes at `off`; what is carried is noted as tunnel. */
export function decodeGre(p: Packet, off: number, len: number): void {
  counts[cGre]++;
  if (len < Gre.HeaderLen) {
    damaged(p, DecoderEvent.GrePktTooSmall);
    return;
  }
  if (!enterLayer(p)) return;
  const bits = view.getUint16(off);
  const proto = view.getUint16(off + 2);
  const version = bits & Gre.Version;
  let hdrLen = -1;
  if (version === 0) hdrLen = greHeader(p, off, len, bits);
  else if (version === 1) hdrLen = pptpHeader(p, len, bits, proto);
  else damaged(p, DecoderEvent.GreWrongVersion);
  if (hdrLen >= 0) carryPayload(p, proto, bits, off + hdrLen, len - hdrLen);
}

/** Length of a version 0 header, or -1 after an event. */
function greHeader(p: Packet, off: number, len: number, bits: number): number {
  if ((bits & Gre.Recursion) !== 0) return bad(p, DecoderEvent.GreVersion0Recur);
  if ((bits & Gre.Flags) !== 0) return bad(p, DecoderEvent.GreVersion0Flags);
  let hdrLen: number = Gre.HeaderLen;
  if ((bits & Gre.Key) !== 0) hdrLen += Gre.WordLen;
  if ((bits & Gre.Sequence) !== 0) hdrLen += Gre.WordLen;
  if ((bits & (Gre.Checksum | Gre.Routing)) !== 0) hdrLen += Gre.WordLen;
  if (hdrLen > len) return bad(p, DecoderEvent.GreVersion0HdrTooBig);
  if ((bits & Gre.Routing) === 0) return hdrLen;
  for (;;) {
    if (hdrLen + Gre.RouteEntryLen > len) return bad(p, DecoderEvent.GreVersion0MalformedSreHdr);
    const entry = view.getUint32(off + hdrLen);
    hdrLen += Gre.RouteEntryLen;
    const entryLen = entry & 0xff;
    if (entry >>> 16 === 0 && entryLen === 0) return hdrLen;
    hdrLen += entryLen;
    if (hdrLen > len) return bad(p, DecoderEvent.GreVersion0MalformedSreHdr);
  }
}

/** Length of a version 1 header, or -1 after an event. */
function pptpHeader(p: Packet, len: number, bits: number, proto: number): number {
  if ((bits & Gre.Checksum) !== 0) return bad(p, DecoderEvent.GreVersion1Chksum);
  if ((bits & Gre.Routing) !== 0) return bad(p, DecoderEvent.GreVersion1Route);
  if ((bits & Gre.StrictRoute) !== 0) return bad(p, DecoderEvent.GreVersion1Ssr);
  if ((bits & Gre.Recursion) !== 0) return bad(p, DecoderEvent.GreVersion1Recur);
  if ((bits & Gre.Flags) !== 0) return bad(p, DecoderEvent.GreVersion1Flags);
  if (proto !== EtherType.GrePpp) return bad(p, DecoderEvent.GreVersion1WrongProtocol);
  if ((bits & Gre.Key) === 0) return bad(p, DecoderEvent.GreVersion1NoKey);
  let hdrLen = Gre.HeaderLen + Gre.WordLen;
  if ((bits & Gre.Sequence) !== 0) hdrLen += Gre.WordLen;
  if ((bits & Gre.Ack) !== 0) hdrLen += Gre.WordLen;
  return hdrLen > len ? bad(p, DecoderEvent.GreVersion1HdrTooBig) : hdrLen;
}

function bad(p: Packet, event: DecoderEvent): number {
  damaged(p, event);
  return -1;
}

function carryPayload(p: Packet, proto: number, bits: number, off: number, len: number): void {
  switch (proto) {
    case EtherType.Ipv4:
      carryTunnel(p, Layer.Ipv4, PacketOrigin.GreTunnel, off, len);
      break;
    case EtherType.Ipv6:
      carryTunnel(p, Layer.Ipv6, PacketOrigin.GreTunnel, off, len);
      break;
    case EtherType.GrePpp:
      carryTunnel(p, Layer.Ppp, PacketOrigin.GreTunnel, off, len, (bits & Gre.Version) === 1 ? TunnelKind.MustBeIp : 0);
      break;
    case EtherType.Vlan:
      carryTunnel(p, Layer.Vlan, PacketOrigin.GreTunnel, off, len);
      break;
    case EtherType.Bridge:
      carryTunnel(p, Layer.Ethernet, PacketOrigin.GreTunnel, off, len);
      break;
    case EtherType.Erspan:
      // Type I has no header of its own and no GRE sequence number; type II always has one.
      if ((bits & Gre.Sequence) !== 0) carryTunnel(p, Layer.Erspan2, PacketOrigin.GreTunnel, off, len);
      else if (erspan1Enabled()) {
        carryTunnel(p, Layer.Ethernet, PacketOrigin.GreTunnel, off, len, TunnelKind.Erspan1);
      }
      break;
    case EtherType.Erspan3:
      carryTunnel(p, Layer.Erspan3, PacketOrigin.GreTunnel, off, len, TunnelKind.MustBeIp);
      break;
  }
}
