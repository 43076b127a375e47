/** AST to Rule: header words, then the options through their keywords. */
import type { OptionAst, RuleAst, Word } from './ast.js';
import { RuleBuilder } from './builder.js';
import { didYouMean } from './diagnostics.js';
import type { RuleEnvironment } from './environment.js';
import { RuleFault, RuleSkip } from './faults.js';
import type { Action, HeaderProto, Rule } from './ir.js';
import type { Keyword } from './keywords/keyword.js';
import { findKeyword, keywordNames } from './keywords/list.js';
import { isLater, whySkipped } from './keywords/uninspected.js';
import { isSpace } from './lexer.js';
import { headerProto } from './protocols.js';
import { finishRule } from './validate.js';

const actions: ReadonlySet<string> = new Set<Action>([
  'alert',
  'pass',
  'drop',
  'reject',
  'rejectsrc',
  'rejectdst',
  'rejectboth',
  'config',
]);

const enum Defaults {
  Priority = 3,
}

/** Runs `read` and gives its faults the place of `word`. */
function placed<T>(word: Word, read: () => T): T {
  try {
    return read();
  } catch (e) {
    if (e instanceof RuleFault && e.offset < 0) throw new RuleFault(e.reason, e.hint, word.at);
    throw e;
  }
}

/** What was probably meant, while anybody will read it. */
function suggestion(env: RuleEnvironment, word: string, known: Iterable<string>): string | null {
  return env.suggests ? didYouMean(word, known) : null;
}

/** Action and protocol of the header. Throws RuleSkip for a protocol that is not inspected. */
export function checkHeader(ast: RuleAst, env: RuleEnvironment): { action: Action; proto: HeaderProto } {
  const action = ast.action.text.toLowerCase();
  if (!actions.has(action)) {
    throw new RuleFault(
      `unknown action "${ast.action.text}"`,
      suggestion(env, action, actions) ?? `actions are ${[...actions].join(', ')}`,
      ast.action.at,
    );
  }
  return { action: action as Action, proto: placed(ast.proto, () => headerProto(ast.proto.text, env.ruleVersion)) };
}

/** What a header means; shared by the rules that have the same. */
export type HeaderMeaning = Pick<Rule, 'action' | 'proto' | 'src' | 'dst' | 'srcPorts' | 'dstPorts' | 'bidirectional'>;

/** Throws RuleFault for a header that Suricata refuses, RuleSkip for a protocol that is not inspected. */
export function headerMeaning(ast: RuleAst, env: RuleEnvironment): HeaderMeaning {
  const { action, proto } = checkHeader(ast, env);
  if (ast.direction.text !== '->' && ast.direction.text !== '<>') {
    throw new RuleFault(`"${ast.direction.text}" is no direction`, 'write -> or <>', ast.direction.at);
  }
  return {
    action,
    proto,
    src: placed(ast.src, () => env.addressSet(ast.src.text)),
    dst: placed(ast.dst, () => env.addressSet(ast.dst.text)),
    srcPorts: placed(ast.srcPorts, () => env.portSet(ast.srcPorts.text)),
    dstPorts: placed(ast.dstPorts, () => env.portSet(ast.dstPorts.text)),
    bidirectional: ast.direction.text === '<>',
  };
}

function newRule(h: HeaderMeaning): Rule {
  return {
    gid: 1,
    sid: 0,
    rev: 0,
    msg: '',
    action: h.action,
    priority: Defaults.Priority,
    classtype: null,
    classText: '',
    references: [],
    metadata: [],
    noalert: false,
    proto: h.proto,
    src: h.src,
    dst: h.dst,
    srcPorts: h.srcPorts,
    dstPorts: h.dstPorts,
    bidirectional: h.bidirectional,
    flow: { direction: null, state: null, stream: null, frag: null },
    sections: [],
    conditions: [],
    effects: [],
    captures: false,
    threshold: null,
    target: null,
    prefilter: null,
    file: '',
    line: 0,
    text: '',
    textAt: -1,
  };
}

/** Options that decide whether and as what the rule is loaded are read before the others. */
function isFirstPass(name: string): boolean {
  if (name.length !== 3 && name.length !== 8) return false;
  const lower = name.toLowerCase();
  return lower === 'sid' || lower === 'rev' || lower === 'requires';
}

/**
 * The meaning of a rule. Throws RuleFault (refused) or RuleSkip (not inspected); `file`, `line` and `text` are the caller's
 * to fill in. `header`: what its header means, where that is known.
 */
export function buildRule(ast: RuleAst, env: RuleEnvironment, header = headerMeaning(ast, env)): Rule {
  const b = new RuleBuilder(newRule(header), env, ast.dialect);
  applyOptions(b, ast.options, true);
  applyOptions(b, ast.options, false);
  if (b.rule.sid === 0) throw new RuleFault('the rule has no sid', 'add sid:N; with a number of its own');
  finishRule(b);
  return b.rule;
}

function applyOptions(b: RuleBuilder, options: readonly OptionAst[], firstPass: boolean): void {
  let at = 0;
  let name = '';
  try {
    for (let i = 0; i < options.length; i++) {
      const o = options[i];
      name = o.name;
      if (isFirstPass(name) !== firstPass) continue;
      at = o.at;
      applyOption(b, o);
    }
  } catch (e) {
    if (e instanceof RuleFault) throw new RuleFault(e.reason, e.hint ?? form(name), e.offset < 0 ? at : e.offset);
    throw e;
  }
}

/** How an option is written, where its keyword has no better advice. */
function form(name: string): string | null {
  const keyword = findKeyword(name);
  return keyword === undefined ? null : `the form is ${keyword.name}:${keyword.args}; as in ${keyword.example}`;
}

function applyOption(b: RuleBuilder, o: OptionAst): void {
  const keyword = findKeyword(o.name);
  if (keyword === undefined) {
    const reason = whySkipped(o.name.toLowerCase());
    if (isLater(o.name.toLowerCase())) needVersion8(o.name, b.env);
    if (reason !== undefined) throw new RuleSkip(reason);
    throw new RuleFault(
      o.name === '' ? 'an option has no name' : `unknown keyword "${o.name}"`,
      suggestion(b.env, o.name, keywordNames()) ?? (o.name === '' ? 'remove the extra semicolon' : null),
    );
  }
  if (keyword.since === 8) needVersion8(o.name, b.env);
  const raw = o.value ?? '';
  if (raw === '') {
    if (keyword.value === 'required') throw new RuleFault(`${keyword.name} needs a value`, `write ${keyword.example}`);
    keyword.apply(b, '', false);
    return;
  }
  if (keyword.value === 'none') throw new RuleFault(`${keyword.name} takes no value`, `write ${keyword.name};`);
  applyValue(b, keyword, raw);
}

/** Refuses a keyword of Suricata 8 where the rules are taken as written for 7. */
function needVersion8(name: string, env: RuleEnvironment): void {
  if (env.ruleVersion < 8) throw new RuleFault(`${name} needs a later rule version`, 'use --rule-version 8');
}

function skipSpace(text: string, at: number): number {
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Takes `!` and quotes off a value as the keyword allows (Suricata 7.0.10, option parsing), and applies it. */
function applyValue(b: RuleBuilder, keyword: Keyword, raw: string): void {
  let at = skipSpace(raw, 0);
  let end = raw.length;
  let negated = false;
  if (keyword.negatable === true && raw.charCodeAt(at) === 0x21) {
    negated = true;
    at = skipSpace(raw, at + 1);
  }
  if (at >= end) throw new RuleFault(`${keyword.name} needs a value`, `write ${keyword.example}`);
  const quoted = raw.charCodeAt(at) === 0x22;
  if (!quoted) {
    if (keyword.quotes === 'mandatory')
      throw new RuleFault(`the value of ${keyword.name} must be in double quotes`, `write ${keyword.name}:"…";`);
    keyword.apply(b, at === 0 ? raw : raw.slice(at), negated);
    return;
  }
  if (keyword.quotes === undefined) throw new RuleFault(`${keyword.name} takes no quotes`, `write ${keyword.example}`);
  while (end > at && isSpace(raw.charCodeAt(end - 1))) end--;
  if (end - at < 2 || raw.charCodeAt(end - 1) !== 0x22) {
    throw new RuleFault(
      `the value of ${keyword.name} does not end with a double quote`,
      'a semicolon may be missing; inside quotes write \\; for a semicolon',
    );
  }
  if (end - at === 2) throw new RuleFault(`the value of ${keyword.name} is empty`, `write ${keyword.example}`);
  keyword.apply(b, raw.slice(at + 1, end - 1), negated);
}
