/** Conditions on the files of a transaction (Suricata manual, "File Keywords"): name, extension, magic, size, hash. */
import { buf, u8 } from '../core/memory.js';
import { fileConfig } from '../files/config.js';
import { addSid, filesOf, followFurther, storeFlow, storeTransaction } from '../files/files.js';
import { fileMagic } from '../files/magic.js';
import { beginStoring } from '../files/store.js';
import { FileState, HashBit, type TrackedFile } from '../files/tracked-file.js';
import { fileName } from '../http/file.js';
import { BufferStatus, BufferView } from '../http/transaction.js';
import type { HttpTransaction } from '../http/tx.js';
import { Dir } from '../protocol/ip.js';
import { Op, Test } from '../rules/compile/layout.js';
import { FileTestCode, StoreScope, StoreSide } from '../rules/compile/layout-tables.js';
import { find } from './find.js';
import { testNumber } from './number-test.js';
import { recorder } from './recorder.js';
import { scratchTake } from './scratch.js';

const mem = u8;

/** A list of filemd5 and the like. */
interface HashList {
  bit: HashBit;
  hashes: Set<string>;
}

let code: Int32Array = new Int32Array(0);
let pool: Uint8Array = new Uint8Array(0);
let numbers: Float64Array = new Float64Array(0);
let lists: HashList[] = [];
const view = new BufferView();

const bits: Record<string, HashBit> = { md5: HashBit.Md5, sha1: HashBit.Sha1, sha256: HashBit.Sha256 };

export function bindFileTests(
  words: Int32Array,
  bytes: Uint8Array,
  rows: Float64Array,
  hashes: readonly { algorithm: string; hashes: string[] }[],
): void {
  code = words;
  pool = bytes;
  numbers = rows;
  lists = hashes.map((h) => ({ bit: bits[h.algorithm], hashes: new Set(h.hashes) }));
}

/** HashBit bits of the lists that rules have. */
export function hashesWanted(): number {
  return lists.reduce((all, l) => all | l.bit, 0);
}

/** Extension: what follows the last dot is exactly the pattern, without regard to case. */
function hasExtension(pOff: number, pLen: number): boolean {
  if (view.len <= pLen || mem[view.off + view.len - pLen - 1] !== 0x2e) return false;
  for (let i = 0; i < pLen; i++) {
    const a = mem[view.off + view.len - pLen + i];
    const b = pool[pOff + i];
    if (a !== b && (a | 0x20) !== (b | 0x20)) return false;
  }
  return true;
}

/** Fills `out` with the text of the file's magic, in scratch room; false when there is none. */
function magicView(file: TrackedFile, out: BufferView): boolean {
  const text = fileMagic(file);
  if (text === null) return false;
  const off = scratchTake(text.length);
  if (off === 0) return false;
  buf.write(text, off, text.length, 'latin1');
  out.off = off;
  out.len = text.length;
  return true;
}

/** The buffer file.magic: one instance a file. Pending while more files, or more of one, may come. */
export function magicBuffer(
  tx: HttpTransaction,
  dir: Dir,
  index: number,
  over: boolean,
  out: BufferView,
): BufferStatus {
  out.base = out.seen = 0;
  out.complete = 1;
  const files = filesOf(tx, dir);
  if (index < files.length && magicView(files[index], out)) return BufferStatus.Ready;
  return over ? BufferStatus.Absent : BufferStatus.Pending;
}

function hashHolds(file: TrackedFile, list: HashList, negated: boolean): boolean {
  const hash = list.bit === HashBit.Md5 ? file.md5 : list.bit === HashBit.Sha1 ? file.sha1 : file.sha256;
  return file.state === FileState.Closed && hash !== null && list.hashes.has(hash) !== negated;
}

/** The size of a whole file; of one that was cut only that it is more than something. */
function sizeHolds(file: TrackedFile, pc: number): boolean {
  const test = code[pc + 3];
  if (file.state === FileState.Open) return false;
  if (file.state !== FileState.Closed && test !== Test.Gt && test !== Test.Ge) return false;
  return testNumber(file.size, test, numbers[code[pc + 4]], numbers[code[pc + 5]]);
}

function testHolds(pc: number, file: TrackedFile): boolean {
  const negated = code[pc + 3] !== 0;
  switch (code[pc + 2]) {
    case FileTestCode.Name:
      if (file.tx === null || !fileName(file.tx, file.dir, file.part, view)) return false;
      return find(code[pc + 4], code[pc + 5], view.off, view.off + view.len, true) >= 0 !== negated;
    case FileTestCode.Ext:
      if (file.tx === null || !fileName(file.tx, file.dir, file.part, view)) return false;
      return hasExtension(code[pc + 4], code[pc + 5]) !== negated;
    case FileTestCode.Magic:
      if (!magicView(file, view)) return false;
      return find(code[pc + 4], code[pc + 5], view.off, view.off + view.len, true) >= 0 !== negated;
    case FileTestCode.Size:
      return sizeHolds(file, pc);
    case FileTestCode.Hash:
      return hashHolds(file, lists[code[pc + 4]], negated);
    case FileTestCode.Store:
      return true;
    default:
      return false;
  }
}

function fileHolds(from: number, file: TrackedFile): boolean {
  for (let pc = from; code[pc] !== Op.End; pc += code[pc + 1]) {
    const holds = testHolds(pc, file);
    if (recorder !== null) recorder.fileTest(pc, file, holds);
    if (!holds) return false;
  }
  return true;
}

/** Whether some file of the direction, from number `first` on, passes all tests of the program. */
export function filesHold(from: number, tx: HttpTransaction, dir: number, first: number): boolean {
  const files = filesOf(tx, dir);
  for (let i = first; i < files.length; i++) if (fileHolds(from, files[i])) return true;
  return false;
}

/**
 * A rule with these tests has matched. If it has filestore (and files are stored at all), it is noted on the files that
 * pass them, and what it names is stored.
 */
export function filesMatched(from: number, tx: HttpTransaction, dir: number, first: number, sid: number): void {
  const store = fileConfig.storing ? storeRow(from) : -1;
  if (store < 0) return;
  followFurther(tx, dir);
  const files = filesOf(tx, dir);
  for (let i = first; i < files.length; i++) {
    const file = files[i];
    if (!fileHolds(from, file)) continue;
    addSid(file, sid);
    if (code[store + 4] === StoreScope.File && sideNamed(code[store + 3], dir, dir)) beginStoring(file);
  }
  if (code[store + 4] === StoreScope.File) return;
  for (let d = Dir.ToServer as Dir; d <= Dir.ToClient; d++) {
    if (!sideNamed(code[store + 3], dir, d)) continue;
    storeTransaction(tx, d);
    if (code[store + 4] === StoreScope.Flow) storeFlow(tx.flow, d);
  }
}

/** The program's filestore row, -1 when it has none. */
function storeRow(from: number): number {
  for (let pc = from; code[pc] !== Op.End; pc += code[pc + 1]) if (code[pc + 2] === FileTestCode.Store) return pc;
  return -1;
}

/** Whether filestore's direction names side `dir` for a rule that matched in direction `matched`. */
function sideNamed(side: StoreSide, matched: number, dir: number): boolean {
  if (side === StoreSide.Rule) return dir === matched;
  return side === StoreSide.Both || side === (dir === Dir.ToServer ? StoreSide.Request : StoreSide.Response);
}
