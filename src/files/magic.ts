/** What libmagic says of a file: asked once, when enough of it is there. */
import { isRefusal, magicOf, openMagic } from '../addon/magic.js';
import { counter, counts } from '../core/counters.js';
import { ByteRange } from '../core/memory.js';
import { fileBody } from '../http/file.js';
import { StoreLimit } from '../http/store.js';
import { fileConfig } from './config.js';
import { FileState, type TrackedFile } from './tracked-file.js';

const cMissing = counter('file.magic_unavailable');

/** Handle of the database in this thread; 0: not opened yet, -1: there is none. */
let handle = 0;
let reason: string | null = null;
const range = new ByteRange();

/** Opens libmagic when it is wanted for the first time; why it cannot be had, or null. */
export function prepareMagic(): string | null {
  if (handle !== 0) return reason;
  const opened = openMagic(fileConfig.magicFile);
  handle = isRefusal(opened) ? -1 : opened;
  reason = isRefusal(opened) ? `filemagic and file.magic match nothing: ${opened.message}` : null;
  return reason;
}

/**
 * Text of a file's magic; null when there is none (yet). It is made of the file's first bytes, always of as many of
 * them whatever packets they came in: StoreLimit.First, or all when it is shorter.
 */
export function fileMagic(file: TrackedFile): string | null {
  if (file.magic !== undefined) return file.magic;
  if (file.size === 0 || (file.state === FileState.Open && file.size < StoreLimit.First)) return null;
  const tx = file.tx;
  const body = tx === null || !file.fromStart ? null : fileBody(tx, file.dir, file.part);
  if (body === null || prepareMagic() !== null) {
    if (body !== null) counts[cMissing]++;
    file.magic = null;
    return null;
  }
  body.first(range);
  file.magic = range.len === 0 ? null : magicOf(handle, range.off, Math.min(range.len, file.size));
  return file.magic;
}
