/** Whether one section of a rule matches in a transaction: buffers, events, files. */
import { httpBuffer } from '../http/buffers.js';
import { BufferStatus, BufferView, type Transaction } from '../http/transaction.js';
import type { HttpTransaction } from '../http/tx.js';
import { BufferId, TxProgress } from '../protocol/buffers.js';
import { SectionCol, SectionFlag } from '../rules/compile/layout.js';
import { detectBounds } from './bounds.js';
import { filesHold, filesMatched, magicBuffer } from './file-tests.js';
import { inspectBuffer } from './inspect.js';
import { streamSectionHolds } from './stream-section.js';
import { transform, transformLen, transformOff } from './transforms.js';

export const enum SectionResult {
  Match = 0,
  /** Not now; it may match when more of the transaction is there. */
  NoMatch = 1,
  /** Not in this transaction. */
  CannotMatch = 2,
}

let sections: Int32Array = new Int32Array(0);
const view = new BufferView();

export function bindTxSections(rows: Int32Array): void {
  sections = rows;
}

/** Buffer of a transaction: what HTTP has, and what libmagic says of its files. */
export function txBuffer(tx: HttpTransaction, id: BufferId, dir: number, index: number, out: BufferView): BufferStatus {
  if (id === BufferId.FileMagic) return magicBuffer(tx, dir, index, sideComplete(tx, dir), out);
  return httpBuffer(tx, id, dir, index, out);
}

export function sideComplete(tx: Transaction, dir: number): boolean {
  return (dir === 0 ? tx.requestProgress : tx.responseProgress) >= TxProgress.Complete;
}

function eventSet(tx: Transaction, event: number): boolean {
  for (let i = 0; i < tx.eventCount; i++) if (tx.events[i] === event) return true;
  return false;
}

/** First file that file conditions look at: those before it have made the rule alert already. */
let firstFile = 0;
export function setFirstFile(index: number): void {
  firstFile = index;
}

/** The rule whose section row `at` has file conditions has matched: tells the files (file-tests.ts). */
export function tellMatchedFiles(at: number, tx: Transaction, dir: number, sid: number): void {
  filesMatched(sections[at + SectionCol.Code], tx as HttpTransaction, dir, firstFile, sid);
}

/** Looks at section row `at` in direction `dir` of the transaction. */
export function inspectTxSection(at: number, tx: Transaction, dir: number): SectionResult {
  const flags = sections[at + SectionCol.Flags];
  if ((flags & SectionFlag.Event) !== 0) {
    if (eventSet(tx, sections[at + SectionCol.Arg])) return SectionResult.Match;
    return sideComplete(tx, dir) ? SectionResult.CannotMatch : SectionResult.NoMatch;
  }
  if ((flags & SectionFlag.Stream) !== 0) {
    return streamSectionHolds(sections[at + SectionCol.Code], dir) ? SectionResult.Match : SectionResult.NoMatch;
  }
  if ((flags & SectionFlag.File) !== 0) {
    if (filesHold(sections[at + SectionCol.Code], tx as HttpTransaction, dir, firstFile)) return SectionResult.Match;
    return sideComplete(tx, dir) ? SectionResult.CannotMatch : SectionResult.NoMatch;
  }
  return inspectInstances(at, flags, tx, dir);
}

function inspectInstances(at: number, flags: number, tx: Transaction, dir: number): SectionResult {
  const id = sections[at + SectionCol.Buffer] as BufferId;
  let open = false;
  for (let index = 0; ; index++) {
    const status = txBuffer(tx as HttpTransaction, id, dir, index, view);
    if (status === BufferStatus.Absent || index === detectBounds.instances) break;
    if (status === BufferStatus.Pending) {
      open = true;
      if ((flags & SectionFlag.Multi) === 0 || id !== BufferId.FileData) break;
      // A later file may have a window while an earlier one waits.
      if (index > 0) break;
      continue;
    }
    if (view.complete === 0) open = true;
    if (viewMatches(at, id)) return SectionResult.Match;
    if ((flags & SectionFlag.Multi) === 0) break;
  }
  return open ? SectionResult.NoMatch : SectionResult.CannotMatch;
}

function viewMatches(at: number, id: BufferId): boolean {
  let off = view.off;
  let len = view.len;
  const base = view.base;
  const list = sections[at + SectionCol.Transforms];
  if (list !== 0) {
    if (!transform(list, off, len)) return false;
    off = transformOff;
    len = transformLen;
  }
  return inspectBuffer(sections[at + SectionCol.Code], off, len, base, id);
}
