/** libmagic (libmagic(3)), found at run time where it is installed. */
import { native, type Refusal } from './native.js';

export type { Refusal } from './native.js';
export { isRefusal } from './native.js';

/**
 * Loads a magic database ('': libmagic's own); a handle for this thread alone, or why there is none: the library is
 * not installed, or the database cannot be read.
 */
export function openMagic(path: string): number | Refusal {
  return native().magicOpen(path);
}

/** What libmagic says of memory[off, off + len), latin-1; null when it fails on these bytes. */
export function magicOf(handle: number, off: number, len: number): string | null {
  return native().magicOf(handle, off, len);
}
