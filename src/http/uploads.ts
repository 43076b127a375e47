/** Uploads of multipart forms: files with bytes of their own. */
import { counter, counts } from '../core/counters.js';
import { BodyStore } from './store.js';

const cFiles = counter('http.multipart_files_limit');

export class UploadFile {
  /** Name as given, a position of req; length 0 when it has none. */
  nameOff = 0;
  nameLen = 0;
  readonly body = new BodyStore();
}

const pool: UploadFile[] = [];

/** Adds an upload to the list, or gives null when it has `most` (counted). */
export function openUpload(list: UploadFile[], most: number, nameOff: number, nameLen: number): UploadFile | null {
  if (list.length >= most) {
    counts[cFiles]++;
    return null;
  }
  const f = pool.pop() ?? new UploadFile();
  f.nameOff = nameOff;
  f.nameLen = nameLen;
  list.push(f);
  return f;
}

/** Frees all uploads of the list. */
export function freeUploads(list: UploadFile[]): void {
  for (const f of list) {
    f.body.clear();
    pool.push(f);
  }
  list.length = 0;
}
