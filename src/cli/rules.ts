/** `peccary rules`: which rules load and why the others do not, a list of them, one of them as understood. */
import type { Command } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { Settings } from '../core/settings.js';
import type { ManagementReport, Rule, RuleSet } from '../rules/ir.js';
import {
  addConfigOptions,
  addRuleOptions,
  type ConfigOptions,
  loadConfigOptions,
  type RuleOptions,
  ruleLists,
} from './config-options.js';
import { type Column, outputWidth, safe, safeJson, tableLines } from './format.js';
import { noteText } from './replay-summary.js';
import { registerExplain } from './rules-explain.js';
import { registerProfile } from './rules-profile.js';
import { plural } from './text.js';

interface Flags extends ConfigOptions, RuleOptions {
  json: boolean;
}

const examples = `
Examples:
  peccary rules check -S my.rules
  peccary rules list injection
  peccary rules show 5100001
  peccary rules explain 5100001 capture.pcap
  peccary rules profile capture.pcap`;

export function registerRules(program: Command): void {
  const rules = program
    .command('rules')
    .description('Check, list and explain rules. Without -S, -s and a configuration: the bundled rules.')
    .addHelpText('after', examples);
  const check = rules
    .command('check')
    .description('Say which rules are refused or skipped and why; exit 2 if any is refused.');
  shared(check).action(async (flags: Flags) => printCheck(await load(flags), flags.json));
  const list = rules
    .command('list')
    .description('One line a rule.')
    .argument('[text]', 'only rules with this text in message, class or file (any case)');
  shared(list).action(async (text: string | undefined, flags: Flags) => printList(await load(flags), text, flags.json));
  const show = rules
    .command('show')
    .description('A rule as Peccary understands it.')
    .argument('<sid>', 'SID or GID:SID');
  shared(show).action(async (sid: string, flags: Flags) => printRule(await load(flags), sid, flags));
  registerExplain(rules);
  registerProfile(rules);
}

function shared(command: Command): Command {
  return addConfigOptions(addRuleOptions(command)).option('--json', 'print JSON', false);
}

interface Loaded {
  set: RuleSet;
  settings: Settings;
}

async function load(flags: Flags): Promise<Loaded> {
  const config = await loadConfigOptions(flags);
  const settings = new Settings(config.tree, config.origin, config.places);
  const { loadRunRules } = await import('../sensor/rule-files.js');
  const set = loadRunRules({
    settings,
    only: flags.rules,
    extra: flags.addRules,
    ruleVersion: flags.ruleVersion,
    lists: ruleLists(flags),
  });
  return { set, settings };
}

async function printCheck({ set, settings }: Loaded, json: boolean): Promise<void> {
  const { compileRules } = await import('../rules/compile/compile.js');
  const { withRefused } = await import('../rules/compile/refused.js');
  const { loaded, failed } = withRefused(set, compileRules(set, settings).refused);
  const { skipped, warnings, unkept, management } = set;
  if (json) {
    const more = unkept.failed + unkept.skipped + unkept.warnings > 0 ? { unkept } : {};
    const report = { loaded, failed, skipped, warnings, ...more, lists: management };
    process.stdout.write(`${safeJson(JSON.stringify(report))}\n`);
  } else {
    const lines = [
      ...(management === undefined ? [] : listLines(management)),
      ...failed.map((note) => `refused  ${noteText(note)}`),
      ...skipped.map((note) => `skipped  ${noteText(note)}`),
      ...warnings.map((note) => `warning  ${noteText(note)}`),
      ...unkeptLines(unkept),
      `${plural(loaded, 'rule')} loaded, ${failed.length + unkept.failed} refused, ${skipped.length + unkept.skipped} skipped, ${plural(warnings.length + unkept.warnings, 'warning')}`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  }
  if (failed.length > 0) process.exitCode = 2;
}

/** What is counted in the last line without a line of its own. */
function unkeptLines({ failed, skipped, warnings }: RuleSet['unkept']): string[] {
  if (failed + skipped + warnings === 0) return [];
  return [`${failed} more refused, ${skipped} more skipped and ${plural(warnings, 'more warning')} are not listed`];
}

const done: Record<string, string> = { disable: 'disabled', enable: 'enabled', drop: 'made drop', modify: 'modified' };

/** What each line of enable.conf and its kind did. */
function listLines({ lines, forFlowbits }: ManagementReport): string[] {
  const out = lines.map(({ kind, file, line, text, matched, changed }) => {
    const others = matched > changed ? `, ${matched - changed} more matched and needed no change` : '';
    return `list     ${safe(file)}:${line}: ${safe(text)}: ${plural(changed, 'rule')} ${done[kind]}${others}`;
  });
  if (forFlowbits.length > 0)
    out.push(`list     ${plural(forFlowbits.length, 'rule')} enabled, without alerts, for flowbits that others test`);
  return out;
}

const listColumns: Column<Rule>[] = [
  { title: 'rule', text: (rule) => `${rule.gid}:${rule.sid}:${rule.rev}` },
  { title: 'action', text: (rule) => rule.action },
  { title: 'priority', text: (rule) => String(rule.priority), right: true },
  { title: 'class', text: (rule) => rule.classtype ?? '-' },
  { title: 'message', text: (rule) => rule.msg, elastic: true },
];

async function printList({ set }: Loaded, text: string | undefined, json: boolean): Promise<void> {
  const wanted = text?.toLowerCase() ?? '';
  const rules = set.rules.filter((rule) =>
    `${rule.msg}\n${rule.classtype}\n${rule.file}`.toLowerCase().includes(wanted),
  );
  if (json) {
    const { ruleJson } = await import('./rule-show.js');
    process.stdout.write(rules.map((rule) => `${ruleJson(rule)}\n`).join(''));
  } else {
    const width = outputWidth(process.stdout);
    process.stdout.write(`${tableLines(rules, listColumns, width, (_, text) => text).join('\n')}\n`);
  }
}

async function printRule({ set, settings }: Loaded, id: string, { json }: Flags): Promise<void> {
  const match = /^(?:(\d+):)?(\d+)$/.exec(id);
  if (match === null)
    throw new PeccaryError('usage', `${id}: expected the number of a rule, such as 5100001 or 1:5100001`);
  const [gid, sid] = [match[1] === undefined ? null : Number(match[1]), Number(match[2])];
  const found = set.rules.filter((rule) => rule.sid === sid && (gid === null || rule.gid === gid));
  const refused = [...set.failed, ...set.skipped].find((note) => note.sid === sid);
  if (found.length === 0) {
    const why = refused === undefined ? 'no such rule is loaded; see `peccary rules list`' : noteText(refused);
    throw new PeccaryError('rules', `${id}: ${why}`);
  }
  const { FactFinder } = await import('../rules/facts.js');
  const { describeRule, ruleJson } = await import('./rule-show.js');
  const finder = new FactFinder(set, settings);
  for (const rule of found) {
    const facts = finder.facts(rule);
    process.stdout.write(json ? `${ruleJson(rule, facts)}\n` : `${describeRule(rule, facts)}\n${safe(rule.text)}\n`);
  }
}
