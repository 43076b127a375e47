/**
 * Variables of the current packet, which pcre captures with pkt scope set (Suricata manual, "pcre / Using captured
 * groups"): until the next packet, for `pktvar` and for EVE's metadata. A name has one value, the last.
 */
import { counter, counts } from '../core/counters.js';
import { buf } from '../core/memory.js';
import type { Settings } from '../core/settings.js';

const enum Limit {
  /** Variables of a packet, all of which each rule walks. */
  Variables = 64,
  /** Bytes of a value. */
  Bytes = 65_535,
}

let most: number = Limit.Variables;

/** Reads `detect.max-packet-vars`. */
export function configurePacketVars(settings: Settings): void {
  most = settings.int('detect.max-packet-vars', Limit.Variables, 0, Limit.Variables);
}

const cLimit = counter('detect.pktvar_limit');

const ids = new Int32Array(Limit.Variables);
const values: Buffer[] = [];

/** How many there are. */
export let packetVarCount = 0;

export function packetVarsReset(): void {
  packetVarCount = 0;
}

/** Sets variable `id` (a number of flowNames) to a copy of memory[off, off + len). */
export function packetVarSet(id: number, off: number, len: number): void {
  let i = 0;
  while (i < packetVarCount && ids[i] !== id) i++;
  if (i >= most || len > Limit.Bytes) {
    counts[cLimit]++;
    return;
  }
  ids[i] = id;
  values[i] = Buffer.from(buf.subarray(off, off + len));
  if (i === packetVarCount) packetVarCount++;
}

/** Value of variable `id` of this packet, or null. */
export function packetVarGet(id: number): Buffer | null {
  for (let i = 0; i < packetVarCount; i++) if (ids[i] === id) return values[i];
  return null;
}

/** Number and value of variable `i`, in the order first set. */
export function packetVarAt(i: number): { id: number; value: Buffer } {
  return { id: ids[i], value: values[i] };
}
