/**
 * Rows of answers as a table, JSON, JSON lines, CSV or Markdown.
 *
 * Cells hold text from hostile traffic. Whatever the form, no character that steers a terminal leaves here: control
 * characters (also the C1 range, where 0x9b begins an escape sequence), line separators and the marks that turn the
 * direction of writing are shown as escapes.
 */
import { Option } from 'commander';
import { safe } from './safe-text.js';
import type { Paint, Style } from './text.js';

export { safe };

export type Format = 'table' | 'json' | 'jsonl' | 'csv' | 'markdown';
export const formats: Format[] = ['table', 'json', 'jsonl', 'csv', 'markdown'];

export const formatOption = (choices: readonly Format[] = formats): Option =>
  new Option('--format <format>', 'form of the answer').choices(choices).default('table');

export interface Column<T> {
  /** Heading of the table; name of the column of CSV and Markdown. */
  title: string;
  text(row: T): string;
  /** Numbers stand to the right. */
  right?: boolean;
  /** May be cut to make the table fit, first the widest. */
  elastic?: boolean;
  /** What a narrow terminal shows instead. */
  short?(row: T): string;
  style?(row: T): Style | null;
}

/** Of those, what JSON.stringify leaves in strings as it is. */
const SteeringInJson = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** JSON text with those characters escaped, which JSON allows within strings. */
export function safeJson(json: string): string {
  return json.replace(SteeringInJson, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Cells of a terminal that a character takes: 2 for East Asian wide ones and emoji, 0 for marks that combine. */
function cellWidth(code: number): number {
  if (code < 0x300) return 1;
  if (code <= 0x36f || (code >= 0xfe00 && code <= 0xfe0f) || (code >= 0x20d0 && code <= 0x20ff)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}

export function displayWidth(text: string): number {
  let n = 0;
  for (const c of text) n += cellWidth(c.codePointAt(0) ?? 0);
  return n;
}

/** The text cut to `width` cells, with … where something is missing. */
function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let n = 0;
  let s = '';
  for (const c of text) {
    n += cellWidth(c.codePointAt(0) ?? 0);
    if (n > width - 1) break;
    s += c;
  }
  return `${s}…`;
}

/** Narrowest an elastic column becomes, and any column of text where that is not enough. */
const enum Least {
  Elastic = 12,
  Any = 6,
}

const across = (widths: number[]): number => widths.reduce((a, b) => a + b, 0) + 2 * (widths.length - 1);

/** Widths of the columns so that the whole fits `available`, taken from the widest of those that may be cut. */
function fit(widths: number[], mayCut: boolean[], least: number, available: number): number[] {
  const out = [...widths];
  let over = across(out) - available;
  while (over > 0) {
    let widest = -1;
    for (let i = 0; i < out.length; i++)
      if (mayCut[i] && out[i] > least && (widest < 0 || out[i] > out[widest])) widest = i;
    if (widest < 0) break;
    const next = Math.max(least, ...out.filter((w, i) => mayCut[i] && w < out[widest]));
    const step = Math.max(1, Math.min(over, out[widest] - next));
    out[widest] -= step;
    over -= step;
  }
  return out;
}

interface Layout {
  cells: string[][];
  widths: number[];
}

/** Cells and widths: whole, then with short forms, then with every column of text cut. */
function layOut<T>(rows: T[], columns: Column<T>[], width: number, seen: number[]): Layout {
  const lay = (narrow: boolean): Layout => {
    const cells = rows.map((r) => columns.map((c) => safe(narrow && c.short !== undefined ? c.short(r) : c.text(r))));
    const natural = columns.map((c, i) => {
      const kept = narrow && c.short !== undefined ? 0 : (seen[i] ?? 0);
      const least = Math.max(kept, displayWidth(safe(c.title)));
      return cells.reduce((most, row) => Math.max(most, displayWidth(row[i])), least);
    });
    const elastic = columns.map((c) => c.elastic === true);
    return { cells, widths: fit(natural, elastic, Least.Elastic, width) };
  };
  const whole = lay(false);
  for (const row of whole.cells) {
    for (const [i, cell] of row.entries()) seen[i] = Math.max(seen[i] ?? 0, displayWidth(cell));
  }
  if (across(whole.widths) <= width) return whole;
  const { cells, widths } = lay(true);
  const text = columns.map((c) => c.right !== true);
  return { cells, widths: fit(widths, text, Least.Any, width) };
}

/**
 * Lines of a table at most `width` cells wide, headings first. `seen` keeps the widths from one part of a table to the
 * next.
 */
export function tableLines<T>(
  rows: T[],
  columns: Column<T>[],
  width: number,
  paint: Paint,
  seen: number[] = [],
): string[] {
  const { cells, widths } = layOut(rows, columns, width, seen);
  const line = (row: string[], style: (i: number) => Style | null): string =>
    row
      .map((cell, i) => {
        const text = cut(cell, widths[i]);
        const space = ' '.repeat(widths[i] - displayWidth(text));
        const name = style(i);
        const painted = name === null ? text : paint(name, text);
        return columns[i].right ? space + painted : i === row.length - 1 ? painted : painted + space;
      })
      .join('  ')
      .trimEnd();
  return [
    line(
      columns.map((c) => safe(c.title)),
      () => 'bold',
    ),
    ...cells.map((row, n) => line(row, (i) => columns[i].style?.(rows[n]) ?? null)),
  ];
}

/** RFC 4180: quoted where it must be. */
export function csvLine(cells: string[]): string {
  return `${cells.map((c) => (/[",\r\n]/.test(c) ? `"${c.replaceAll('"', '""')}"` : c)).join(',')}\r\n`;
}

function markdownLine(cells: string[]): string {
  return `| ${cells.map((c) => c.replace(/[\\|`*_<>[\]]/g, '\\$&')).join(' | ')} |\n`;
}

/** The whole answer as text. `object` makes what JSON shows of a row. `width`: cells of the terminal. */
export function render<T>(
  rows: T[],
  columns: Column<T>[],
  object: (row: T) => object,
  format: Format,
  width: number,
  paint: Paint,
): string {
  switch (format) {
    case 'json':
      return `${safeJson(JSON.stringify(rows.map(object), null, 2))}\n`;
    case 'jsonl':
      return rows.map((r) => `${safeJson(JSON.stringify(object(r)))}\n`).join('');
    case 'csv':
      return [columns.map((c) => safe(c.title)), ...rows.map((r) => columns.map((c) => safe(c.text(r))))]
        .map(csvLine)
        .join('');
    case 'markdown': {
      const head = markdownLine(columns.map((c) => safe(c.title)));
      const rule = `| ${columns.map((c) => (c.right ? '---:' : '---')).join(' | ')} |\n`;
      return head + rule + rows.map((r) => markdownLine(columns.map((c) => safe(c.text(r))))).join('');
    }
    case 'table':
      return `${tableLines(rows, columns, width, paint).join('\n')}\n`;
  }
}

/** Cells across: the terminal's, or no bound where the output is not one (so that `| grep` sees whole cells). */
export function outputWidth(out: { isTTY?: boolean; columns?: number }): number {
  return out.isTTY === true ? Math.max(40, out.columns || 80) : Number.MAX_SAFE_INTEGER;
}
