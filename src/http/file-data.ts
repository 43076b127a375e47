/**
 * Where the bytes of files go while they arrive. HTTP finds them (response bodies, bodies of POST, PATCH and PUT,
 * uploads of forms); whoever follows files (src/files) takes them through this interface, as the application layer
 * knows its parsers. Without one, nothing is done.
 */
import { Dir } from '../protocol/ip.js';
import type { HttpTransaction } from './tx.js';

/** Takes the files of transactions. One file of a side is open at a time. */
export interface FileSink {
  /** Bytes of the side's open file; opens one when there is none. `part`: number of the upload, 0 for a body. */
  data(tx: HttpTransaction, dir: Dir, part: number, off: number, len: number): void;
  /** Bytes of it are missing. */
  gap(tx: HttpTransaction, dir: Dir, len: number): void;
  /** It ends; `truncated`: there is more of it that nobody follows, or it broke off. */
  end(tx: HttpTransaction, dir: Dir, truncated: boolean): void;
  /** The transaction is freed. */
  release(tx: HttpTransaction): void;
}

let sink: FileSink | null = null;

export function setFileSink(to: FileSink | null): void {
  sink = to;
}

/** Bytes of files of a side that are followed: the body limit, unless a rule stores the file. 0: all. */
export function fileLimit(tx: HttpTransaction, dir: Dir): number {
  const side = dir === Dir.ToServer ? tx.req : tx.res;
  if (side.fileLimit >= 0) return side.fileLimit;
  return dir === Dir.ToServer ? tx.config.request.limit : tx.config.response.limit;
}

/** Body bytes of a side before the last `len` that lie within what files are followed for. */
export function fileRoom(tx: HttpTransaction, dir: Dir, len: number): number {
  const limit = fileLimit(tx, dir);
  const before = (dir === Dir.ToServer ? tx.req : tx.res).body.seen - len;
  return limit === 0 ? len : Math.max(0, Math.min(len, limit - before));
}

/** Bytes of a body that is one file; they are counted in body.seen already. */
export function fileData(tx: HttpTransaction, dir: Dir, off: number, len: number): void {
  if (sink === null || len === 0) return;
  const take = fileRoom(tx, dir, len);
  if (take > 0) sink.data(tx, dir, 0, off, take);
  if (take < len) sink.end(tx, dir, true);
}

/** Bytes of upload `part` of a form (0 of them open it). */
export function partData(tx: HttpTransaction, part: number, off: number, len: number): void {
  if (sink !== null) sink.data(tx, Dir.ToServer, part, off, len);
}

export function fileGap(tx: HttpTransaction, dir: Dir, len: number): void {
  if (sink !== null) sink.gap(tx, dir, len);
}

export function fileEnd(tx: HttpTransaction, dir: Dir, truncated: boolean): void {
  if (sink !== null) sink.end(tx, dir, truncated);
}

export function filesReleased(tx: HttpTransaction): void {
  if (sink !== null) sink.release(tx);
}
