/** `after N in T for D by src`: when an address is banned and for how long; in rules (ban) and in the configuration (bans.rules). */

export const enum BanLimit {
  /** Offences until a ban. */
  After = 1000,
  /** Seconds in which they are counted: 30 days; and seconds that a ban lasts: a year. */
  WithinS = 2_592_000,
  ForS = 31_536_000,
}

export interface BanSpec {
  /** So many offences … */
  after: number;
  /** … within so many seconds … */
  withinS: number;
  /** … ban for so many seconds … */
  forS: number;
  /** … who opened the connection (without one: who sent the packet), or the other end. */
  by: 'src' | 'dst';
}

/** A ban and the rules whose matches count towards it, all together. */
export interface BanPolicy extends BanSpec {
  name: string;
  rules: { gid: number; sid: number }[];
}

export const banForm = 'after N in TIME for TIME by src|dst, as in: after 5 in 10m for 1h by src';

const Units: Record<string, number> = { '': 1, s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };

/** "90", "90s", "10m", "1h", "7d", "1w" in seconds; null when it is none of these. */
export function parseDuration(text: string): number | null {
  const m = /^(\d{1,9})\s*(s|m|min|h|d|w|)$/i.exec(text.trim());
  return m === null ? null : Number(m[1]) * Units[m[2].toLowerCase()];
}

/** Reads a ban; a string says what is wrong with it. */
export function parseBan(text: string): BanSpec | string {
  const m = /^\s*after\s+(\d{1,9})\s+in\s+(\S+)\s+for\s+(\S+)\s+by\s+(src|dst)\s*$/i.exec(text);
  if (m === null) return `"${text}" is no ban`;
  const after = Number(m[1]);
  const withinS = parseDuration(m[2]);
  const forS = parseDuration(m[3]);
  if (after < 1 || after > BanLimit.After) return `after must be from 1 to ${BanLimit.After}`;
  if (withinS === null || withinS < 1 || withinS > BanLimit.WithinS) return `in ${m[2]}: from 1s to 30d`;
  if (forS === null || forS < 1 || forS > BanLimit.ForS) return `for ${m[3]}: from 1s to 365d`;
  return { after, withinS, forS, by: m[4].toLowerCase() as BanSpec['by'] };
}
