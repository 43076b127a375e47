/**
 * Which rules a line of enable.conf, disable.conf, drop.conf or modify.conf means (suricata-update manual, "Rule
 * Matching"): numbers, `re:`, `group:`, `filename:`, `metadata:`, `multi:` and `*`.
 */
import { basename } from 'node:path';
import { RuleFault } from '../faults.js';
import { wildcard } from '../rule-files.js';
import { type Candidate, optionValues } from './candidates.js';
import { pythonRegExp } from './python.js';

export type Matcher = (rule: Candidate) => boolean;

const kinds = 'a number (gid:sid or sid), re:, group:, filename:, metadata:, multi: or *';

/** Throws RuleFault for text that names no rules. */
export function parseMatcher(text: string): Matcher {
  if (text === '*') return () => true;
  const colon = text.indexOf(':');
  const kind = text.slice(0, Math.max(0, colon));
  const value = text.slice(colon + 1).trim();
  switch (kind) {
    case 're': {
      const expr = pythonRegExp(value, 'i');
      return (rule) => expr.test(rule.text);
    }
    case 'group':
      return groupMatcher(value);
    case 'filename':
      return filenameMatcher(value);
    case 'metadata':
      return metadataMatcher(value);
    case 'multi': {
      const parts = value.split(';').filter((part) => part.trim() !== '');
      const all = parts.map((part) => parseMatcher(part.trim()));
      if (all.length === 0) throw new RuleFault('multi: names no rules', `write several of: ${kinds}`);
      return (rule) => all.every((matches) => matches(rule));
    }
    default:
      return numberMatcher(text);
  }
}

function numberMatcher(text: string): Matcher {
  const wanted = new Set<string>();
  for (const part of text.split(',')) {
    const m = /^\s*(?:(\d+)\s*:\s*)?(\d+)\s*$/.exec(part);
    if (m === null) throw new RuleFault(`"${text}" does not say which rules`, `write ${kinds}`);
    wanted.add(`${Number(m[1] ?? 1)}:${Number(m[2])}`);
  }
  return (rule) => wanted.has(`${rule.gid}:${rule.sid}`);
}

/** `group:` is the name of the rule's file, with or without what follows its last dot. */
function groupMatcher(value: string): Matcher {
  const pattern = wildcard(value);
  return byFile((path) => {
    const name = basename(path).replace(/\.gz$/, '');
    return pattern.test(name) || pattern.test(name.replace(/\.[^.]*$/, ''));
  });
}

/** `filename:` is the path of the rule's file; a relative one may be the end of it. */
function filenameMatcher(value: string): Matcher {
  const pattern = wildcard(value);
  return byFile((path) => {
    const parts = path.split('/');
    return parts.some((_, i) => pattern.test(parts.slice(i).join('/')));
  });
}

/** The answer is the same for all rules of a file. */
function byFile(test: (path: string) => boolean): Matcher {
  const known = new Map<string, boolean>();
  return ({ path }) => {
    let answer = known.get(path);
    if (answer === undefined) {
      answer = test(path);
      known.set(path, answer);
    }
    return answer;
  };
}

/** `metadata: key value`: one pair of the rule's metadata, in any letter case. */
function metadataMatcher(value: string): Matcher {
  const wanted = value.toLowerCase().replace(/\s+/g, ' ');
  const key = wanted.split(' ')[0];
  return ({ text }) =>
    text.toLowerCase().includes(key) &&
    optionValues(text, 'metadata').some((list) =>
      list.split(',').some((pair) => pair.trim().toLowerCase().replace(/\s+/g, ' ') === wanted),
    );
}
