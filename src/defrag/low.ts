/**
 * Which units of a datagram came with a TTL lower than other fragments of it: its host may never have got them, so they
 * give way to those that it got. Only datagrams whose fragments differ in their TTL have any.
 */
import { column } from '../core/columns.js';
import { TrackerLimit, trackers } from './trackers.js';

/** A bit a unit of eight bytes, by tracker. Touched for the few datagrams that need it. */
const enum Low {
  Bytes = 1024,
}

const bits = column.u8((TrackerLimit.Max + 1) * Low.Bytes);

/** True when any unit of tracker k is low. */
export function hasLow(k: number): boolean {
  return trackers.mixed[k] !== 0;
}

/** A fragment with a larger TTL came: all units so far are low. */
export function lowerAll(k: number): void {
  bits.fill(0xff, k * Low.Bytes, (k + 1) * Low.Bytes);
  trackers.mixed[k] = 1;
}

export function isLow(k: number, unit: number): boolean {
  return trackers.mixed[k] !== 0 && (bits[k * Low.Bytes + (unit >> 3)] & (1 << (unit & 7))) !== 0;
}

/** Says of a unit that was just written whether it is low. */
export function setLow(k: number, unit: number, low: boolean): void {
  if (trackers.mixed[k] === 0) {
    if (!low) return;
    bits.fill(0, k * Low.Bytes, (k + 1) * Low.Bytes);
    trackers.mixed[k] = 1;
  }
  const at = k * Low.Bytes + (unit >> 3);
  if (low) bits[at] |= 1 << (unit & 7);
  else bits[at] &= ~(1 << (unit & 7));
}
