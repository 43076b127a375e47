import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { printRule, withoutPlaces } from '../../src/rules/ast.js';
import { RuleFault } from '../../src/rules/faults.js';
import { placeOf, splitRules } from '../../src/rules/lexer.js';
import { parseRule } from '../../src/rules/parse.js';

describe('rule files into rules (Suricata user guide, "Rules Format")', () => {
  it('leaves out comments, empty lines and lines that begin with a space or semicolon', () => {
    const got = splitRules('# one\n\nalert a\n alert b\n;alert c\n\r\n#alert d\nalert e');
    assert.deepEqual(
      got.map((r) => [r.line, r.text]),
      [
        [3, 'alert a'],
        [8, 'alert e'],
      ],
    );
  });

  it('joins lines that end with a backslash and reports the first', () => {
    const got = splitRules('x\nalert tcp \\\n  any any \\  \n\tend\nnext');
    assert.deepEqual(
      got.map((r) => [r.line, r.text]),
      [
        [1, 'x'],
        [2, 'alert tcp   any any \tend'],
        [5, 'next'],
      ],
    );
  });

  it('does not take a comment for a continuation', () => {
    assert.deepEqual(
      splitRules('# off \\\nalert x').map((r) => r.line),
      [2],
    );
  });

  it('keeps carriage returns out of the text', () => {
    assert.deepEqual(
      splitRules('alert x\r\nalert y\r\n').map((r) => r.text),
      ['alert x', 'alert y'],
    );
  });

  it('gives a rule cut off by the end of the file as it stands', () => {
    assert.deepEqual(
      splitRules('alert x \\\n').map((r) => [r.line, r.text]),
      [[1, 'alert x ']],
    );
  });

  it('finds the physical line and column of an offset', () => {
    const [rule] = splitRules('\nabc \\\ndef \\\nghi');
    assert.deepEqual(placeOf(rule, 0), { line: 2, column: 1 });
    assert.deepEqual(placeOf(rule, rule.text.indexOf('e')), { line: 3, column: 2 });
    assert.deepEqual(placeOf(rule, rule.text.indexOf('h')), { line: 4, column: 2 });
  });
});

describe('a rule into words and options (Suricata user guide, "Rules Format")', () => {
  it('keeps spaces within brackets', () => {
    const ast = parseRule('alert tcp [1.1.1.1, 2.2.2.2] any -> any [80, 443] (sid:1;)');
    assert.equal(ast.src.text, '[1.1.1.1, 2.2.2.2]');
    assert.equal(ast.dstPorts.text, '[80, 443]');
  });

  it('ends an option at a semicolon unless a backslash precedes it', () => {
    const ast = parseRule('alert tcp any any -> any any (content:"a\\;b"; msg : "x" ; nocase; sid:1;)');
    assert.deepEqual(
      ast.options.map((o) => [o.name, o.value]),
      [
        ['content', '"a\\;b"'],
        ['msg', ' "x"'],
        ['nocase', null],
        ['sid', '1'],
      ],
    );
  });

  it('names the place of a missing semicolon', () => {
    const text = 'alert tcp any any -> any any (nocase; sid:1)';
    assert.throws(
      () => parseRule(text),
      (e) => e instanceof RuleFault && e.offset === text.indexOf('sid'),
    );
  });

  const word = fc.stringMatching(/^[a-z0-9$!.:/[\],]{1,12}$/).filter((s) => {
    let depth = 0;
    for (const c of s) {
      if (c === '[') depth++;
      if (c === ']' && --depth < 0) return false;
    }
    return depth === 0;
  });
  const value = fc
    .stringMatching(/^[ -~]{0,20}$/)
    .map((s) => s.replace(/;/g, '\\;').replace(/[\s)\\]+$/, ''))
    .filter((s) => !s.endsWith('\\'));
  const option = fc.tuple(fc.stringMatching(/^[a-z][a-z_.]{0,10}$/), fc.option(value));
  const rule = fc.tuple(
    word,
    word,
    word,
    word,
    fc.constantFrom('->', '<>'),
    word,
    word,
    fc.array(option, { minLength: 1, maxLength: 8 }),
  );

  it('property: parse(print(parse(x))) equals parse(x)', () => {
    fc.assert(
      fc.property(rule, fc.constantFrom(' ', '  ', '   '), ([a, p, s, sp, d, t, tp, options], gap) => {
        const text = `${[a, p, s, sp, d, t, tp].join(gap)}${gap}(${options.map(([n, v]) => (v === null ? `${n};` : `${n}:${v};`)).join(gap)})`;
        const once = parseRule(text);
        assert.deepEqual(withoutPlaces(parseRule(printRule(once))), withoutPlaces(once));
        assert.equal(once.options.length, options.length);
      }),
    );
  });
});
