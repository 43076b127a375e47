/**
 * Files on disk as the file-store output, version 2, lays them out: `tmp/` while they come, then
 * `ab/abcd…` by their sha256 (Suricata user guide 7.0, "File-store and Eve fileinfo"). A file that is there already is
 * touched, not written again.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { counter, counts } from '../core/counters.js';
import { buf } from '../core/memory.js';
import { fileConfig } from './config.js';
import { FileState, StoreState, type TrackedFile } from './tracked-file.js';

const mem = buf;
const cOpen = counter('file_store.open_files');
const cMaxHit = counter('file_store.open_files_max_hit');
const cErrors = counter('file_store.fs_errors');
const cHeld = counter('file_store.held_limit');

let lastId = 0;
let heldAll = 0;
let madeTmp = false;
/** First bytes of names whose folders exist. */
const folders = new Set<string>();

/** A new configuration: nothing is known of its folder. */
export function resetStore(): void {
  madeTmp = false;
  folders.clear();
}

function temporary(file: TrackedFile): string {
  return join(fileConfig.dir, 'tmp', `file.${process.pid}.${threadId}.${file.fileId}`);
}

/** Where a file of this hash lies. */
function storedPath(sha256: string): string {
  return join(fileConfig.dir, sha256.slice(0, 2), sha256);
}

/** The disk refuses: what there is of the file goes. */
function giveUp(file: TrackedFile): void {
  counts[cErrors]++;
  file.store = StoreState.Cannot;
  closeFd(file);
  try {
    rmSync(temporary(file), { force: true });
  } catch {
    counts[cErrors]++;
  }
}

function closeFd(file: TrackedFile): void {
  if (file.fd < 0) return;
  closeSync(file.fd);
  file.fd = -1;
  counts[cOpen]--;
}

function write(file: TrackedFile, bytes: Buffer): void {
  try {
    if (file.written === 0) {
      if (!madeTmp) mkdirSync(join(fileConfig.dir, 'tmp'), { recursive: true });
      madeTmp = true;
      if (counts[cOpen] < fileConfig.maxOpen) {
        file.fd = openSync(temporary(file), 'w', 0o644);
        counts[cOpen]++;
      } else {
        if (fileConfig.maxOpen > 0) counts[cMaxHit]++;
        writeFileSync(temporary(file), '');
      }
    }
    if (file.fd >= 0) for (let at = 0; at < bytes.length; ) at += writeSync(file.fd, bytes, at);
    else appendFileSync(temporary(file), bytes);
    file.written += bytes.length;
  } catch {
    giveUp(file);
  }
}

function dropHeld(file: TrackedFile): void {
  heldAll -= file.heldLen;
  file.heldLen = 0;
  file.held.length = 0;
}

/** From now on the file is stored, with all that came before. */
export function beginStoring(file: TrackedFile): void {
  if (!fileConfig.storing || file.store !== StoreState.No) return;
  file.store = StoreState.Storing;
  file.fileId = ++lastId;
  for (const bytes of file.held) if (file.store === StoreState.Storing) write(file, bytes);
  dropHeld(file);
}

/** Bytes of a file: written when it is stored, kept when a rule may still ask for that (`hold`). */
export function storeBytes(file: TrackedFile, off: number, len: number, hold: boolean): void {
  if (file.store === StoreState.Storing) write(file, mem.subarray(off, off + len));
  else if (file.store === StoreState.No && hold) {
    if (file.heldLen + len > fileConfig.held || heldAll + len > fileConfig.heldAll) {
      counts[cHeld]++;
      file.store = StoreState.Cannot;
      dropHeld(file);
      return;
    }
    file.held.push(Buffer.from(mem.subarray(off, off + len)));
    file.heldLen += len;
    heldAll += len;
  }
}

/** The file has ended and been inspected: gets its name in the store, or is forgotten. */
export function finishStoring(file: TrackedFile, tsUs: number): void {
  dropHeld(file);
  if (file.store !== StoreState.Storing) return;
  if (file.state === FileState.Open || file.sha256 === null || file.written === 0) {
    closeFd(file);
    if (file.written > 0) rmSync(temporary(file), { force: true });
    file.store = StoreState.Cannot;
    return;
  }
  try {
    closeFd(file);
    const to = storedPath(file.sha256);
    const folder = file.sha256.slice(0, 2);
    if (!folders.has(folder)) mkdirSync(join(fileConfig.dir, folder), { recursive: true });
    folders.add(folder);
    if (existsSync(to)) {
      utimesSync(to, tsUs / 1e6, tsUs / 1e6);
      rmSync(temporary(file), { force: true });
    } else renameSync(temporary(file), to);
    file.store = StoreState.Stored;
  } catch {
    giveUp(file);
  }
}

/** Writes what is known of a stored file beside it (`write-fileinfo`). */
export function writeFileInfo(file: TrackedFile, tsUs: number, json: string): void {
  if (file.store !== StoreState.Stored || file.sha256 === null) return;
  try {
    writeFileSync(`${storedPath(file.sha256)}.${Math.floor(tsUs / 1e6)}.${file.fileId}.json`, json);
  } catch {
    counts[cErrors]++;
  }
}
