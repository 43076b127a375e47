// The keyword reference, from what each keyword file says of itself.
import { keywords } from '../out/src/rules/keywords/list.js';
import { advice, differences } from '../out/src/rules/keywords/remarks.js';
import { isLater, uninspectedNames, whySkipped } from '../out/src/rules/keywords/uninspected.js';
import { snortBuffers, snortSkipped } from '../out/src/rules/snort3-words.js';

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function usage(keyword) {
  if (keyword.value === 'none') return `${keyword.name};`;
  const value = keyword.negatable && !keyword.args.includes('[!]') ? `[!]${keyword.args}` : keyword.args;
  return keyword.value === 'optional' ? `${keyword.name}[:${value}];` : `${keyword.name}:${value};`;
}

function section(keyword) {
  const lines = [`## ${keyword.name}`, '', keyword.description, '', `- Form: \`${usage(keyword)}\``];
  if (keyword.buffer) lines.push(`- Buffer: \`${keyword.buffer}\``);
  if (keyword.since !== undefined) lines.push(`- Only with \`--rule-version ${keyword.since}\``);
  if (keyword.aliases?.length) lines.push(`- Also written: ${keyword.aliases.map((a) => `\`${a}\``).join(', ')}`);
  lines.push(`- Example: \`${keyword.example}\``);
  lines.push(`- Supported: ${differences[keyword.name] ? 'yes, with a difference' : 'as in Suricata'}`);
  if (differences[keyword.name]) lines.push(`- Differs: ${differences[keyword.name]}`);
  if (advice[keyword.name]) lines.push(`- Note: ${advice[keyword.name]}`);
  lines.push('');
  return lines.join('\n');
}

/** Keywords that make a rule be skipped, by why. */
function skippedKeywords() {
  const byReason = new Map();
  for (const name of uninspectedNames()) {
    const reason = whySkipped(name)
      .replace(`${name} belongs to protocol `, '')
      .replace(/, which is not inspected$/, '')
      .replace(`${name}: `, '');
    const text = `\`${name}\`${isLater(name) ? ' (8)' : ''}`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), text]);
  }
  return [...byReason].map(([reason, names]) => `| ${reason} | ${names.join(' ')} |`).join('\n');
}

const snort = `## Snort 3

A file, or a rule by itself, that can only be Snort 3's is read in that dialect: options after commas in \`content\`,
\`service\`, \`bufferlen\`, the header without addresses. Its options are rewritten into those above; a rule with
\`service:http\` or HTTP buffers is one for HTTP on any port. \`block\` is \`drop\`, \`react\` is \`reject\`,
\`rewrite\` is \`alert\`. Numbers take Snort's ranges (\`<=>\` with its ends) for every header field.

| option | taken as |
| --- | --- |
${[...snortBuffers].map(([name, buffer]) => `| \`${name}\` | \`${buffer}\` |`).join('\n')}
| \`http_uri:path\` and scheme, host, port, query, fragment | that part of the target, cut out by \`pcrexform\` |
| \`http_header:field NAME\` | the buffer of that header, or its value cut out of \`http.header\` |
| \`http_param:"NAME"\` | the parameter's value in the query; request bodies are not searched |
| \`http_num_headers\`, \`http_num_cookies\`, \`http_max_header_line\`, \`http_version_match\` | expressions on \`http.header_names\`, \`http.cookie\`, \`http.header\`, \`http.protocol\` |
| \`alert file\` | \`alert http\` with \`file.data\` |
| \`bufferlen\` | \`bsize\`, \`dsize\` on the payload, \`isdataat\` with \`relative\` |
| \`regex\`, \`sd_pattern\` | \`pcre\`; numbers of credit cards are not checked: skipped |
| \`sip_method\`, \`sip_stat_code\` | expressions on the payload: SIP is not parsed |
| \`rem\`, \`enable\` | nothing; \`enable:no\` skips the rule |

A rule with one of these is skipped:

| option | why |
| --- | --- |
${[...snortSkipped].map(([name, reason]) => `| \`${name}\` | ${reason} |`).join('\n')}
`;

export function keywordReference() {
  const sorted = [...keywords].sort((a, b) => (a.name < b.name ? -1 : 1));
  const row = (k) => `| [${k.name}](#${k.name.replaceAll('.', '')}) | ${cell(k.description.split(/(?<=\.)\s/)[0])} |`;
  return `<!-- Made by \`npm run docs\` from src/rules/keywords: change it there. -->

# Rule keywords

${sorted.length} keywords. \`!\` in a form means that the value may be negated; square brackets enclose what may be left out.

What is said to be supported as in Suricata means what Suricata 7.0.10 takes it to mean; differences stand with the
keyword, those of the engine as a whole in RATIONALE.md. Keywords that are not inspected, and Snort 3's words, stand at
the [end](#known-and-not-looked-at).

| keyword | what it is for |
| --- | --- |
${sorted.map(row).join('\n')}

${sorted.map(section).join('\n')}
## Known and not looked at

A rule with one of these is skipped with the reason, and counted. (8): only with \`--rule-version 8\`; refused without.

| protocol or reason | keywords |
| --- | --- |
${skippedKeywords()}

${snort}`;
}
