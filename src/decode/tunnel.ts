/** Packets inside packets: tunnels and reassembled datagrams, each decoded into a Packet of the next level. */
import { counter, counts } from '../core/counters.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { countErspan1 } from './erspan.js';
import { enterLayer, Layer, layerLimit } from './layer.js';
import { countEvent, countEvents, decodeLayers } from './layers.js';
import { type Packet, PacketFlag, PacketOrigin } from './packet.js';
import { TunnelKind } from './tunnel-kind.js';

const cTeredo = counter('decoder.teredo');
const cIpv4InIpv6 = counter('decoder.ipv4_in_ipv6');
const cIpv6InIpv6 = counter('decoder.ipv6_in_ipv6');

export const enum TunnelLimit {
  /** Packets inside each other, the captured one included: tunnels and reassemblies together. */
  Depth = 8,
}
let maxDepth: number = TunnelLimit.Depth;

/** decoder.max-nesting: packets inside each other that are opened, at most TunnelLimit.Depth. */
export function setTunnelDepth(n: number): void {
  maxDepth = n;
}

/** Starts `inner` as a packet found in `outer`. */
function startInner(outer: Packet, inner: Packet, off: number, len: number): void {
  inner.reset();
  inner.no = outer.no;
  inner.tsUs = outer.tsUs;
  inner.origin = outer.origin;
  inner.level = outer.level + 1;
  inner.tunnels = outer.tunnels;
  inner.linkType = outer.linkType;
  inner.frameOff = outer.frameOff;
  inner.frameLen = outer.frameLen;
  inner.wireLen = outer.wireLen;
  inner.layers = outer.layers;
  inner.restOff = off;
  inner.restLen = len;
}

/** Tells that what the packet carries is not opened because there is too much around it. */
function tooDeep(outer: Packet): false {
  outer.addEvent(DecoderEvent.TooManyLayers);
  countEvent(DecoderEvent.TooManyLayers);
  return false;
}

/**
 * Decodes what `outer` carries into `inner`. False when it carries nothing, its first header is unusable (it is
 * no tunnel then, and what was found wrong with it is forgotten), or the nesting is too deep.
 * VLAN tags of the outer frame are not the inner packet's.
 */
export function openTunnel(outer: Packet, inner: Packet): boolean {
  const kind = outer.tunnelKind;
  if (kind === TunnelKind.None) return false;
  if (outer.level + 1 >= maxDepth) return tooDeep(outer);
  startInner(outer, inner, outer.tunnelOff, outer.tunnelLen);
  inner.tunnels++;
  inner.flags = PacketFlag.Tunnelled;
  inner.source = (kind & TunnelKind.OriginMask) >> TunnelKind.OriginShift;
  if (!enterLayer(inner)) return tooDeep(outer);
  if ((kind & TunnelKind.Erspan1) !== 0) countErspan1();
  if (!decodeLayers(inner, kind & TunnelKind.LayerMask)) return inner.layers >= layerLimit() && tooDeep(outer);
  if ((kind & TunnelKind.MustBeIp) !== 0 && inner.ipVersion === 0) return false;
  if ((kind & TunnelKind.MustBeValid) !== 0) {
    if ((inner.flags & PacketFlag.Invalid) !== 0) return false;
    counts[cTeredo]++;
  }
  if (inner.source === PacketOrigin.Ipv6Tunnel) counts[inner.ipVersion === 4 ? cIpv4InIpv6 : cIpv6InIpv6]++;
  countEvents(inner);
  return true;
}

/**
 * Decodes the reassembled IP datagram of `len` bytes at `off`, whose last fragment was `outer`.
 * The datagram belongs to the same VLANs and, when `outer` came out of a tunnel, to that tunnel.
 * False when its header is unusable or the nesting is too deep.
 */
export function decodeDatagram(inner: Packet, outer: Packet, off: number, len: number, ipVersion: number): boolean {
  if (outer.level + 1 >= maxDepth) return tooDeep(outer);
  startInner(outer, inner, off, len);
  inner.flags = PacketFlag.Reassembled | (outer.flags & PacketFlag.Tunnelled);
  inner.source = PacketOrigin.Defrag;
  inner.ethOff = outer.ethOff;
  inner.etherType = outer.etherType;
  inner.vlanCount = outer.vlanCount;
  inner.vlan0 = outer.vlan0;
  inner.vlan1 = outer.vlan1;
  inner.vlan2 = outer.vlan2;
  if (!decodeLayers(inner, ipVersion === 4 ? Layer.Ipv4 : Layer.Ipv6)) return false;
  countEvents(inner);
  return true;
}
