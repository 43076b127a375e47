/** The lists are written for a Python program: its regular expressions, its replacements and its words in quotes. */
import { RuleFault } from '../faults.js';

/** A Python regular expression. Throws RuleFault when it is none. */
export function pythonRegExp(text: string, flags: string): RegExp {
  let source = text;
  let all = flags;
  const leading = /^\(\?([aiLmsux]+)\)/.exec(source);
  if (leading !== null) {
    source = source.slice(leading[0].length);
    for (const flag of leading[1]) if ('ims'.includes(flag) && !all.includes(flag)) all += flag;
  }
  source = source
    .replace(/\(\?P</g, '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/(^|[^\\])\\A/g, '$1^')
    .replace(/(^|[^\\])\\Z/g, '$1$$');
  try {
    return new RegExp(source, all);
  } catch (e) {
    throw new RuleFault(`the expression "${text}" is not understood: ${(e as Error).message}`, null);
  }
}

const controls: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', a: '\x07', b: '\b' };

/** A replacement with \1, \g<1>, \g<name>: gives the text for one match. */
export function pythonTemplate(template: string): (groups: readonly string[], names: Record<string, string>) => string {
  const parts: (string | number | { name: string })[] = [];
  const pattern = /\\(?:g<(\w+)>|(\d{1,2})|([\s\S]))/g;
  let at = 0;
  for (const m of template.matchAll(pattern)) {
    parts.push(template.slice(at, m.index));
    at = m.index + m[0].length;
    if (m[1] !== undefined) parts.push(/^\d+$/.test(m[1]) ? Number(m[1]) : { name: m[1] });
    else if (m[2] !== undefined) parts.push(Number(m[2]));
    else parts.push(controls[m[3]] ?? (m[3] === '\\' ? '\\' : m[0]));
  }
  parts.push(template.slice(at));
  return (groups, names) =>
    parts
      .map((part) => {
        if (typeof part === 'string') return part;
        return (typeof part === 'number' ? groups[part] : names[part.name]) ?? '';
      })
      .join('');
}

/** Words as a shell splits them: quotes, backslashes, and a comment from a `#` that begins a word. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (quote !== '') {
      if (c === quote) quote = '';
      else if (c === '\\' && quote === '"' && (line[i + 1] === '"' || line[i + 1] === '\\')) word += line[++i];
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (/\s/.test(c)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (c === '#' && word === null) break;
    else if (c === '\\' && i + 1 < line.length) word = (word ?? '') + line[++i];
    else word = (word ?? '') + c;
  }
  if (quote !== '') throw new RuleFault(`a ${quote} is not closed`, 'close it, or write a backslash before it');
  if (word !== null) words.push(word);
  return words;
}
