/**
 * Which of several workers a packet belongs to: a symmetric hash of addresses and ports under secret seeds, the same in
 * every worker and, as a classic BPF program (fanout-program.ts), in the kernel. Symmetric: each end is hashed by itself and
 * the two results are added. The seeds keep a sender from choosing the worker. VLAN tags are left out: conversations that
 * differ in nothing else have the same owner, whose flow table keeps them apart.
 */

export const enum OwnerMix {
  Port = 0x9e3779b1,
  First = 0x85ebca6b,
  Second = 0xc2b2ae35,
}

/** Secret of a run; plain data for worker threads. */
export interface OwnerSeeds {
  ends: number;
  sum: number;
}

let seedEnds = 0;
let seedSum = 0;

export function setOwnerSeeds(seeds: OwnerSeeds): void {
  seedEnds = seeds.ends;
  seedSum = seeds.sum;
}

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), OwnerMix.First);
  h = Math.imul(h ^ (h >>> 13), OwnerMix.Second);
  return h ^ (h >>> 16);
}

/** One end of an IPv4 conversation; port 0 where there are none. */
export function endHash4(address: number, port: number): number {
  return mix(address ^ Math.imul(port + 1, OwnerMix.Port) ^ seedEnds);
}

/** One end of an IPv6 conversation. */
export function endHash6(w0: number, w1: number, w2: number, w3: number, port: number): number {
  return mix(mix(mix(endHash4(w0, port) ^ w1) ^ w2) ^ w3);
}

/** Both ends together: an unsigned number; the owner is it modulo the number of workers. */
export function ownerHash(one: number, other: number): number {
  return mix(((one + other) | 0) ^ seedSum) >>> 0;
}

/** Of a fragment: addresses (without ports) and the identification. */
export function fragmentHash(one: number, other: number, id: number): number {
  return mix(((one + other) | 0) ^ Math.imul(id + 1, OwnerMix.Port) ^ seedSum) >>> 0;
}
