/** What the thread that loads rules is asked, and what it answers. */
import type { FaultKind } from '../core/errors.js';
import type { Places, Tree } from '../core/settings.js';
import type { ListFiles } from '../rules/manage/lists.js';
import type { RuleTables } from './rule-tables.js';

export interface RulesRequest {
  config: Tree;
  configOrigin: string;
  configPlaces: Places;
  onlyRules: string[];
  extraRules: string[];
  lists: Partial<ListFiles>;
  ruleVersion: 7 | 8;
  ruleCache: boolean;
  /** Names by number as the process has them: they keep their numbers. */
  flowNames: string[];
  hostNames: string[];
}

export interface LoadedRules extends RuleTables {
  /** Handles of the pattern databases, each held by the thread that asked. */
  databases: number[];
  /** What went wrong with the cache. */
  notes: string[];
  /** Paths of the configuration that loading asked for. */
  settingsRead: string[];
}

export type FromRulesThread =
  | ({ type: 'loaded' } & LoadedRules)
  /** `kind` is that of the PeccaryError, or null for a defect. */
  | { type: 'failed'; kind: FaultKind | null; message: string };

/** To the thread: its handles are held elsewhere now, it may keep the rules in the cache and end. */
export type ToRulesThread = { type: 'taken' };
