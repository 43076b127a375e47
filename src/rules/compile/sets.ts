/** Address and port sets of all rules, each distinct set once, as class tables (see interval-classes.ts). */
import type { AddressSet, PortSet } from '../ir.js';
import { type IntervalClasses, intervalClasses } from './interval-classes.js';
import { sharedU16, sharedU32 } from './shared.js';

const MaxV6 = (1n << 128n) - 1n;

/** Class tables of addresses. Set numbers begin at 1; 0 stands for "any" and has no bit that matters. */
export interface AddressTables {
  /** First address of each IPv4 piece, and its class. */
  v4Starts: Uint32Array;
  v4Classes: Uint32Array;
  /** First address of each IPv6 piece as four 32-bit words, and its class. */
  v6Starts: Uint32Array;
  v6Classes: Uint32Array;
  /** Bitmap rows: words of class c begin at c * rowWords. IPv6 classes are numbered after the IPv4 ones. */
  rows: Uint32Array;
  rowWords: number;
}

/** Class of each port, and bitmap rows as for addresses. */
export interface PortTables {
  classes: Uint16Array;
  rows: Uint32Array;
  rowWords: number;
}

/** Collects distinct sets and numbers them. */
export class SetNumbers<T extends { any: boolean }> {
  readonly sets: T[] = [];
  private readonly byKey = new Map<string, number>();
  private readonly byObject = new Map<T, number>();

  constructor(private readonly key: (set: T) => string) {}

  /** Number of a set; 0 for any. */
  number(set: T): number {
    if (set.any) return 0;
    const known = this.byObject.get(set);
    if (known !== undefined) return known;
    const key = this.key(set);
    let n = this.byKey.get(key);
    if (n === undefined) {
      this.sets.push(set);
      n = this.sets.length;
      this.byKey.set(key, n);
    }
    this.byObject.set(set, n);
    return n;
  }
}

export const addressKey = (s: AddressSet): string => `${s.v4.join(';')}|${s.v6.join(';')}`;
export const portKey = (s: PortSet): string => s.ranges.join(';');

function flatten(rows: readonly Uint32Array[], words: number): Uint32Array {
  const out = new Uint32Array(rows.length * words);
  rows.forEach((row, i) => {
    out.set(row, i * words);
  });
  return out;
}

export function addressTables(sets: readonly AddressSet[]): AddressTables {
  const none: [number, number][] = [];
  const none6: [bigint, bigint][] = [];
  const v4 = intervalClasses<number>([none, ...sets.map((s) => s.v4)], 0, (v) => (v === 0xffffffff ? null : v + 1));
  const v6 = intervalClasses<bigint>([none6, ...sets.map((s) => s.v6)], 0n, (v) => (v === MaxV6 ? null : v + 1n));
  const rowWords = v4.rows[0].length;
  const v6Words: number[] = [];
  for (const start of v6.starts) {
    for (let shift = 96n; shift >= 0n; shift -= 32n) v6Words.push(Number((start >> shift) & 0xffffffffn));
  }
  return {
    v4Starts: sharedU32(v4.starts),
    v4Classes: sharedU32(v4.classes),
    v6Starts: sharedU32(v6Words),
    v6Classes: sharedU32(v6.classes.map((c) => c + v4.rows.length)),
    rows: sharedU32(flatten([...v4.rows, ...v6.rows], rowWords)),
    rowWords,
  };
}

/** Pieces of the port line with the sets that hold them; also used to group rules by port. */
export function portPieces(sets: readonly PortSet[]): IntervalClasses<number> {
  const none: [number, number][] = [];
  return intervalClasses<number>([none, ...sets.map((s) => s.ranges)], 0, (v) => (v === 65535 ? null : v + 1));
}

export function portTables(sets: readonly PortSet[]): PortTables {
  const pieces = portPieces(sets);
  const classes = new Uint16Array(65536);
  for (let i = 0; i < pieces.starts.length; i++) {
    const end = i + 1 < pieces.starts.length ? pieces.starts[i + 1] : 65536;
    classes.fill(pieces.classes[i], pieces.starts[i], end);
  }
  const rowWords = pieces.rows[0].length;
  return { classes: sharedU16(classes), rows: sharedU32(flatten(pieces.rows, rowWords)), rowWords };
}
