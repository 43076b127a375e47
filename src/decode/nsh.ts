/** Network service header (RFC 8300 section 2). */
import { counter, counts } from '../core/counters.js';
import { dv, u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { damaged, enterLayer, Layer, skip } from './layer.js';
import type { Packet } from './packet.js';

const mem = u8;
const view = dv;
const cNsh = counter('decoder.nsh');

const enum Nsh {
  MinLen = 8,
  /** MD types (section 2.2): 0 reserved, 1 fixed context, 2 variable context, 15 experimental (refused). */
  FixedLen = 24,
  ProtoIpv4 = 1,
  ProtoIpv6 = 2,
  ProtoEthernet = 3,
  ProtoMpls = 5,
}

export function decodeNsh(p: Packet): Layer {
  counts[cNsh]++;
  if (p.restLen < Nsh.MinLen) {
    damaged(p, DecoderEvent.NshHeaderTooSmall);
    return Layer.Failed;
  }
  if (!enterLayer(p)) return Layer.Failed;
  const first = view.getUint16(p.restOff);
  const mdType = mem[p.restOff + 2];
  const length = (first & 0x3f) * 4;
  const proto = mem[p.restOff + 3];
  if (first >> 14 !== 0) {
    p.addEvent(DecoderEvent.NshUnsupportedVersion);
    return Layer.Done;
  }
  if (length >= p.restLen) {
    damaged(p, DecoderEvent.NshBadHeaderLength);
    return Layer.Done;
  }
  switch (mdType) {
    case 0:
    case 15:
      p.addEvent(DecoderEvent.NshReservedType);
      return Layer.Done;
    case 1:
      if (length !== Nsh.FixedLen) {
        damaged(p, DecoderEvent.NshBadHeaderLength);
        return Layer.Done;
      }
      break;
    case 2:
      break;
    default:
      p.addEvent(DecoderEvent.NshUnsupportedType);
      return Layer.Done;
  }
  skip(p, length);
  switch (proto) {
    case Nsh.ProtoIpv4:
      return Layer.Ipv4;
    case Nsh.ProtoIpv6:
      return Layer.Ipv6;
    case Nsh.ProtoEthernet:
      return Layer.Ethernet;
    case Nsh.ProtoMpls:
      return Layer.Mpls;
    default:
      p.addEvent(DecoderEvent.NshUnknownPayload);
      return Layer.Done;
  }
}
