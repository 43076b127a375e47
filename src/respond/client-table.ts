/**
 * Clients behind trusted proxies that are banned: a hash set in shared memory, written by the main thread and read by the
 * workers, who drop the requests of these clients (inline). Two tables; the one that is not in use is written anew, then
 * they change places, so that a reader never sees half a change.
 *
 *     0  in use (0 or 1)   1  seed   2, 3  addresses in each   4 …  slots of both: four words of an address, 1 when taken
 */
import { randomInt } from 'node:crypto';
import { isIP } from 'node:net';
import { canonicalAddress } from './address-list.js';

export const enum ClientLimit {
  /** Clients at once. */
  Most = 8192,
  /** Twice as many slots, a power of two. */
  Slots = 16_384,
}

const enum Cell {
  InUse = 0,
  Seed = 1,
  Count = 2,
  Slots = 4,
  /** Words of a slot. */
  Slot = 5,
  Length = Slots + 2 * ClientLimit.Slots * Slot,
}

export class ClientTable {
  private readonly cells: Int32Array;
  /** Words of the address that was read last. */
  private readonly words = new Int32Array(4);

  constructor(readonly memory: SharedArrayBuffer) {
    this.cells = new Int32Array(memory);
  }

  static create(): ClientTable {
    const table = new ClientTable(new SharedArrayBuffer(Cell.Length * 4));
    table.cells[Cell.Seed] = randomInt(1, 2 ** 31 - 1);
    return table;
  }

  /** How many there are. */
  get size(): number {
    return Atomics.load(this.cells, Cell.Count + Atomics.load(this.cells, Cell.InUse));
  }

  /** Puts these in the place of those before; false when they are too many, and nothing is changed. */
  replace(addresses: readonly string[]): boolean {
    if (addresses.length > ClientLimit.Most) return false;
    const { cells, words } = this;
    const next = 1 - Atomics.load(cells, Cell.InUse);
    const from = Cell.Slots + next * ClientLimit.Slots * Cell.Slot;
    cells.fill(0, from, from + ClientLimit.Slots * Cell.Slot);
    let count = 0;
    for (const address of addresses) {
      if (!readWords(address, words)) continue;
      const at = this.slot(next);
      if (cells[at + 4] === 0) count++;
      cells.set(words, at);
      cells[at + 4] = 1;
    }
    Atomics.store(cells, Cell.Count + next, count);
    Atomics.store(cells, Cell.InUse, next);
    return true;
  }

  /** Whether the address, in any form, is among them. */
  has(address: string): boolean {
    if (!readWords(address, this.words)) return false;
    return this.cells[this.slot(Atomics.load(this.cells, Cell.InUse)) + 4] === 1;
  }

  /** Cell of the slot with the address in `words`, or of the free one where it would be. */
  private slot(table: number): number {
    const { cells, words } = this;
    const from = Cell.Slots + table * ClientLimit.Slots * Cell.Slot;
    let h = cells[Cell.Seed];
    for (let i = 0; i < 4; i++) {
      h = Math.imul(h ^ words[i], 0x85eb_ca6b);
      h ^= h >>> 15;
    }
    for (let i = h & (ClientLimit.Slots - 1); ; i = (i + 1) & (ClientLimit.Slots - 1)) {
      const at = from + i * Cell.Slot;
      if (cells[at + 4] === 0) return at;
      if (words.every((w, n) => w === cells[at + n])) return at;
    }
  }
}

/** Reads an address: IPv4 as ::ffff:a.b.c.d. false when it is none. */
function readWords(text: string, out: Int32Array): boolean {
  const address = canonicalAddress(text);
  if (address === null) return false;
  if (isIP(address) === 4) {
    const [a, b, c, d] = address.split('.').map(Number);
    out.set([0, 0, 0xffff, (a << 24) | (b << 16) | (c << 8) | d]);
    return true;
  }
  // An address in its canonical form may still end in a dotted quad.
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const pair = (a: string, b: string): string => (Number(a) * 256 + Number(b)).toString(16);
  const plain = dotted === null ? address : `${dotted[1]}${pair(dotted[2], dotted[3])}:${pair(dotted[4], dotted[5])}`;
  const [front, back] = plain.split('::');
  const left = front === '' ? [] : front.split(':');
  const right = back === undefined || back === '' ? [] : back.split(':');
  const groups = [...left, ...new Array<string>(8 - left.length - right.length).fill('0'), ...right];
  for (let i = 0; i < 4; i++) {
    out[i] = (Number.parseInt(groups[i * 2], 16) << 16) | Number.parseInt(groups[i * 2 + 1], 16);
  }
  return true;
}
