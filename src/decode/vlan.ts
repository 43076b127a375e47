/** Tags between the Ethernet header and the network layer: 802.1Q and 802.1ad, 802.1ah, VN-Tag (802.1BR). */
import { counter, counts } from '../core/counters.js';
import { dv } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { damaged, enterLayer, Layer, layerOfEtherType, skip } from './layer.js';
import { type Packet, PacketLimit } from './packet.js';

const view = dv;
const cVlan = counter('decoder.vlan');
const cQinq = counter('decoder.vlan_qinq');
const cQinqinq = counter('decoder.vlan_qinqinq');
const cVntag = counter('decoder.vntag');
const cIeee8021ah = counter('decoder.ieee8021ah');

const enum TagLayout {
  VlanLen = 4,
  VlanIdMask = 0xfff,
  VntagLen = 6,
  /** 802.1ah: I-TAG (4), customer addresses (12), ethertype (2). */
  Ieee8021ahLen = 18,
}

/** Adds a VLAN identifier; the caller has checked that there is room. */
export function addVlan(p: Packet, id: number): void {
  if (p.vlanCount === 0) p.vlan0 = id;
  else if (p.vlanCount === 1) p.vlan1 = id;
  else p.vlan2 = id;
  p.vlanCount++;
}

/** A VLAN tag (IEEE 802.1Q clause 9.6): TCI and the type of what follows. */
export function decodeVlan(p: Packet): Layer {
  counts[p.vlanCount === 0 ? cVlan : p.vlanCount === 1 ? cQinq : cQinqinq]++;
  if (p.restLen < TagLayout.VlanLen) {
    damaged(p, DecoderEvent.VlanHeaderTooSmall);
    return Layer.Failed;
  }
  if (!enterLayer(p)) return Layer.Failed;
  if (p.vlanCount === PacketLimit.Vlans) {
    p.addEvent(DecoderEvent.VlanTooManyLayers);
    return Layer.Failed;
  }
  addVlan(p, view.getUint16(p.restOff) & TagLayout.VlanIdMask);
  const type = view.getUint16(p.restOff + 2);
  skip(p, TagLayout.VlanLen);
  const next = layerOfEtherType(p, type);
  if (next === Layer.Failed) damaged(p, DecoderEvent.VlanUnknownType);
  return next;
}

/** A VN-Tag: six bytes, the last two the type of what follows. */
export function decodeVntag(p: Packet): Layer {
  counts[cVntag]++;
  if (p.restLen < TagLayout.VntagLen) {
    damaged(p, DecoderEvent.VntagHeaderTooSmall);
    return Layer.Failed;
  }
  if (!enterLayer(p)) return Layer.Failed;
  const type = view.getUint16(p.restOff + 4);
  skip(p, TagLayout.VntagLen);
  const next = layerOfEtherType(p, type);
  if (next === Layer.Failed) damaged(p, DecoderEvent.VntagUnknownType);
  return next;
}

/** 802.1ah backbone tag with the customer's addresses and type. */
export function decodeIeee8021ah(p: Packet): Layer {
  counts[cIeee8021ah]++;
  if (p.restLen < TagLayout.Ieee8021ahLen) {
    damaged(p, DecoderEvent.Ieee8021ahHeaderTooSmall);
    return Layer.Failed;
  }
  const type = view.getUint16(p.restOff + 16);
  skip(p, TagLayout.Ieee8021ahLen);
  return layerOfEtherType(p, type);
}
