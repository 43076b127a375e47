/**
 * Traffic bytes as text, the way EVE shows them (Suricata 7.0.10): valid UTF-8 stays; otherwise every byte from
 * 0x80 up becomes the four characters \xNN. What must be escaped for JSON is json.ts's business.
 */
import { isUtf8 } from 'node:buffer';

export const HighByte = /[\x80-\xff]/;
export const HighBytes = /[\x80-\xff]/g;

export function hexEscape(c: string): string {
  return `\\x${c.charCodeAt(0).toString(16)}`;
}

/** Text of bytes. */
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
