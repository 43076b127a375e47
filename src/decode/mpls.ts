/** MPLS label stacks (RFC 3032) and what they carry: IP, or Ethernet behind a control word (RFC 4448). */
import { counter, counts } from '../core/counters.js';
import { dv, u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { damaged, enterLayer, Layer, skip } from './layer.js';
import type { Packet } from './packet.js';

const mem = u8;
const view = dv;
const cMpls = counter('decoder.mpls');

const enum Mpls {
  EntryLen = 4,
  ControlWordLen = 4,
  BottomBit = 0x100,
  LabelShift = 12,
  /** Reserved labels (RFC 3032 section 2.1). */
  Ipv4Null = 0,
  RouterAlert = 1,
  Ipv6Null = 2,
  ImplicitNull = 3,
  LastReserved = 14,
}

/** Walks the stack to its bottom: at most as many entries as the captured bytes hold. */
export function decodeMpls(p: Packet): Layer {
  counts[cMpls]++;
  if (!enterLayer(p)) return Layer.Failed;
  let entry = 0;
  do {
    if (p.restLen < Mpls.EntryLen) {
      damaged(p, DecoderEvent.MplsHeaderTooSmall);
      return Layer.Failed;
    }
    entry = view.getUint32(p.restOff);
    skip(p, Mpls.EntryLen);
  } while ((entry & Mpls.BottomBit) === 0);

  const label = entry >>> Mpls.LabelShift;
  if (label === Mpls.Ipv4Null) return Layer.Ipv4;
  if (label === Mpls.Ipv6Null) return Layer.Ipv6;
  if (label <= Mpls.LastReserved) {
    p.addEvent(
      label === Mpls.RouterAlert
        ? DecoderEvent.MplsBadLabelRouterAlert
        : label === Mpls.ImplicitNull
          ? DecoderEvent.MplsBadLabelImplicitNull
          : DecoderEvent.MplsBadLabelReserved,
    );
    return Layer.Done;
  }
  return guessPayload(p);
}

/** An ordinary label does not say what follows: the first nibble does, as routers guess (RFC 4928 section 3). */
function guessPayload(p: Packet): Layer {
  if (p.restLen < Mpls.ControlWordLen) {
    damaged(p, DecoderEvent.MplsPktTooSmall);
    return Layer.Failed;
  }
  switch (mem[p.restOff] >> 4) {
    case 4:
      return Layer.Ipv4;
    case 6:
      return Layer.Ipv6;
    case 0:
      skip(p, Mpls.ControlWordLen);
      return Layer.Ethernet;
    default:
      damaged(p, DecoderEvent.MplsUnknownPayloadType);
      return Layer.Done;
  }
}
