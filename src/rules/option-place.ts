/** Where in its text a rule says something: the column of the option that a match or condition came from. */
import type { Condition, Match, Rule } from './ir.js';
import { parseContentBytes } from './keywords/content.js';
import { placeOf } from './lexer.js';
import { parseOptions } from './parse.js';

const fields: Record<string, string[]> = { itype: ['itype'], icode: ['icode'], 'tcp.mss': ['tcp.mss'] };

/** Keywords that may have written it. */
function keywordsOf(at: Match | Condition): string[] {
  switch (at.kind) {
    case 'content':
      return ['content', 'uricontent'];
    case 'bsize':
      return ['bsize', 'urilen'];
    case 'number':
      return fields[at.field] ?? [at.field];
    case 'tcp_flags':
      return ['flags', 'tcp.flags'];
    case 'ip_flags':
      return ['fragbits'];
    case 'ip_opts':
      return ['ipopts'];
    default:
      return [at.kind];
  }
}

function isContentOf(value: string | null, bytes: string): boolean {
  try {
    const text = /^\s*!?\s*"([\s\S]*)"/.exec(value ?? '')?.[1];
    if (text === undefined) return false;
    return parseContentBytes(text) === bytes;
  } catch {
    return false;
  }
}

/** 1-based column in the option's own line; 1 when the option is not found (dialects have other words for some). */
export function columnOf(rule: Rule, at: Match | Condition | null): number {
  if (at === null) return 1;
  const names = keywordsOf(at);
  try {
    const options = parseOptions(rule.text, rule.text.indexOf('('), true).filter((o) =>
      names.includes(o.name.toLowerCase()),
    );
    const said = 'names' in at ? at.names.join('|') : 'name' in at ? at.name : null;
    const found =
      at.kind === 'content'
        ? options.find((o) => isContentOf(o.value, at.bytes))
        : said !== null
          ? options.find((o) => o.value?.includes(said))
          : options[0];
    if (found === undefined) return 1;
    return placeOf({ text: rule.text, line: rule.line, joins: rule.joins ?? null }, found.at).column;
  } catch {
    return 1;
  }
}
