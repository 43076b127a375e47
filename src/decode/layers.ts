/** The loop over layers: from the first to whatever ends the packet. Bounded by the layer count and by the bytes. */
import { counter, counts } from '../core/counters.js';
import { decoderEventNames } from '../protocol/decoder-events.js';
import { EventRange } from '../protocol/events.js';
import { decodeErspan2, decodeErspan3 } from './erspan.js';
import { decodeEthernet } from './ethernet.js';
import { decodeIpv4 } from './ipv4.js';
import { decodeIpv6 } from './ipv6.js';
import { Layer } from './layer.js';
import { decodeChdlc, decodeLoop, decodeNull, decodeRawIp, decodeSll, decodeSll2 } from './link.js';
import { decodeMpls } from './mpls.js';
import { decodeNsh } from './nsh.js';
import type { Packet } from './packet.js';
import { decodePpp, decodePppoeDiscovery, decodePppoeSession } from './ppp.js';
import { decodeIeee8021ah, decodeVlan, decodeVntag } from './vlan.js';

/** Counter of each event by id; too_many_layers stands beside the others in Suricata's stats, not among them. */
const eventCounters = decoderEventNames.map((name) =>
  counter(name === 'too_many_layers' ? 'decoder.too_many_layers' : `decoder.event.${name}`),
);

/**
 * Decodes (p.restOff, p.restLen) starting with `layer`. False when the packet's own first header is unusable:
 * behind an ethertype a fault belongs to the packet, before it there is no packet.
 */
export function decodeLayers(p: Packet, layer: Layer): boolean {
  let framed = false;
  while (layer > Layer.Failed) {
    const next = decodeLayer(p, layer);
    if (next !== Layer.Failed && hasEtherType(layer)) framed = true;
    layer = next;
  }
  return layer !== Layer.Failed || framed;
}

function hasEtherType(layer: Layer): boolean {
  return layer === Layer.Ethernet || layer === Layer.Vlan || layer === Layer.Vntag || layer === Layer.Ieee8021ah;
}

function decodeLayer(p: Packet, layer: Layer): Layer {
  switch (layer) {
    case Layer.Ethernet:
      return decodeEthernet(p);
    case Layer.Ipv4:
      return decodeIpv4(p);
    case Layer.Ipv6:
      return decodeIpv6(p);
    case Layer.Vlan:
      return decodeVlan(p);
    case Layer.Ieee8021ah:
      return decodeIeee8021ah(p);
    case Layer.Vntag:
      return decodeVntag(p);
    case Layer.Mpls:
      return decodeMpls(p);
    case Layer.PppoeSession:
      return decodePppoeSession(p);
    case Layer.PppoeDiscovery:
      return decodePppoeDiscovery(p);
    case Layer.Ppp:
      return decodePpp(p);
    case Layer.Nsh:
      return decodeNsh(p);
    case Layer.Erspan2:
      return decodeErspan2(p);
    case Layer.Erspan3:
      return decodeErspan3(p);
    case Layer.RawIp:
      return decodeRawIp(p);
    case Layer.Null:
      return decodeNull(p);
    case Layer.Loop:
      return decodeLoop(p);
    case Layer.Sll:
      return decodeSll(p);
    case Layer.Sll2:
      return decodeSll2(p);
    case Layer.Chdlc:
      return decodeChdlc(p);
    default:
      return Layer.Done;
  }
}

/** Counts the events that decoding gave the packet. Once a packet. */
export function countEvents(p: Packet): void {
  for (let i = 0; i < p.eventCount; i++) countEvent(p.events[i]);
}

/** Counts one decoder event (also those that defragmentation adds later). */
export function countEvent(id: number): void {
  if (id < EventRange.Decoder + eventCounters.length) counts[eventCounters[id - EventRange.Decoder]]++;
}
