/** A 32-bit mixing of an integer with a seed (the finaliser of MurmurHash3). */
export function hash32(value: number, seed: number): number {
  let h = (value ^ seed) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
