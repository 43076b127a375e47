/** Sends over unix datagram sockets (unix(7)), which Node.js does not have. */
import { native, type Refusal } from './native.js';

export type { Refusal } from './native.js';
export { isRefusal } from './native.js';

/**
 * A socket connected to the one at `path`; a handle, or the kernel's reason not to, with errno as `index`. `sendBuffer`:
 * bytes of its buffer, as far as the system allows; a datagram must fit.
 */
export function openDatagram(path: string, sendBuffer: number): number | Refusal {
  return native().datagramOpen(path, sendBuffer);
}

/** Sends one datagram. 0, or -errno; never waits: a receiver whose queue is full is -EAGAIN. */
export function sendDatagram(handle: number, bytes: Uint8Array): number {
  return native().datagramSend(handle, bytes);
}
