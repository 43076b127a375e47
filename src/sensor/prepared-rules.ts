/** The rules of a run, ready to be handed to the threads: loaded and compiled, or taken from the cache. */
import { patiently } from '../core/tier-up.js';
import { packRules, type RuleSources } from '../output/rule-table.js';
import { type CompiledRules, compileRules } from '../rules/compile/compile.js';
import { compileDatabases } from '../rules/compile/databases.js';
import { flowNames, hostNames } from '../rules/compile/names.js';
import { withRefused } from '../rules/compile/refused.js';
import { recordInputs } from '../rules/inputs.js';
import type { RuleNote, RuleSet } from '../rules/ir.js';
import { isGzip } from '../rules/rule-files.js';
import { CacheLimit, RuleCache } from './rule-cache.js';
import type { CacheChecks } from './rule-cache-file.js';
import { ruleCacheKey } from './rule-cache-key.js';
import { loadRunRules, type RuleFileBytes, type RuleRequest, readRunRules } from './rule-files.js';
import type { RuleReport, RuleTables } from './rule-tables.js';

/** Bytes of rule text in a byte of gzip, about. */
const UsualPacking = 8;

export interface PreparedRules extends RuleTables {
  /** Handles of the pattern databases; held by the thread that prepared them. */
  databases: number[];
  /** The rules themselves; null when they come from the cache. */
  source: { set: RuleSet; compiled: CompiledRules } | null;
  /** What went wrong with the cache. */
  notes: string[];
  /** Keeps the rules for the next start, where that pays; to be called when nobody waits. */
  keep(): void;
}

/** How the rules of a run are to be had. */
export interface Preparation {
  /** false: --no-rule-cache. */
  cache: boolean;
  /** The rules themselves are wanted too; then they are compiled. */
  source: boolean;
}

/** Throws PeccaryError as loadRunRules does. */
export function prepareRules(request: RuleRequest, { cache, source }: Preparation): PreparedRules {
  const notes: string[] = [];
  const tell = (note: string): void => {
    notes.push(note);
  };
  const store = RuleCache.open(request.settings);
  const content = readRunRules(request);
  if (store === null || !cache || source || !isWorthKeeping(content)) {
    return { ...patiently(() => compile(request, content, source)).made, notes, keep: () => undefined };
  }
  const key = ruleCacheKey(request, content);
  const found = store.read(key, request.settings, tell);
  if (found !== null) {
    flowNames.adopt(found.rules.flowNames);
    hostNames.adopt(found.rules.hostNames);
    return {
      ...found,
      packed: { ...found.packed, sources: sourcesOf(content) },
      source: null,
      notes,
      keep: () => undefined,
    };
  }
  const { made, checks } = patiently(() => compile(request, content, false));
  return { ...made, notes, keep: () => store.write(key, made, made.databases, checks, tell) };
}

/** Small sets are compiled faster than a cache is looked through. */
function isWorthKeeping(content: RuleFileBytes): boolean {
  let text = 0;
  for (const bytes of content.values()) text += isGzip(bytes) ? bytes.length * UsualPacking : bytes.length;
  return text >= CacheLimit.MinText;
}

/** The files that rules stand in as they are. */
function sourcesOf(content: RuleFileBytes): RuleSources {
  const out: RuleSources = {};
  for (const [path, bytes] of content) if (!isGzip(bytes)) out[path] = bytes;
  return out;
}

type Made = Omit<PreparedRules, 'notes' | 'keep'>;

/** `costs`: costly rules are remarked on, which only those read who have the rules themselves. */
function compile(request: RuleRequest, content: RuleFileBytes, costs: boolean): { made: Made; checks: CacheChecks } {
  // Settings of its own say what loading asks for; the run's own settings are told afterwards.
  const { settings } = request;
  const asked = settings.fresh();
  const { result, inputs } = recordInputs(() => {
    const set = loadRunRules({ ...request, settings: asked }, content, costs);
    return { set, compiled: compileRules(set, asked) };
  });
  const known = asked.known();
  settings.markRead(known);
  const { set, compiled } = result;
  const { rules: all, ...rules } = compiled;
  const { skipped, warnings, unkept, expiresMs } = set;
  const { loaded, failed } = withRefused(set, compiled.refused);
  return {
    made: {
      rules,
      packed: packRules(all, sourcesOf(content)),
      report: { loaded, failed, skipped, warnings, unkept, expiresMs },
      databases: compileDatabases(rules),
      source: { set, compiled },
    },
    checks: { inputs, settings: known.map((path) => [path, JSON.stringify(asked.get(path) ?? null)]) },
  };
}

/** The first refused rule and what is wrong with it. */
export function firstRefusal(report: RuleReport): { note: RuleNote; others: number } | null {
  const { failed, unkept } = report;
  return failed.length === 0 ? null : { note: failed[0], others: failed.length - 1 + unkept.failed };
}
