/** Link layers other than Ethernet: raw IP, BSD null and loop, Linux cooked v1 and v2, Cisco HDLC. */
import { counter, counts } from '../core/counters.js';
import { dv, u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { damaged, Layer, layerOfEtherType, skip } from './layer.js';
import type { Packet } from './packet.js';

const mem = u8;
const view = dv;
const cRaw = counter('decoder.raw');
const cNull = counter('decoder.null');
const cSll = counter('decoder.sll');
const cChdlc = counter('decoder.chdlc');

const enum LinkLayout {
  NullLen = 4,
  SllLen = 16,
  SllTypeOff = 14,
  Sll2Len = 20,
  ChdlcLen = 4,
  MinIpLen = 20,
}

/** Address families as the BSDs, Linux, Solaris and Windows number them. */
const enum AddressFamily {
  Inet = 2,
  Inet6Linux = 10,
  Inet6Winsock = 23,
  Inet6Bsd = 24,
  Inet6Solaris = 26,
  Inet6FreeBsd = 28,
  Inet6Darwin = 30,
}

/** IP without a link header: the version nibble decides. */
export function decodeRawIp(p: Packet): Layer {
  counts[cRaw]++;
  if (p.restLen < LinkLayout.MinIpLen) {
    damaged(p, DecoderEvent.Ipv4PktTooSmall);
    return Layer.Failed;
  }
  const version = mem[p.restOff] >> 4;
  if (version === 4) return Layer.Ipv4;
  if (version === 6) return Layer.Ipv6;
  p.addEvent(DecoderEvent.IprawInvalidIpVersion);
  return Layer.Done;
}

/** BSD loopback: the address family, in the byte order of the host that captured. */
export function decodeNull(p: Packet): Layer {
  counts[cNull]++;
  if (p.restLen < LinkLayout.NullLen) {
    damaged(p, DecoderEvent.LtnullPktTooSmall);
    return Layer.Failed;
  }
  const family = view.getUint32(p.restOff, true);
  // Families are small numbers, so a big-endian host's file shows itself.
  return familyLayer(p, family > 0xffff ? view.getUint32(p.restOff) : family);
}

/** OpenBSD loopback: as null, in network byte order. */
export function decodeLoop(p: Packet): Layer {
  counts[cNull]++;
  if (p.restLen < LinkLayout.NullLen) {
    damaged(p, DecoderEvent.LtnullPktTooSmall);
    return Layer.Failed;
  }
  return familyLayer(p, view.getUint32(p.restOff));
}

function familyLayer(p: Packet, family: number): Layer {
  skip(p, LinkLayout.NullLen);
  switch (family) {
    case AddressFamily.Inet:
      return Layer.Ipv4;
    case AddressFamily.Inet6Linux:
    case AddressFamily.Inet6Winsock:
    case AddressFamily.Inet6Bsd:
    case AddressFamily.Inet6Solaris:
    case AddressFamily.Inet6FreeBsd:
    case AddressFamily.Inet6Darwin:
      return Layer.Ipv6;
    default:
      p.addEvent(DecoderEvent.LtnullUnsupportedType);
      return Layer.Done;
  }
}

/** Linux cooked capture v1 (tcpdump.org/linktypes LINKTYPE_LINUX_SLL). */
export function decodeSll(p: Packet): Layer {
  counts[cSll]++;
  if (p.restLen < LinkLayout.SllLen) {
    damaged(p, DecoderEvent.SllPktTooSmall);
    return Layer.Failed;
  }
  const type = view.getUint16(p.restOff + LinkLayout.SllTypeOff);
  skip(p, LinkLayout.SllLen);
  return layerOfEtherType(p, type);
}

/** Linux cooked capture v2 (LINKTYPE_LINUX_SLL2): the protocol stands first. */
export function decodeSll2(p: Packet): Layer {
  counts[cSll]++;
  if (p.restLen < LinkLayout.Sll2Len) {
    damaged(p, DecoderEvent.SllPktTooSmall);
    return Layer.Failed;
  }
  const type = view.getUint16(p.restOff);
  skip(p, LinkLayout.Sll2Len);
  return layerOfEtherType(p, type);
}

/** Cisco HDLC: address, control, ethertype. */
export function decodeChdlc(p: Packet): Layer {
  counts[cChdlc]++;
  if (p.restLen < LinkLayout.ChdlcLen) {
    damaged(p, DecoderEvent.ChdlcPktTooSmall);
    return Layer.Failed;
  }
  const type = view.getUint16(p.restOff + 2);
  skip(p, LinkLayout.ChdlcLen);
  return layerOfEtherType(p, type);
}
