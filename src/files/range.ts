/** The byte range of a partial response (RFC 9110, section 14.4: `Content-Range: bytes 0-99/1000`). */
import { ByteRange, u8 } from '../core/memory.js';
import { headerValue } from '../http/header-value.js';
import { hContentRange } from '../http/names.js';
import { findNoCase } from '../http/text.js';
import type { HttpTransaction } from '../http/tx.js';
import type { TrackedFile } from './tracked-file.js';

const mem = u8;
const PartialContent = 206;
const value = new ByteRange();

/** Sets start and end of the file from the response's Content-Range; leaves them when there is none to be read. */
export function contentRange(tx: HttpTransaction, file: TrackedFile): void {
  if (tx.status !== PartialContent || !headerValue(tx.res, hContentRange, value)) return;
  const at = findNoCase(value.off, value.len, 'bytes');
  if (at < 0) return;
  const stop = value.off + value.len;
  let i = at + 5;
  while (i < stop && (mem[i] === 0x20 || mem[i] === 0x3d)) i++;
  const from = decimal(i, stop);
  if (from < 0 || next >= stop || mem[next] !== 0x2d) return;
  const to = decimal(next + 1, stop);
  if (to < from) return;
  file.start = from;
  file.end = to;
}

/** Offset after the number that `decimal` read. */
let next = 0;

/** The decimal number at `i`, -1 when there is none or it is not safe. */
function decimal(i: number, stop: number): number {
  let n = 0;
  next = i;
  while (next < stop && mem[next] >= 0x30 && mem[next] <= 0x39) n = n * 10 + mem[next++] - 0x30;
  return next === i || n > Number.MAX_SAFE_INTEGER ? -1 : n;
}
