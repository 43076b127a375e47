/** VXLAN (RFC 7348 section 5): Ethernet in UDP. */
import { counter, counts } from '../core/counters.js';
import { dv, u8 } from '../core/memory.js';
import type { Settings } from '../core/settings.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { EthernetLayout, EtherType } from '../protocol/ethernet.js';
import { damaged, enterLayer, Layer } from './layer.js';
import { type Packet, PacketOrigin } from './packet.js';
import { carryTunnel } from './tunnel-kind.js';
import { TunnelPorts } from './tunnel-ports.js';

const mem = u8;
const view = dv;
const cVxlan = counter('decoder.vxlan');

const enum Vxlan {
  HeaderLen = 8,
  /** "VNI valid". */
  FlagI = 0x08,
  DefaultPort = 4789,
}

const ports = new TunnelPorts([Vxlan.DefaultPort]);

/** decoder.vxlan.enabled, decoder.vxlan.ports. */
export function configureVxlan(settings: Settings): void {
  ports.configure(settings, 'vxlan', [Vxlan.DefaultPort]);
}

/** True when the UDP payload is VXLAN; its inner frame is then noted as tunnel when we decode its type. */
export function decodeVxlan(p: Packet): boolean {
  if (!ports.has(p.srcPort) && !ports.has(p.dstPort)) return false;
  const off = p.payloadOff;
  const len = p.payloadLen;
  if (len < Vxlan.HeaderLen + EthernetLayout.HeaderLen) return false;
  if (!enterLayer(p)) return false;
  if ((mem[off] & Vxlan.FlagI) === 0 || mem[off + 7] !== 0) return false;
  counts[cVxlan]++;
  const inner = off + Vxlan.HeaderLen + EthernetLayout.HeaderLen;
  const innerLen = len - Vxlan.HeaderLen - EthernetLayout.HeaderLen;
  switch (view.getUint16(off + Vxlan.HeaderLen + EthernetLayout.TypeOff)) {
    case EtherType.Arp:
      break;
    case EtherType.Ipv4:
      carryTunnel(p, Layer.Ipv4, PacketOrigin.VxlanTunnel, inner, innerLen);
      break;
    case EtherType.Ipv6:
      carryTunnel(p, Layer.Ipv6, PacketOrigin.VxlanTunnel, inner, innerLen);
      break;
    case EtherType.Vlan:
    case EtherType.Qinq:
    case EtherType.OldQinq:
      carryTunnel(p, Layer.Vlan, PacketOrigin.VxlanTunnel, inner, innerLen);
      break;
    default:
      damaged(p, DecoderEvent.VxlanUnknownPayloadType);
  }
  return true;
}
