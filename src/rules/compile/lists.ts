/** Lists of rule numbers, each distinct list once: rows (start, end) over one array. */
import { sharedU32 } from './shared.js';

export class RuleLists {
  private readonly rows: number[] = [];
  private readonly rules: number[] = [];
  private readonly byKey = new Map<string, number>();

  constructor() {
    this.add([]);
  }

  /** Row of a list; row 0 is the empty list. */
  add(list: readonly number[]): number {
    const key = list.join(',');
    let row = this.byKey.get(key);
    if (row === undefined) {
      row = this.rows.length / 2;
      this.rows.push(this.rules.length, this.rules.length + list.length);
      for (const r of list) this.rules.push(r);
      this.byKey.set(key, row);
    }
    return row;
  }

  tables(): { rows: Uint32Array; rules: Uint32Array } {
    return { rows: sharedU32(this.rows), rules: sharedU32(this.rules) };
  }
}
