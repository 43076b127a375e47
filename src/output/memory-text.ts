/** text.ts for bytes in the worker's memory: in a file of its own, because the writer thread has no such memory. */
import { isUtf8 } from 'node:buffer';
import { buf, u8 } from '../core/memory.js';
import { HighByte, HighBytes, hexEscape } from './text.js';

const mem = buf;
const bytes = u8;

/** Text of the `len` bytes at `off` of the worker's memory. */
export function memoryText(off: number, len: number): string {
  if (len === 0) return '';
  const s = mem.toString('latin1', off, off + len);
  if (!HighByte.test(s)) return s;
  return isUtf8(bytes.subarray(off, off + len))
    ? mem.toString('utf8', off, off + len)
    : s.replace(HighBytes, hexEscape);
}

/** A copy of `len` bytes at `off`. */
export function memoryCopy(off: number, len: number): Uint8Array {
  return bytes.slice(off, off + len);
}
