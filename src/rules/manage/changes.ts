/** What a line of modify.conf does to a rule's text (suricata-update manual, "Modifying Rules"). */
import { RuleFault } from '../faults.js';
import { parseRule } from '../parse.js';
import { type Matcher, parseMatcher } from './matchers.js';
import { pythonRegExp, pythonTemplate, shellWords } from './python.js';

export interface Change {
  matches: Matcher;
  /** The rule's new text. Throws RuleFault when that is no rule any more. */
  apply(text: string): string;
}

const forms = 'write: WHICH "from" "to", modifysid WHICH "from" | "to", or metadata-add WHICH "key" "value"';

/** Throws RuleFault for a line that is not understood. */
export function parseChange(line: string): Change {
  const words = shellWords(line);
  if (words[0] === 'metadata-add' && words.length === 4) return metadataChange(words[1], words[2], words[3]);
  if (words[0] === 'modifysid' && words.length === 5 && words[3] === '|')
    return textChange(words[1], words[2], words[4].replace(/\$\{(\d+)\}/g, '\\$1'));
  if (words.length === 3) return textChange(words[0], words[1], words[2]);
  throw new RuleFault(`${words.length} words where three are expected`, forms);
}

function textChange(which: string, from: string, to: string): Change {
  const expr = pythonRegExp(from, 'g');
  const template = pythonTemplate(to);
  return {
    matches: parseMatcher(which),
    apply: (text) =>
      checked(
        text.replace(expr, (...args: unknown[]) => {
          const groups = args.slice(
            0,
            args.findIndex((a) => typeof a === 'number'),
          ) as string[];
          const last = args[args.length - 1];
          return template(groups, typeof last === 'object' && last !== null ? (last as Record<string, string>) : {});
        }),
      ),
  };
}

function metadataChange(which: string, key: string, value: string): Change {
  return {
    matches: parseMatcher(which),
    apply: (text) => checked(text.replace(/\s*\)\s*$/, () => ` metadata: ${key} ${value};)`)),
  };
}

function checked(text: string): string {
  if (/[\r\n]/.test(text)) throw new RuleFault('the new text has several lines', 'leave out the line break');
  const { action } = parseRule(text);
  if (!/^(alert|drop|pass|reject|rejectsrc|rejectdst|rejectboth|config)$/i.test(action.text))
    throw new RuleFault(`the new text begins with "${action.text}"`, 'a rule begins with its action');
  return text;
}

/** As drop.conf changes a rule. */
export function asDrop(text: string): string {
  return text.replace(/^\s*\w+/, 'drop');
}

/** A rule that is there for its flowbits alone. */
export function asSilent(text: string): string {
  return text.replace(/([;(])(\s*)(sid\s*:)/i, (_, before: string, space: string, sid: string) => {
    return `${before}${space === '' ? ' ' : space}noalert; ${sid}`;
  });
}
