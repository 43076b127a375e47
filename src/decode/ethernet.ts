/** Ethernet II frames (IEEE 802.3 clause 3). */
import { counter, counts } from '../core/counters.js';
import { u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { EthernetLayout } from '../protocol/ethernet.js';
import { damaged, enterLayer, Layer, layerOfEtherType, skip } from './layer.js';
import type { Packet } from './packet.js';

const mem = u8;
const cEthernet = counter('decoder.ethernet');

export function decodeEthernet(p: Packet): Layer {
  counts[cEthernet]++;
  if (p.restLen < EthernetLayout.HeaderLen) {
    damaged(p, DecoderEvent.EthernetPktTooSmall);
    return Layer.Failed;
  }
  if (!enterLayer(p)) return Layer.Failed;
  const off = p.restOff;
  p.ethOff = off;
  skip(p, EthernetLayout.HeaderLen);
  return layerOfEtherType(p, (mem[off + EthernetLayout.TypeOff] << 8) | mem[off + EthernetLayout.TypeOff + 1]);
}
