/** A rule as it was understood, for people and for programs: `peccary rules show`. */

import { bufferName, type RuleFacts, type Searched, type StateUse, transformText } from '../rules/facts.js';
import type { Rule } from '../rules/ir.js';
import { metadataPairs } from '../rules/metadata.js';
import { safe, safeJson } from './format.js';
import { contentText, flowText, headerText } from './rule-text.js';
import { conditionWords, effectWords, matchWords, thresholdWords } from './rule-words.js';

/** Literals, groups and sids shown before the rest are counted. */
const Shown = 8;

const typeWords: Record<string, string> = {
  ip_only: 'addresses alone: once a flow and direction',
  like_ip_only: 'addresses alone, with exclusions: each packet',
  pd_only: 'the protocol of the flow alone: once it is known',
  de_only: 'events of decoding alone',
  pkt: 'packets',
  pkt_stream: 'packets and the raw stream',
  stream: 'the raw stream',
  app_layer: 'flows of the application protocol',
  app_tx: 'transactions: each at most once',
};

export function describeRule(rule: Rule, facts: RuleFacts): string {
  const lines: string[] = [`${rule.gid}:${rule.sid}:${rule.rev}  ${safe(rule.msg)}`];
  const row = (name: string, value: string): void => void lines.push(`  ${name.padEnd(11)} ${safe(value)}`);
  row('written in', `${rule.file}:${rule.line}`);
  row('action', rule.noalert ? `${rule.action}, without an alert` : rule.action);
  row(
    'priority',
    rule.classtype === null ? String(rule.priority) : `${rule.priority} (${rule.classtype}: ${rule.classText})`,
  );
  row('traffic', headerText(rule));
  row('direction', facts.directions.join(' and '));
  const flow = flowText(rule);
  if (flow !== '') row('flow', flow);
  row('type', `${facts.type}: ${typeWords[facts.type] ?? ''}`);
  row('searched', facts.searched === null ? nothingSearched(facts) : searchedWords(facts.searched));
  for (const g of facts.portGroups)
    row('port groups', `${g.protocol} ${g.direction}: ${listed(g.groups.map(String))} of ${g.of}`);
  for (const section of rule.sections) {
    const name = [bufferName(section.buffer), ...section.transforms.map(transformText)].join(', then ');
    const when = facts.looksAt.find((l) => l.buffer === bufferName(section.buffer))?.when ?? '';
    row('in', `${name} (${when})`);
    for (const match of section.matches) row('', matchWords(match));
  }
  for (const condition of rule.conditions) row('condition', conditionWords(condition));
  for (const effect of rule.effects) row('effect', effectWords(effect));
  for (const use of facts.state) row('state', stateWords(use));
  if (rule.threshold !== null) row('threshold', thresholdWords(rule.threshold));
  if (rule.target !== null) row('target', rule.target);
  for (const reference of rule.references) row('reference', `${reference.type}: ${reference.value}`);
  for (const [key, value] of metadataPairs(rule.metadata)) row('metadata', `${key} ${value}`);
  for (const note of facts.warnings) row('warning', note.hint === null ? note.reason : `${note.reason}; ${note.hint}`);
  return `${lines.join('\n')}\n`;
}

function listed(words: readonly string[]): string {
  const rest = words.length - Shown;
  return rest > 0 ? `${words.slice(0, Shown).join(', ')} and ${rest} more` : words.join(', ');
}

function nothingSearched({ type, looksAt }: RuleFacts): string {
  if (looksAt.length === 0) return 'nothing: it looks at no bytes';
  return type === 'app_tx'
    ? 'nothing: it is tried on every transaction'
    : 'nothing: it is tried on everything of its port groups';
}

function searchedWords({ buffer, transforms, literals, from, databases }: Searched): string {
  const what = listed(literals.map((bytes) => `"${contentText(bytes)}"`));
  const where = [buffer, ...transforms].join(', then ');
  const why = from === 'pcre' ? ', which the pcre cannot match without,' : '';
  const beside = databases.map((d) => `${d.direction} over ${d.over}: ${d.patterns}`);
  return `${what}${why} in ${where}${beside.length === 0 ? '' : `; patterns searched for together: ${beside.join(', ')}`}`;
}

function stateWords({ kind, name, does, others }: StateUse): string {
  const part = does === 'tests' ? 'written' : 'tested';
  return `${does} ${kind} ${name}, ${others.length === 0 ? `${part} by no other rule` : `${part} by ${listed(others.map(String))}`}`;
}

/** A rule with its facts as JSON; the large integers of IPv6 ranges become text. */
export function ruleJson(rule: Rule, facts?: RuleFacts): string {
  return safeJson(
    JSON.stringify(
      { ...rule, metadata: metadataPairs(rule.metadata), ...(facts === undefined ? {} : { understood: named(facts) }) },
      (_, value) => (typeof value === 'bigint' ? value.toString() : value),
    ),
  );
}

/** Literals as rules write them. */
function named(facts: RuleFacts): unknown {
  const { searched } = facts;
  return {
    ...facts,
    searched:
      searched === null ? null : { ...searched, literals: searched.literals.map((bytes) => contentText(bytes)) },
  };
}
