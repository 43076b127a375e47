/** Lists of rule numbers, each distinct list once: rows (start, end) over one array. */
import { sharedU32 } from './shared.js';

export class RuleLists {
  private readonly rows: number[] = [];
  private readonly rules: number[] = [];
  private readonly byKey = new Map<string, number>();
  /** Lists of one rule, by that rule: most lists are. */
  private readonly ofOne: number[] = [];

  constructor() {
    this.add([]);
  }

  /** Row of a list; row 0 is the empty list. */
  add(list: readonly number[]): number {
    if (list.length === 1) {
      this.ofOne[list[0]] ??= this.append(list);
      return this.ofOne[list[0]];
    }
    const key = list.join(',');
    let row = this.byKey.get(key);
    if (row === undefined) {
      row = this.append(list);
      this.byKey.set(key, row);
    }
    return row;
  }

  private append(list: readonly number[]): number {
    this.rows.push(this.rules.length, this.rules.length + list.length);
    for (let i = 0; i < list.length; i++) this.rules.push(list[i]);
    return this.rows.length / 2 - 1;
  }

  tables(): { rows: Uint32Array; rules: Uint32Array } {
    return { rows: sharedU32(this.rows), rules: sharedU32(this.rules) };
  }
}
