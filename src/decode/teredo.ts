/** Teredo (RFC 4380 section 5.1.1): IPv6 in UDP, with an origin indication at most. */
import { u8 } from '../core/memory.js';
import type { Settings } from '../core/settings.js';
import { Ipv6Layout } from '../protocol/ipv6.js';
import { Layer } from './layer.js';
import { type Packet, PacketOrigin } from './packet.js';
import { carryTunnel, TunnelKind } from './tunnel-kind.js';
import { TunnelPorts } from './tunnel-ports.js';

const mem = u8;

const enum Teredo {
  OriginLen = 8,
  DefaultPort = 3544,
  /** Hop-by-hop header with less than this behind it: bogus. */
  MinHopByHop = 8,
}

const ports = new TunnelPorts([Teredo.DefaultPort]);

/** decoder.teredo.enabled, decoder.teredo.ports. */
export function configureTeredo(settings: Settings): void {
  ports.configure(settings, 'teredo', [Teredo.DefaultPort]);
}

/**
 * True when the UDP payload looks like Teredo. Nothing in it says so for certain: it must be a whole IPv6 packet,
 * and openTunnel refuses it when the inner packet has any fault.
 */
export function decodeTeredo(p: Packet): boolean {
  if (!ports.has(p.srcPort) && !ports.has(p.dstPort)) return false;
  let off = p.payloadOff;
  let len = p.payloadLen;
  if (len < Ipv6Layout.HeaderLen) return false;
  if (mem[off] === 0) {
    // 00 00 is an origin indication; 00 01 is authentication, which carries no tunnel yet.
    if (mem[off + 1] !== 0 || len < Teredo.OriginLen + Ipv6Layout.HeaderLen) return false;
    off += Teredo.OriginLen;
    len -= Teredo.OriginLen;
  }
  if (mem[off] >> 4 !== 6 || mem[off + Ipv6Layout.HopLimitOff] === 0) return false;
  const payloadLen = (mem[off + Ipv6Layout.PayloadLenOff] << 8) | mem[off + Ipv6Layout.PayloadLenOff + 1];
  if (mem[off + Ipv6Layout.NextHeaderOff] === 0 && payloadLen < Teredo.MinHopByHop) return false;
  if (len !== Ipv6Layout.HeaderLen + payloadLen) return false;
  carryTunnel(p, Layer.Ipv6, PacketOrigin.TeredoTunnel, off, len, TunnelKind.MustBeValid);
  return true;
}
