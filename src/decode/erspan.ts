/** ERSPAN: mirrored Ethernet frames behind GRE (draft-foschiano-erspan sections 4.1 to 4.3). */
import { counter, counts } from '../core/counters.js';
import { dv } from '../core/memory.js';
import type { Settings } from '../core/settings.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { damaged, enterLayer, Layer, skip } from './layer.js';
import { type Packet, PacketLimit } from './packet.js';
import { addVlan } from './vlan.js';

const view = dv;
const cErspan = counter('decoder.erspan');

const enum Erspan {
  Version2 = 1,
  Version3 = 2,
  Header2Len = 8,
  Header3Len = 12,
  /** Type III: the O bit says that a platform-specific subheader follows. */
  SubheaderBit = 0x1,
  SubheaderLen = 8,
}

let typeOne = true;

/** decoder.erspan.typeI.enabled. */
export function configureErspan(settings: Settings): void {
  typeOne = settings.bool('decoder.erspan.typeI.enabled', true);
}

export function erspan1Enabled(): boolean {
  return typeOne;
}

/** Counts a type I frame, which has no header of its own. */
export function countErspan1(): void {
  counts[cErspan]++;
}

export function decodeErspan2(p: Packet): Layer {
  return decodeErspan(p, Erspan.Version2, Erspan.Header2Len);
}

export function decodeErspan3(p: Packet): Layer {
  const hdrEnd = p.restOff + Erspan.Header3Len;
  const sub = p.restLen >= Erspan.Header3Len && (view.getUint8(hdrEnd - 1) & Erspan.SubheaderBit) !== 0;
  return decodeErspan(p, Erspan.Version3, Erspan.Header3Len + (sub ? Erspan.SubheaderLen : 0));
}

function decodeErspan(p: Packet, version: number, hdrLen: number): Layer {
  counts[cErspan]++;
  if (p.restLen < hdrLen) {
    damaged(p, DecoderEvent.ErspanHeaderTooSmall);
    return Layer.Failed;
  }
  if (!enterLayer(p)) return Layer.Failed;
  const word = view.getUint16(p.restOff);
  if (word >> 12 !== version) {
    damaged(p, DecoderEvent.ErspanUnsupportedVersion);
    return Layer.Failed;
  }
  const vlan = word & 0xfff;
  if (vlan > 0) {
    if (p.vlanCount === PacketLimit.Vlans) {
      damaged(p, DecoderEvent.ErspanTooManyVlanLayers);
      return Layer.Failed;
    }
    addVlan(p, vlan);
  }
  skip(p, hdrLen);
  return Layer.Ethernet;
}
