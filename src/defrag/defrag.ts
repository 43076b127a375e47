/**
 * Entry of the stage: IP fragments in, whole datagrams out (RFC 791 section 3.2, RFC 815, RFC 8200 section 4.5).
 */
import { counter, counts } from '../core/counters.js';
import { PeccaryError } from '../core/errors.js';
import { Region, ScratchPart } from '../core/memory.js';
import type { Settings } from '../core/settings.js';
import { applyToPacket, ExceptionPolicy, readPacketPolicy } from '../decode/exception.js';
import { countEvent } from '../decode/layers.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { decodeDatagram } from '../decode/tunnel.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { Ipv4Layout } from '../protocol/ipv4.js';
import { Ipv6Layout } from '../protocol/ipv6.js';
import { isWhole, TakeStatus, takeBytes } from './assemble.js';
import { BlockTable } from './blocks.js';
import { buildDatagram, keepHeader } from './datagram.js';
import { configureHostOs, HostOs, hostPolicy } from './host-os.js';
import { lowerAll } from './low.js';
import { Page, pagesLeft, setPageMemcap } from './pages.js';
import { overlapPolicy } from './policy.js';
import {
  countFragment,
  evictOldest,
  findTracker,
  fragmentsHeld,
  freeTracker,
  newTracker,
  resetTrackers,
  sweepTrackers,
  TrackerLimit,
  touchTracker,
  trackers,
  trackersFull,
} from './trackers.js';

const t = trackers;

export const enum DefragStatus {
  /** Whole already: go on with the packet itself. */
  NotFragment = 0,
  /** Kept, or refused: nothing more to do with it but its own inspection. */
  Held = 1,
  /** It was the last piece: the datagram is decoded into `inner`. */
  Complete = 2,
}

const enum DefragDefault {
  Memcap = 32 << 20,
  /** Pages of the largest datagram, its header included: no memcap below this makes sense. */
  MinPages = 33,
  Trackers = 65_535,
  MaxFrags = 65_535,
  TimeoutSeconds = 60,
}

const cFragments4 = counter('defrag.ipv4.fragments');
const cFragments6 = counter('defrag.ipv6.fragments');
const cReassembled4 = counter('defrag.ipv4.reassembled');
const cReassembled6 = counter('defrag.ipv6.reassembled');
const cMaxFrags = counter('defrag.max_frag_hits');

let maxFrags: number = DefragDefault.MaxFrags;
let timeoutUs = DefragDefault.TimeoutSeconds * 1e6;
let hostTimeouts = new BlockTable();
let useVlan = true;
/** What happens to a fragment for which there is no room. */
let policy: ExceptionPolicy = ExceptionPolicy.Ignore;
let ips = false;

/**
 * Reads `defrag` and `host-os-policy`: memcap 32mb (as much as the Fragments region holds at most), trackers 65535,
 * max-frags 65535, timeout 60 s, host-config, memcap-policy; vlan.use-for-tracking. Forgets every waiting fragment.
 * `inline`: the engine can drop packets.
 */
export function configureDefrag(settings: Settings, inline = false): void {
  const most = Region.FragmentsEnd - Region.FragmentsOff;
  const memcap = settings.size('defrag.memcap', DefragDefault.Memcap, Page.Len * DefragDefault.MinPages);
  setPageMemcap(Math.min(memcap, most));
  resetTrackers(settings.int('defrag.trackers', DefragDefault.Trackers, 1));
  maxFrags = settings.int('defrag.max-frags', DefragDefault.MaxFrags, 1);
  timeoutUs = settings.int('defrag.timeout', DefragDefault.TimeoutSeconds, 1) * 1e6;
  useVlan = settings.bool('vlan.use-for-tracking', true);
  ips = inline;
  policy = readPacketPolicy(settings, 'defrag.memcap-policy', ips);
  // Kept for configurations that have them: our tables grow by themselves.
  settings.get('defrag.prealloc');
  settings.get('defrag.hash-size');
  hostTimeouts = readHostConfig(settings);
  configureHostOs(settings);
}

/** `defrag.host-config`: a list of `name: { timeout, address: [blocks] }`. */
function readHostConfig(settings: Settings): BlockTable {
  const table = new BlockTable();
  const list = settings.get('defrag.host-config');
  if (!Array.isArray(list)) return table;
  for (let i = 0; i < list.length; i++) {
    for (const name of settings.keys(`defrag.host-config.${i}`)) {
      const path = `defrag.host-config.${i}.${name}`;
      const seconds = settings.int(`${path}.timeout`, DefragDefault.TimeoutSeconds, 1);
      const blocks = settings.list(`${path}.address`);
      if (blocks.length === 0) throw new PeccaryError('config', `${path}: no address`);
      for (const block of blocks) table.add(block, seconds * 1e6, `${path}.address`);
    }
  }
  return table;
}

/**
 * Takes the packet when it is a fragment. Complete: the datagram lies in the ScratchPart.Datagram slot of p.level
 * and is decoded into `inner`; both are borrowed until the next datagram of that level.
 */
export function insertFragment(p: Packet, inner: Packet): DefragStatus {
  if ((p.flags & PacketFlag.Fragment) === 0) return DefragStatus.NotFragment;
  const v4 = p.ipVersion === 4;
  counts[v4 ? cFragments4 : cFragments6]++;
  sweepTrackers(p.tsUs);
  const hdrLen = v4 ? p.ipHdrLen : p.fragHdrOff - p.ipOff;
  const from = v4 ? p.ipOff + p.ipHdrLen : p.fragHdrOff + Ipv6Layout.FragHeaderLen;
  const len = p.ipOff + p.ipLen - from;
  if (p.fragOff + len > maxPayload(v4, hdrLen)) {
    raise(p, v4 ? DecoderEvent.Ipv4FragPktTooLarge : DecoderEvent.Ipv6FragPktTooLarge);
    return DefragStatus.Held;
  }
  if (len === 0) return DefragStatus.Held;
  const k = findTracker(p, useVlan) || openTracker(p);
  if (k === 0) {
    refuse(p);
    return DefragStatus.Held;
  }
  if (t.refused[k] !== 0) {
    applyToPacket(p, ExceptionPolicy.DropPacket, ips);
    return DefragStatus.Held;
  }
  touchTracker(k, p.tsUs);
  if (!takeFragment(p, k, from, len, hdrLen)) return DefragStatus.Held;
  return complete(p, inner, k, v4);
}

/**
 * Inline, the datagram that fragment `p` completed is dropped. Its receiver has the other fragments and waits for this one
 * (RFC 791 section 3.2: 15 seconds; Linux: 30): none of it passes for `defrag.timeout`.
 */
export function refuseDatagram(p: Packet): void {
  const k = findTracker(p, useVlan) || openTracker(p);
  if (k === 0) return;
  touchTracker(k, p.tsUs);
  t.refused[k] = 1;
}

/** Whether the fragment belongs to a datagram that was dropped. */
export function isRefusedDatagram(p: Packet): boolean {
  const k = findTracker(p, useVlan);
  return k !== 0 && t.refused[k] !== 0;
}

/** Largest end of a payload: the datagram must fit its 16-bit length field. */
function maxPayload(v4: boolean, hdrLen: number): number {
  return v4 ? Ipv4Layout.MaxLen - hdrLen : Ipv6Layout.MaxPayload;
}

/** A tracker for the packet's datagram; 0 when there are too many and none may be given up. */
function openTracker(p: Packet): number {
  if (trackersFull() && !giveUp(0, p.tsUs)) return 0;
  const k = newTracker(p, useVlan);
  const os = hostPolicy(p.ipVersion, p.dst0, p.dst1, p.dst2, p.dst3);
  t.policy[k] = overlapPolicy(os);
  t.drops[k] = os === HostOs.Linux ? 1 : 0;
  t.maxTtl[k] = p.ttl;
  t.timeoutUs[k] = hostTimeouts.lookup(p.ipVersion, p.dst0, p.dst1, p.dst2, p.dst3, timeoutUs);
  return k;
}

/** Puts the fragment into its tracker; false, with an event, when there is no room even without the oldest others. */
function takeFragment(p: Packet, k: number, from: number, len: number, hdrLen: number): boolean {
  const v4 = p.ipVersion === 4;
  if (!makeRoom(k, len, p.tsUs)) {
    if (t.frags[k] === 0) freeTracker(k);
    refuse(p);
    return false;
  }
  if (p.fragOff === 0 && !keepHeader(p, k, hdrLen, len)) {
    raise(p, v4 ? DecoderEvent.Ipv4FragIgnored : DecoderEvent.Ipv6FragIgnored);
    return false;
  }
  const ahead = p.ttl - t.maxTtl[k];
  if (ahead > 0) {
    lowerAll(k);
    t.maxTtl[k] = p.ttl;
  }
  const taken = takeBytes(k, p.fragOff, from, len, ahead < 0);
  countFragment(k);
  const end = p.fragOff + len;
  const dropped = t.drops[k] !== 0 && (taken === TakeStatus.Overlap || otherEnd(p, k, end));
  if (ahead !== 0 || dropped) t.doubtful[k] = 1;
  // One datagram takes one way: fragments that came with another TTL may be meant for the sensor alone.
  if (taken !== TakeStatus.Taken || ahead !== 0)
    raise(p, v4 ? DecoderEvent.Ipv4FragOverlap : DecoderEvent.Ipv6FragOverlap);
  // A fragment none of whose bytes count has no say in where the datagram ends either.
  if (taken === TakeStatus.Nothing) return true;
  if (p.moreFragments === 0 && (t.end[k] < 0 || end < t.end[k])) t.end[k] = end;
  return true;
}

/** True when the fragment ends where the datagram cannot: another last one said so. */
function otherEnd(p: Packet, k: number, end: number): boolean {
  return t.end[k] >= 0 && (p.moreFragments === 0 ? end !== t.end[k] : end > t.end[k]);
}

/** Gives up the oldest other datagrams until a fragment of `len` bytes (and a header) certainly fits. */
function makeRoom(k: number, len: number, nowUs: number): boolean {
  const pages = (len >> Page.DataShift) + 3;
  while (fragmentsHeld() >= maxFrags || pagesLeft() < Math.min(pages, TrackerLimit.Pages + 1)) {
    if (!giveUp(k, nowUs)) return false;
  }
  return true;
}

/**
 * Gives up the datagram that waits longest, other than `keep`. With a policy for the newer fragment that is done only
 * when its time is over: else a flood of fragments could drive out the one that hides an attack.
 */
function giveUp(keep: number, nowUs: number): boolean {
  return evictOldest(keep, policy === ExceptionPolicy.Ignore ? Number.POSITIVE_INFINITY : nowUs);
}

/** There is no room for the fragment: `defrag.memcap-policy` says what becomes of it. */
function refuse(p: Packet): void {
  counts[cMaxFrags]++;
  raise(p, p.ipVersion === 4 ? DecoderEvent.Ipv4FragIgnored : DecoderEvent.Ipv6FragIgnored);
  applyToPacket(p, policy, ips);
}

function complete(p: Packet, inner: Packet, k: number, v4: boolean): DefragStatus {
  if (!isWhole(k) || t.headerPage[k] === 0) return DefragStatus.Held;
  const slot = ScratchPart.DatagramOff + (p.level % ScratchPart.DatagramSlots) * ScratchPart.DatagramSlotLen;
  const len = buildDatagram(k, slot, v4);
  const doubtful = t.doubtful[k] !== 0;
  freeTracker(k);
  counts[v4 ? cReassembled4 : cReassembled6]++;
  if (!decodeDatagram(inner, p, slot, len, p.ipVersion)) return DefragStatus.Held;
  if (doubtful) inner.flags |= PacketFlag.Doubtful;
  return DefragStatus.Complete;
}

/** Adds an event to the packet and counts it: its decoding is over. */
function raise(p: Packet, event: DecoderEvent): void {
  p.addEvent(event);
  countEvent(event);
}
