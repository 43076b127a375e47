/** What a packet carries for openTunnel: the layer that starts the inner packet, and where it was found. */
import type { Layer } from './layer.js';
import type { Packet, PacketOrigin } from './packet.js';

/** Packet.tunnelKind: 0 none, else the inner packet's first Layer, its PacketOrigin and the Teredo mark. */
export const enum TunnelKind {
  None = 0,
  LayerMask = 0x00ff,
  OriginShift = 8,
  OriginMask = 0x0f00,
  /** Accepted only when the inner packet is free of faults. */
  MustBeValid = 0x1000,
  /** ERSPAN type I: has no header of its own, is only counted. */
  Erspan1 = 0x2000,
  /**
   * Accepted only when an IP header is found in it: tunnels that Suricata does not open (IPv4 in IPv4, PPTP,
   * ERSPAN III). Their traffic is inspected, and control messages in them raise no events that it has not.
   */
  MustBeIp = 0x4000,
}

/** Notes that `len` bytes at `off` are a packet of its own that starts with `layer`. */
export function carryTunnel(p: Packet, layer: Layer, origin: PacketOrigin, off: number, len: number, marks = 0): void {
  p.tunnelKind = layer | (origin << TunnelKind.OriginShift) | marks;
  p.tunnelOff = off;
  p.tunnelLen = len;
}
