/** PPP (RFC 1661, RFC 1662) and PPP over Ethernet (RFC 2516). */
import { counter, counts } from '../core/counters.js';
import { dv, u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { damaged, enterLayer, Layer, skip } from './layer.js';
import type { Packet } from './packet.js';

const mem = u8;
const view = dv;
const cPpp = counter('decoder.ppp');
const cPppoe = counter('decoder.pppoe');

const enum PppLayout {
  /** Address 0xff and control 0x03 (RFC 1662 section 3.1). */
  HdlcLen = 2,
  HdlcAddress = 0xff,
  MinIpv4 = 20,
  MinIpv6 = 40,
  PppoeLen = 6,
  /** Session header with a compressed protocol. */
  SessionMin = 7,
}

/** PPP protocol numbers (IANA "PPP DLL Protocol Numbers"). */
const enum PppProto {
  Ip = 0x0021,
  Osi = 0x0023,
  Ns = 0x0025,
  Decnet = 0x0027,
  Appletalk = 0x0029,
  Ipx = 0x002b,
  VjCompressed = 0x002d,
  VjUncompressed = 0x002f,
  Bridge = 0x0031,
  StreamProtocol = 0x0033,
  Vines = 0x0035,
  Ipv6 = 0x0057,
  Compressed = 0x00fd,
  Hello = 0x0201,
  Luxcom = 0x0231,
  Sns = 0x0233,
  MplsUnicast = 0x0281,
  MplsMulticast = 0x0283,
  Ipcp = 0x8021,
  Osicp = 0x8023,
  Nscp = 0x8025,
  Decnetcp = 0x8027,
  Applecp = 0x8029,
  Ipxcp = 0x802b,
  Stiicp = 0x8033,
  Vinescp = 0x8035,
  Ipv6cp = 0x8057,
  Ccp = 0x80fd,
  Mplscp = 0x8281,
  Lcp = 0xc021,
  Pap = 0xc023,
  Lqm = 0xc025,
  Cbcp = 0xc029,
  Chap = 0xc223,
}

const enum PppoeCode {
  Pado = 0x07,
  Padi = 0x09,
  Padr = 0x19,
  Pads = 0x65,
  Padt = 0xa7,
}

/** Known PPP protocols that carry nothing we inspect. */
const unsupported: ReadonlySet<number> = new Set([
  PppProto.Osi,
  PppProto.Ns,
  PppProto.Decnet,
  PppProto.Appletalk,
  PppProto.Ipx,
  PppProto.VjCompressed,
  PppProto.Bridge,
  PppProto.StreamProtocol,
  PppProto.Vines,
  PppProto.Hello,
  PppProto.Luxcom,
  PppProto.Sns,
  PppProto.MplsUnicast,
  PppProto.MplsMulticast,
  PppProto.Ipcp,
  PppProto.Osicp,
  PppProto.Nscp,
  PppProto.Decnetcp,
  PppProto.Applecp,
  PppProto.Ipxcp,
  PppProto.Stiicp,
  PppProto.Vinescp,
  PppProto.Ipv6cp,
  PppProto.Mplscp,
  PppProto.Lcp,
  PppProto.Pap,
  PppProto.Lqm,
  PppProto.Chap,
]);

/** Compression and callback control, which a PPPoE session is not expected to carry. */
const pppOnly: ReadonlySet<number> = new Set([PppProto.Compressed, PppProto.Ccp, PppProto.Cbcp]);

/**
 * Passes the protocol field and says what follows. An odd first byte is a protocol of one byte (RFC 1661
 * section 6.5), `plain` says whether such a one is looked up like one of two bytes (PPPoE) or by itself (PPP).
 */
function pppPayload(p: Packet, plain: boolean, tooSmall: DecoderEvent): Layer {
  if (p.restLen < 1) return bad(p, tooSmall);
  const compressed = (mem[p.restOff] & 1) !== 0;
  if (!compressed && p.restLen < 2) return bad(p, tooSmall);
  const proto = compressed ? mem[p.restOff] : view.getUint16(p.restOff);
  skip(p, compressed ? 1 : 2);
  switch (proto) {
    case PppProto.Ip:
      if (p.restLen >= PppLayout.MinIpv4) return Layer.Ipv4;
      return bad(p, compressed && !plain ? DecoderEvent.PppVjuPktTooSmall : DecoderEvent.PppIp4PktTooSmall);
    case PppProto.Ipv6:
      return p.restLen >= PppLayout.MinIpv6 ? Layer.Ipv6 : bad(p, DecoderEvent.PppIp6PktTooSmall);
    case PppProto.VjUncompressed:
      if (p.restLen < PppLayout.MinIpv4) return bad(p, DecoderEvent.PppVjuPktTooSmall);
      return mem[p.restOff] >> 4 === 4 ? Layer.Ipv4 : Layer.Failed;
    default:
      if (unsupported.has(proto) || (!plain && (compressed || pppOnly.has(proto))))
        p.addEvent(DecoderEvent.PppUnsupProto);
      else damaged(p, DecoderEvent.PppWrongType);
      return Layer.Done;
  }
}

function bad(p: Packet, event: DecoderEvent): Layer {
  damaged(p, event);
  return Layer.Failed;
}

/** A PPP frame, with or without address and control (RFC 1661 section 6.6). */
export function decodePpp(p: Packet): Layer {
  counts[cPpp]++;
  if (p.restLen < 1) return bad(p, DecoderEvent.PppPktTooSmall);
  if (!enterLayer(p)) return Layer.Failed;
  if (mem[p.restOff] === PppLayout.HdlcAddress) skip(p, PppLayout.HdlcLen);
  return pppPayload(p, false, DecoderEvent.PppPktTooSmall);
}

/** A PPPoE session frame (RFC 2516 section 6). */
export function decodePppoeSession(p: Packet): Layer {
  counts[cPppoe]++;
  if (p.restLen < PppLayout.SessionMin) return bad(p, DecoderEvent.PppoePktTooSmall);
  const length = view.getUint16(p.restOff + 4);
  if (length === 0) return Layer.Done;
  skip(p, PppLayout.PppoeLen);
  return pppPayload(p, true, DecoderEvent.PppoePktTooSmall);
}

/** A PPPoE discovery frame (RFC 2516 section 5): a code and tags, which nobody looks into. */
export function decodePppoeDiscovery(p: Packet): Layer {
  counts[cPppoe]++;
  if (p.restLen < PppLayout.PppoeLen) {
    damaged(p, DecoderEvent.PppoePktTooSmall);
    return Layer.Failed;
  }
  switch (mem[p.restOff + 1]) {
    case PppoeCode.Padi:
    case PppoeCode.Pado:
    case PppoeCode.Padr:
    case PppoeCode.Pads:
    case PppoeCode.Padt:
      break;
    default:
      damaged(p, DecoderEvent.PppoeWrongCode);
      return Layer.Done;
  }
  const tagsLen = view.getUint16(p.restOff + 4);
  if (tagsLen > p.restLen - PppLayout.PppoeLen) {
    damaged(p, DecoderEvent.PppoeMalformedTags);
    return Layer.Failed;
  }
  return Layer.Done;
}
