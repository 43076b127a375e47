/** Entry of the stage: a captured frame into a Packet. */
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { LinkType } from '../protocol/link-type.js';
import { configureErspan } from './erspan.js';
import { configureGeneve } from './geneve.js';
import { Layer, setMaxLayers } from './layer.js';
import { countEvents, decodeLayers } from './layers.js';
import { type Packet, PacketFlag } from './packet.js';
import { configureTeredo } from './teredo.js';
import { setTunnelDepth, TunnelLimit } from './tunnel.js';
import { configureVxlan } from './vxlan.js';

const cPkts = counter('decoder.pkts');
const cBytes = counter('decoder.bytes');
const cMaxSize = counter('decoder.max_pkt_size');
const cAvgSize = counter('decoder.avg_pkt_size');
const cInvalid = counter('decoder.invalid');
/** Frames of which the capture has the beginning only, and those longer than the MTU allows (health.mtu). */
const cCut = counter('decoder.cut_by_snaplen');
const cSuper = counter('decoder.super_frames');
const cUnknownLink = counter('decoder.unknown_link_type');

/** Bytes that a frame has beside what the MTU counts: Ethernet and three VLAN tags. */
const FrameExtra = 14 + 12;

let longest = 1500 + FrameExtra;

/** The largest MTU of the links that are watched: longer frames were joined by GRO, LRO or TSO. */
export function setMtu(mtu: number): void {
  longest = mtu + FrameExtra;
}

/** Reads the `decoder` section of suricata.yaml. */
export function configureDecode(settings: Settings): void {
  setMaxLayers(settings.int('decoder.max-layers', 16, 1, 255));
  setTunnelDepth(settings.int('decoder.max-nesting', TunnelLimit.Depth, 1, TunnelLimit.Depth));
  configureTeredo(settings);
  configureVxlan(settings);
  configureGeneve(settings);
  configureErspan(settings);
}

/**
 * Decodes `capLen` bytes captured at `off` (in core/memory) of a frame that had `wireLen` bytes on the wire.
 * The caller sets p.no, p.tsUs and p.origin. Reads nothing outside [off, off + capLen), never throws.
 */
export function decodeFrame(p: Packet, off: number, capLen: number, wireLen: number, linkType: number): void {
  p.reset();
  p.linkType = linkType;
  p.frameOff = off;
  p.frameLen = capLen;
  p.wireLen = wireLen;
  if (wireLen > capLen) {
    p.flags = PacketFlag.Truncated;
    counts[cCut]++;
  }
  if (wireLen > longest) counts[cSuper]++;
  p.restOff = off;
  p.restLen = capLen;
  counts[cPkts]++;
  counts[cBytes] += capLen;
  if (capLen > counts[cMaxSize]) counts[cMaxSize] = capLen;
  counts[cAvgSize] = Math.floor(counts[cBytes] / counts[cPkts]);
  const layer = linkType === LinkType.Ethernet ? Layer.Ethernet : firstLayer(linkType);
  if (layer === Layer.Done) {
    counts[cUnknownLink]++;
    p.flags |= PacketFlag.Invalid;
  } else decodeLayers(p, layer);
  if (p.eventCount > 0) countEvents(p);
  if ((p.flags & PacketFlag.Invalid) !== 0) counts[cInvalid]++;
}

/** True when frames of this link type can be decoded. */
export function knownLinkType(linkType: number): boolean {
  return firstLayer(linkType) !== Layer.Done;
}

function firstLayer(linkType: number): Layer {
  switch (linkType) {
    case LinkType.Ethernet:
      return Layer.Ethernet;
    case LinkType.RawBsd:
    case LinkType.RawOpenBsd:
    case LinkType.Raw:
    case LinkType.Ipv4:
    case LinkType.Ipv6:
      return Layer.RawIp;
    case LinkType.LinuxSll:
      return Layer.Sll;
    case LinkType.LinuxSll2:
      return Layer.Sll2;
    case LinkType.Null:
      return Layer.Null;
    case LinkType.Loop:
      return Layer.Loop;
    case LinkType.Ppp:
    case LinkType.PppHdlc:
      return Layer.Ppp;
    case LinkType.PppEther:
      return Layer.PppoeSession;
    case LinkType.ChdlcCisco:
      return Layer.Chdlc;
    default:
      return Layer.Done;
  }
}
