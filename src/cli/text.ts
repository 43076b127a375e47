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
  return `${unit === 0 ? Math.round(value) : Number(value.toPrecision(3))} ${units[unit]}`;
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
