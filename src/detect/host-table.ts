/**
 * State kept by address, address pair or rule: thresholds, host bits and xbits, tags. One open-addressed table over
 * a SharedArrayBuffer, so that it can be shared by workers; capture time throughout. Bounded: when a new entry finds
 * its neighbourhood full, the entry there that was used longest ago gives way (counted).
 *
 *     row: kind and id, four words of each of two addresses, a 32-bit value, times as 64-bit floats
 */
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { hash32 } from '../rules/compile/hash32.js';

export const enum HostLimit {
  /** Entries at most: a power of two, as many as the defaults of host.memcap and ippair.memcap let. */
  Entries = 1 << 17,
  /** Bytes that an entry counts for against the two, about what a host with a threshold takes in Suricata. */
  EntryBytes = 512,
  /** Default of each. */
  Memcap = 32 << 20,
  /** Places looked at for one key. */
  Probes = 16,
}

/** What an entry is for; part of its key. */
export const enum HostKind {
  Free = 0,
  Threshold = 1,
  Bit = 2,
  Tag = 3,
  Rate = 4,
}

const enum Col {
  Kind = 0,
  Id = 1,
  A0 = 2,
  B0 = 6,
  /** Counts of events. */
  Count = 10,
  Used = 11,
  Stride = 12,
}

const enum Time {
  /** Begin of the window, or expiry. */
  Start = 0,
  /** Second time: rate_filter's timeout; 0 none. */
  Until = 1,
  /** Last use. */
  Last = 2,
  Stride = 3,
}

const cEvicted = counter('detect.host_table_evicted');
const cEntries = counter('detect.host_table_entries');

let words = new Int32Array(new SharedArrayBuffer(HostLimit.Entries * Col.Stride * 4));
let times = new Float64Array(new SharedArrayBuffer(HostLimit.Entries * Time.Stride * 8));
/** 1 once a tag was set. */
let tagged = new Int32Array(new SharedArrayBuffer(4));
let seed = (Math.random() * 0x7fffffff) | 0;

/** The table as several workers share it; plain data. */
export interface HostMemory {
  words: SharedArrayBuffer;
  times: SharedArrayBuffer;
  tagged: SharedArrayBuffer;
  seed: number;
}

/** This thread's table, for others. */
export function hostMemory(): HostMemory {
  const shared = (a: Int32Array | Float64Array): SharedArrayBuffer => a.buffer as SharedArrayBuffer;
  return { words: shared(words), times: shared(times), tagged: shared(tagged), seed };
}

/** Works with the table of another thread from now on. Accesses stand between enterShared and leaveShared. */
export function useHostMemory(m: HostMemory): void {
  words = new Int32Array(m.words);
  times = new Float64Array(m.times);
  tagged = new Int32Array(m.tagged);
  seed = m.seed;
}

/** Whether any tag was ever set. */
export function anyTag(): boolean {
  return tagged[0] !== 0;
}

export function noteTag(): void {
  tagged[0] = 1;
}
/** One less than the entries in use, a power of two. */
let mask = HostLimit.Entries - 1;

/** Reads `host.memcap` and `ippair.memcap`: together they bound the entries; more than the defaults does not help. */
export function configureHostTable(settings: Settings): void {
  const bytes = (key: string): number =>
    Math.min(settings.size(key, HostLimit.Memcap, HostLimit.EntryBytes), HostLimit.Memcap);
  const entries = (bytes('host.memcap') + bytes('ippair.memcap')) / HostLimit.EntryBytes;
  mask = (1 << (31 - Math.clz32(entries))) - 1;
}

/** The key under which the next lookup works: filled by the functions below. */
const key = new Int32Array(8);

export function clearKey(): void {
  key.fill(0);
}
export function keyA(a0: number, a1: number, a2: number, a3: number): void {
  key[0] = a0;
  key[1] = a1;
  key[2] = a2;
  key[3] = a3;
}
export function keyB(b0: number, b1: number, b2: number, b3: number): void {
  key[4] = b0;
  key[5] = b1;
  key[6] = b2;
  key[7] = b3;
}
/** Orders the two addresses, so that a pair is the same in both directions. */
export function keyPair(): void {
  for (let i = 0; i < 4; i++) {
    if (key[i] === key[i + 4]) continue;
    if (key[i] > key[i + 4]) {
      for (let j = 0; j < 4; j++) {
        const a = key[j];
        key[j] = key[j + 4];
        key[j + 4] = a;
      }
    }
    return;
  }
}

function same(at: number, kind: number, id: number): boolean {
  if (words[at + Col.Kind] !== kind || words[at + Col.Id] !== id) return false;
  for (let i = 0; i < 8; i++) if (words[at + Col.A0 + i] !== key[i]) return false;
  return true;
}

function home(kind: number, id: number): number {
  let h = hash32(kind ^ Math.imul(id, 0x9e3779b1), seed);
  for (let i = 0; i < 8; i++) h = hash32(h ^ key[i], seed);
  return h & mask;
}

/** The entry of the current key, or -1. */
export function findEntry(kind: HostKind, id: number, nowUs: number): number {
  let i = home(kind, id);
  for (let n = 0; n < HostLimit.Probes; n++, i = (i + 1) & mask) {
    if (same(i * Col.Stride, kind, id)) {
      times[i * Time.Stride + Time.Last] = nowUs;
      return i;
    }
  }
  return -1;
}

/** A new entry for the current key (which has none): the oldest in its neighbourhood gives way when there is no room. */
export function addEntry(kind: HostKind, id: number, nowUs: number): number {
  let i = home(kind, id);
  let oldest = i;
  for (let n = 0; n < HostLimit.Probes; n++, i = (i + 1) & mask) {
    if (words[i * Col.Stride + Col.Kind] === HostKind.Free) {
      oldest = i;
      break;
    }
    if (times[i * Time.Stride + Time.Last] < times[oldest * Time.Stride + Time.Last]) oldest = i;
  }
  const at = oldest * Col.Stride;
  if (words[at + Col.Kind] === HostKind.Free) counts[cEntries]++;
  else counts[cEvicted]++;
  words[at + Col.Kind] = kind;
  words[at + Col.Id] = id;
  for (let j = 0; j < 8; j++) words[at + Col.A0 + j] = key[j];
  words[at + Col.Count] = 0;
  times[oldest * Time.Stride + Time.Start] = nowUs;
  times[oldest * Time.Stride + Time.Until] = 0;
  times[oldest * Time.Stride + Time.Last] = nowUs;
  return oldest;
}

export function removeEntry(entry: number): void {
  words[entry * Col.Stride + Col.Kind] = HostKind.Free;
  counts[cEntries]--;
}

export function entryCount(entry: number): number {
  return words[entry * Col.Stride + Col.Count];
}
export function setEntryCount(entry: number, n: number): void {
  words[entry * Col.Stride + Col.Count] = n;
}
export function entryStart(entry: number): number {
  return times[entry * Time.Stride + Time.Start];
}
export function setEntryStart(entry: number, us: number): void {
  times[entry * Time.Stride + Time.Start] = us;
}
export function entryUntil(entry: number): number {
  return times[entry * Time.Stride + Time.Until];
}
export function setEntryUntil(entry: number, us: number): void {
  times[entry * Time.Stride + Time.Until] = us;
}

/** Forgets everything (a new run in the same process, and tests). */
export function resetHostTable(): void {
  for (let i = 0; i < HostLimit.Entries; i++) words[i * Col.Stride + Col.Kind] = HostKind.Free;
  counts[cEntries] = 0;
  tagged[0] = 0;
}
