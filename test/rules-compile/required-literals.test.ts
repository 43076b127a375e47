import assert from 'node:assert/strict';
import fc from 'fast-check';
import { closeHandle } from '../../src/addon/handles.js';
import { compilePcre, isRefusal, PcreOption, pcreMatch, pcreOvector } from '../../src/addon/pcre.js';
import { Settings } from '../../src/core/settings.js';
import { compileRules } from '../../src/rules/compile/compile.js';
import { requiredLiterals } from '../../src/rules/compile/required-literals.js';
import { patternLiteral } from '../../src/rules/compile/tables.js';
import { parseRuleText } from '../../src/rules/load.js';
import { inputOff, put } from '../addon/scratch.js';

const quantifiers = fc.constantFrom(
  '',
  '',
  '',
  '',
  '?',
  '*',
  '+',
  '{2}',
  '{1,3}',
  '{0,2}',
  '{0,1}',
  '{2,}',
  '??',
  '+?',
  '*+',
);
const leaf = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'A', 'ab', 'abb', 'Bab', '\\x41', '\\x62') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('.', '[ab]', '[^a]', '[a-c]', '\\D', '\\w', '[b\\w]', '[[:alpha:]]', '[]a]', '[\\x41b]'),
  },
  { weight: 1, arbitrary: fc.constantFrom('^', '$', '\\b', '(?i)', '\\1') },
);

/** Expressions over a small alphabet with every construct that is read, groups nested `depth` deep. */
function expression(depth: number): fc.Arbitrary<string> {
  let atom: fc.Arbitrary<string> = leaf;
  if (depth > 0) {
    const opened = fc.constantFrom('(', '(?:', '(?i:', '(?=', '(?!', '(?>');
    const group = fc.tuple(opened, expression(depth - 1)).map(([open, e]) => `${open}${e})`);
    atom = fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 1, arbitrary: group });
  }
  const item = fc.tuple(atom, quantifiers).map(([a, q]) => (/^(?:\^|\$|\\b|\(\?[=!]|\(\?i\))/.test(a) ? a : a + q));
  const sequence = fc.array(item, { minLength: 1, maxLength: 4 }).map((a) => a.join(''));
  return fc.array(sequence, { minLength: 1, maxLength: 2 }).map((a) => a.join('|'));
}
const subject = fc.array(fc.constantFrom('a', 'b', 'a', 'b', 'ab', 'abb', 'bab', 'A', 'c', '.', ']', '\n'), {
  maxLength: 40,
});

describe('Literals that an expression requires (pcre2pattern(3))', () => {
  const cases: [expr: string, want: string[] | null][] = [
    ['union\\s+select', ['select']],
    ['(?:eval|assert)\\(', ['eval(', 'assert(']],
    ['^TRAC[EK]$', ['trace', 'track']],
    ['foo.*bar|bazaar', ['foo', 'bazaar']],
    ['a(?:bc)?d\\x2f', ['abcd/', 'ad/']],
    ['(?:needle)+x?', ['needle']],
    ['(?:needle)*abc', ['abc']],
    ['[a-z]{4}=\\d', null],
    ['(?:longer|ab)', null],
    ['(?=needle)', null],
    ['(?!needle)abc', ['abc']],
    ['abc(?(1)d|e)', null],
    ['\\Qa|b\\Ecdef', null],
    ['(*ACCEPT)abcdef', null],
    ['abc\\x{41}def', null],
    ['x{2}abcd', ['abcd']],
    ['ab(?:c{0,1})def', ['abcdef', 'abdef']],
  ];
  for (const [expr, want] of cases) {
    it(`${expr}: ${want === null ? 'none' : want.join(' ')}`, () => {
      const found = requiredLiterals(expr, '');
      assert.deepEqual(found === null ? null : [...found].sort(), want === null ? null : [...want].sort());
    });
  }

  it('free spacing is not read', () => assert.equal(requiredLiterals('a b c d', 'x'), null));

  it('whatever PCRE2 matches contains one of them', () => {
    let matched = 0;
    fc.assert(
      fc.property(
        expression(2),
        fc.array(subject, { minLength: 6, maxLength: 6 }),
        fc.boolean(),
        (expr, subjects, caseless) => {
          const set = requiredLiterals(expr, caseless ? 'i' : '');
          if (set === null) return;
          const handle = compilePcre(expr, caseless ? PcreOption.Caseless : 0);
          if (isRefusal(handle)) return;
          for (const parts of [...subjects, [...subjects[0], ...set.slice(0, 1), ...subjects[1]]]) {
            const text = parts.join('');
            if (pcreMatch(handle, inputOff, put(inputOff, text), 0, 0) <= 0) continue;
            matched++;
            const hit = text.slice(pcreOvector[0], pcreOvector[1]).toLowerCase();
            assert.ok(
              set.some((s) => hit.includes(s)),
              `/${expr}/ matches ${JSON.stringify(hit)} without any of ${JSON.stringify(set)}`,
            );
          }
          closeHandle(handle);
        },
      ),
      { numRuns: 4000 },
    );
    assert.ok(matched > 200, `only ${matched} matches were looked at`);
  });

  it('a rule with nothing but such a pcre is not tried on every buffer', () => {
    const set = parseRuleText(
      'alert http any any -> any any (http.uri; pcre:"/eval\\(|assert\\(/"; sid:1;)\n' +
        'alert http any any -> any any (http.uri; pcre:"/\\d{4}/"; sid:2;)',
      new Settings(),
    );
    const compiled = compileRules(set, new Settings());
    const [toServer] = compiled.txAlways;
    const always = compiled.listRules.slice(compiled.listRows[toServer * 2], compiled.listRows[toServer * 2 + 1]);
    assert.deepEqual(
      [...always].map((n) => compiled.rules[n].sid),
      [2],
    );
    assert.deepEqual(
      Array.from(compiled.patternEnds, (_, id) => Buffer.from(patternLiteral(compiled, id)).toString('latin1')),
      ['eval(', 'assert('],
    );
  });
});
