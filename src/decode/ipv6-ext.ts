/**
 * IPv6 extension headers (RFC 8200 section 4; AH of RFC 4302, ESP of RFC 4303, mobility of RFC 6275,
 * HIP of RFC 7401, Shim6 of RFC 5533). One walk, bounded by the captured bytes: each step passes a header.
 */
import { dv, u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { IpProto } from '../protocol/ip.js';
import { Ipv6Layout, Ipv6Opt } from '../protocol/ipv6.js';
import { damaged } from './layer.js';
import { type Packet, PacketFlag } from './packet.js';

const mem = u8;
const view = dv;

/** Headers already seen in this packet. */
const enum Seen {
  HopByHop = 1,
  Routing = 2,
  Ah = 4,
  Fragment = 16,
  DstOpts = 32,
  /** Destination options may stand twice: before a routing header and last. */
  DstOptsTwice = 64,
}

/** What walkExtensions ended at; the payload is then (p.restOff, p.restLen). */
export const enum ExtEnd {
  /** `upperLayer()` is to be decoded. */
  Payload = 0,
  /** Nothing to decode: fragment, no next header, fault. */
  Stop = 1,
}

let seen = 0;
let upper = 0;
/** Offset of the byte that named the header now looked at. */
let namedAt = 0;

export function isExtension(nextHeader: number): boolean {
  switch (nextHeader) {
    case IpProto.HopByHop:
    case IpProto.Routing:
    case IpProto.Fragment:
    case IpProto.Esp:
    case IpProto.Ah:
    case IpProto.NoNext:
    case IpProto.DstOpts:
    case IpProto.Mobility:
    case IpProto.Hip:
    case IpProto.Shim6:
      return true;
    default:
      return false;
  }
}

/** Walks the headers from (p.restOff, p.restLen), the first of type `next`. ESP ends the walk: the rest is cipher. */
export function walkExtensions(p: Packet, next: number): ExtEnd {
  seen = 0;
  namedAt = p.ipOff + Ipv6Layout.NextHeaderOff;
  while (isExtension(next) && next !== IpProto.Esp) {
    if (next === IpProto.NoNext) {
      if (p.restLen > 0) p.addEvent(DecoderEvent.Ipv6DataAfterNoneHeader);
      return ExtEnd.Stop;
    }
    if (p.restLen < 2) return truncated(p);
    // Suricata passes these without taking them for the protocol of the packet.
    if (next !== IpProto.Mobility && next !== IpProto.Hip && next !== IpProto.Shim6) p.ipProto = next;
    const len = headerLength(next, p.restOff);
    if (len > p.restLen) return truncated(p);
    const off = p.restOff;
    if (!decodeExtension(p, next, off, len)) return ExtEnd.Stop;
    next = mem[off];
    namedAt = off;
    p.restOff += len;
    p.restLen -= len;
  }
  if (p.restLen < 2) return truncated(p);
  upper = next;
  return ExtEnd.Payload;
}

/** The protocol behind the extension headers, after a walk that ended with ExtEnd.Payload. */
export function upperLayer(): number {
  return upper;
}

function truncated(p: Packet): ExtEnd {
  damaged(p, DecoderEvent.Ipv6TruncExthdr);
  return ExtEnd.Stop;
}

function headerLength(type: number, off: number): number {
  const units = mem[off + 1];
  switch (type) {
    case IpProto.Fragment:
      return 8;
    case IpProto.Ah:
      // Length counts 4-byte units less two (RFC 4302 section 2.2); 12 bytes are fixed.
      return units > 0 ? 12 + (units - 1) * 4 : 12;
    default:
      return 8 + units * 8;
  }
}

/** Looks into one header of `len` bytes; false ends the walk. */
function decodeExtension(p: Packet, type: number, off: number, len: number): boolean {
  switch (type) {
    case IpProto.Routing:
      if (again(p, Seen.Routing, DecoderEvent.Ipv6ExthdrDuplRh)) return true;
      if (mem[off + 2] === 0) p.addEvent(DecoderEvent.Ipv6RhType0);
      return true;
    case IpProto.HopByHop:
      if (!again(p, Seen.HopByHop, DecoderEvent.Ipv6ExthdrDuplHh)) decodeOptions(p, type, off, len);
      return true;
    case IpProto.DstOpts:
      if ((seen & Seen.DstOpts) === 0) seen |= Seen.DstOpts;
      else if (again(p, Seen.DstOptsTwice, DecoderEvent.Ipv6ExthdrDuplDh)) return true;
      decodeOptions(p, type, off, len);
      return true;
    case IpProto.Fragment:
      return decodeFragmentHeader(p, off, len);
    case IpProto.Ah:
      if (view.getUint16(off + 2) !== 0) p.addEvent(DecoderEvent.Ipv6ExthdrAhResNotNull);
      again(p, Seen.Ah, DecoderEvent.Ipv6ExthdrDuplAh);
      return true;
    default:
      return true;
  }
}

/** True, with an event, when this kind of header was there before. */
function again(p: Packet, bit: Seen, event: DecoderEvent): boolean {
  if ((seen & bit) !== 0) {
    p.addEvent(event);
    return true;
  }
  seen |= bit;
  return false;
}

/** Fragment header (section 4.5). An offset of 0 without more fragments is "atomic" (RFC 6946): go on decoding. */
function decodeFragmentHeader(p: Packet, off: number, len: number): boolean {
  if (mem[off + 1] !== 0) p.addEvent(DecoderEvent.Ipv6FhNonZeroReservedField);
  if (again(p, Seen.Fragment, DecoderEvent.Ipv6ExthdrDuplFh)) return true;
  const field = view.getUint16(off + 2);
  p.fragHdrOff = off;
  p.fragPrevOff = namedAt;
  p.fragOff = field & 0xfff8;
  p.moreFragments = field & 1;
  p.ipId = view.getUint32(off + 4);
  if (p.fragOff === 0 && p.moreFragments === 0) {
    p.addEvent(DecoderEvent.Ipv6ExthdrUselessFh);
    return true;
  }
  if (p.moreFragments !== 0 && (p.restLen - len) % 8 !== 0) p.addEvent(DecoderEvent.Ipv6FragInvalidLength);
  p.flags |= PacketFlag.Fragment;
  return false;
}

/** Options of a hop-by-hop or destination header (section 4.2). */
function decodeOptions(p: Packet, type: number, off: number, len: number): void {
  const end = off + len;
  const hopByHop = type === IpProto.HopByHop;
  let padding = false;
  let other = false;
  off += 2;
  while (off < end) {
    const opt = mem[off];
    if (opt === Ipv6Opt.Pad1) {
      padding = true;
      off++;
      continue;
    }
    const left = end - off;
    const optLen = left >= 2 ? mem[off + 1] : 0;
    if (left < 2 || 1 + optLen > left || optLen < minOptionLen(opt)) {
      damaged(p, DecoderEvent.Ipv6ExthdrInvalidOptlen);
      break;
    }
    if (opt === Ipv6Opt.PadN) {
      padding = true;
      if (optLen === 0) p.addEvent(DecoderEvent.Ipv6ZeroLenPadn);
    } else if (opt === Ipv6Opt.RouterAlert || opt === Ipv6Opt.HomeAddress) other = true;
    else if (opt !== Ipv6Opt.Jumbo) {
      p.addEvent(hopByHop ? DecoderEvent.Ipv6HopoptsUnknownOpt : DecoderEvent.Ipv6DstoptsUnknownOpt);
      other = true;
    }
    off += 2 + optLen;
  }
  if (padding && !other) {
    p.addEvent(hopByHop ? DecoderEvent.Ipv6HopoptsOnlyPadding : DecoderEvent.Ipv6DstoptsOnlyPadding);
  }
}

function minOptionLen(opt: number): number {
  if (opt === Ipv6Opt.RouterAlert) return 2;
  if (opt === Ipv6Opt.Jumbo) return 4;
  return opt === Ipv6Opt.HomeAddress ? 16 : 0;
}
