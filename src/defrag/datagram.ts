/** The header of a reassembled datagram: kept from the first fragment, mended when the datagram is built. */
import { dv, u8 } from '../core/memory.js';
import type { Packet } from '../decode/packet.js';
import { Ipv4Layout } from '../protocol/ipv4.js';
import { Ipv6Layout } from '../protocol/ipv6.js';
import { copyPayload } from './assemble.js';
import { Page, pageOff, takePage } from './pages.js';
import { laterWins, type OverlapPolicy } from './policy.js';
import { trackers } from './trackers.js';

const mem = u8;
const view = dv;
const t = trackers;

/**
 * Keeps the header of the fragment at offset 0 (IPv6: all before the fragment header). Of two such fragments the
 * policy chooses. False when it has no room: no page, or an IPv6 header chain longer than a page.
 */
export function keepHeader(p: Packet, k: number, hdrLen: number, payloadLen: number): boolean {
  if (hdrLen > Page.DataLen) return false;
  if (t.headerPage[k] === 0) {
    const page = takePage();
    if (page === 0) return false;
    t.headerPage[k] = page;
  } else if (!laterWins(t.policy[k] as OverlapPolicy, 0, payloadLen, 0, payloadLen)) return true;
  mem.copyWithin(pageOff(t.headerPage[k]), p.ipOff, p.ipOff + hdrLen);
  t.headerLen[k] = hdrLen;
  if (p.ipVersion === 6) {
    t.nextAt[k] = p.fragPrevOff - p.ipOff;
    t.nextHeader[k] = mem[p.fragHdrOff];
  }
  return true;
}

/** Writes the datagram to memory offset `to`; its length. Lengths, fragment fields and IPv4 checksum are mended. */
export function buildDatagram(k: number, to: number, v4: boolean): number {
  const hdrLen = t.headerLen[k];
  const payloadLen = t.end[k];
  const header = pageOff(t.headerPage[k]);
  mem.copyWithin(to, header, header + hdrLen);
  copyPayload(k, to + hdrLen, payloadLen);
  if (v4) {
    view.setUint16(to + Ipv4Layout.TotalLenOff, hdrLen + payloadLen);
    view.setUint16(to + Ipv4Layout.FragOff, 0);
    view.setUint16(to + Ipv4Layout.ChecksumOff, 0);
    view.setUint16(to + Ipv4Layout.ChecksumOff, headerChecksum(to, hdrLen));
  } else {
    view.setUint16(to + Ipv6Layout.PayloadLenOff, hdrLen - Ipv6Layout.HeaderLen + payloadLen);
    mem[to + t.nextAt[k]] = t.nextHeader[k];
  }
  return hdrLen + payloadLen;
}

/** Internet checksum (RFC 1071) of an IPv4 header. */
function headerChecksum(off: number, len: number): number {
  let sum = 0;
  for (let i = off; i < off + len; i += 2) sum += view.getUint16(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
