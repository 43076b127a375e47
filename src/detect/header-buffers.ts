/** Buffers over the headers of a packet: ipv4.hdr, ipv6.hdr, tcp.hdr, udp.hdr, icmpv4.hdr, icmpv6.hdr, ip.src, ip.dst. */
import { dv } from '../core/memory.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { BufferId } from '../protocol/buffers.js';
import { IpProto } from '../protocol/ip.js';
import { scratchTake } from './scratch.js';

/** Where the last buffer found lies. */
export let headerOff = 0;
export let headerLen = 0;

function set(off: number, len: number): boolean {
  headerOff = off;
  headerLen = len;
  return off !== 0 && len > 0;
}

function transport(p: Packet, proto: IpProto): boolean {
  return p.ipProto === proto && p.l4Off !== 0 && set(p.l4Off, p.l4HdrLen);
}

function address(p: Packet, source: boolean): boolean {
  if (p.ipVersion === 0) return false;
  const len = p.ipVersion === 4 ? 4 : 16;
  const off = scratchTake(len);
  if (off === 0) return false;
  dv.setInt32(off, source ? p.src0 : p.dst0);
  if (len === 16) {
    dv.setInt32(off + 4, source ? p.src1 : p.dst1);
    dv.setInt32(off + 8, source ? p.src2 : p.dst2);
    dv.setInt32(off + 12, source ? p.src3 : p.dst3);
  }
  return set(off, len);
}

/** Finds a header buffer of the packet; `swapped`: the direction under inspection is not the packet's. */
export function headerBuffer(p: Packet, id: BufferId, swapped: boolean): boolean {
  if ((p.flags & PacketFlag.FlowEnd) !== 0 && id !== BufferId.IpSrc && id !== BufferId.IpDst) return false;
  switch (id) {
    case BufferId.Ipv4Hdr:
      return p.ipVersion === 4 && set(p.ipOff, p.ipHdrLen);
    case BufferId.Ipv6Hdr:
      // With extension headers, up to the transport header.
      return p.ipVersion === 6 && set(p.ipOff, p.l4Off > p.ipOff ? p.l4Off - p.ipOff : p.ipHdrLen);
    case BufferId.TcpHdr:
      return transport(p, IpProto.Tcp);
    case BufferId.UdpHdr:
      return transport(p, IpProto.Udp);
    case BufferId.Icmpv4Hdr:
      return p.ipProto === IpProto.Icmp && p.l4Off !== 0 && set(p.l4Off, p.l4HdrLen + p.payloadLen);
    case BufferId.Icmpv6Hdr:
      return p.ipProto === IpProto.Icmpv6 && p.l4Off !== 0 && set(p.l4Off, p.l4HdrLen + p.payloadLen);
    case BufferId.IpSrc:
      return address(p, !swapped);
    case BufferId.IpDst:
      return address(p, swapped);
    default:
      return false;
  }
}
