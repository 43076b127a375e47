/**
 * PCRE2 (8-bit) with JIT and match limits. Patterns are compiled once and shared by all threads.
 *
 *     const re = compilePcre('a(b+)c', PcreOption.Caseless);
 *     if (!isRefusal(re) && pcreMatch(re, off, len, 0, 0) > 0) { pcreOvector[2] … pcreOvector[3] is group 1 }
 */
import { type Native, native, type PcreInfo, type Refusal } from './native.js';

export type { PcreInfo, Refusal } from './native.js';
export { isRefusal } from './native.js';

/** PCRE2_ option bits of pcre2.h: compile options, then match options. */
export const enum PcreOption {
  Caseless = 0x0000_0008,
  DollarEndOnly = 0x0000_0010,
  DotAll = 0x0000_0020,
  Extended = 0x0000_0080,
  Multiline = 0x0000_0400,
  NeverUtf = 0x0000_1000,
  NoAutoCapture = 0x0000_2000,
  Ungreedy = 0x0004_0000,
  NeverBackslashC = 0x0010_0000,
  EndAnchored = 0x2000_0000,
  Anchored = 0x8000_0000,
  /** Match: the subject's start is not a line's start; its end not a line's end; an empty match does not count. */
  NotBol = 0x0000_0001,
  NotEol = 0x0000_0002,
  NotEmpty = 0x0000_0004,
  /** Match: interpret, for instance after JitStackLimit. */
  NoJit = 0x0000_2000,
}

/** Negative results of pcreMatch. */
export const enum PcreStatus {
  NoMatch = -1,
  JitStackLimit = -46,
  MatchLimit = -47,
  DepthLimit = -53,
  HeapLimit = -63,
}

export const enum PcreLimit {
  /** Suricata's pcre.match-limit and pcre.match-limit-recursion. */
  Match = 3500,
  Recursion = 1500,
  /** Pairs of pcreOvector: the whole match and the first 63 groups. */
  Pairs = 64,
}

/** Start and end of the whole match and of each group, relative to the subject; 0xffffffff: the group took no part. */
export const pcreOvector = new Uint32Array(PcreLimit.Pairs * 2);

/** Where and why a pattern is refused, or null; machine code is not made of it. Text is latin-1. */
export function checkPcre(pattern: string, options: number): Refusal | null {
  return native().pcreCheck(Buffer.from(pattern, 'latin1'), options);
}

/** Compiles a pattern (text is latin-1, one character a byte); its handle, or where and why it is refused. */
export function compilePcre(
  pattern: string | Uint8Array,
  options: number,
  matchLimit: number = PcreLimit.Match,
  recursionLimit: number = PcreLimit.Recursion,
): number | Refusal {
  const bytes = typeof pattern === 'string' ? Buffer.from(pattern, 'latin1') : pattern;
  return native().pcreCompile(bytes, options, matchLimit, recursionLimit);
}

/** Groups, names, whether the JIT took it. */
export function pcreInfo(handle: number): PcreInfo {
  return native().pcreInfo(handle);
}

let matchNative: Native['pcreMatch'] = (handle, off, len, start, options) => {
  native().bindPcre(pcreOvector);
  matchNative = native().pcreMatch;
  return matchNative(handle, off, len, start, options);
};

/**
 * Matches memory[off, off + len) from `start` (bytes before it serve look-behind). Returns the number of pairs set in
 * pcreOvector (at least 1), or a PcreStatus. Throws for ranges outside the memory and dead handles.
 */
export function pcreMatch(handle: number, off: number, len: number, start: number, options: number): number {
  return matchNative(handle, off, len, start, options);
}
