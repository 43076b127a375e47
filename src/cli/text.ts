/** Words and numbers for people. */

/** 12345 → "12,345". */
export function grouped(n: number): string {
  return Math.round(n).toLocaleString('en-GB');
}

/** "1 packet", "12,345 packets". */
export function plural(n: number, noun: string): string {
  return `${grouped(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** A size with three significant digits: "812 B", "8.12 MB" (powers of 1000, as MB/s are). */
export function byteSize(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`;
}

/** Text from rules or traffic on one line, without characters that would steer a terminal. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** Rows as lines of columns: each as wide as its widest cell, numbers (columns named in `right`) to the right. */
export function columns(rows: string[][], right: number[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  const line = (row: string[]): string =>
    row.map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ');
  return rows.map((row) => `  ${line(row).trimEnd()}`);
}

export type Style = 'bold' | 'red' | 'yellow' | 'dim';
export type Paint = (style: Style, text: string) => string;

const codes: Record<Style, [on: number, off: number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  yellow: [33, 39],
};

/** Colours for `out`: only on a terminal, unless the user does not want them (--no-color, NO_COLOR). */
export function painter(out: { isTTY?: boolean }, wanted: boolean): Paint {
  if (!wanted || out.isTTY !== true || (process.env.NO_COLOR ?? '') !== '') return (_, text) => text;
  return (style, text) => `\x1b[${codes[style][0]}m${text}\x1b[${codes[style][1]}m`;
}
