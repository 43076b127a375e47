import assert from 'node:assert/strict';
import { Settings } from '../../src/core/settings.js';
import { chooseFastPattern, patternStrength } from '../../src/rules/compile/fast-pattern.js';
import { mergedSections } from '../../src/rules/compile/rule-sections.js';
import { parseRuleText } from '../../src/rules/load.js';

function chosen(options: string): string | null {
  const set = parseRuleText(`alert tcp any any -> any any (${options} sid:1;)`, new Settings());
  assert.deepEqual(set.failed, [], options);
  const fast = chooseFastPattern(mergedSections(set.rules[0]));
  if (fast === null) return null;
  return `${fast.content.negated ? '!' : ''}${fast.bytes}`;
}

describe('Fast pattern (Suricata manual, "Suricata Fast Pattern Determination Explained")', () => {
  const cases: [options: string, want: string | null][] = [
    ['content:"short"; content:"longest one"; content:"middle";', 'longest one'],
    ['content:"short"; fast_pattern; content:"longest one";', 'short'],
    ['content:"0123456789"; fast_pattern:2,4;', '2345'],
    ['content:"0123456789"; fast_pattern:2,0;', '0123456789'],
    ['content:!"not this one"; content:"that";', 'that'],
    ['content:!"not this one";', '!not this one'],
    ['content:!"negated"; fast_pattern; content:"positive";', '!negated'],
    ['http.method; content:"PROPFIND"; http.uri; content:"/a";', '/a'],
    ['content:"in the payload"; http.uri; content:"/a";', '/a'],
    ['content:"aaaa"; content:"abcd";', 'abcd'],
    ['content:"abcd"; content:"ab|90 91|";', 'ab\x90\x91'],
    ['tcp.hdr; content:"abcdef"; pkt_data; content:"ab";', 'ab'],
    ['pcre:"/abc/";', null],
  ];
  for (const [options, want] of cases) it(`${options} looks for ${want}`, () => assert.equal(chosen(options), want));

  it('rarer bytes are stronger than common ones, and repeated ones weakest', () => {
    const strength = patternStrength;
    assert.ok(strength('ab') < strength('a/'));
    assert.ok(strength('a/') < strength('\x90\x91'));
    assert.ok(strength('aa') < strength('ab'));
  });
});
