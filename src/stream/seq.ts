/**
 * Sequence number arithmetic modulo 2^32 (RFC 9293 section 3.4, RFC 1982): numbers are compared by the sign of
 * their 32-bit difference.
 *
 *     a - b      0   1 .. 2^31-1   2^31 .. 2^32-1
 *     meaning    =   a after b     a before b
 */

/** The later of two. */
export function seqMax(a: number, b: number): number {
  return ((a - b) | 0) >= 0 ? a : b;
}
/** The earlier of two. */
export function seqMin(a: number, b: number): number {
  return ((a - b) | 0) <= 0 ? a : b;
}
