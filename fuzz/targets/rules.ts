/**
 * Rule files: whatever the text, each rule is loaded, refused or skipped with a place, and what loads compiles and works.
 * Comments of an input set variables (`#var NAME VALUE`) and change its rules (`#list disable LINE`).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { keywords } from '../../src/rules/keywords/list.js';
import { parseRuleText } from '../../src/rules/load.js';
import { type ListKind, listKinds, type ReadLists, readList } from '../../src/rules/manage/lists.js';
import { applyLists } from '../../src/rules/manage/manage.js';
import { PipelineRun, poolsInUse } from '../../test/tools/pipeline-run.js';
import { tcpSession } from '../../test/tools/session.js';
import { words } from '../shapes.js';
import { type FuzzTarget, ledTo, promise } from '../target.js';

const header = 'alert http $HOME_NET any -> [1.2.3.4,!10.0.0.0/8] [80,1024:]';

/** Rules of an input that are also put to work. */
const MaxRules = 40;

const conversation = tcpSession({
  exchanges: [
    { from: 'client', data: 'POST /a.php?id=1%20a HTTP/1.1\r\nHost: a.b\r\nContent-Length: 6\r\n\r\na=aaaa' },
    { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\naaaaa' },
  ],
});

/** Compiles the rules and lets them look at a conversation. */
function work(text: string): void {
  new PipelineRun(text, {}, false, true).feed(conversation).finish();
  for (const [pool, used] of Object.entries(poolsInUse())) promise(used === 0, `${pool} is empty at the end`);
}

/** Applies the lists: lines stay where they are, and what comes out is read as any file is. */
function managed(text: string, settings: Settings, lists: ReadLists): void {
  const out = applyLists([{ path: 'fuzz.rules', text }], lists);
  for (const note of [...out.failed, ...out.warnings]) ledTo(note.reason.slice(0, 24));
  promise(out.files[0].text.split('\n').length === text.split('\n').length, 'lists change no line numbers');
  parseRuleText(out.files[0].text, settings, { file: 'fuzz.rules' });
}

/** The examples of the keyword files, as rules; some lack what they need to stand alone, which is as good a start. */
function exampleRules(): string[] {
  return keywords.map((k, i) => `${header} (msg:"${k.name}"; content:"a"; ${k.example} sid:${i + 1};)\n`);
}

/** The rules of the rule tests: what Suricata takes and refuses, some on a line. */
function testedRules(): string[] {
  const folder = join(packageRoot(), 'test/rules/cases');
  const lines = readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'latin1')
      .split('\n')
      .flatMap((line) => /^(?:ok|fail|skip) +(.*?)(?: {2}##.*)?$/.exec(line)?.[1] ?? [])
      .map((text, i) => (name === 'headers.txt' ? text : `alert tcp any any -> any any (${text} sid:${i + 1};)`)),
  );
  const out: string[] = [];
  for (let i = 0; i < lines.length; i += RulesOfSeed) out.push(`${lines.slice(i, i + RulesOfSeed).join('\n')}\n`);
  return out;
}

const RulesOfSeed = 8;
const few = (options: string, n: number): string => `${header} (${options.repeat(n)} sid:1;)\n`;

/** Much of one thing: nesting, lists, contents, expressions that backtrack, variables that name each other. */
function floods(): string[] {
  const deep = (n: number): string => `${'['.repeat(n)}10.0.0.1${']'.repeat(n)}`;
  const many = Array.from({ length: 400 }, (_, i) => `${i % 3 === 0 ? '!' : ''}10.${i & 255}.0.0/${8 + (i % 24)}`);
  return [
    `alert tcp ${deep(60)} any -> any any (sid:1;)\nalert tcp ${deep(3000)} any -> any any (sid:2;)\n`,
    `alert tcp [${many.join(',')}] any -> any [${many.map((_, i) => `${i * 9}:${i * 9 + 7}`).join(',')}] (sid:1;)\n`,
    '#var A [$B,!$C]\n#var B [$C,$A]\n#var C $C\nalert tcp $A $B -> $B $C (sid:1;)\n',
    `${Array.from({ length: 40 }, (_, i) => `#var V${i} [$V${i + 1},$V${i + 1}]\n`).join('')}#var V40 1.2.3.4\nalert ip $V0 any -> any any (sid:1;)\n`,
    few('content:"a"; ', 200),
    few('content:!"b"; distance:0; ', 200),
    few('content:"a"; within:9; isdataat:1,relative; ', 100),
    few('byte_extract:1,0,v1; byte_jump:1,v1,relative,multiplier 9; ', 90),
    few('pcre:"/(a+)+(a|a)*(.*a){9}$/R"; ', 60),
    few('pcre:"/^(?:(?:a?){50}a{50}|(\\\\1?a)+)+b/"; ', 20),
    few('flowbits:isset,a|b|c; flowbits:set,d; ', 90),
    few('base64_decode:bytes 9; base64_data; content:"a"; pkt_data; ', 40),
    few('http.uri; to_lowercase; url_decode; xor:"0a"; content:"a"; ', 40),
    few('metadata:a b, c d; reference:url,a.b; ', 150),
    '#list enable 1\n#list disable 2\n#list drop *\n#list modify 1 "content" "nocase; content"\n#alert tcp any any -> any any (content:"a"; flowbits:isset,x|y; sid:1;)\nalert udp any any -> any any (content:"b"; sid:2;)\n# alert udp any any -> any any (content:"b"; flowbits:set,y; \\\n#  sid:3;)\n',
  ];
}

let seeds: Uint8Array[] | null = null;

/** Longest expression of a list that is tried: those are their user's own, and backtrack as they like. */
const PlainExpression = /^[^+*{]*$/;

/** Variables and lists that an input gives in comments. */
function surroundings(text: string): { settings: Settings; lists: ReadLists } {
  const groups: { [name: string]: Tree } = {};
  const lists: ReadLists = { lines: [], faults: [] };
  for (const line of text.split('\n')) {
    const [word, name, ...rest] = line.split(' ');
    if (word === '#var' && name !== undefined && /^\w+$/.test(name)) groups[name] = rest.join(' ');
    else if (word === '#list' && listKinds.includes(name as ListKind) && PlainExpression.test(rest.slice(1).join(' ')))
      readList(name as ListKind, name, rest.join(' '), lists);
  }
  const settings = new Settings({ vars: { 'address-groups': groups, 'port-groups': groups } });
  return { settings, lists };
}

export const target: FuzzTarget = {
  name: 'rules',
  seeds: () => {
    const bundled = readFileSync(join(packageRoot(), 'signatures/sql-injection.rules'), 'latin1')
      .split('\n')
      .slice(1, 9);
    seeds ??= [...exampleRules(), ...bundled, ...testedRules(), ...floods()].map((text) => Buffer.from(text, 'latin1'));
    return seeds;
  },
  shape: words(';(),\n'),
  words: [
    ...keywords.map((k) => `${k.name}:`),
    '|',
    '\\',
    ';',
    ')',
    '(',
    '"',
    '!',
    ',',
    '<>',
    '-> any any',
    '$HOME_NET',
    '\\\n',
    '4294967296',
    '-1',
    '65536',
    '#var A ',
    '#list disable ',
    '#list enable *\n',
    '#list modify 1 ',
    '/R";',
    '(?:a+)+',
    '[[',
    'flowbits:set,a;',
    'http.uri;',
    'relative,',
    'content:"a";',
    'within:',
    'any any -> any any (',
  ],
  run(input) {
    const text = Buffer.from(input).toString('latin1');
    const { settings, lists } = surroundings(text);
    const set = parseRuleText(text, settings, { file: 'fuzz.rules' });
    const lines = text.split('\n').length;
    for (const note of [...set.failed, ...set.skipped]) {
      ledTo(note.reason);
      promise(
        note.reason !== '' && note.line >= 1 && note.line <= lines && note.column >= 1,
        'a note says what and where',
      );
    }
    for (const rule of set.rules) {
      promise(rule.sid > 0 && rule.line >= 1 && rule.line <= lines, 'a rule has a sid and a place');
    }
    for (const note of set.warnings) {
      ledTo(note.reason);
      promise(note.column >= 1 && note.line >= 1 && note.line <= lines, 'a remark says where');
    }
    if (lists.lines.length > 0) managed(text, settings, lists);
    if (set.rules.length > 0 && set.rules.length < MaxRules) work(text);
  },
};
