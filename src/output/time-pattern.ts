/** Names of log files with a time in them: the conversions of strftime(3), in local time as Suricata has them. */

const pad = (n: number, len = 2): string => String(n).padStart(len, '0');

/** Days since the first of January, from 1. */
function dayOfYear(d: Date): number {
  const noon = (month: number, day: number) => Date.UTC(d.getFullYear(), month, day, 12);
  return Math.round((noon(d.getMonth(), d.getDate()) - noon(0, 1)) / 86_400_000) + 1;
}

const conversions: Record<string, (d: Date) => string> = {
  Y: (d) => String(d.getFullYear()),
  y: (d) => pad(d.getFullYear() % 100),
  m: (d) => pad(d.getMonth() + 1),
  d: (d) => pad(d.getDate()),
  j: (d) => pad(dayOfYear(d), 3),
  H: (d) => pad(d.getHours()),
  M: (d) => pad(d.getMinutes()),
  S: (d) => pad(d.getSeconds()),
  s: (d) => String(Math.floor(d.getTime() / 1000)),
  F: (d) => `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`,
  T: (d) => `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`,
  R: (d) => `${pad(d.getHours())}:${pad(d.getMinutes())}`,
  '%': () => '%',
};

/** The name at a time; conversions that are not known stay as they are. */
export function timeName(pattern: string, at: Date): string {
  return pattern.replace(/%(.)/g, (whole, letter: string) => conversions[letter]?.(at) ?? whole);
}
