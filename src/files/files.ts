/**
 * The files a transaction carries, as rules and events see them: name, size and state (Suricata user guide, "File
 * Keywords"). A response body is a file, and so are the body of a POST, PATCH or PUT and each upload of a form.
 */
import { ByteRange } from '../core/memory.js';
import { fileBody, fileCount, fileName } from '../http/file.js';
import type { HttpTransaction } from '../http/tx.js';
import type { Dir } from '../protocol/ip.js';

/** As EVE's fileinfo.state. */
export const enum FileState {
  /** Bytes still arrive. */
  Open = 0,
  Closed = 1,
  /** Not all of it was seen or kept: a body limit, a gap, or the connection ended first. */
  Truncated = 2,
}

/** One file. Reused by the caller; `name` is borrowed until the transaction changes. */
export class FileInfo {
  /** Length 0 when the file has no name. */
  readonly name = new ByteRange();
  /** Bytes tracked: those kept or passed on, up to the body limit. */
  size = 0;
  state: FileState = FileState.Open;
  gaps = false;
}

/** Files of a side of the transaction so far. */
export function filesOf(tx: HttpTransaction, dir: Dir): number {
  return fileCount(tx, dir);
}

/** Fills `out` with file `index`. False when there is no such file. */
export function fileInfo(tx: HttpTransaction, dir: Dir, index: number, out: FileInfo): boolean {
  const body = fileBody(tx, dir, index);
  if (body === null) return false;
  if (!fileName(tx, dir, index, out.name)) out.name.off = out.name.len = 0;
  out.size = body.base + body.len;
  out.gaps = body.gap !== 0;
  const whole = body.cut === 0 && body.gap === 0 && body.short === 0;
  out.state = body.cut === 0 && body.done === 0 ? FileState.Open : whole ? FileState.Closed : FileState.Truncated;
  return true;
}
