/** Rule files: whatever the text, each rule is loaded, refused or skipped with a place, and what loads compiles. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';
import { Settings } from '../../src/core/settings.js';
import { keywords } from '../../src/rules/keywords/list.js';
import { parseRuleText } from '../../src/rules/load.js';
import { type FuzzTarget, promise } from '../target.js';

const settings = new Settings();
const header = 'alert http $HOME_NET any -> [1.2.3.4,!10.0.0.0/8] [80,1024:]';

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
      promise(
        note.reason !== '' && note.line >= 1 && note.line <= lines && note.column >= 1,
        'a note says what and where',
      );
    }
    for (const rule of set.rules) {
      promise(rule.sid > 0 && rule.line >= 1 && rule.line <= lines, 'a rule has a sid and a place');
    }
  },
};
