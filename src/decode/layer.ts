/**
 * The next header to decode. Each layer decodes its own header from (p.restOff, p.restLen), moves these behind it
 * and names the layer that follows; the loop of src/decode/layers.ts calls that one. So layers never call each
 * other, nesting costs no stack, and the bound is one counter.
 */
import { counter, counts } from '../core/counters.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { EtherType } from '../protocol/ethernet.js';
import { type Packet, PacketFlag, PacketLimit } from './packet.js';

export const enum Layer {
  /** Nothing more to decode. */
  Done = 0,
  /** This header is unusable; a tunnel that carries it is no tunnel. */
  Failed = 1,
  Ethernet,
  Vlan,
  Ieee8021ah,
  Vntag,
  Mpls,
  PppoeSession,
  PppoeDiscovery,
  Ppp,
  Nsh,
  Erspan2,
  Erspan3,
  Ipv4,
  Ipv6,
  RawIp,
  Null,
  Loop,
  Sll,
  Sll2,
  Chdlc,
}

const cUnknownType = counter('decoder.unknown_ethertype');
const cArp = counter('decoder.arp');

let maxLayers = 16;

/** decoder.max-layers: headers of one packet, those inside tunnels included. */
export function setMaxLayers(n: number): void {
  maxLayers = n;
}

/** Headers of a packet at which decoding stops. */
export function layerLimit(): number {
  return maxLayers;
}

/** Counts a header; false (and an event) when the packet has too many. */
export function enterLayer(p: Packet): boolean {
  if (++p.layers < maxLayers) return true;
  damaged(p, DecoderEvent.TooManyLayers);
  return false;
}

/** Records an event that makes the packet invalid (counted as decoder.invalid). */
export function damaged(p: Packet, event: DecoderEvent): void {
  p.flags |= PacketFlag.Invalid;
  p.addEvent(event);
}

/**
 * True when a datagram of `len` bytes at `off` was whole on the wire and only the capture's snap length has cut it: what was
 * captured of it is decoded all the same. Suricata leaves such packets alone.
 */
export function cutBySnapLen(p: Packet, off: number, len: number): boolean {
  return (p.flags & PacketFlag.Truncated) !== 0 && p.wireLen - (off - p.frameOff) >= len;
}

/** Passes `n` bytes of header. */
export function skip(p: Packet, n: number): void {
  p.restOff += n;
  p.restLen -= n;
}

/** The layer an ethertype announces; Failed for types we do not decode, Done where nothing is to be decoded. */
export function layerOfEtherType(p: Packet, type: number): Layer {
  p.etherType = type;
  switch (type) {
    case EtherType.Ipv4:
      return Layer.Ipv4;
    case EtherType.Ipv6:
      return Layer.Ipv6;
    case EtherType.Vlan:
    case EtherType.Qinq:
    case EtherType.OldQinq:
      if (p.vlanCount < PacketLimit.Vlans) return Layer.Vlan;
      p.addEvent(DecoderEvent.VlanTooManyLayers);
      return Layer.Done;
    case EtherType.Arp:
      counts[cArp]++;
      return Layer.Done;
    case EtherType.MplsUnicast:
    case EtherType.MplsMulticast:
      return Layer.Mpls;
    case EtherType.PppoeSession:
      return Layer.PppoeSession;
    case EtherType.PppoeDiscovery:
      return Layer.PppoeDiscovery;
    case EtherType.Ieee8021ah:
      return Layer.Ieee8021ah;
    case EtherType.Vntag:
      return Layer.Vntag;
    case EtherType.Nsh:
      return Layer.Nsh;
    case EtherType.Dce:
      return decodeDce(p);
    default:
      counts[cUnknownType]++;
      return Layer.Failed;
  }
}

const enum DceLayout {
  /** Tag before the inner Ethernet frame. */
  TagLen = 2,
  MinLen = 16,
}

/** Data Center Ethernet: a two-byte tag, then an Ethernet frame. */
function decodeDce(p: Packet): Layer {
  if (p.restLen < DceLayout.MinLen) {
    damaged(p, DecoderEvent.DcePktTooSmall);
    return Layer.Done;
  }
  skip(p, DceLayout.TagLen);
  return Layer.Ethernet;
}
