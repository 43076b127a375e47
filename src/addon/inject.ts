/** Sends packets that the sensor makes: raw IP, where the kernel finds the way, or whole frames on one interface. */
import { native, type Refusal } from './native.js';

export type { Refusal } from './native.js';
export { isRefusal } from './native.js';

/**
 * Opens raw sockets for IPv4 and, where the host has it, IPv6. Their packets carry `mark` (0: none), so that firewall
 * rules can tell them, and leave through `device` ('': whichever the routing says). A handle, or the kernel's reason not
 * to, with errno as `index`.
 */
export function openRaw(mark: number, device: string): number | Refusal {
  return native().rawOpen(mark, device);
}

/**
 * Sends the IP packet memory[off, off + len) to the address at memory[addressOff] (4 or 16 bytes). 0, or -errno. Never
 * waits: a full send buffer is -EAGAIN.
 */
export function sendRaw(handle: number, off: number, len: number, ipVersion: number, addressOff: number): number {
  return native().rawSend(handle, off, len, ipVersion, addressOff);
}

/** Opens an interface for frames; a handle, or the kernel's reason not to. */
export function openLink(device: string): number | Refusal {
  return native().linkOpen(device);
}

/** Sends the frame memory[off, off + len) on the interface. 0, or -errno. Never waits. */
export function sendLink(handle: number, off: number, len: number): number {
  return native().linkSend(handle, off, len);
}

/** Puts the interface's own hardware address, six bytes, at memory[off]. */
export function linkAddress(handle: number, off: number): void {
  native().linkAddress(handle, off);
}
