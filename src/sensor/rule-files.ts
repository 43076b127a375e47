/** Which rule files a run loads: those of the command line, the configuration's, or the bundled ones. */
import { readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { checkPcre } from '../addon/pcre.js';
import { packageRoot } from '../core/package-root.js';
import type { Settings } from '../core/settings.js';
import { pcreOptions } from '../detect/regexes.js';
import type { RuleSet } from '../rules/ir.js';
import { configuredRuleFiles, loadRules } from '../rules/load.js';
import { configuredLists, type ListFiles } from '../rules/manage/lists.js';
import { expandRuleFiles, readRuleBytes } from '../rules/rule-files.js';

export interface RuleRequest {
  settings: Settings;
  /** -S: only these. */
  only: readonly string[];
  /** -s: these too. */
  extra: readonly string[];
  ruleVersion: 7 | 8;
  /** Lists of rule management from the command line; each kind goes before the configured ones. */
  lists?: Partial<ListFiles>;
}

/** Rule files in loading order with their content, as it stands on disk. */
export type RuleFileBytes = ReadonlyMap<string, Buffer>;

/** The signatures that come with Peccary, absolute paths in order of name. */
function bundledRuleFiles(): string[] {
  const folder = join(packageRoot(), 'signatures');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.rules'))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * Loads the rules of a run: -S files alone, or the configuration's `rule-files` (the bundled signatures where it names
 * none) and then -s files. `content`: what readRunRules read of them, so that it is read once. Throws PeccaryError when a file cannot be read; refused rules are in the answer.
 */
export function loadRunRules(request: RuleRequest, content?: RuleFileBytes, costs = true): RuleSet {
  const { settings, ruleVersion, lists } = request;
  const files = runRuleFiles(request);
  return loadRules({
    settings,
    ruleVersion,
    checkPattern: refusalOf,
    lists: configuredLists(settings, lists ?? {}),
    files,
    content,
    costs,
  });
}

function runRuleFiles({ settings, only, extra }: RuleRequest): readonly string[] {
  const configured = configuredRuleFiles(settings);
  if (only.length > 0) return only;
  if (configured.files.length === 0) return [...bundledRuleFiles(), ...extra];
  return [...configured.files.map((f) => (isAbsolute(f) ? f : join(configured.folder, f))), ...extra];
}

/** Reads the rule files of a run. Throws PeccaryError when one cannot be read. */
export function readRunRules(request: RuleRequest): RuleFileBytes {
  const paths = expandRuleFiles(runRuleFiles(request), process.cwd());
  return new Map(paths.map((path) => [path, readRuleBytes(path)]));
}

/** What PCRE2 says against an expression, or null. */
function refusalOf(expr: string, flags: string): string | null {
  const refusal = checkPcre(expr, pcreOptions(flags));
  return refusal === null ? null : `${refusal.message} at byte ${refusal.index} of the expression`;
}
