import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { Settings } from '../../src/core/settings.js';
import { parseRuleText } from '../../src/rules/load.js';

const folder = new URL('../../../test/rules/cases/', import.meta.url);
const settings = new Settings({});

/** What became of one rule, as the case files name it. */
function outcome(rule: string): { verdict: string; reason: string; hint?: string | null } {
  const set = parseRuleText(rule, settings);
  if (set.failed.length > 0) return { verdict: 'fail', reason: set.failed[0].reason, hint: set.failed[0].hint };
  if (set.skipped.length > 0) return { verdict: 'skip', reason: set.skipped[0].reason };
  return { verdict: set.rules.length === 1 ? 'ok' : 'nothing', reason: '' };
}

describe('rule cases: what Suricata 7.0.10 takes and refuses', () => {
  for (const name of readdirSync(folder).sort()) {
    it(name, () => {
      const lines = readFileSync(new URL(name, folder), 'utf8').split('\n');
      let checked = 0;
      lines.forEach((line, i) => {
        if (line === '' || line.startsWith('#')) return;
        const m = /^(ok|fail|skip) +(.*?)(?: {2}## (.*))?$/.exec(line);
        assert.ok(m, `${name}:${i + 1} is no case`);
        const rule = name === 'headers.txt' ? m[2] : `alert tcp any any -> any any (${m[2]} sid:1;)`;
        const got = outcome(rule);
        assert.equal(got.verdict, m[1], `${name}:${i + 1}: ${m[2]}: ${got.reason}`);
        if (m[3] !== undefined)
          assert.ok(got.reason.includes(m[3]), `${name}:${i + 1}: "${got.reason}" lacks "${m[3]}"`);
        if (got.verdict === 'fail') assert.ok(got.hint, `${name}:${i + 1}: ${got.reason}: no suggestion`);
        checked++;
      });
      assert.ok(checked > 50, `${checked} cases`);
    });
  }
});
