/**
 * Splits a rule file into rules and a rule into words, as Suricata 7.0.10 does (user guide, "Rules Format"):
 * a backslash at the end of a line joins it with the next; a line that begins with '#', a space or ';', or is empty,
 * is no rule. One pass, no backtracking.
 */
export const enum LexLimit {
  /** Bytes of one rule, continuation lines joined (Suricata's buffer for a rule). */
  RuleLen = 8191,
}

/** A rule's text on one logical line and where its pieces came from. */
export interface RuleText {
  text: string;
  /** 1-based line of its first physical line. */
  line: number;
  /** Offsets in `text` where the 2nd, 3rd … physical line begins; null for a rule on one line. */
  joins: number[] | null;
  /** Where it stands in the file's text; absent when it was joined. */
  at?: number;
}

export function isSpace(c: number): boolean {
  return c === 0x20 || (c >= 0x09 && c <= 0x0d);
}

/** The rules of a file in order. A rule cut off by the end of the file is given as it stands. */
export function splitRules(file: string): RuleText[] {
  const out: RuleText[] = [];
  let lineNo = 0;
  let held = '';
  let joins: number[] | null = null;
  let first = 0;
  for (let at = 0; at < file.length; ) {
    let end = file.indexOf('\n', at);
    if (end < 0) end = file.length;
    const begin = at;
    at = end + 1;
    lineNo++;
    const c0 = joins === null ? file.charCodeAt(begin) : 0x61;
    if (begin === end || c0 === 0x23 || c0 === 0x20 || c0 === 0x3b || c0 === 0x0d) {
      if (joins === null) continue;
    }
    let last = end;
    while (last > begin && isSpace(file.charCodeAt(last - 1))) last--;
    if (last > begin && file.charCodeAt(last - 1) === 0x5c) {
      if (joins === null) {
        first = lineNo;
        joins = [];
      }
      held += file.slice(begin, last - 1);
      joins.push(held.length);
      continue;
    }
    if (joins === null) out.push({ text: file.slice(begin, last), line: lineNo, joins: null, at: begin });
    else out.push({ text: held + file.slice(begin, last), line: first, joins });
    held = '';
    joins = null;
  }
  if (joins !== null) out.push({ text: held, line: first, joins });
  return out;
}

/** Line and column (both 1-based) of an offset in a rule's text. */
export function placeOf(rule: RuleText, offset: number): { line: number; column: number } {
  let line = rule.line;
  let from = 0;
  if (rule.joins !== null) {
    for (const join of rule.joins) {
      if (offset < join) break;
      line++;
      from = join;
    }
  }
  return { line, column: Math.max(0, offset - from) + 1 };
}
