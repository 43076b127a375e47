/**
 * What detection remembers of a transaction between packets: which databases were already run over its buffers, and
 * for each candidate rule which of its sections have matched. Pooled cells chained per (transaction, direction);
 * state of a slot that has passed to another transaction is recognised by its owner and freed.
 */
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { flows } from '../flow/columns.js';
import { type Transaction, TxLimit } from '../http/transaction.js';

const enum StoredLimit {
  /** Defaults: cells of all transactions of a worker (12 bytes each); of one transaction and direction. */
  Cells = 1 << 20,
  PerSide = 4096,
  FirstSlab = 4096,
  MostCells = 1 << 26,
  /** A sender must not make every packet walk a long list. */
  MostPerSide = 65_536,
}

let maxCells: number = StoredLimit.Cells;
let maxPerSide: number = StoredLimit.PerSide;

/** Reads `detect.stored-rules`: max-per-transaction, max. */
export function configureStored(settings: Settings): void {
  const key = 'detect.stored-rules';
  maxPerSide = settings.int(`${key}.max-per-transaction`, StoredLimit.PerSide, 1, StoredLimit.MostPerSide);
  maxCells = settings.int(`${key}.max`, StoredLimit.Cells, 1, StoredLimit.MostCells);
}

export const enum StoredFlag {
  /** The low bits are sections that matched. */
  Sections = 0x00ff_ffff,
  /** The rule has matched, or cannot match in this transaction any more. */
  Done = 0x0100_0000,
  Never = 0x0200_0000,
  Over = 0x0300_0000,
  /** Matched at first sight by a fast pattern that is looked for once more when there is a trailer. */
  Again = 0x0400_0000,
}

const cCells = counter('detect.state_limit');

let cellRule = new Int32Array(StoredLimit.FirstSlab);
let cellFlags = new Int32Array(StoredLimit.FirstSlab);
let cellNext = new Int32Array(StoredLimit.FirstSlab);
let used = 0;
let freeCell = 0;
/** Cells in lists of sides. */
let live = 0;

/** By slot * 2 + dir: first cell, number of cells, databases done (two words), files seen, and the owner. */
let heads = new Int32Array(0);
let sizes = new Int32Array(0);
let doneLow = new Int32Array(0);
let doneHigh = new Int32Array(0);
let files = new Int32Array(0);
/** Packets of the direction that had been inspected at the first match with StoredFlag.Again, -1 none, -2 over. */
let firstMatch = new Int32Array(0);
let owners = new Float64Array(0);

/** By rule: cell of the transaction under inspection, valid while the stamp is the current one. */
let ruleCell = new Int32Array(0);
let ruleStamp = new Uint32Array(0);
let stamp = 0;

/**
 * Makes room for `rules` rules. `renumbered`: the new number of each rule of the set before, -1 for none: what has matched
 * in a transaction stays known under the new numbers, so that it does not alert twice.
 */
export function bindStored(rules: number, renumbered: Int32Array | null = null): void {
  ruleCell = new Int32Array(rules);
  ruleStamp = new Uint32Array(rules);
  stamp = 0;
  // The numbers of rules changed: what was stored means nothing now, and open transactions start again.
  doneLow.fill(0);
  doneHigh.fill(0);
  if (renumbered !== null) {
    for (let side = 0; side < heads.length; side++) if (heads[side] !== 0) keepMatched(side, renumbered);
    return;
  }
  heads.fill(0);
  sizes.fill(0);
  files.fill(0);
  firstMatch.fill(-1);
  owners.fill(0);
  used = 0;
  freeCell = 0;
  live = 0;
}

/** Keeps of a side the rules that have matched, under their new numbers (null: they have none). */
function keepMatched(side: number, renumbered: Int32Array | null): void {
  let kept = 0;
  for (let c = heads[side]; c !== 0; ) {
    const next = cellNext[c];
    const rule = renumbered === null ? cellRule[c] : renumbered[cellRule[c]];
    if ((cellFlags[c] & StoredFlag.Done) !== 0 && rule >= 0) {
      cellRule[c] = rule;
      if (renumbered !== null) cellFlags[c] = StoredFlag.Done;
      cellNext[c] = kept;
      kept = c;
    } else {
      cellNext[c] = freeCell;
      freeCell = c;
      live--;
      sizes[side]--;
    }
    c = next;
  }
  heads[side] = kept;
}

/** Rules remembered now, of all transactions. */
export function storedCells(): number {
  return live;
}

function growSides(side: number): void {
  const size = Math.min(TxLimit.Slots * 2, Math.max(1024, side * 2 + 2));
  const grow = <T extends Int32Array | Float64Array>(from: T, to: T): T => {
    to.set(from);
    return to;
  };
  heads = grow(heads, new Int32Array(size));
  sizes = grow(sizes, new Int32Array(size));
  doneLow = grow(doneLow, new Int32Array(size));
  doneHigh = grow(doneHigh, new Int32Array(size));
  files = grow(files, new Int32Array(size));
  firstMatch = grow(firstMatch, new Int32Array(size).fill(-1));
  owners = grow(owners, new Float64Array(size));
}

function freeSide(side: number): void {
  let c = heads[side];
  heads[side] = 0;
  live -= sizes[side];
  sizes[side] = 0;
  while (c !== 0) {
    const next = cellNext[c];
    cellNext[c] = freeCell;
    freeCell = c;
    c = next;
  }
  doneLow[side] = 0;
  doneHigh[side] = 0;
  files[side] = 0;
  firstMatch[side] = -1;
}

/** Number of the state of a side of a transaction, made ready for the rules of this pass. */
export function openSide(tx: Transaction, dir: number): number {
  const side = tx.slot * 2 + dir;
  if (side >= heads.length) growSides(side);
  // Serial numbers of flows are below 2^40 and transactions of one flow below 2^13 at a time of ids that differ.
  const owner = flows.serial[tx.flow] * 8192 + (tx.id % 8191) + 1;
  if (owners[side] !== owner) {
    freeSide(side);
    owners[side] = owner;
  }
  if (++stamp === 0xffffffff) {
    ruleStamp.fill(0);
    stamp = 1;
  }
  return side;
}

/**
 * The side is complete. Bytes that come late and belong to it make it be inspected once more, from the start: of its
 * rules those that have matched stay known, so that they do not alert again.
 */
export function restSide(side: number): void {
  keepMatched(side, null);
  doneLow[side] = 0;
  doneHigh[side] = 0;
}

/** Frees the state of both sides of a transaction that nothing looks at any more. */
export function closeSides(tx: Transaction): void {
  const side = tx.slot * 2;
  if (side + 1 >= heads.length) return;
  freeSide(side);
  freeSide(side + 1);
}

/** Takes note of the number of files; the number before when it has grown from more than none, else -1. */
export function takeFiles(side: number, count: number): number {
  const before = files[side];
  files[side] = count;
  return before > 0 && count > before ? before : -1;
}

/** Takes note that a rule matched that a trailer may make match again, after `packets` packets of the direction. */
export function noteFirstMatch(side: number, packets: number): void {
  if (firstMatch[side] === -1) firstMatch[side] = packets;
}

/** True once: such a match was noted, and packets of the direction have been inspected since. Call when there is a trailer. */
export function trailerLook(side: number, packets: number): boolean {
  const at = firstMatch[side];
  firstMatch[side] = -2;
  return at >= 0 && packets > at;
}

export function databaseDone(side: number, db: number): boolean {
  return db < 32 ? (doneLow[side] & (1 << db)) !== 0 : (doneHigh[side] & (1 << (db & 31))) !== 0;
}
export function setDatabaseDone(side: number, db: number): void {
  if (db < 32) doneLow[side] |= 1 << db;
  else if (db < 64) doneHigh[side] |= 1 << (db & 31);
}

/** Calls to come find the stored rules of this side: first cell, then `nextCell`; 0 ends. */
export function firstCell(side: number): number {
  return heads[side];
}
export function nextCell(cell: number): number {
  return cellNext[cell];
}
/** Rule of a cell; makes it known to `storedFlags` of this pass. */
export function takeCell(cell: number): number {
  const rule = cellRule[cell];
  ruleCell[rule] = cell;
  ruleStamp[rule] = stamp;
  return rule;
}
export function cellIsOver(cell: number): boolean {
  return (cellFlags[cell] & StoredFlag.Over) !== 0;
}

/** StoredFlag bits of a rule in the side under inspection, or -1 when nothing is stored. */
export function storedFlags(rule: number): number {
  return ruleStamp[rule] === stamp ? cellFlags[ruleCell[rule]] : -1;
}

/** Remembers StoredFlag bits of a rule; at the bounds they are lost (counted) and the rule starts again. */
export function storeFlags(side: number, rule: number, flags: number): void {
  if (ruleStamp[rule] === stamp) {
    cellFlags[ruleCell[rule]] = flags;
    return;
  }
  if (sizes[side] >= maxPerSide || live >= maxCells) {
    counts[cCells]++;
    return;
  }
  let c = freeCell;
  if (c !== 0) freeCell = cellNext[c];
  else {
    if (used + 1 === cellRule.length) growCells();
    c = ++used;
  }
  cellRule[c] = rule;
  cellFlags[c] = flags;
  cellNext[c] = heads[side];
  heads[side] = c;
  sizes[side]++;
  live++;
  ruleCell[rule] = c;
  ruleStamp[rule] = stamp;
}

function growCells(): void {
  const size = cellRule.length * 2;
  const grow = (from: Int32Array): Int32Array<ArrayBuffer> => {
    const to = new Int32Array(size);
    to.set(from);
    return to;
  };
  cellRule = grow(cellRule);
  cellFlags = grow(cellFlags);
  cellNext = grow(cellNext);
}
