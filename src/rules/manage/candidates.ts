/**
 * What lists of rules can change: the rules of a file, those that are commented out too (`# alert …`), with their places.
 * Lines keep their numbers: a changed rule stands on the first of its lines and the others become empty.
 */

import { isSpace, type RuleText, splitRules } from '../lexer.js';
import { parseOptions } from '../parse.js';

/** Text of a rule file, one character a byte. */
export interface RuleFileText {
  path: string;
  text: string;
}

/** One rule of a file, whether it is switched on or commented out. */
export interface Candidate {
  path: string;
  /** 1-based line of its beginning, and how many lines it takes. */
  line: number;
  lines: number;
  gid: number;
  sid: number;
  rev: number;
  enabled: boolean;
  /** On one line, without the comment sign. */
  text: string;
}

const commented = /^#[#\s]*(?:alert|drop|pass|reject(?:src|dst|both)?|config)\s/i;
const idOf = /[;(]\s*sid\s*:\s*(\d{1,10})\s*;/i;
const gidOf = /[;(]\s*gid\s*:\s*(\d{1,10})\s*;/i;
const revOf = /[;(]\s*rev\s*:\s*(\d{1,10})\s*;/i;

const number = (expr: RegExp, text: string, absent: number): number => {
  const found = expr.exec(text);
  return found === null ? absent : Number(found[1]);
};

function candidate(path: string, rule: RuleText, lines: number, enabled: boolean): Candidate | null {
  const sid = number(idOf, rule.text, 0);
  if (sid === 0) return null;
  const { text, line } = rule;
  return { path, line, lines, enabled, text, sid, gid: number(gidOf, text, 1), rev: number(revOf, text, 0) };
}

/** A commented rule that begins at `first`: on several lines when each ends with a backslash and is a comment too. */
function commentedRule(path: string, lines: readonly string[], first: number): Candidate | null {
  let text = '';
  let at = first;
  for (; at < lines.length && lines[at].charCodeAt(0) === 0x23; at++) {
    let from = 0;
    while (lines[at].charCodeAt(from) === 0x23 || isSpace(lines[at].charCodeAt(from))) from++;
    const part = lines[at].slice(from).trimEnd();
    if (!part.endsWith('\\')) {
      text += part;
      break;
    }
    text += part.slice(0, -1);
  }
  if (!text.endsWith(')')) return null;
  return candidate(path, { text, line: first + 1, joins: null }, Math.min(at, lines.length - 1) - first + 1, false);
}

/** The rules of a file in order. Text without a sid is no candidate. */
export function candidatesOf({ path, text }: RuleFileText): Candidate[] {
  const out: Candidate[] = [];
  const taken = new Set<number>();
  for (const rule of splitRules(text)) {
    const lines = (rule.joins?.length ?? 0) + 1;
    for (let i = 0; i < lines && lines > 1; i++) taken.add(rule.line + i);
    const c = candidate(path, rule, lines, true);
    if (c !== null) out.push(c);
  }
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    if (lines[i].charCodeAt(0) !== 0x23 || taken.has(i + 1) || !commented.test(lines[i])) continue;
    const c = commentedRule(path, lines, i);
    if (c === null) continue;
    out.push(c);
    i += c.lines - 1;
  }
  return out.sort((a, b) => a.line - b.line);
}

/** Values of an option that may stand several times; none when the rule cannot be split. */
export function optionValues(text: string, name: string): string[] {
  try {
    const open = text.indexOf('(');
    if (open < 0) return [];
    return parseOptions(text, open).flatMap((o) => (o.name.toLowerCase() === name ? [(o.value ?? '').trim()] : []));
  } catch {
    return [];
  }
}

/** Whether the rule says of itself that it must not alert. */
export function isSilent(text: string): boolean {
  if (!/noalert/i.test(text)) return false;
  return (
    optionValues(text, 'noalert').length > 0 ||
    optionValues(text, 'flowbits').some((value) => value.toLowerCase() === 'noalert')
  );
}

/** The files with the candidates as they are now. */
export function rewritten(
  file: RuleFileText,
  all: readonly Candidate[],
  before: ReadonlyMap<Candidate, string>,
): string {
  let lines: string[] | null = null;
  for (const c of all) {
    const now = c.enabled ? c.text : '';
    if (c.path !== file.path || before.get(c) === now) continue;
    lines ??= file.text.split('\n');
    lines[c.line - 1] = now;
    for (let i = 1; i < c.lines; i++) lines[c.line - 1 + i] = '';
  }
  return lines === null ? file.text : lines.join('\n');
}
