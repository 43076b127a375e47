/** `peccary ctl ban`, `unban` and `bans`: their answers as people read them. */
import type { ToldBan } from '../control/ban-commands.js';
import { type Column, safe } from './format.js';

export interface BanList {
  count: number;
  dry_run: boolean;
  bans: ToldBan[];
}

/** "59 s", "5 min", "3 h", "2 d": the coarsest unit of which there are two at least. */
function span(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

const left = ({ until }: ToldBan): number => Math.max(0, Math.round((Date.parse(until) - Date.now()) / 1000));

export const banColumns: Column<ToldBan>[] = [
  { title: 'address', text: (b) => (b.via === null ? b.address : `${b.address} behind ${b.via}`) },
  { title: 'left', text: (b) => span(left(b)), right: true },
  { title: 'of', text: (b) => span(b.duration), right: true },
  { title: 'until', text: (b) => b.until.replace(/\.\d+Z$/, 'Z') },
  { title: 'ban', text: (b) => `#${b.times}` },
  { title: 'for', text: (b) => safe(b.sid === null ? b.policy : `${b.policy} (${b.gid}:${b.sid})`) },
];

export function noBans({ dry_run }: BanList): string {
  return dry_run ? 'nobody would be banned (dry run)' : 'nobody is banned';
}
