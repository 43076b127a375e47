// `npm run docs`: writes docs/keywords.md from the keyword files, as compiled in out/ (--no-build: as they are there).
// With --check it only says whether the file is up to date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const target = fileURLToPath(new URL('../docs/keywords.md', import.meta.url));
const checking = process.argv.includes('--check');
if (!checking && !process.argv.includes('--no-build')) setup('build');
const { keywords } = await import('../out/src/rules/keywords/list.js');

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

const sorted = [...keywords].sort((a, b) => (a.name < b.name ? -1 : 1));
const text = `<!-- Made by \`npm run docs\` from src/rules/keywords: change it there. -->

# Rule keywords

${sorted.length} keywords. \`!\` in a form means that the value may be negated; square brackets enclose what may be left out.

| keyword | what it is for |
| --- | --- |
${sorted.map((k) => `| [${k.name}](#${k.name.replaceAll('.', '')}) | ${cell(k.description.split(/(?<=\.)\s/)[0])} |`).join('\n')}

${sorted.map(section).join('\n')}`;

if (!checking) {
  mkdirSync(new URL('.', `file://${target}`), { recursive: true });
  writeFileSync(target, text);
} else if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
  process.stderr.write('docs/keywords.md is not what the keyword files say: run `npm run docs`\n');
  process.exit(1);
}
