/**
 * Conversations and near misses made from the rules of keyword-rules.txt (test/tools/rule-traffic.ts), and what an engine
 * makes of them: for each rule and each conversation made for it, how often the rule alerted there. The rules are the
 * repository's own and use every keyword.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Settings } from '../../src/core/settings.js';
import { parseRuleText } from '../../src/rules/load.js';
import { pcapFile } from '../tools/capture-writer.js';
import {
  conversationOf,
  conversationOfFrame,
  type EngineRun,
  type EveAlert,
  writeSettings,
} from '../tools/engine-alerts.js';
import { type RuleCase, ruleCases } from '../tools/rule-traffic.js';
import { writeKeywordFiles } from './keyword-traffic.js';

const source = new URL('../../../test/detect/keyword-rules.txt', import.meta.url);
/** What the recorded results are in; rules by their number in the file, from 1. */
export const recorded = new URL('../../../test/detect/keyword-cases.txt', import.meta.url);

/** Everything of one run over all conversations, but the program that runs. */
export interface KeywordRun {
  cases: RuleCase[];
  run: Omit<EngineRun, 'onAlert' | 'folder'>;
}

/** Writes rules, settings and capture into `folder`. */
export function prepare(folder: string): KeywordRun {
  writeKeywordFiles(folder);
  const options = readFileSync(source, 'utf8')
    .split('\n')
    .flatMap((line) => /^\d+ (\S+) (.*)$/.exec(line)?.slice(1).join(' any any -> any any (') ?? []);
  const text = options
    .map((o, i) => `alert ${o} sid:${i + 1};)\n`)
    .join('')
    .replaceAll('%D', folder);
  const rules = join(folder, 'cases.rules');
  writeFileSync(rules, text);
  const set = parseRuleText(text, new Settings({}));
  const cases = [...ruleCases(set.rules)].filter((c) => c.frames[0].bytes[12] === 8);
  const capture = join(folder, 'cases.pcap');
  writeFileSync(capture, pcapFile(cases.flatMap((c) => c.frames)));
  const more = [
    `default-reputation-path: ${folder}`,
    'reputation-categories-file: categories.txt',
    'reputation-files:\n  - reputation.list',
    `geoip-database: ${join(folder, 'countries.mmdb')}\n`,
  ].join('\n');
  const classes = new Set(set.rules.flatMap((r) => r.classtype ?? []));
  return { cases, run: { capture, rules, config: writeSettings(folder, classes, { more }) } };
}

/** A line a rule: its number, then each conversation with the number of the rule's alerts in it. */
export async function results(
  { cases, run }: KeywordRun,
  engine: (run: EngineRun) => Promise<void>,
  folder: string,
): Promise<string[]> {
  const counts = new Map<string, number>();
  const onAlert = (e: EveAlert): void => {
    const key = `${e.alert.signature_id} ${conversationOf(e)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  await engine({ ...run, folder, onAlert });
  const lines = new Map<number, string[]>();
  for (const c of cases) {
    const list = lines.get(c.rule.sid) ?? [];
    list.push(`${c.label} ${counts.get(`${c.rule.sid} ${conversationOfFrame(c.frames[0].bytes)}`) ?? 0}`);
    lines.set(c.rule.sid, list);
  }
  return [...lines].map(([sid, list]) => `${sid}: ${list.join(', ')}`);
}
