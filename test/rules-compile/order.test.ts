import assert from 'node:assert/strict';
import { Settings } from '../../src/core/settings.js';
import { compileRules } from '../../src/rules/compile/compile.js';
import { parseRuleText } from '../../src/rules/load.js';

function orderOf(rules: string[], settings = new Settings()): number[] {
  const text = rules.map((r, i) => `${r.slice(0, -1)} sid:${i + 1};)`).join('\n');
  const set = parseRuleText(text, settings);
  assert.deepEqual(set.failed, []);
  return compileRules(set, settings).rules.map((r) => r.sid);
}

const rule = (options: string, action = 'alert'): string =>
  `${action} tcp any any -> any any (content:"a"; ${options})`;

describe('Order of evaluation (Suricata manual, "Rule sort order")', () => {
  it('goes by action, then what a rule sets and tests, priority, and order of loading', () => {
    const rules = [
      rule(''), // 1
      rule('xbits:isset,x,track ip_src;'), // 2
      rule('xbits:set,x,track ip_src;'), // 3
      rule('hostbits:isset,y;'), // 4
      rule('hostbits:set,y;'), // 5
      rule('xbits:isset,z,track ip_pair;'), // 6
      rule('flowbits:unset,b;'), // 7
      rule('flowbits:isset,b;'), // 8
      rule('flowbits:set,b;'), // 9
      rule('priority:1;'), // 10
      rule('pcre:"/(?P<pkt_x>a)/";'), // 11
      rule('pcre:"/(?P<flow_x>a)/";'), // 12
      rule('flowbits:isset,b; flowbits:unset,b;'), // 13
      rule('', 'drop'), // 14
      rule('', 'pass'), // 15
      rule('', 'reject'), // 16
    ];
    assert.deepEqual(orderOf(rules), [15, 14, 16, 7, 9, 13, 8, 12, 11, 5, 2, 6, 10, 1, 3, 4]);
  });

  it('takes the actions in the order of action-order', () => {
    const settings = new Settings({ 'action-order': ['alert', 'reject', 'drop', 'pass'] });
    assert.deepEqual(
      orderOf([rule('', 'pass'), rule('', 'drop'), rule('', 'reject'), rule('')], settings),
      [4, 3, 2, 1],
    );
  });
});
