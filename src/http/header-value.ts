/** The value of one header, joined when it was repeated. */
import { copyJoined, findHeader, type HeaderName, isRepeated, valueAt, valueLen } from './headers.js';
import { keepRoom, takeRoom } from './scratch.js';
import type { Side } from './side.js';

/** The value of a header in `out`, joined when it was repeated. False when there is none. */
export function headerValue(side: Side, name: HeaderName, out: { off: number; len: number }): boolean {
  const row = findHeader(side, name);
  if (row < 0) return false;
  if (!isRepeated(side, row)) {
    out.off = valueAt(side, row);
    out.len = valueLen(side, row);
    return true;
  }
  const room = side.headLen + side.auxLen + side.rowCount * 2;
  const off = takeRoom(room);
  const end = copyJoined(side, row, off, off + room);
  keepRoom(end);
  out.off = off;
  out.len = end - off;
  return true;
}
