/** Puts a link header before the packet that reset.ts built, for a frame on the wire that the answered packet was seen on. */
import { u8 } from '../core/memory.js';
import type { Packet } from '../decode/packet.js';
import { EthernetLayout, EtherType } from '../protocol/ethernet.js';
import { LinkType } from '../protocol/link-type.js';
import { ResetBuf } from './reset.js';

const mem = u8;

const AddressLen = 6;
const TagLen = 4;

function put16(at: number, v: number): void {
  mem[at] = v >>> 8;
  mem[at + 1] = v;
}

/** Whether the neighbours' hardware addresses are known: `p` came in an Ethernet frame. */
export function hasNeighbours(p: Packet): boolean {
  return p.linkType === LinkType.Ethernet && p.frameLen >= EthernetLayout.HeaderLen;
}

/**
 * Writes an Ethernet header with the VLAN tags of `p` before ResetBuf.Packet; the offset of the frame. It goes to whoever
 * sent `p` (`toSource`) or was to receive it, from the address at `ownOff`: were it from the other end's, switches would
 * learn that this end has moved to the sensor's port. `destinationOff`: the address to send to instead, 0 none.
 */
export function addEthernet(p: Packet, toSource: boolean, ownOff: number, destinationOff: number): number {
  const at = ResetBuf.Packet - EthernetLayout.HeaderLen - p.vlanCount * TagLen;
  const to = destinationOff !== 0 ? destinationOff : p.frameOff + (toSource ? AddressLen : 0);
  mem.copyWithin(at, to, to + AddressLen);
  mem.copyWithin(at + AddressLen, ownOff, ownOff + AddressLen);
  let next = at + EthernetLayout.TypeOff;
  for (let i = 0; i < p.vlanCount; i++) {
    // Of several tags the outer ones are service tags (IEEE 802.1ad).
    put16(next, i < p.vlanCount - 1 ? EtherType.Qinq : EtherType.Vlan);
    put16(next + 2, i === 0 ? p.vlan0 : i === 1 ? p.vlan1 : p.vlan2);
    next += TagLen;
  }
  put16(next, p.ipVersion === 6 ? EtherType.Ipv6 : EtherType.Ipv4);
  return at;
}
