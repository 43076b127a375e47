/** Notes about rules as columns: a public rule set has ten thousand of them, in a few hundred different words. */
import type { RuleNote } from '../rules/ir.js';

const enum NoteCol {
  File = 0,
  Line = 1,
  Column = 2,
  /** -1: none. */
  Sid = 3,
  Reason = 4,
  /** -1: none. */
  Hint = 5,
  Stride = 6,
}

/** Rows of NoteCol; texts by number. */
export interface NoteColumns {
  rows: Float64Array;
  texts: string[];
}

export function notesToColumns(notes: readonly RuleNote[]): NoteColumns {
  const numbers = new Map<string, number>();
  const number = (text: string): number => {
    let n = numbers.get(text);
    if (n === undefined) {
      n = numbers.size;
      numbers.set(text, n);
    }
    return n;
  };
  const rows = new Float64Array(notes.length * NoteCol.Stride);
  notes.forEach((note, i) => {
    const at = i * NoteCol.Stride;
    rows[at + NoteCol.File] = number(note.file);
    rows[at + NoteCol.Line] = note.line;
    rows[at + NoteCol.Column] = note.column;
    rows[at + NoteCol.Sid] = note.sid ?? -1;
    rows[at + NoteCol.Reason] = number(note.reason);
    rows[at + NoteCol.Hint] = note.hint === null ? -1 : number(note.hint);
  });
  return { rows, texts: [...numbers.keys()] };
}

export function notesFromColumns({ rows, texts }: NoteColumns): RuleNote[] {
  return Array.from({ length: rows.length / NoteCol.Stride }, (_, i) => {
    const at = i * NoteCol.Stride;
    const sid = rows[at + NoteCol.Sid];
    const hint = rows[at + NoteCol.Hint];
    return {
      file: texts[rows[at + NoteCol.File]],
      line: rows[at + NoteCol.Line],
      column: rows[at + NoteCol.Column],
      sid: sid < 0 ? null : sid,
      reason: texts[rows[at + NoteCol.Reason]],
      hint: hint < 0 ? null : texts[hint],
    };
  });
}
