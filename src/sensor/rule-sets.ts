/** The rules of a running sensor: loading them, judging a new set, and what was said of the last. */
import { closeHandle } from '../addon/handles.js';
import { PeccaryError } from '../core/errors.js';
import type { RuleNote } from '../rules/ir.js';
import type { LoadedConfig } from './config.js';
import { loadRulesAside } from './load-rules.js';
import { firstRefusal } from './prepared-rules.js';
import type { RuleReport } from './rule-tables.js';
import type { LoadedRules, RulesRequest } from './rules-protocol.js';
import type { ReloadReport } from './running.js';

/** What the command line says of rules. */
export type RuleChoice = Pick<RulesRequest, 'onlyRules' | 'extraRules' | 'lists' | 'ruleVersion' | 'ruleCache'>;

/** Loads the rules that the configuration and the command line name. Throws PeccaryError. */
export function loadChosen(choice: RuleChoice, { tree, origin, places }: LoadedConfig): Promise<LoadedRules> {
  const { onlyRules, extraRules, lists, ruleVersion, ruleCache } = choice;
  return loadRulesAside({
    onlyRules,
    extraRules,
    lists,
    ruleVersion,
    ruleCache,
    config: tree,
    configOrigin: origin,
    configPlaces: places,
  });
}

/** A refused rule in words: place, reason, what to write instead. */
export function refusalText({ file, line, column, reason, hint }: RuleNote): string {
  return `${file}:${line}:${column}: ${reason}${hint === null ? '' : `; ${hint}`}`;
}

/** Throws for the first refused rule. */
export function refuseAny(report: RuleReport): void {
  const first = firstRefusal(report);
  if (first === null) return;
  const more = first.others > 0 ? ` (and ${first.others} more; see: peccary rules check)` : '';
  throw new PeccaryError('rules', `${refusalText(first.note)}${more}`);
}

/** What a refusal is known by when lines have moved. */
const keyOf = (n: RuleNote): string => `${n.file} ${n.sid ?? ''} ${n.reason}`;

/**
 * Why a new set must not take the place of the one in force, or null: it refuses rules that the other did not refuse. What
 * was refused before does not stand in the way of a reload, an error that was made since does.
 */
export function newRefusals(before: RuleReport, next: RuleReport): string | null {
  const known = new Map<string, number>();
  for (const note of before.failed) known.set(keyOf(note), (known.get(keyOf(note)) ?? 0) + 1);
  const fresh = next.failed.filter((note) => {
    const left = known.get(keyOf(note)) ?? 0;
    known.set(keyOf(note), left - 1);
    return left <= 0;
  });
  if (fresh.length === 0) return null;
  const more = fresh.length > 1 ? ` (and ${fresh.length - 1} more)` : '';
  return `${refusalText(fresh[0])}${more}`;
}

export function releaseDatabases(rules: LoadedRules): void {
  for (const handle of rules.databases) closeHandle(handle);
}

/** How many of each there are, kept or not. */
export function reportOf(report: RuleReport, fault: string | null, tookMs: number): ReloadReport {
  const { loaded, failed, skipped, unkept } = report;
  return {
    fault,
    loaded,
    failed: failed.length + unkept.failed,
    skipped: skipped.length + unkept.skipped,
    tookMs: Math.round(tookMs),
  };
}
