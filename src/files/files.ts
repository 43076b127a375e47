/**
 * The files of open transactions: takes their bytes from HTTP (src/http/file-data.ts), counts and hashes them, and
 * gives them to rules and outputs. A file is followed for as many bytes as its body limit lets, or, once a rule stores
 * it, as `file-store.stream-depth` does.
 */
import { column } from '../core/columns.js';
import { counter, counts } from '../core/counters.js';
import { ByteRange } from '../core/memory.js';
import type { Settings } from '../core/settings.js';
import { FlowLimit, flows } from '../flow/columns.js';
import { fileName } from '../http/file.js';
import { type FileSink, setFileSink } from '../http/file-data.js';
import { StoreLimit } from '../http/store.js';
import type { HttpTransaction } from '../http/tx.js';
import { Dir } from '../protocol/ip.js';
import { fileConfig, readFileConfig } from './config.js';
import { addToHashes, closeHashes, openHashes, setRuleHashes } from './hashes.js';
import { fileMagic, prepareMagic } from './magic.js';
import { contentRange } from './range.js';
import { beginStoring, finishStoring, resetStore, storeBytes } from './store.js';
import { FileBound, FileState, StoreState, TrackedFile } from './tracked-file.js';

const cPerSide = counter('file.tx_limit');
const cOpen = counter('file.open_limit');

/** Files by slot * 2 + dir, and the one of them that is open. */
const lists: TrackedFile[][] = [];
const current: (TrackedFile | null)[] = [];
const none: readonly TrackedFile[] = [];
const pool: TrackedFile[] = [];
let inUse = 0;
/** Files that have ended and whose event was not written yet. */
let untold = 0;
let rulesWant = false;
let outputsWant = false;
/** A rule may store a file after its first bytes came. */
let rulesStore = false;
const range = new ByteRange();

/** Flows whose files are all stored: who set it, and the directions (bit 1 << dir). */
const storeOwner = column.f64(FlowLimit.Max + 1);
const storeDirs = column.u8(FlowLimit.Max + 1);

/** What rules ask of files. */
interface FileNeeds {
  /** Any rule has a condition on files. */
  any: boolean;
  /** HashBit bits. */
  hashes: number;
  magic: boolean;
  stores: boolean;
}

/** Reads the configuration; relative folders are below `logDir`. Throws PeccaryError('config'). */
export function configureFiles(settings: Settings, logDir: string): void {
  readFileConfig(settings, logDir);
  resetStore();
  updateSink();
}

/** Rules that look at files were installed. What they ask for and cannot have is told, else null. */
export function setRuleFiles(needs: FileNeeds): string | null {
  rulesWant = needs.any;
  rulesStore = needs.stores && fileConfig.storing;
  setRuleHashes(needs.hashes);
  updateSink();
  return needs.magic ? prepareMagic() : null;
}

/** Whether outputs tell of files. */
export function setFileOutputs(wanted: boolean): void {
  outputsWant = wanted;
  updateSink();
}

function updateSink(): void {
  setFileSink(rulesWant || outputsWant || fileConfig.storing ? sink : null);
}

/** Files of a side of a transaction, in order; borrowed. */
export function filesOf(tx: HttpTransaction, dir: Dir): readonly TrackedFile[] {
  return lists[tx.slot * 2 + dir] ?? none;
}

/** Whether files have ended since `tellFiles` last looked. */
export function filesWait(): boolean {
  return untold > 0;
}

function touch(tx: HttpTransaction, dir: Dir): void {
  if (dir === Dir.ToServer) tx.dirtyToServer = 1;
  else tx.dirtyToClient = 1;
}

function openFile(tx: HttpTransaction, dir: Dir, part: number): TrackedFile | null {
  // What a client sends without a name is no file.
  if (dir === Dir.ToServer && !fileName(tx, dir, part, range)) return null;
  const at = tx.slot * 2 + dir;
  lists[at] ??= [];
  const list = lists[at];
  if (list.length >= fileConfig.maxPerSide || inUse >= fileConfig.maxFollowed) {
    counts[list.length >= fileConfig.maxPerSide ? cPerSide : cOpen]++;
    return null;
  }
  const file = pool.pop() ?? new TrackedFile();
  inUse++;
  file.tx = tx;
  file.dir = dir;
  file.part = part;
  file.fromStart = !list.some((f) => f.part === part);
  if (dir === Dir.ToClient) contentRange(tx, file);
  openHashes(file);
  list.push(file);
  current[at] = file;
  if (fileConfig.storeAll || flowStores(tx.flow, dir) || storeSides.has(at)) beginStoring(file);
  touch(tx, dir);
  return file;
}

function flowStores(flow: number, dir: Dir): boolean {
  return storeOwner[flow] === flows.serial[flow] && (storeDirs[flow] & (1 << dir)) !== 0;
}

/**
 * A filestore rule matched in this direction: its files are followed as far as the store's depth says, past the body
 * limit. A file that the body limit has cut already goes on as another one.
 */
export function followFurther(tx: HttpTransaction, dir: Dir): void {
  (dir === Dir.ToServer ? tx.req : tx.res).fileLimit = fileConfig.storeDepth;
}

/** Stores all files of one direction of a transaction, those to come too. */
export function storeTransaction(tx: HttpTransaction, dir: Dir): void {
  for (const file of filesOf(tx, dir)) beginStoring(file);
  storeSides.add(tx.slot * 2 + dir);
}

/** Sides (slot * 2 + dir) of open transactions whose files are all stored. */
const storeSides = new Set<number>();

/** Stores all files of one direction of a flow from now on. */
export function storeFlow(flow: number, dir: Dir): void {
  if (storeOwner[flow] !== flows.serial[flow]) storeDirs[flow] = 0;
  storeOwner[flow] = flows.serial[flow];
  storeDirs[flow] |= 1 << dir;
}

function takeData(tx: HttpTransaction, dir: Dir, part: number, off: number, len: number): void {
  const at = tx.slot * 2 + dir;
  let file: TrackedFile | null = current[at] ?? null;
  if (file === null) {
    file = openFile(tx, dir, part);
    if (file === null) return;
  }
  if (len === 0) return;
  const before = file.size;
  file.size += len;
  if (before === 0 || (before < StoreLimit.First && file.size >= StoreLimit.First)) touch(tx, dir);
  addToHashes(file, off, len);
  storeBytes(file, off, len, rulesStore);
}

function takeGap(tx: HttpTransaction, dir: Dir, len: number): void {
  const file = current[tx.slot * 2 + dir] ?? null;
  if (file === null) return;
  file.size += len;
  file.gaps = true;
}

function endFile(tx: HttpTransaction, dir: Dir, truncated: boolean): void {
  const at = tx.slot * 2 + dir;
  const file = current[at] ?? null;
  if (file === null) return;
  current[at] = null;
  file.state = truncated || file.gaps ? FileState.Truncated : FileState.Closed;
  closeHashes(file);
  untold++;
  touch(tx, dir);
}

function release(tx: HttpTransaction): void {
  for (let at = tx.slot * 2; at <= tx.slot * 2 + 1; at++) {
    const list = lists[at];
    if (list === undefined || list.length === 0) continue;
    for (const file of list) {
      if (!file.told && file.state !== FileState.Open) untold--;
      finishStoring(file, tx.endUs);
      file.reset();
      pool.push(file);
    }
    inUse -= list.length;
    list.length = 0;
    current[at] = null;
    storeSides.delete(at);
  }
}

const sink: FileSink = { data: takeData, gap: takeGap, end: endFile, release };

/**
 * Files of a transaction that have ended since the last call, each once: `tell` is called after the store has done its
 * part. `tsUs`: time of the packet.
 */
export function tellFiles(tx: HttpTransaction, tsUs: number, tell: (file: TrackedFile) => void): void {
  for (let dir = Dir.ToServer as Dir; dir <= Dir.ToClient; dir++) {
    for (const file of filesOf(tx, dir)) {
      if (file.told || file.state === FileState.Open) continue;
      file.told = true;
      untold--;
      if (fileConfig.magic) fileMagic(file);
      finishStoring(file, tsUs);
      tell(file);
    }
  }
}

/** Notes that a filestore rule matched on a file. */
export function addSid(file: TrackedFile, sid: number): void {
  if (file.sids.length < FileBound.Sids && !file.sids.includes(sid)) file.sids.push(sid);
}

/** Whether a file lies in the store. */
export function isStored(file: TrackedFile): boolean {
  return file.store === StoreState.Stored;
}
