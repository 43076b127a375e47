/** Capabilities of the calling thread (capabilities(7)); threads that it starts afterwards inherit them. */
import { native, type Refusal } from './native.js';

export type { Refusal } from './native.js';

/** Bits of a set, as linux/capability.h numbers them. */
export const enum Capability {
  None = 0,
  NetAdmin = 1 << 12,
  NetRaw = 1 << 13,
}

/** Makes what is permitted outlive a change of user, and takes the rest from every program that is run. */
export function keepCapabilities(set: number): Refusal | undefined {
  return native().keepCapabilities(set);
}

/** The thread has `set` and nothing else; programs that it runs have `ambient` and gain nothing by their files. */
export function limitCapabilities(set: number, ambient: number): Refusal | undefined {
  return native().limitCapabilities(set, ambient);
}

/** A thread that needs no rights gives up those that it inherited. As root, rights are not a matter of capabilities alone. */
export function giveUpCapabilities(): void {
  if (process.getuid?.() !== 0) limitCapabilities(Capability.None, Capability.None);
}
