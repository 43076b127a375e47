/** Rule files: whatever the text, each rule is loaded, refused or skipped with a place, and what loads compiles. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';
import { Settings } from '../../src/core/settings.js';
import { keywords } from '../../src/rules/keywords/list.js';
import { parseRuleText } from '../../src/rules/load.js';
import { PipelineRun, poolsInUse } from '../../test/tools/pipeline-run.js';
import { tcpSession } from '../../test/tools/session.js';
import { words } from '../shapes.js';
import { type FuzzTarget, ledTo, promise } from '../target.js';

const settings = new Settings();
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

/** The examples of the keyword files, as rules; some lack what they need to stand alone, which is as good a start. */
function exampleRules(): string[] {
  return keywords.map((k, i) => `${header} (msg:"${k.name}"; content:"a"; ${k.example} sid:${i + 1};)\n`);
}

export const target: FuzzTarget = {
  name: 'rules',
  seeds: () => {
    const bundled = readFileSync(join(packageRoot(), 'signatures/sql-injection.rules'), 'latin1')
      .split('\n')
      .slice(1, 9);
    return [...exampleRules(), ...bundled].map((text) => Buffer.from(text, 'latin1'));
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
  ],
  run(input) {
    const text = Buffer.from(input).toString('latin1');
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
    if (set.rules.length > 0 && set.rules.length < MaxRules) work(text);
  },
};
