// The keyword reference, from what each keyword file says of itself.
import { keywords } from '../out/src/rules/keywords/list.js';

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function usage(keyword) {
  if (keyword.value === 'none') return `${keyword.name};`;
  const value = keyword.negatable && !keyword.args.includes('[!]') ? `[!]${keyword.args}` : keyword.args;
  return keyword.value === 'optional' ? `${keyword.name}[:${value}];` : `${keyword.name}:${value};`;
}

function section(keyword) {
  const lines = [`## ${keyword.name}`, '', keyword.description, '', `- Form: \`${usage(keyword)}\``];
  if (keyword.buffer) lines.push(`- Buffer: \`${keyword.buffer}\``);
  if (keyword.aliases?.length) lines.push(`- Also written: ${keyword.aliases.map((a) => `\`${a}\``).join(', ')}`);
  lines.push(`- Example: \`${keyword.example}\``, '');
  return lines.join('\n');
}

export function keywordReference() {
  const sorted = [...keywords].sort((a, b) => (a.name < b.name ? -1 : 1));
  const row = (k) => `| [${k.name}](#${k.name.replaceAll('.', '')}) | ${cell(k.description.split(/(?<=\.)\s/)[0])} |`;
  return `<!-- Made by \`npm run docs\` from src/rules/keywords: change it there. -->

# Rule keywords

${sorted.length} keywords. \`!\` in a form means that the value may be negated; square brackets enclose what may be left out.

| keyword | what it is for |
| --- | --- |
${sorted.map(row).join('\n')}

${sorted.map(section).join('\n')}`;
}
