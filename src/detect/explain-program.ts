/**
 * Records how a section's program went over its buffers: the way that got furthest, with the place of each match and
 * the window that the failing one was sought in. The engine goes back and tries again where occurrences are several;
 * rows of a program have ascending numbers, so that the highest row that was reached tells which way got furthest.
 */
import { buf } from '../core/memory.js';
import { ContentFlag, Op } from '../rules/compile/layout.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import { nearest, seekNearest } from './explain-nearest.js';
import { lastNumber } from './inspect.js';
import { type Excerpt, type MatchTrace, TraceLimit } from './trace.js';

/** A buffer under inspection: the section's, or what base64_decode made within it. */
interface Frame {
  pc: number;
  off: number;
  len: number;
  base: number;
  id: number;
}

/** How far a program got over one buffer. */
export interface Way {
  shown: Excerpt;
  matches: MatchTrace[];
}

/** The piece of memory[off, off + len) around position `at`. */
export function excerpt(off: number, len: number, base: number, id: number, at: number): Excerpt {
  const from = Math.max(0, Math.min(at - TraceLimit.Lead, len - TraceLimit.Excerpt));
  const to = Math.min(len, from + TraceLimit.Excerpt);
  return { buffer: id, len, base, from, text: buf.toString('latin1', off + from, off + to) };
}

/** Words where the rows of a program begin, those within base64_decode after it. */
function rowsOf(code: Int32Array, from: number): number[] {
  const out: number[] = [];
  for (let pc = from; code[pc] !== Op.End; pc += code[pc + 1]) {
    out.push(pc);
    if (code[pc] === Op.Base64 && code[pc + 5] >= 0) out.push(...rowsOf(code, code[pc + 5]));
  }
  return out;
}

export class ProgramRecord {
  /** Buffers looked at since `reset`. */
  instances = 0;
  /** Best way over the buffers before the present one; null: none. */
  private best: Way | null = null;
  private bestRow = -1;
  /** Row of the file test that got furthest, -1 none. */
  fileTest = -1;
  private rows: number[] = [];
  private frames: Frame[] = [];
  private shown: Excerpt | null = null;
  /** The way under trial and the furthest one over the present buffer. */
  private way: MatchTrace[] = [];
  private furthest: MatchTrace[] = [];
  private furthestRow = -1;

  constructor(private readonly rules: RuntimeRules) {}

  reset(): void {
    this.instances = 0;
    this.best = null;
    this.bestRow = -1;
    this.fileTest = -1;
    this.frames = [];
    this.shown = null;
  }

  buffer(pc: number, off: number, len: number, base: number, id: number): void {
    const outer = this.frames[0];
    if (outer !== undefined && pc > outer.pc && pc <= (this.rows[this.rows.length - 1] ?? -1)) {
      this.frames.push({ pc, off, len, base, id });
      return;
    }
    this.closeBuffer(false);
    this.instances++;
    this.rows = rowsOf(this.rules.code, pc);
    this.frames = [{ pc, off, len, base, id }];
    this.shown = excerpt(off, len, base, id, 0);
    this.way = [];
    this.furthest = [];
    this.furthestRow = -1;
  }

  match(pc: number, from: number, to: number, end: number, held: boolean): void {
    const row = this.rows.indexOf(pc);
    while (this.frames.length > 1 && this.frames[this.frames.length - 1].pc > pc) this.frames.pop();
    const frame = this.frames[this.frames.length - 1];
    if (row < 0 || frame === undefined) return;
    while (this.way.length > 0 && this.way[this.way.length - 1].row >= row) this.way.pop();
    if (row < this.furthestRow) {
      // Known to get further: only the place of a match that goes on counts.
      if (held) this.way.push(this.step(row, pc, frame, from, to, end, held));
      return;
    }
    const before = this.furthest[this.furthest.length - 1];
    if (row === this.furthestRow && !held && before !== undefined && !before.held) {
      before.tries++;
      return;
    }
    this.way.push(this.step(row, pc, frame, from, to, end, held));
    if (row > this.furthestRow || held) {
      this.furthestRow = row;
      this.furthest = [...this.way];
    }
  }

  fileTested(pc: number, held: boolean): void {
    if (!held && pc > this.fileTest) this.fileTest = pc;
  }

  /** Closes the section; the way to show. `matched`: the last way was the right one. */
  close(matched: boolean): Way | null {
    this.closeBuffer(matched);
    return this.best;
  }

  private closeBuffer(matched: boolean): void {
    if (this.shown === null) return;
    const matches = matched ? [...this.way] : this.furthest;
    const row = matched ? this.rows.length : this.furthestRow;
    if (this.best === null || row > this.bestRow) {
      this.best = { shown: this.shown, matches };
      this.bestRow = row;
    }
    this.shown = null;
  }

  private step(row: number, pc: number, f: Frame, from: number, to: number, end: number, held: boolean): MatchTrace {
    const op = this.rules.code[pc];
    const number = op === Op.ByteTest || op === Op.ByteJump || op === Op.ByteExtract || op === Op.ByteMath;
    const [value, valueAt] = number ? lastNumber() : [null, -1];
    let near = -1;
    let nearBytes = 0;
    const content = op === Op.Content && (this.rules.code[pc + 2] & ContentFlag.Negated) === 0;
    if (content && !held) {
      const { pool, code } = this.rules;
      const lo = Math.max(0, from);
      seekNearest(pool.subarray(code[pc + 3], code[pc + 3] + code[pc + 4]), f.off + lo, f.off + Math.min(to, f.len));
      if (nearest.at >= 0) [near, nearBytes] = [lo + nearest.at, nearest.bytes];
      // Not in its window: perhaps before or behind it.
      else if (lo > 0 || to < f.len) {
        seekNearest(pool.subarray(code[pc + 3], code[pc + 3] + code[pc + 4]), f.off, f.off + f.len);
        if (nearest.bytes === code[pc + 4]) [near, nearBytes] = [nearest.at, nearest.bytes];
      }
    }
    let place = Math.max(0, Math.min(from, f.len));
    if (number) place = Math.max(0, valueAt);
    else if (near >= 0) place = near;
    else if (end >= 0 && op !== Op.Pcre) place = Math.max(0, end - 16);
    const tries = held ? 0 : 1;
    const shown = excerpt(f.off, f.len, f.base, f.id, place);
    return { row, held, from, to, end, tries, value, valueAt, near, nearBytes, excerpt: shown };
  }
}
