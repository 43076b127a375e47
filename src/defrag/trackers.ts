/**
 * Trackers: one a datagram whose fragments wait, as columns indexed by tracker 1..TrackerLimit.Max. Found by a seeded
 * hash of addresses, id, protocol, VLANs and number of tunnels around; kept in order of their last fragment, so that the oldest can go.
 */
import { column } from '../core/columns.js';
import { counter, counts } from '../core/counters.js';
import type { Packet } from '../decode/packet.js';
import { returnPage } from './pages.js';

export const enum TrackerLimit {
  /** Largest `defrag.trackers`. */
  Max = 0x1_0000,
  Buckets = 0x1_0000,
  /** Pages of payload: 64 KiB. */
  Pages = 32,
}

const col32 = (): Int32Array => column.i32(TrackerLimit.Max + 1);

export const trackers = {
  src0: col32(),
  src1: col32(),
  src2: col32(),
  src3: col32(),
  dst0: col32(),
  dst1: col32(),
  dst2: col32(),
  dst3: col32(),
  id: col32(),
  /** IP version, tunnels around and protocol (IPv4 only: RFC 8200 section 4.5 leaves it out) in one word. */
  kind: col32(),
  /** VLAN 0 and 1, and VLAN 2. */
  vlan01: col32(),
  vlan2: col32(),
  lastUs: column.f64(TrackerLimit.Max + 1),
  timeoutUs: column.f64(TrackerLimit.Max + 1),
  /** Fragments taken. */
  frags: col32(),
  /** Smallest end that a last fragment gave; -1 none yet. */
  end: col32(),
  /** Units of 8 bytes that are there without a gap from the start. */
  prefix: col32(),
  policy: column.u8(TrackerLimit.Max + 1),
  /** Largest TTL of a fragment: one with a lower TTL may not have arrived. */
  maxTtl: column.u8(TrackerLimit.Max + 1),
  /** 1: the host drops datagrams whose fragments overlap. */
  drops: column.u8(TrackerLimit.Max + 1),
  /** 1: some units have a lower TTL than others (low.ts). */
  mixed: column.u8(TrackerLimit.Max + 1),
  /** 1: the host may not have put it together as we do. */
  doubtful: column.u8(TrackerLimit.Max + 1),
  /** 1: the datagram was dropped (inline), what comes of it is too. */
  refused: column.u8(TrackerLimit.Max + 1),
  /** Page with the IP header of the first fragment (0 none), and the header's length. */
  headerPage: column.u16(TrackerLimit.Max + 1),
  headerLen: column.u16(TrackerLimit.Max + 1),
  /** IPv6: where in the header the next-header byte stands that named the fragment header, and its new value. */
  nextAt: column.u16(TrackerLimit.Max + 1),
  nextHeader: column.u8(TrackerLimit.Max + 1),
  /** Payload pages, TrackerLimit.Pages a tracker; 0 none. */
  pages: column.u16((TrackerLimit.Max + 1) * TrackerLimit.Pages),
};
const t = trackers;

const bucketHead = new Int32Array(TrackerLimit.Buckets);
const chainNext = col32();
const bucketOf = col32();
const ageNext = col32();
const agePrev = col32();
const seed = (Math.random() * 0x1_0000_0000) | 0;

const cEvicted = counter('defrag.tracker_evicted');
const cTimeout = counter('defrag.tracker_timeout');

let limit: number = TrackerLimit.Max;
let freeHead = 0;
let touched = 0;
let used = 0;
let oldest = 0;
let newest = 0;
let fragsHeld = 0;

/** Empties the table; at most `max` trackers from now on (defrag.trackers). */
export function resetTrackers(max: number): void {
  bucketHead.fill(0);
  limit = Math.min(max, TrackerLimit.Max);
  freeHead = 0;
  touched = 0;
  used = 0;
  oldest = 0;
  newest = 0;
  fragsHeld = 0;
}

/** Datagrams waiting. */
export function trackerCount(): number {
  return used;
}

/** Fragments held by all trackers. */
export function fragmentsHeld(): number {
  return fragsHeld;
}

export function countFragment(k: number): void {
  t.frags[k]++;
  fragsHeld++;
}

function kindOf(p: Packet): number {
  return (p.ipVersion << 16) | (p.tunnels << 8) | (p.ipVersion === 4 ? p.ipProto : 0);
}

function mix(h: number, w: number): number {
  h = Math.imul(h ^ w, 0x9e37_79b1);
  return h ^ (h >>> 15);
}

function hash(p: Packet, useVlan: boolean): number {
  let h = mix(seed, p.src0);
  h = mix(h, p.dst0);
  h = mix(h, p.ipId | 0);
  if (p.ipVersion === 6) {
    h = mix(mix(mix(h, p.src1), p.src2), p.src3);
    h = mix(mix(mix(h, p.dst1), p.dst2), p.dst3);
  }
  h = mix(h, kindOf(p));
  if (useVlan) h = mix(mix(h, (p.vlan0 << 16) | p.vlan1), p.vlan2);
  return Math.imul(h, 0x85eb_ca6b) >>> 16;
}

function matches(k: number, p: Packet, useVlan: boolean): boolean {
  if (t.id[k] !== (p.ipId | 0) || t.src0[k] !== p.src0 || t.dst0[k] !== p.dst0 || t.kind[k] !== kindOf(p)) return false;
  if (useVlan && (t.vlan01[k] !== ((p.vlan0 << 16) | p.vlan1) || t.vlan2[k] !== p.vlan2)) return false;
  if (p.ipVersion === 4) return true;
  return (
    t.src1[k] === p.src1 &&
    t.src2[k] === p.src2 &&
    t.src3[k] === p.src3 &&
    t.dst1[k] === p.dst1 &&
    t.dst2[k] === p.dst2 &&
    t.dst3[k] === p.dst3
  );
}

/** The tracker of the packet's datagram, or 0. One that has timed out by the packet's time is freed and not found. */
export function findTracker(p: Packet, useVlan: boolean): number {
  let k = bucketHead[hash(p, useVlan)];
  while (k !== 0 && !matches(k, p, useVlan)) k = chainNext[k];
  if (k !== 0 && p.tsUs - t.lastUs[k] > t.timeoutUs[k]) {
    counts[cTimeout]++;
    freeTracker(k);
    return 0;
  }
  return k;
}

/** Whether there are as many trackers as there may be. */
export function trackersFull(): boolean {
  return used >= limit;
}

/** A new tracker for the packet's datagram. Not when they are full. */
export function newTracker(p: Packet, useVlan: boolean): number {
  let k = freeHead;
  if (k !== 0) freeHead = chainNext[k];
  else k = ++touched;
  used++;
  t.src0[k] = p.src0;
  t.src1[k] = p.src1;
  t.src2[k] = p.src2;
  t.src3[k] = p.src3;
  t.dst0[k] = p.dst0;
  t.dst1[k] = p.dst1;
  t.dst2[k] = p.dst2;
  t.dst3[k] = p.dst3;
  t.id[k] = p.ipId | 0;
  t.kind[k] = kindOf(p);
  t.vlan01[k] = (p.vlan0 << 16) | p.vlan1;
  t.vlan2[k] = p.vlan2;
  t.frags[k] = 0;
  t.end[k] = -1;
  t.prefix[k] = 0;
  t.maxTtl[k] = t.doubtful[k] = t.mixed[k] = t.refused[k] = 0;
  t.headerPage[k] = 0;
  t.headerLen[k] = 0;
  t.pages.fill(0, k * TrackerLimit.Pages, (k + 1) * TrackerLimit.Pages);
  const b = hash(p, useVlan);
  bucketOf[k] = b;
  chainNext[k] = bucketHead[b];
  bucketHead[b] = k;
  appendAge(k);
  return k;
}

function appendAge(k: number): void {
  agePrev[k] = newest;
  ageNext[k] = 0;
  if (newest !== 0) ageNext[newest] = k;
  else oldest = k;
  newest = k;
}

function removeAge(k: number): void {
  if (agePrev[k] !== 0) ageNext[agePrev[k]] = ageNext[k];
  else oldest = ageNext[k];
  if (ageNext[k] !== 0) agePrev[ageNext[k]] = agePrev[k];
  else newest = agePrev[k];
}

/** Notes that the tracker got a fragment at `tsUs`. */
export function touchTracker(k: number, tsUs: number): void {
  t.lastUs[k] = tsUs;
  if (newest === k) return;
  removeAge(k);
  appendAge(k);
}

/** Frees the tracker and its pages. */
export function freeTracker(k: number): void {
  const b = bucketOf[k];
  if (bucketHead[b] === k) bucketHead[b] = chainNext[k];
  else {
    let prev = bucketHead[b];
    while (chainNext[prev] !== k) prev = chainNext[prev];
    chainNext[prev] = chainNext[k];
  }
  removeAge(k);
  const first = k * TrackerLimit.Pages;
  for (let i = first; i < first + TrackerLimit.Pages; i++) if (t.pages[i] !== 0) returnPage(t.pages[i]);
  if (t.headerPage[k] !== 0) returnPage(t.headerPage[k]);
  fragsHeld -= t.frags[k];
  used--;
  chainNext[k] = freeHead;
  freeHead = k;
}

/** Gives up the datagram that waits longest, other than `keep`; false when there is none whose time is over by `nowUs`. */
export function evictOldest(keep: number, nowUs: number): boolean {
  const k = oldest;
  if (k === 0 || k === keep || nowUs - t.lastUs[k] <= t.timeoutUs[k]) return false;
  counts[cEvicted]++;
  freeTracker(k);
  return true;
}

const enum SweepLimit {
  /** Trackers freed in one call: frees memory early, decides nothing (findTracker looks at the time itself). */
  Trackers = 4,
}

/** Frees the oldest trackers that have timed out by `tsUs`. */
export function sweepTrackers(tsUs: number): void {
  for (let i = 0; i < SweepLimit.Trackers && oldest !== 0 && tsUs - t.lastUs[oldest] > t.timeoutUs[oldest]; i++) {
    counts[cTimeout]++;
    freeTracker(oldest);
  }
}
