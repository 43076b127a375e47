/** Checks expressions by compiling them with the library that will match them. */
import { closeHandle } from '../addon/handles.js';
import { compilePcre, isRefusal, PcreOption } from '../addon/pcre.js';

const optionOf: Record<string, number> = {
  i: PcreOption.Caseless,
  m: PcreOption.Multiline,
  s: PcreOption.DotAll,
  x: PcreOption.Extended,
  A: PcreOption.Anchored,
  E: PcreOption.DollarEndOnly,
  G: PcreOption.Ungreedy,
};

/** PCRE2 option bits of a pcre keyword's flags (i s m x A E G; others are not PCRE's). */
export function pcreOptions(flags: string): number {
  let bits = 0;
  for (const f of flags) bits |= optionOf[f] ?? 0;
  return bits >>> 0;
}

/** What is wrong with an expression, or null. */
export function patternFault(expr: string, flags: string): string | null {
  const got = compilePcre(expr, pcreOptions(flags));
  if (isRefusal(got)) return `${got.message} (at offset ${got.index})`;
  closeHandle(got);
  return null;
}
