/** Bytes of traffic as lines for a terminal, with ranges marked. */
import { safe } from './format.js';

/** What is put before and after marked bytes: reverse video on a terminal, otherwise quotation marks. */
export interface Marker {
  on: string;
  off: string;
}

export const terminalMarker: Marker = { on: '\x1b[7m', off: '\x1b[27m' };
export const plainMarker: Marker = { on: '»', off: '«' };

export interface Range {
  off: number;
  len: number;
}

/** Ranges within [0, length), sorted, overlapping and adjoining ones as one. */
export function merged(ranges: readonly Range[], length: number): Range[] {
  const sorted = ranges
    .map((r) => ({ off: Math.max(0, r.off), end: Math.min(length, r.off + r.len) }))
    .filter((r) => r.end > r.off)
    .sort((a, b) => a.off - b.off);
  const out: { off: number; end: number }[] = [];
  for (const r of sorted) {
    const last = out.at(-1);
    if (last !== undefined && r.off <= last.end) last.end = Math.max(last.end, r.end);
    else out.push({ ...r });
  }
  return out.map((r) => ({ off: r.off, len: r.end - r.off }));
}

/** One piece of bytes as text: UTF-8 where it is valid, other bytes and control characters as \xNN, HT as it is. */
function piece(b: Buffer): string {
  const text = b.toString('utf8');
  const valid = !text.includes('\ufffd');
  const shown = valid
    ? text
    : b.toString('latin1').replace(/[\x80-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
  return shown.split('\t').map(safe).join('\t');
}

/** The bytes as lines (ended by LF or CRLF); a mark never runs over the end of a line. */
export function textLines(bytes: Uint8Array, ranges: readonly Range[], marker: Marker): string[] {
  const b = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const marks = merged(ranges, b.length);
  const lines: string[] = [];
  let at = 0;
  while (at < b.length) {
    const lf = b.indexOf(10, at);
    const next = lf < 0 ? b.length : lf + 1;
    let end = lf < 0 ? b.length : lf;
    if (lf > at && b[lf - 1] === 13) end--;
    lines.push(markedLine(b, at, end, marks, marker));
    at = next;
  }
  return lines;
}

function markedLine(b: Buffer, start: number, end: number, marks: readonly Range[], marker: Marker): string {
  let s = '';
  let at = start;
  for (const m of marks) {
    const from = Math.max(m.off, start);
    const to = Math.min(m.off + m.len, end);
    if (from >= to) continue;
    s += piece(b.subarray(at, from)) + marker.on + piece(b.subarray(from, to)) + marker.off;
    at = to;
  }
  return s + piece(b.subarray(at, end));
}

const RowBytes = 16;

/** `00000010  47 45 54 20 2f 61 …  |GET /a|`, marked bytes in both halves. */
export function hexLines(bytes: Uint8Array, ranges: readonly Range[], marker: Marker): string[] {
  const marks = merged(ranges, bytes.length);
  const marked = (i: number): boolean => marks.some((m) => i >= m.off && i < m.off + m.len);
  const lines: string[] = [];
  for (let row = 0; row < bytes.length; row += RowBytes) {
    const end = Math.min(row + RowBytes, bytes.length);
    let hex = '';
    let text = '';
    for (let i = row; i < end; i++) {
      const on = marked(i);
      const begins = on && (i === row || !marked(i - 1));
      const ends = on && (i === end - 1 || !marked(i + 1));
      const wrap = (s: string): string => (begins ? marker.on : '') + s + (ends ? marker.off : '');
      const byte = bytes[i];
      hex += `${i === row + RowBytes / 2 ? ' ' : ''} ${wrap(byte.toString(16).padStart(2, '0'))}`;
      text += wrap(byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.');
    }
    const missing = RowBytes - (end - row);
    const space = ' '.repeat(missing * 3 + (end - row <= RowBytes / 2 && missing > 0 ? 1 : 0));
    lines.push(`${row.toString(16).padStart(8, '0')} ${hex}${space}  |${text}|`);
  }
  return lines;
}

/** More than a tenth of control and invalid bytes: not for reading. */
export function isBinary(bytes: Uint8Array): boolean {
  let odd = 0;
  for (const b of bytes) if ((b < 0x20 && b !== 9 && b !== 10 && b !== 13) || b === 0x7f) odd++;
  return odd * 10 > bytes.length;
}
