/** Which worker a packet belongs to: the one that has its flow, or puts its fragments together. */
import { endHash4, endHash6, fragmentHash, ownerHash } from '../capture/owner-hash.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { IpProto } from '../protocol/ip.js';
import { QuotedHeader, quotedHeader } from './icmp.js';

const quote = new QuotedHeader();

/**
 * Owner of a decoded packet among `workers`: a fragment's is who reassembles the datagram (by addresses and identification,
 * RFC 791 and RFC 8200; the protocol is left out, since fragments after the first may lie about it), an ICMP error's that
 * of the flow it quotes. -1 when it has no IP header: whoever sees it.
 */
export function packetOwner(p: Packet, workers: number): number {
  if (p.ipVersion === 0) return -1;
  const proto = p.ipProto;
  if ((p.flags & PacketFlag.Fragment) !== 0) return fragmentHash(source(p, 0), destination(p, 0), p.ipId) % workers;
  if (proto === IpProto.Tcp || proto === IpProto.Udp || proto === IpProto.Sctp) {
    return ownerHash(source(p, p.srcPort), destination(p, p.dstPort)) % workers;
  }
  if (proto === IpProto.Icmp && quotedHeader(p, quote)) {
    return ownerHash(endHash4(quote.src, quote.srcPort), endHash4(quote.dst, quote.dstPort)) % workers;
  }
  return ownerHash(source(p, 0), destination(p, 0)) % workers;
}

function source(p: Packet, port: number): number {
  return p.ipVersion === 4 ? endHash4(p.src0, port) : endHash6(p.src0, p.src1, p.src2, p.src3, port);
}

function destination(p: Packet, port: number): number {
  return p.ipVersion === 4 ? endHash4(p.dst0, port) : endHash6(p.dst0, p.dst1, p.dst2, p.dst3, port);
}
