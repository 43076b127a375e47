/**
 * Traffic bytes as text, the way EVE shows them (Suricata 7.0.10): valid UTF-8 stays; otherwise every byte from
 * 0x80 up becomes the four characters \xNN. What must be escaped for JSON is json.ts's business.
 */
import { isUtf8 } from 'node:buffer';
import { buf, u8 } from '../core/memory.js';

const mem = buf;
const bytes = u8;
const HighByte = /[\x80-\xff]/;
const HighBytes = /[\x80-\xff]/g;

function hexEscape(c: string): string {
  return `\\x${c.charCodeAt(0).toString(16)}`;
}

/** Text of the `len` bytes at `off` of the worker's memory. */
export function memoryText(off: number, len: number): string {
  if (len === 0) return '';
  const s = mem.toString('latin1', off, off + len);
  if (!HighByte.test(s)) return s;
  return isUtf8(bytes.subarray(off, off + len)) ? mem.toString('utf8', off, off + len) : s.replace(HighBytes, hexEscape);
}

/** Text of bytes that are not in the worker's memory. */
export function bytesText(b: Uint8Array): string {
  const view = Buffer.from(b.buffer, b.byteOffset, b.byteLength);
  const s = view.toString('latin1');
  if (!HighByte.test(s)) return s;
  return isUtf8(view) ? view.toString('utf8') : s.replace(HighBytes, hexEscape);
}

const Unprintable = /[^\x20-\x7e\r\n]/g;

/** EVE's `…_printable` form: ASCII letters, CR and LF stay, everything else is a dot. */
export function printable(b: Uint8Array): string {
  return Buffer.from(b.buffer, b.byteOffset, b.byteLength).toString('latin1').replace(Unprintable, '.');
}
