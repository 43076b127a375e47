/** The owner of frames that need no decoding to tell: TCP over IP on Ethernet, whole, with up to two VLAN tags. */
import { dv, u8 } from '../core/memory.js';
import { EtherType } from '../protocol/ethernet.js';
import { IpProto } from '../protocol/ip.js';
import { LinkType } from '../protocol/link-type.js';
import { endHash4, endHash6, ownerHash } from './owner-hash.js';

const mem = u8;
const view = dv;

const enum Plain {
  EthernetLen = 14,
  TagLen = 4,
  Tags = 2,
  Ipv6Len = 40,
  TcpLen = 20,
}

/** Owner of the frame among `workers` as packetOwner (src/flow/owner.ts) tells it, or -1 when it must be decoded. */
export function plainOwner(off: number, len: number, linkType: number, workers: number): number {
  if (linkType !== LinkType.Ethernet || len < Plain.EthernetLen + Plain.Ipv6Len) return -1;
  const end = off + len;
  let at = off + Plain.EthernetLen;
  let type = view.getUint16(at - 2);
  for (let n = 0; n < Plain.Tags && (type === EtherType.Vlan || type === EtherType.Qinq); n++) {
    at += Plain.TagLen;
    type = view.getUint16(at - 2);
  }
  if (type === EtherType.Ipv4) {
    const l4 = at + (mem[at] & 15) * 4;
    if (mem[at] >> 4 !== 4 || l4 < at + 20 || l4 + Plain.TcpLen > end || mem[at + 9] !== IpProto.Tcp) return -1;
    if ((view.getUint16(at + 6) & 0x3fff) !== 0) return -1;
    const one = endHash4(view.getInt32(at + 12), view.getUint16(l4));
    return ownerHash(one, endHash4(view.getInt32(at + 16), view.getUint16(l4 + 2))) % workers;
  }
  const l4 = at + Plain.Ipv6Len;
  if (type !== EtherType.Ipv6 || l4 + Plain.TcpLen > end || mem[at] >> 4 !== 6 || mem[at + 6] !== IpProto.Tcp)
    return -1;
  const one = end6(at + 8, view.getUint16(l4));
  return ownerHash(one, end6(at + 24, view.getUint16(l4 + 2))) % workers;
}

function end6(at: number, port: number): number {
  return endHash6(view.getInt32(at), view.getInt32(at + 4), view.getInt32(at + 8), view.getInt32(at + 12), port);
}
