/** Membership of a packet's address in an address set as rules give it; for the few sets of threshold.config. */
import type { Packet } from '../decode/packet.js';
import type { AddressSet } from '../rules/ir.js';

function value6(w0: number, w1: number, w2: number, w3: number): bigint {
  return (BigInt(w0 >>> 0) << 96n) | (BigInt(w1 >>> 0) << 64n) | (BigInt(w2 >>> 0) << 32n) | BigInt(w3 >>> 0);
}

function within<T extends number | bigint>(ranges: readonly [T, T][], v: T): boolean {
  return ranges.some(([lo, hi]) => v >= lo && v <= hi);
}

/** Whether the packet's source (or destination) is in the set. */
export function inSet(set: AddressSet, p: Packet, source: boolean): boolean {
  if (set.any) return true;
  if (p.ipVersion === 4) return within(set.v4, (source ? p.src0 : p.dst0) >>> 0);
  if (p.ipVersion !== 6) return false;
  return within(set.v6, source ? value6(p.src0, p.src1, p.src2, p.src3) : value6(p.dst0, p.dst1, p.dst2, p.dst3));
}
