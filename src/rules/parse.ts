/**
 * Rule text to AST (Suricata 7.0.10 user guide, "Rules Format"): seven header words, then options in parentheses.
 * A semicolon ends an option wherever it stands unless a backslash precedes it, also inside quotes (Snort 3: only outside).
 */
import type { OptionAst, RuleAst, Word } from './ast.js';
import { RuleFault } from './faults.js';
import { isSpace, LexLimit } from './lexer.js';

class Cursor {
  at = 0;
  constructor(readonly text: string) {}

  skipSpace(): void {
    while (this.at < this.text.length && isSpace(this.text.charCodeAt(this.at))) this.at++;
  }

  /** The next word; with `list`, spaces between square brackets belong to it. */
  word(what: string, list: boolean): Word {
    this.skipSpace();
    const from = this.at;
    let depth = 0;
    for (; this.at < this.text.length; this.at++) {
      const c = this.text.charCodeAt(this.at);
      if (list && c === 0x5b) depth++;
      else if (list && c === 0x5d) depth--;
      else if (depth <= 0 && isSpace(c)) break;
    }
    if (from === this.at) throw new RuleFault(`the rule ends before its ${what}`, headerHint, from);
    return { text: this.text.slice(from, this.at), at: from };
  }
}

const headerHint = 'write: action protocol source port -> destination port (options)';

/** AST of one rule's text; throws RuleFault where Suricata refuses the rule's form. */
export function parseRule(text: string): RuleAst {
  const { ast, at } = parseHeader(text);
  ast.options = parseOptions(text, at, ast.dialect === 'snort3');
  return ast;
}

/** The header alone, with no options yet, and the offset where they begin. */
export function parseHeader(text: string): { ast: RuleAst; at: number } {
  if (text.length > LexLimit.RuleLen) {
    throw new RuleFault(
      `the rule is longer than ${LexLimit.RuleLen} bytes`,
      'split it into several rules',
      LexLimit.RuleLen,
    );
  }
  const c = new Cursor(text);
  const action = c.word('action', false);
  const proto = c.word('protocol', true);
  c.skipSpace();
  if (text.charCodeAt(c.at) === 0x28) return { ast: shortRule(action, proto, c.at), at: c.at };
  const src = c.word('source address', true);
  const srcPorts = c.word('source port', true);
  const direction = c.word('direction', false);
  const dst = c.word('destination address', true);
  const dstPorts = c.word('destination port', true);
  return {
    ast: { dialect: 'suricata', action, proto, src, srcPorts, direction, dst, dstPorts, options: [] },
    at: c.at,
  };
}

/** Snort 3's rule without addresses: `alert http (…)`. */
function shortRule(action: Word, proto: Word, at: number): RuleAst {
  const any: Word = { text: 'any', at };
  return {
    dialect: 'snort3',
    action,
    proto,
    src: any,
    srcPorts: any,
    direction: { text: '->', at },
    dst: any,
    dstPorts: any,
    options: [],
  };
}

/** As parseRule, for a rule known to be in Snort 3's dialect: a semicolon within quotes ends nothing. */
export function parseSnort3Rule(text: string): RuleAst {
  const { ast, at } = parseHeader(text);
  return { ...ast, dialect: 'snort3', options: parseOptions(text, at, true) };
}

/** Offset of the first semicolon from `at` that no backslash precedes, or -1. */
function endOfPlainOption(text: string, at: number, end: number): number {
  for (let stop = at; ; stop++) {
    stop = text.indexOf(';', stop);
    if (stop < 0 || stop >= end) return -1;
    if (stop === at || text.charCodeAt(stop - 1) !== 0x5c) return stop;
  }
}

/** As endOfPlainOption, where a semicolon within double quotes does not count. */
function endOfQuotedOption(text: string, at: number, end: number): number {
  let quoted = false;
  for (let i = at; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i++;
    else if (c === 0x22) quoted = !quoted;
    else if (c === 0x3b && !quoted) return i;
  }
  return -1;
}

/** Options from offset `at` (opening parentheses and spaces are skipped) to the end of the text. */
export function parseOptions(text: string, at: number, quotes = false): OptionAst[] {
  let end = text.length;
  while (end > at && (isSpace(text.charCodeAt(end - 1)) || text.charCodeAt(end - 1) === 0x29)) end--;
  while (at < end && (isSpace(text.charCodeAt(at)) || text.charCodeAt(at) === 0x28)) at++;
  if (at >= end) throw new RuleFault('the rule has no options', 'a rule needs at least sid: (msg:"…"; sid:1;)', at);
  const out: OptionAst[] = [];
  while (at < end) {
    while (at < end && isSpace(text.charCodeAt(at))) at++;
    if (at >= end) break;
    const stop = quotes ? endOfQuotedOption(text, at, end) : endOfPlainOption(text, at, end);
    if (stop < 0) throw new RuleFault('an option has no terminating ";"', 'end every option with a semicolon', at);
    out.push(parseOption(text, at, stop));
    at = stop + 1;
  }
  return out;
}

function parseOption(text: string, from: number, to: number): OptionAst {
  const colon = text.indexOf(':', from);
  const hasValue = colon >= 0 && colon < to;
  let nameEnd = hasValue ? colon : to;
  while (nameEnd > from && isSpace(text.charCodeAt(nameEnd - 1))) nameEnd--;
  let valueEnd = to;
  if (hasValue) while (valueEnd > colon + 1 && isSpace(text.charCodeAt(valueEnd - 1))) valueEnd--;
  return { name: text.slice(from, nameEnd), value: hasValue ? text.slice(colon + 1, valueEnd) : null, at: from };
}
