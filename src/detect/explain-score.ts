/** How far a look at a rule got, as a number to compare, and the reason that ended it, as a key to count under. */
import { AppProto } from '../protocol/app-proto.js';
import { HeaderFault } from './header.js';
import type { SectionTrace, Trace } from './trace.js';

/** Reasons: what stands before the colon is the kind, what follows tells apart within it. */
export function reasonOf(t: Trace): string {
  if (t.fate >= 0) return `fate:${t.fate}`;
  if (t.closedBy !== -2) return `uninspected:${t.closedBy}`;
  if (t.header !== HeaderFault.None) return `header:${t.header}`;
  if (t.app >= 0) return `app:${t.app}`;
  if (t.condition >= 0) return `condition:${t.condition}`;
  if (!t.candidate) return t.fast === null ? 'no-buffer' : 'fast-pattern';
  const failed = t.sections.find((s) => !s.matched);
  if (failed === undefined) return 'not-looked';
  if (failed.shown === null) return `section:${failed.section}:absent`;
  const last = failed.matches[failed.matches.length - 1];
  return `section:${failed.section}:${last === undefined ? 0 : last.held ? last.row + 1 : last.row}`;
}

/** Rows held within a section, and part of the next by how near it came (below 1). */
function within(s: SectionTrace): number {
  const last = s.matches[s.matches.length - 1];
  if (last === undefined) return s.shown === null ? 0 : 0.1;
  return 0.1 + s.matches.filter((m) => m.held).length + (last.held ? 0 : Math.min(0.8, last.nearBytes / 100));
}

/**
 * Higher got further. Order: header, flow, protocol, conditions, fast pattern, sections, matched but without an alert.
 * Where the fast pattern was found, a look counts for more than any where it was not; content says more of what a rule
 * is after than addresses do, except where those are all that was missing.
 */
export function scoreOf(t: Trace): number {
  if (t.fate >= 0) return 100_000;
  if (t.closedBy !== -2) return 205;
  let score = 0;
  if (t.header !== HeaderFault.None) return t.header + (t.candidate ? 100 : 0);
  score = 200;
  if (t.app >= 0) return score + (t.app === AppProto.Unknown ? 0 : 1) + (t.candidate ? 100 : 0);
  if (t.condition >= 0) return score + 10 + Math.min(t.condition, 50) + (t.candidate ? 300 : 0);
  if (!t.candidate) return 300 + (t.fast === null ? 0 : 1) + t.fastNearBytes / 1000 + (t.cut || t.gap ? 0.5 : 0);
  score = 1000;
  for (const s of t.sections) {
    if (s.matched) score += 1000;
    else score += 10 * within(s);
  }
  return score;
}
