/** Conditions on the files of a transaction (Suricata manual, "File Keywords"): name, extension, magic, size. */
import { u8 } from '../core/memory.js';
import { httpBuffer } from '../http/buffers.js';
import { fileCount } from '../http/file.js';
import { BufferStatus, BufferView } from '../http/transaction.js';
import type { HttpTransaction } from '../http/tx.js';
import { BufferId } from '../protocol/buffers.js';
import { FileTestCode, Op } from '../rules/compile/layout.js';
import { find } from './find.js';

const mem = u8;
const enum Bound {
  Files = 64,
}

let code: Int32Array = new Int32Array(0);
let pool: Uint8Array = new Uint8Array(0);
const view = new BufferView();

export function bindFileTests(words: Int32Array, bytes: Uint8Array): void {
  code = words;
  pool = bytes;
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

function testHolds(pc: number, tx: HttpTransaction, dir: number, index: number): boolean {
  const negated = code[pc + 3] !== 0;
  switch (code[pc + 2]) {
    case FileTestCode.Name:
    case FileTestCode.Ext:
    case FileTestCode.Magic: {
      const id = code[pc + 2] === FileTestCode.Magic ? BufferId.FileMagic : BufferId.FileName;
      if (httpBuffer(tx, id, dir, index, view) !== BufferStatus.Ready) return false;
      const fits =
        code[pc + 2] === FileTestCode.Ext
          ? hasExtension(code[pc + 4], code[pc + 5])
          : find(code[pc + 4], code[pc + 5], view.off, view.off + view.len, true) >= 0;
      return fits !== negated;
    }
    case FileTestCode.Store:
      return true;
    default:
      return false;
  }
}

/** Whether some file of the direction, from number `first` on, passes all tests of the program. */
export function filesHold(from: number, tx: HttpTransaction, dir: number, first: number): boolean {
  const count = Math.min(fileCount(tx, dir), Bound.Files);
  for (let index = first; index < count; index++) {
    let all = true;
    for (let pc = from; all && code[pc] !== Op.End; pc += code[pc + 1]) all = testHolds(pc, tx, dir, index);
    if (all) return true;
  }
  return false;
}
