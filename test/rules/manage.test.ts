import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PeccaryError } from '../../src/core/errors.js';
import { Settings } from '../../src/core/settings.js';
import type { RuleSet } from '../../src/rules/ir.js';
import { loadRules } from '../../src/rules/load.js';
import { configuredLists, type ListKind } from '../../src/rules/manage/lists.js';
import { pythonRegExp, pythonTemplate, shellWords } from '../../src/rules/manage/python.js';

const rule = (sid: number, more = '', head = 'alert http any any -> any any'): string =>
  `${head} (msg:"m${sid}"; content:"abcd"; ${more}sid:${sid}; rev:1;)`;

describe('rule management in suricata-update’s formats (its manual, "Rule Matching", "Modifying Rules")', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'peccary-lists-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function load(rules: string, lists: Partial<Record<ListKind, string>>, name = 'web-attacks.rules'): RuleSet {
    const path = join(folder, name);
    writeFileSync(path, name.endsWith('.gz') ? gzipSync(rules) : rules);
    const files: Partial<Record<ListKind, string[]>> = {};
    for (const [kind, text] of Object.entries(lists)) {
      files[kind as ListKind] = [join(folder, `${kind}.conf`)];
      writeFileSync(join(folder, `${kind}.conf`), text);
    }
    const settings = new Settings({});
    return loadRules({ files: [path], settings, lists: configuredLists(settings, files), checkPattern: null });
  }
  const sids = (set: RuleSet): number[] => set.rules.map((r) => r.sid);

  const three = [rule(1), rule(2, 'metadata:deployment Perimeter, created_at 2020_01_01; '), rule(3, 'gid:3; ')].join(
    '\n',
  );
  const disabled: [line: string, left: number[]][] = [
    ['1', [2, 3]],
    ['1:1, 2 # both', [3]],
    ['3:3', [1, 2]],
    ['3', [1, 2, 3]],
    ['re:MSG:"m[12]"', [3]],
    ['re:^alert http', []],
    ['group:web-attacks', []],
    ['group: web-*.rules', []],
    ['group:attacks', [1, 2, 3]],
    ['filename:*/web-attacks.rules', []],
    ['filename:web-attacks.rules', []],
    ['filename:other/*', [1, 2, 3]],
    ['metadata: deployment perimeter', [1, 3]],
    ['metadata:deployment', [1, 2, 3]],
    ['multi:group:web-attacks;re:m2;', [1, 3]],
    ['*', []],
  ];
  for (const [line, left] of disabled) {
    it(`disable.conf: ${line}`, () => {
      const set = load(three, { disable: `# a comment\n\n${line}\n` });
      assert.deepEqual(sids(set), left);
      const [counted] = set.management?.lines ?? [];
      assert.deepEqual([counted.line, counted.matched, counted.changed], [3, 3 - left.length, 3 - left.length]);
      assert.equal(set.warnings.filter((w) => w.reason.includes('matches no rule')).length, left.length === 3 ? 1 : 0);
    });
  }

  it('enable.conf loads rules that are commented out, also over several lines, at their places', () => {
    const text = `# heading: alert (not a rule)\n# ${rule(1)}\n## ${rule(2)}\n# alert tcp any any -> any any \\\n#  (content:"abcd"; \\\n# sid:4;)\n${rule(5)}\n`;
    const set = load(text, { enable: '1\n2,4\n' });
    assert.deepEqual(
      set.rules.map((r) => [r.sid, r.line]),
      [
        [1, 2],
        [2, 3],
        [4, 4],
        [5, 7],
      ],
    );
    assert.deepEqual(set.failed, []);
  });

  it('enable.conf leaves out a commented rule that a loaded or newer one of its number replaces', () => {
    const text = `# ${rule(1)}\n${rule(1)}\n# ${rule(2)}\n# ${rule(2).replace('rev:1', 'rev:2')}\n`;
    const set = load(text, { enable: '*' });
    assert.deepEqual(
      set.rules.map((r) => [r.sid, r.rev, r.line]),
      [
        [1, 1, 2],
        [2, 2, 4],
      ],
    );
    assert.deepEqual(set.failed, []);
  });

  it('disables before it enables, drops before it modifies', () => {
    const set = load([rule(1), rule(2)].join('\n'), { disable: '1', enable: '1', drop: '2', modify: '2 ^drop pass' });
    assert.deepEqual(
      set.rules.map((r) => [r.sid, r.action]),
      [
        [1, 'alert'],
        [2, 'pass'],
      ],
    );
  });

  it('drop.conf changes any action but spares rules that must not alert', () => {
    const text = [
      rule(1),
      rule(2, '', 'pass tcp any any -> any any'),
      rule(3, 'noalert; '),
      rule(4, 'flowbits:set,x; flowbits:noalert; '),
    ].join('\n');
    const set = load(text, { drop: '1\n2\n3\n4\n' });
    assert.deepEqual(
      set.rules.map((r) => r.action),
      ['drop', 'drop', 'alert', 'alert'],
    );
    assert.deepEqual(
      set.management?.lines.map((l) => [l.matched, l.changed]),
      [
        [1, 1],
        [1, 1],
        [1, 0],
        [1, 0],
      ],
    );
  });

  const changes: [line: string, expected: RegExp][] = [
    ['1 "abcd" "abcdef"', /content:"abcdef"/],
    ['1 http tcp', /^alert tcp any/],
    ['1 "(alert) (http)" "drop tcp"', /^drop tcp any/],
    ['1 "(m)(1)" "\\\\2\\\\1"', /msg:"1m"/],
    ["1 '(m)(1)' '\\2\\1'", /msg:"1m"/],
    ['1 "msg:\\"m1" "msg:\\"M"', /msg:"M"/],
    ['re:m1 "rev:(?P<r>\\d)" "rev:\\\\g<r>0"', /rev:10;/],
    ['modifysid 1,2 "m(\\d)" | "x${1}${1}"', /msg:"x11"/],
    ['modifysid * "m(\\d)" | "x${1}"', /msg:"x1"/],
    ['metadata-add 1 "tag" "of ours"', /rev:1; metadata: tag of ours;\)$/],
    ['metadata-add re:"m1" tag here # why', /metadata: tag here;\)$/],
    ['1 A Z', /^alert/],
  ];
  for (const [line, expected] of changes) {
    it(`modify.conf: ${line}`, () => {
      const set = load(rule(1), { modify: `${line}\n` });
      assert.match(set.rules[0].text, expected);
      assert.deepEqual(set.failed, []);
      assert.equal(set.management?.lines[0].changed, expected.source === '^alert' ? 0 : 1);
    });
  }

  it('a change that makes no rule is told and undone; a line that is not understood is told', () => {
    const set = load(rule(1), { modify: '1 ^alert alrt\n1 ";" ""\n1 only\n1 "open\n', disable: 'bogus\nre:(\n' });
    assert.deepEqual(sids(set), [1]);
    assert.deepEqual(
      set.failed.map((n) => [n.file.split('/').pop(), n.line, n.sid]),
      [
        ['disable.conf', 1, null],
        ['disable.conf', 2, null],
        ['modify.conf', 3, null],
        ['modify.conf', 4, null],
        ['modify.conf', 1, 1],
        ['modify.conf', 2, 1],
      ],
    );
  });

  it('enables, without alerts, what sets the flowbits that enabled rules test, and what that needs in turn', () => {
    const off = (sid: number, bits: string): string => `# ${rule(sid, `flowbits:${bits}; `)}`;
    const text = [
      rule(1, 'flowbits:isset,a|b; '),
      off(2, 'set,a|z'),
      off(3, 'toggle,b; flowbits:isset,c'),
      off(4, 'set,c; noalert'),
      off(5, 'set,other'),
      off(6, 'isset,a'),
    ].join('\n');
    const set = load(text, { disable: '4' });
    assert.deepEqual(
      set.rules.map((r) => [r.sid, r.noalert]),
      [
        [1, false],
        [2, true],
        [3, true],
        [4, true],
      ],
    );
    assert.deepEqual(set.management?.forFlowbits.map((r) => r.sid).sort(), [2, 3, 4]);
  });

  it('reads gzip files, and group: knows them without .gz', () => {
    assert.deepEqual(sids(load(three, { disable: 'group:web-attacks' }, 'web-attacks.rules.gz')), []);
  });

  it('suricata-update’s own output loads as it is', () => {
    const merged = `${rule(1)}\n# ${rule(2)}\n${rule(3)}\n`;
    assert.deepEqual(sids(load(merged, {}, 'suricata.rules')), [1, 3]);
  });

  it('takes lists from rule-management; those of the command line go before them', () => {
    writeFileSync(join(folder, 'a'), '1\n');
    const settings = new Settings({ 'rule-management': { 'disable-conf': join(folder, 'a') } });
    assert.deepEqual(configuredLists(settings, {})?.disable, [join(folder, 'a')]);
    assert.deepEqual(configuredLists(settings, { disable: ['b'] })?.disable, ['b']);
    assert.equal(configuredLists(new Settings({}), {}), null);
    assert.throws(
      () => loadRules({ files: [], settings, lists: configuredLists(settings, { enable: [join(folder, 'none')] }) }),
      (e) => e instanceof PeccaryError && e.message.includes('--enable-conf'),
    );
  });

  it('a folder stands for its rule files', () => {
    writeFileSync(join(folder, 'b.rules'), rule(2));
    writeFileSync(join(folder, 'a.rules.gz'), gzipSync(rule(1)));
    writeFileSync(join(folder, 'c.txt'), rule(3));
    assert.deepEqual(sids(loadRules({ files: [folder], settings: new Settings({}) })), [1, 2]);
  });
});

describe('Python’s expressions and shell words in lists', () => {
  it('expressions: named groups, flags at the beginning, \\A and \\Z', () => {
    assert.equal(pythonRegExp('(?P<q>a)(?P=q)', '').source, '(?<q>a)\\k<q>');
    assert.equal(pythonRegExp('(?is)x', 'g').flags, 'gis');
    assert.ok(pythonRegExp('\\Aab\\Z', '').test('ab'));
    assert.ok(!pythonRegExp('\\Aab\\Z', '').test('xab'));
  });

  it('replacements: groups by number and name, a backslash', () => {
    assert.equal(pythonTemplate('\\1-\\g<0>-\\g<n>-\\\\')(['whole', 'one'], { n: 'N' }), 'one-whole-N-\\');
  });

  it('words: quotes, backslashes, comments', () => {
    assert.deepEqual(shellWords(`1 "a \\" \\d" 'b "' c\\ d # e`), ['1', 'a " \\d', 'b "', 'c d']);
    assert.deepEqual(shellWords('re:a#b ""'), ['re:a#b', '']);
  });
});
