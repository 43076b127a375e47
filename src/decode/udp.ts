/** UDP (RFC 768) and the tunnels that ride on it. */
import { counter, counts } from '../core/counters.js';
import { u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { IpProto } from '../protocol/ip.js';
import { decodeGeneve } from './geneve.js';
import { damaged } from './layer.js';
import { type Packet, PacketFlag } from './packet.js';
import { decodeTeredo } from './teredo.js';
import { decodeVxlan } from './vxlan.js';

const mem = u8;
const cUdp = counter('decoder.udp');

const enum UdpLayout {
  HeaderLen = 8,
}

/** Decodes `len` bytes at `off`; leaves l4Off 0 when the header is unusable. */
export function decodeUdp(p: Packet, off: number, len: number): void {
  counts[cUdp]++;
  if (len < UdpLayout.HeaderLen) {
    damaged(p, DecoderEvent.UdpHlenTooSmall);
    return;
  }
  const udpLen = (mem[off + 4] << 8) | mem[off + 5];
  if (len < udpLen) {
    damaged(p, DecoderEvent.UdpPktTooSmall);
    return;
  }
  if (udpLen < UdpLayout.HeaderLen) {
    damaged(p, DecoderEvent.UdpLenInvalid);
    return;
  }
  p.ipProto = IpProto.Udp;
  p.l4Off = off;
  p.l4HdrLen = UdpLayout.HeaderLen;
  p.srcPort = (mem[off] << 8) | mem[off + 1];
  p.dstPort = (mem[off + 2] << 8) | mem[off + 3];
  p.payloadOff = off + UdpLayout.HeaderLen;
  p.payloadLen = udpLen - UdpLayout.HeaderLen;
  p.flags |= PacketFlag.WantsFlow;
  if (decodeTeredo(p)) return;
  if (decodeGeneve(p)) return;
  decodeVxlan(p);
}
