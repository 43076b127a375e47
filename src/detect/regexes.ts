/** Regular expressions of rules: compiled by PCRE2 when first needed, since most rules of a large set never get there. */

import { closeHandle } from '../addon/handles.js';
import { compilePcre, isRefusal, PcreLimit, PcreOption, PcreStatus, pcreMatch } from '../addon/pcre.js';
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import type { RegexSource } from '../rules/compile/buffer-program.js';

const cRefused = counter('detect.pcre_refused');
const cLimit = counter('detect.pcre_limit');
/** Suricata's SC_MATCH_LIMIT_DEFAULT; the `O` flag lifts it to the library's own. */
const NoLimit = 10_000_000;

let sources: readonly RegexSource[] = [];
/** 0: not compiled yet; -1: refused. */
let handles = new Int32Array(0);
let matchLimit: number = PcreLimit.Match;
let recursionLimit: number = PcreLimit.Recursion;

/** Reads pcre.match-limit and pcre.match-limit-recursion. */
export function configureRegexes(settings: Settings): void {
  matchLimit = settings.int('pcre.match-limit', PcreLimit.Match, 1);
  recursionLimit = settings.int('pcre.match-limit-recursion', PcreLimit.Recursion, 1);
}

/** Takes the expressions of new rules and drops those of the old. */
export function bindRegexes(next: readonly RegexSource[]): void {
  for (const h of handles) if (h > 0) closeHandle(h);
  sources = next;
  handles = new Int32Array(next.length);
}

/** PCRE2 options for Suricata's flags. */
export function pcreOptions(flags: string): number {
  let options = 0;
  for (const f of flags) {
    if (f === 'i') options |= PcreOption.Caseless;
    else if (f === 'm') options |= PcreOption.Multiline;
    else if (f === 's') options |= PcreOption.DotAll;
    else if (f === 'x') options |= PcreOption.Extended;
    else if (f === 'A') options |= PcreOption.Anchored;
    else if (f === 'E') options |= PcreOption.DollarEndOnly;
    else if (f === 'G') options |= PcreOption.Ungreedy;
  }
  return options >>> 0;
}

/** Handle of an expression, or -1 when PCRE2 refuses it (counted once). */
export function regexHandle(n: number): number {
  const known = handles[n];
  if (known !== 0) return known;
  const { expr, flags } = sources[n];
  const limited = !flags.includes('O');
  const h = compilePcre(expr, pcreOptions(flags), limited ? matchLimit : NoLimit, limited ? recursionLimit : NoLimit);
  if (isRefusal(h)) counts[cRefused]++;
  handles[n] = isRefusal(h) ? -1 : h;
  return handles[n];
}

/** `pcreMatch` of an expression of a rule: one that meets a limit does not match (counted). */
export function matchRegex(handle: number, off: number, len: number, start: number): number {
  const pairs = pcreMatch(handle, off, len, start, 0);
  if (pairs < PcreStatus.NoMatch) counts[cLimit]++;
  return pairs;
}
