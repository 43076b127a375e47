/** Growing tables while rules are compiled: code words, pattern bytes, wide numbers. */
import type { NumberOrVar, NumberTest } from '../ir.js';
import { Bytes, Words } from './growing.js';
import { CompileLimit, Op, Test } from './layout.js';

/** Largest operand kept in a code word. */
const MaxWord = 0x7fffffff;

const tests: Record<NumberTest['op'], Test> = {
  '=': Test.Eq,
  '!=': Test.Ne,
  '<': Test.Lt,
  '<=': Test.Le,
  '>': Test.Gt,
  '>=': Test.Ge,
  in: Test.In,
};

export function testCode(t: NumberTest): Test {
  return tests[t.op];
}

/** A number as a code word, cut to 31 bits. */
export function word(n: number): number {
  return Math.max(-MaxWord, Math.min(MaxWord, Math.trunc(n)));
}

/** Thrown for a rule that the tables cannot hold; becomes a note, never leaves the compiler. */
export class CompileFault extends Error {}

export class Emitter {
  readonly code = new Words();
  readonly pool = new Bytes();
  readonly numbers: number[] = [];
  private readonly numberRows = new Map<number, number>();
  private readonly poolOffsets = new Map<string, number>();

  get here(): number {
    return this.code.length;
  }

  /** Writes one row. */
  row(op: Op, ...operands: number[]): void {
    const at = this.code.extend(operands.length + 2);
    const { values } = this.code;
    values[at] = op;
    values[at + 1] = operands.length + 2;
    for (let i = 0; i < operands.length; i++) values[at + 2 + i] = operands[i];
  }

  end(): void {
    this.code.push(Op.End);
    this.code.push(2);
  }

  /** Row of a wide number. */
  number(n: number): number {
    let row = this.numberRows.get(n);
    if (row === undefined) {
      row = this.numbers.push(n) - 1;
      this.numberRows.set(n, row);
    }
    return row;
  }

  /** Offset of bytes in the pool; equal runs are kept once. */
  bytes(bytes: string): number {
    let off = this.poolOffsets.get(bytes);
    if (off === undefined) {
      off = this.pool.length;
      this.pool.text(bytes);
      this.poolOffsets.set(bytes, off);
    }
    return off;
  }
}

/** Variables of one rule (byte_extract, byte_math) by name. */
export class Variables {
  private readonly names: string[] = [];

  define(name: string): number {
    const known = this.names.indexOf(name);
    if (known >= 0) return known;
    if (this.names.length === CompileLimit.Variables) {
      throw new CompileFault(`more than ${CompileLimit.Variables} byte_extract and byte_math variables`);
    }
    return this.names.push(name) - 1;
  }

  /** Operand and whether it is a variable number. */
  operand(v: NumberOrVar): [value: number, isVar: boolean] {
    if (typeof v === 'number') return [word(v), false];
    const n = this.names.indexOf(v.var);
    if (n < 0) throw new CompileFault(`the variable "${v.var}" is not set by a byte_extract or byte_math before`);
    return [n, true];
  }
}

/** Strings numbered in order of first use: regular expressions, categories, transform lists. */
export class Numbering<T> {
  readonly items: T[] = [];
  private readonly byKey = new Map<string, number>();

  constructor(first: T[] = []) {
    this.items.push(...first);
  }

  number(key: string, item: T): number {
    let n = this.byKey.get(key);
    if (n === undefined) {
      n = this.items.push(item) - 1;
      this.byKey.set(key, n);
    }
    return n;
  }
}
