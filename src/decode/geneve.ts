/** Geneve (RFC 8926 section 3.4): Ethernet or IP in UDP, with options. */
import { counter, counts } from '../core/counters.js';
import { dv, u8 } from '../core/memory.js';
import type { Settings } from '../core/settings.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { EtherType } from '../protocol/ethernet.js';
import { damaged, enterLayer, Layer } from './layer.js';
import { type Packet, PacketOrigin } from './packet.js';
import { carryTunnel } from './tunnel-kind.js';
import { TunnelPorts } from './tunnel-ports.js';

const mem = u8;
const view = dv;
const cGeneve = counter('decoder.geneve');

const enum Geneve {
  MinLen = 8,
  OptionHeaderLen = 4,
  VersionMask = 0xc0,
  OptLenMask = 0x3f,
  /** Beside the O and C bits. */
  ReservedMask = 0x3f,
  DefaultPort = 6081,
}

const ports = new TunnelPorts([Geneve.DefaultPort]);

/** decoder.geneve.enabled, decoder.geneve.ports. */
export function configureGeneve(settings: Settings): void {
  ports.configure(settings, 'geneve', [Geneve.DefaultPort]);
}

/** True when the UDP payload is Geneve; its inner packet is then noted as tunnel when we decode its type. */
export function decodeGeneve(p: Packet): boolean {
  if (!ports.has(p.srcPort) && !ports.has(p.dstPort)) return false;
  const off = p.payloadOff;
  const len = p.payloadLen;
  if (len < Geneve.MinLen) return false;
  if (!enterLayer(p)) return false;
  if ((mem[off] & Geneve.VersionMask) !== 0 || (mem[off + 1] & Geneve.ReservedMask) !== 0 || mem[off + 7] !== 0) {
    return false;
  }
  const hdrLen = Geneve.MinLen + (mem[off] & Geneve.OptLenMask) * 4;
  if (len < hdrLen || !optionsFit(off + Geneve.MinLen, off + hdrLen)) return false;
  counts[cGeneve]++;
  switch (view.getUint16(off + 2)) {
    case EtherType.Ipv4:
      carryTunnel(p, Layer.Ipv4, PacketOrigin.GeneveTunnel, off + hdrLen, len - hdrLen);
      break;
    case EtherType.Ipv6:
      carryTunnel(p, Layer.Ipv6, PacketOrigin.GeneveTunnel, off + hdrLen, len - hdrLen);
      break;
    case EtherType.Bridge:
      carryTunnel(p, Layer.Ethernet, PacketOrigin.GeneveTunnel, off + hdrLen, len - hdrLen);
      break;
    case EtherType.Arp:
      break;
    default:
      damaged(p, DecoderEvent.GeneveUnknownPayloadType);
  }
  return true;
}

/** The options' own lengths add up to the header's (RFC 8926 section 3.5). */
function optionsFit(off: number, end: number): boolean {
  while (off + Geneve.OptionHeaderLen <= end) {
    off += Geneve.OptionHeaderLen + (mem[off + 3] & 0x1f) * 4;
  }
  return off === end;
}
