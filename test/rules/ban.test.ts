import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { PeccaryError } from '../../src/core/errors.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { parseBan, parseDuration } from '../../src/rules/ban-spec.js';
import type { RuleSet } from '../../src/rules/ir.js';
import { parseRuleText } from '../../src/rules/load.js';

const rules = `
alert http any any -> any any (msg:"a"; classtype:login-failure; sid:1; rev:1;)
alert http any any -> any any (msg:"b"; ban:after 3 in 10s for 2h by dst; sid:2; rev:1;)
alert http any any -> any any (msg:"c"; ban:after 0 in 10s for 2h by src; sid:3; rev:1;)
alert http any any -> any any (msg:"d"; ban:often; sid:4; rev:1;)
alert http any any -> any any (msg:"e"; ban:after 1 in 1s for 1s by src; ban:after 1 in 1s for 1s by src; sid:5; rev:1;)
`;

describe('ban in rules and configuration', () => {
  const load = (bans: Tree): RuleSet => parseRuleText(rules, new Settings({ bans }), { checkPattern: null });

  it('reads how often, in what time and for how long', () => {
    assert.deepEqual(parseBan('after 5 in 10m for 1h by src'), { after: 5, withinS: 600, forS: 3600, by: 'src' });
    assert.deepEqual(parseBan(' AFTER 1000 in 30d for 52w by DST '), {
      after: 1000,
      withinS: 2_592_000,
      forS: 31_449_600,
      by: 'dst',
    });
    const wrong = ['', 'after 5 in 10m for 1h', 'after 1001 in 1s for 1s by src', 'after 1 in 31d for 1s by src'];
    for (const text of [
      ...wrong,
      'after 1 in 1s for 366d by src',
      'after 1 in 0s for 1s by src',
      'after 1 in 1x for 1s by src',
    ]) {
      assert.equal(typeof parseBan(text), 'string', text);
    }
    assert.deepEqual(['90', '2min', '1w', '1y', '-1s', ''].map(parseDuration), [90, 120, 604_800, null, null, null]);
  });

  it('is an option of rules; what cannot be is refused', () => {
    const set = load({ enabled: 'yes', rules: [] });
    assert.deepEqual(set.bans, [
      { name: 'sid 2', after: 3, withinS: 10, forS: 7200, by: 'dst', rules: [{ gid: 1, sid: 2 }] },
    ]);
    assert.deepEqual(
      set.failed.map(({ sid }) => sid),
      [3, 4, 5],
    );
    assert.match(String(set.failed[1].hint), /after 5 in 10m for 1h by src/);
  });

  it('names rules by number and by class in the configuration', () => {
    const entry = {
      name: 'x',
      signatures: ['1:2', '99', 'classtype:login-failure'],
      ban: 'after 2 in 1m for 1m by src',
    };
    const set = load({ enabled: 'yes', rules: [entry] });
    assert.deepEqual(set.bans[1], {
      name: 'x',
      after: 2,
      withinS: 60,
      forS: 60,
      by: 'src',
      rules: [
        { gid: 1, sid: 1 },
        { gid: 1, sid: 2 },
      ],
    });
  });

  it('does nothing unless bans are enabled', () => assert.deepEqual(load({ rules: [{ ban: 'no' }] }).bans, []));

  it('says what is wrong with an entry', () => {
    const wrong: Tree[] = [
      { signatures: ['1'], ban: 'after' },
      { signatures: ['x'], ban: 'after 1 in 1s for 1s by src' },
      { ban: 'after 1 in 1s for 1s by src' },
    ];
    for (const entry of wrong) assert.throws(() => load({ enabled: 'yes', rules: [entry] }), PeccaryError);
  });
});
