/**
 * Rule files to a RuleSet: reading, parsing, building, duplicates, and the files around them (classes, references,
 * thresholds). A rule that is refused or skipped is noted with its place and the rest load.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../core/settings.js';
import { analyseSet } from './analyse.js';
import type { OptionAst, RuleAst } from './ast.js';
import { banPolicies } from './ban-policies.js';
import { buildRule } from './build.js';
import { Classification } from './classification.js';
import { RuleEnvironment } from './environment.js';
import { RuleFault, RuleSkip } from './faults.js';
import { Headers } from './headers.js';
import type { Rule, RuleNote, RuleSet } from './ir.js';
import { placeOf, type RuleText, splitRules } from './lexer.js';
import type { ListFiles } from './manage/lists.js';
import { type Managed, manageRules } from './manage/manage.js';
import { parseOptions, parseSnort3Rule } from './parse.js';
import { patternFault } from './pattern-check.js';
import { expandRuleFiles, isGzip, readRuleFile } from './rule-files.js';
import { isSnort3, isSuricata, translateSnort3 } from './snort3.js';
import { joinSnort3Lines } from './snort3-lines.js';
import { readThresholds } from './thresholds-config.js';

interface LoadOptions {
  /** Rule files in loading order; names may hold wildcards. Relative names are looked for below `folder`. */
  files: readonly string[];
  settings: Settings;
  /** Folder of relative names; the working directory when absent. */
  folder?: string;
  /** Which Suricata's rule language: 7 (7.0.10) unless said otherwise. */
  ruleVersion?: 7 | 8;
  /** Says what is wrong with an expression, or null; PCRE2 itself unless given. null: expressions are not checked. */
  checkPattern?: ((expr: string, flags: string) => string | null) | null;
  /** Lists that enable, disable, drop or modify rules; null or absent: the rules as they are. */
  lists?: ListFiles | null;
  /** Whether costly rules are remarked on: so they are unless this is false. */
  costs?: boolean;
  /** Content of rule files that were read before. */
  content?: ReadonlyMap<string, Buffer>;
}

/** Loads every rule of the files. Throws PeccaryError only when a file cannot be read. */
export function loadRules(options: LoadOptions): RuleSet {
  const loader = new RuleLoader(options.settings, options.ruleVersion ?? 7, options.checkPattern);
  const paths = expandRuleFiles(options.files, options.folder ?? process.cwd());
  if (options.lists === undefined || options.lists === null)
    for (const path of paths) {
      const bytes = options.content?.get(path);
      loader.addText(readRuleFile(path, bytes), path, bytes !== undefined && !isGzip(bytes));
    }
  else {
    const texts = paths.map((path) => ({ path, text: readRuleFile(path, options.content?.get(path)) }));
    loader.addManaged(manageRules(texts, options.lists));
  }
  return loader.finish(options.costs ?? true);
}

/** The rule files that the configuration names (`rule-files` below `default-rule-path`). */
export function configuredRuleFiles(settings: Settings): { files: string[]; folder: string } {
  return {
    files: settings.list('rule-files'),
    folder: settings.string('default-rule-path', '/var/lib/suricata/rules'),
  };
}

/** As loadRules, from text: what a file called `file` with these bytes would give. */
export function parseRuleText(
  text: string,
  settings: Settings,
  more: { file?: string; ruleVersion?: 7 | 8 } & Pick<LoadOptions, 'checkPattern'> = {},
): RuleSet {
  const loader = new RuleLoader(settings, more.ruleVersion ?? 7, more.checkPattern);
  loader.addText(text, more.file ?? 'rules');
  return loader.finish(true);
}

const enum LoadLimit {
  /** Notes of each kind that are kept; further ones are counted. */
  Notes = 50_000,
}

class RuleLoader {
  private readonly set: RuleSet = {
    rules: [],
    failed: [],
    skipped: [],
    warnings: [],
    unkept: { failed: 0, skipped: 0, warnings: 0 },
    expiresMs: null,
    suppress: [],
    eventFilters: [],
    rateFilters: [],
    bans: [],
  };
  /**
   * Place in `rules` of each gid and sid ((gid - 1) * 2^32 + sid: a small number for most); a replaced rule leaves a hole
   * that finish() closes.
   */
  private readonly byId = new Map<number, number>();
  private readonly rules: (Rule | null)[] = [];
  private readonly env: RuleEnvironment;
  private readonly headers: Headers;

  constructor(settings: Settings, ruleVersion: 7 | 8, checkPattern: LoadOptions['checkPattern']) {
    const classification = new Classification();
    const classFile = settings.string('classification-file');
    classification.readClasses(classFile ?? bundledFile('classification.config'));
    if (classFile === undefined) classification.addStandardClasses();
    classification.readReferences(settings.string('reference-config-file') ?? bundledFile('reference.config'));
    this.set.warnings.push(...classification.notes);
    this.env = new RuleEnvironment(settings, classification, ruleVersion, '.');
    this.env.checkPattern = checkPattern === undefined ? patternFault : checkPattern;
    this.headers = new Headers(this.env);
  }

  /** `verbatim`: the text is the file's, one character a byte. */
  addText(text: string, file: string, verbatim = false): void {
    this.env.folder = dirname(file);
    const snortFile = isSnort3(text);
    const rules = splitRules(snortFile ? joinSnort3Lines(text) : text);
    for (let i = 0; i < rules.length; i++) this.addRule(rules[i], file, snortFile, verbatim && !snortFile);
  }

  addManaged(managed: Managed): void {
    this.set.management = managed.report;
    this.set.failed.push(...managed.failed);
    this.set.warnings.push(...managed.warnings);
    for (const { path, text } of managed.files) this.addText(text, path);
  }

  private addRule(text: RuleText, file: string, snortFile: boolean, verbatim: boolean): void {
    let ast: RuleAst | null = null;
    this.env.remarks.length = 0;
    try {
      ast = this.parse(text.text, snortFile);
      const rule = buildRule(ast, this.env, this.headers.meaning(ast));
      rule.file = file;
      rule.line = text.line;
      rule.text = text.text;
      if (verbatim && text.at !== undefined) rule.textAt = text.at;
      if (text.joins !== null) rule.joins = text.joins;
      this.keep(rule);
      if (this.env.remarks.length > 0)
        for (const r of this.env.remarks)
          this.set.warnings.push({ ...noteFor(text, file, rule.sid, 0), reason: r.reason, hint: r.hint });
    } catch (e) {
      const kind = e instanceof RuleSkip ? 'skipped' : 'failed';
      if (!(e instanceof RuleSkip || e instanceof RuleFault)) throw e;
      if (this.set[kind].length >= LoadLimit.Notes) {
        this.set.unkept[kind]++;
        if (kind === 'failed') this.env.suggests = false;
        return;
      }
      const sid = (ast === null ? null : sidOf(ast.options)) ?? guessSid(text.text);
      const more = e instanceof RuleFault ? { reason: e.reason, hint: e.hint } : { reason: e.reason };
      this.set[kind].push({ ...noteFor(text, file, sid, e instanceof RuleFault ? e.offset : 0), ...more });
    }
  }

  /** Counts the notes past the limit and lets them go. */
  private bound(kind: keyof RuleSet['unkept']): void {
    const list = this.set[kind];
    if (list.length <= LoadLimit.Notes) return;
    this.set.unkept[kind] += list.length - LoadLimit.Notes;
    list.length = LoadLimit.Notes;
  }

  /** Reads a rule in the dialect it is written in: told by itself, or by the file when it could be either. */
  private parse(text: string, snortFile: boolean): RuleAst {
    if (snortFile && !isSuricata(text)) {
      this.headers.forget();
      return translateSnort3(parseSnort3Rule(text), this.env);
    }
    const { ast, at } = this.headers.read(text);
    ast.options = parseOptions(text, at, ast.dialect === 'snort3');
    return ast.dialect === 'snort3' ? translateSnort3(ast, this.env) : ast;
  }

  /** Adds a rule; one of the same gid and sid is replaced by a newer revision, else the new one is refused. */
  private keep(rule: Rule): void {
    const id = (rule.gid - 1) * 2 ** 32 + rule.sid;
    const at = this.byId.get(id);
    const old = at === undefined ? null : this.rules[at];
    if (old !== null && at !== undefined) {
      if (old.rev >= rule.rev) {
        throw new RuleFault(
          `duplicate of rule ${rule.gid}:${rule.sid} rev ${old.rev} at ${old.file} line ${old.line}`,
          'give it a sid of its own or a higher rev',
          0,
        );
      }
      this.rules[at] = null;
      this.env.warn(`replaces rev ${old.rev} of rule ${rule.gid}:${rule.sid} at ${old.file} line ${old.line}`);
    }
    this.byId.set(id, this.rules.push(rule) - 1);
  }

  finish(costs: boolean): RuleSet {
    const { set } = this;
    set.rules = this.rules.filter((r) => r !== null);
    analyseSet(set, costs);
    const path = this.env.settings.string('threshold-file');
    if (path !== undefined) readThresholds(path, this.env, set);
    set.bans = banPolicies(set.rules, this.env.settings);
    for (const kind of ['failed', 'skipped', 'warnings'] as const) this.bound(kind);
    return set;
  }
}

/** A note about a rule; the line is that of the rule's beginning, the column that of the fault in its own line. */
function noteFor(text: RuleText, file: string, sid: number | null, offset: number): RuleNote {
  return { file, line: text.line, column: placeOf(text, Math.max(0, offset)).column, sid, reason: '', hint: null };
}

function sidOf(options: readonly OptionAst[]): number | null {
  const value = options.find((o) => o.name.toLowerCase() === 'sid')?.value?.trim();
  return value !== undefined && /^\d{1,10}$/.test(value) ? Number(value) : null;
}

/** The sid of a rule that could not even be split into options. */
function guessSid(text: string): number | null {
  const m = /\bsid\s*:\s*(\d{1,10})/.exec(text);
  return m === null ? null : Number(m[1]);
}

/** A file of the bundled signatures: looked for in the folders above the program. */
function bundledFile(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 5; up++) {
    const path = join(folder, 'signatures', name);
    if (existsSync(path)) return path;
    folder = dirname(folder);
  }
  return join('signatures', name);
}
