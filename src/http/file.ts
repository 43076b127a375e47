/**
 * Files carried by a transaction: the response body, the body of a POST, PATCH or PUT, and each upload of a
 * multipart form (which has bytes of its own).
 */
import { u8 } from '../core/memory.js';
import { Dir } from '../protocol/ip.js';
import { headerValue } from './header-value.js';
import { hContentDisposition } from './names.js';
import type { BodyStore } from './store.js';
import { findNoCase } from './text.js';
import { BodyKind, type HttpTransaction } from './tx.js';

const mem = u8;
/** Files of a side so far. */
export function fileCount(tx: HttpTransaction, dir: Dir): number {
  if (dir === Dir.ToClient) return tx.res.body.seen !== 0 ? 1 : 0;
  if (tx.bodyKind === BodyKind.Multipart) return tx.uploads.length;
  return tx.bodyKind !== BodyKind.None && tx.req.body.seen !== 0 ? 1 : 0;
}

/** Bytes of file `index`, null when there is no such file. */
export function fileBody(tx: HttpTransaction, dir: Dir, index: number): BodyStore | null {
  if (index >= fileCount(tx, dir)) return null;
  if (dir === Dir.ToClient) return tx.res.body;
  return tx.bodyKind === BodyKind.Multipart ? tx.uploads[index].body : tx.req.body;
}

/** Name of file `index` in `out`: as uploaded, from Content-Disposition (RFC 6266), else the path of the URI. */
export function fileName(tx: HttpTransaction, dir: Dir, index: number, out: { off: number; len: number }): boolean {
  if (dir === Dir.ToServer && tx.bodyKind === BodyKind.Multipart) {
    const f = tx.uploads[index];
    out.off = tx.req.at(f.nameOff);
    out.len = f.nameLen;
    return f.nameLen !== 0;
  }
  if (dir === Dir.ToClient && headerValue(tx.res, hContentDisposition, out) && dispositionName(out)) return true;
  if (tx.pathLen <= 0) return false;
  out.off = tx.req.at(tx.pathOff);
  out.len = tx.pathLen;
  return true;
}

/** The value of `filename=` in a Content-Disposition header, quotes removed; `out` is narrowed to it. */
function dispositionName(out: { off: number; len: number }): boolean {
  return parameter(out, 'filename=');
}

/** Narrows `out` to the value of a parameter ("name=" in lower case), without quotes. False when there is none. */
export function parameter(out: { off: number; len: number }, name: string): boolean {
  const at = findNoCase(out.off, out.len, name);
  if (at < 0) return false;
  const end = out.off + out.len;
  let from = at + name.length;
  const quoted = from < end && mem[from] === 0x22;
  if (quoted) from++;
  let to = from;
  while (to < end && mem[to] !== (quoted ? 0x22 : 0x3b)) to++;
  out.off = from;
  out.len = to - from;
  return out.len !== 0;
}
