/** Buffers made of several header lines: http.header, http.header_names, http.start and one header by number. */
import { u8 } from '../core/memory.js';
import { Dir } from '../protocol/ip.js';
import { copyJoined, findHeader, isFirstRow, nameAt, nameLen } from './headers.js';
import { hCookie, hSetCookie } from './names.js';
import { keepRoom, takeRoom } from './scratch.js';
import type { Side } from './side.js';
import type { BufferView } from './transaction.js';

const mem = u8;

/** Upper bound of what all headers of a side take when written out. */
function roomFor(side: Side): number {
  return side.headLen + side.auxLen + side.rowCount * 4 + 16;
}

function crLf(at: number): number {
  mem[at] = 0x0d;
  mem[at + 1] = 0x0a;
  return at + 2;
}

function writeName(side: Side, row: number, at: number): number {
  const off = nameAt(side, row);
  const len = nameLen(side, row);
  mem.copyWithin(at, off, off + len);
  return at + len;
}

function writeHeader(side: Side, row: number, at: number, end: number): number {
  let w = writeName(side, row, at);
  mem[w++] = 0x3a;
  mem[w++] = 0x20;
  w = copyJoined(side, row, w, end);
  return w;
}

/** All headers but that of row `left` as "Name: value" CRLF, in order of first appearance. */
function writeAll(side: Side, left: number, at: number, end: number): number {
  let w = at;
  for (let row = 0; row < side.rowCount; row++) {
    if (row === left || !isFirstRow(side, row)) continue;
    w = crLf(writeHeader(side, row, w, end));
  }
  return w;
}

function give(out: BufferView, off: number, end: number): void {
  out.off = off;
  out.len = end - off;
  keepRoom(end);
}

/** http.header: cookies have a buffer of their own. */
export function headerBuffer(side: Side, dir: Dir, out: BufferView): boolean {
  if (side.rowCount === 0) return false;
  const cookie = findHeader(side, dir === Dir.ToServer ? hCookie : hSetCookie);
  const room = roomFor(side);
  const off = takeRoom(room);
  give(out, off, writeAll(side, cookie, off, off + room));
  return out.len !== 0;
}

/** http.start: start line, then, unless there are none, headers with cookies and an empty line. */
export function startBuffer(side: Side, out: BufferView): boolean {
  const room = roomFor(side);
  const off = takeRoom(room);
  const line = side.headOff + side.lineOff;
  mem.copyWithin(off, line, line + side.lineLen);
  let w = crLf(off + side.lineLen);
  if (side.rowCount !== 0) w = crLf(writeAll(side, -1, w, off + room));
  give(out, off, w);
  return true;
}

/** http.header_names: CRLF, then each name with CRLF, then CRLF. */
export function headerNamesBuffer(side: Side, out: BufferView): boolean {
  if (side.rowCount === 0) return false;
  const off = takeRoom(roomFor(side));
  let w = crLf(off);
  for (let row = 0; row < side.rowCount; row++) {
    if (isFirstRow(side, row)) w = crLf(writeName(side, row, w));
  }
  give(out, off, crLf(w));
  return true;
}

/** The header of number `index` as "Name: value". False past the last one. */
export function oneHeader(side: Side, index: number, out: BufferView): boolean {
  let n = 0;
  for (let row = 0; row < side.rowCount; row++) {
    if (!isFirstRow(side, row)) continue;
    if (n++ !== index) continue;
    const room = roomFor(side);
    const off = takeRoom(room);
    give(out, off, writeHeader(side, row, off, off + room));
    return true;
  }
  return false;
}
