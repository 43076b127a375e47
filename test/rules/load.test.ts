import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { PeccaryError } from '../../src/core/errors.js';
import { Settings } from '../../src/core/settings.js';
import { loadRules, parseRuleText } from '../../src/rules/load.js';

const settings = new Settings({});
const rule = (options: string, head = 'alert tcp any any -> any any'): string => `${head} (${options})`;

describe('loading rule files', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'peccary-rules-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('takes names with wildcards and gzip files, in alphabetical order', () => {
    writeFileSync(join(folder, 'b.rules'), rule('sid:2;'));
    writeFileSync(join(folder, 'a.rules'), gzipSync(rule('sid:1;')));
    writeFileSync(join(folder, 'c.txt'), rule('sid:3;'));
    const set = loadRules({ files: ['*.rules'], folder, settings });
    assert.deepEqual(
      set.rules.map((r) => r.sid),
      [1, 2],
    );
    assert.equal(set.rules[0].file, join(folder, 'a.rules'));
  });

  it('names a file that is not there', () => {
    assert.throws(
      () => loadRules({ files: ['none.rules'], folder, settings }),
      (e) => e instanceof PeccaryError && e.message.includes('none.rules'),
    );
    assert.throws(
      () => loadRules({ files: ['*.none'], folder, settings }),
      (e) => e instanceof PeccaryError && e.exitCode === 2,
    );
  });

  it('reads the configured classes and threshold file', () => {
    writeFileSync(join(folder, 'classes'), 'config classification: my-class,My Class,2\nnonsense\n');
    writeFileSync(
      join(folder, 'thresholds'),
      'suppress gen_id 1, sig_id 5, track by_src, ip [10.0.0.0/8, $HTTP_SERVERS]\n# c\nevent_filter gen_id 1, sig_id 0, \\\n type limit, track by_dst, count 2, seconds 9\n' +
        'rate_filter gen_id 1, sig_id 7, track by_src, count 1, seconds 2, new_action drop, timeout 30\nsuppress gen_id 0, sig_id 0\nsupress gen_id 1, sig_id 1\n',
    );
    writeFileSync(join(folder, 'r'), rule('classtype:MY-class; sid:1;'));
    const set = loadRules({
      files: ['r'],
      folder,
      settings: new Settings({
        'classification-file': join(folder, 'classes'),
        'threshold-file': join(folder, 'thresholds'),
      }),
    });
    assert.deepEqual(
      [set.rules[0].classtype, set.rules[0].classText, set.rules[0].priority],
      ['my-class', 'My Class', 2],
    );
    assert.deepEqual(
      set.suppress.map((s) => [s.gid, s.sid, s.track]),
      [
        [1, 5, 'by_src'],
        [0, 0, null],
      ],
    );
    assert.deepEqual(set.eventFilters, [
      { gid: 1, sid: 0, threshold: { type: 'limit', track: 'by_dst', count: 2, seconds: 9 } },
    ]);
    assert.deepEqual(set.rateFilters, [
      { gid: 1, sid: 7, track: 'by_src', count: 1, seconds: 2, newAction: 'drop', timeoutS: 30 },
    ]);
    assert.deepEqual(
      set.warnings.map((w) => w.line),
      [2, 7],
    );
  });
});

describe('diagnostics', () => {
  it('name file, line, column, sid, reason and a near miss', () => {
    const set = parseRuleText(`# x\n${rule('content:"a"; \\\n  http_ury; sid:7;)')}`, settings, { file: 'f.rules' });
    const [note] = set.failed;
    assert.deepEqual([note.file, note.line, note.column, note.sid], ['f.rules', 2, 3, 7]);
    assert.deepEqual([note.reason, note.hint], ['unknown keyword "http_ury"', 'did you mean http_uri?']);
  });

  it('a rule of a protocol that is not inspected is skipped with the reason', () => {
    const set = parseRuleText(
      `${rule('sid:1;', 'alert dns any any -> any any')}\n${rule('tls.sni; content:"a"; sid:2;')}`,
      settings,
    );
    assert.deepEqual(
      set.skipped.map((n) => [n.sid, n.reason]),
      [
        [1, 'protocol dns is not inspected'],
        [2, 'tls.sni belongs to protocol tls, which is not inspected'],
      ],
    );
  });

  it('of two rules with one sid the newer revision counts; an older or equal one is refused', () => {
    const set = parseRuleText(
      [
        rule('msg:"old"; sid:1; rev:1;'),
        rule('sid:2;'),
        rule('msg:"new"; sid:1; rev:2;'),
        rule('sid:1; rev:2;'),
        rule('gid:3; sid:1;'),
      ].join('\n'),
      settings,
    );
    assert.deepEqual(
      set.rules.map((r) => [r.gid, r.sid, r.msg]),
      [
        [1, 2, ''],
        [1, 1, 'new'],
        [3, 1, ''],
      ],
    );
    assert.deepEqual(
      set.failed.map((n) => n.line),
      [4],
    );
  });

  it('warn of unknown classes, bits that nobody sets and rules without a content', () => {
    const set = parseRuleText(
      [rule('classtype:none-such; sid:1;'), rule('flowbits:isset,never; sid:2;'), rule('pcre:"/a/"; sid:3;')].join(
        '\n',
      ),
      settings,
    );
    assert.deepEqual(
      set.warnings.map((w) => w.sid),
      [1, 3, 2],
    );
  });

  it('requires: a rule for a later version is skipped', () => {
    const set = parseRuleText(rule('requires:version >= 8.0.0; bogus_keyword:1; sid:1;'), settings);
    assert.equal(set.skipped.length, 1);
    assert.equal(parseRuleText(rule('requires:version >= 7.0.3 < 8; sid:1;'), settings).rules.length, 1);
    // Suricata 7.0.10 does not know `keyword` here, and skips what it does not know.
    const keyword = rule('requires:keyword http.uri; sid:1;');
    assert.equal(parseRuleText(keyword, settings).skipped.length, 1);
    assert.equal(parseRuleText(keyword, settings, { ruleVersion: 8 }).rules.length, 1);
  });
});

describe('hostile rules', () => {
  const seeds = [
    'alert http $HOME_NET [80,!81] <> ![10.0.0.0/8,!10.1.0.0/16] $HTTP_PORTS (msg:"m\\;"; flow:established,to_server; http.uri; content:"|41 42|c"; fast_pattern:1,2; pcre:"/(a+)+$/Ri, flow:x"; bsize:<90; threshold:type limit, track by_src, count 1, seconds 60; metadata:a b, c d; sid:1; rev:2;)',
    'drop tcp any any -> any any (content:"abc"; offset:1; depth:9; content:"d"; distance:-1; within:5; byte_test:1,!&,0x40,2,relative,little; byte_jump:4,12,relative,align,multiplier 2; byte_extract:1,0,v,relative; byte_math:bytes 1, offset 0, oper +, rvalue v, result w; isdataat:!v,relative; flags:S+,12; ttl:3-9; dsize:>3; sid:2;)',
    'alert udp any any -> any any (base64_decode:bytes 4, offset 1, relative; base64_data; content:"x"; pkt_data; xbits:set,a,track ip_src,expire 9; flowint:ab,+,1; requires:version >= 7; tag:host,9,bytes,src; sid:3;)',
  ];

  it('property: mutated rules are taken, skipped or refused, never thrown at the caller', () => {
    const edit = fc.tuple(fc.nat(600), fc.nat(12), fc.string({ unit: 'binary', maxLength: 6 }));
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 6 }), (seed, edits) => {
        let text = seed;
        for (const [at, gone, put] of edits)
          text = text.slice(0, at % text.length) + put.replace(/[\n\\]/g, ';') + text.slice((at % text.length) + gone);
        const set = parseRuleText(text, settings);
        assert.ok(set.rules.length + set.failed.length + set.skipped.length <= 1 + text.split('\n').length);
      }),
      { numRuns: 1500 },
    );
  });

  it('cost no more than their length: fifty thousand brackets, commas, spaces or options', () => {
    const long = (n: number, s: string): string => s.repeat(n);
    const start = performance.now();
    for (const s of ['[', '![', ',', ' ', '!', '$', '-', ':']) {
      parseRuleText(rule('sid:1;', `alert tcp ${long(8000, s)} any -> any any`), settings);
      parseRuleText(rule(`content:"${long(7000, s)}"; threshold:${long(500, s)}; sid:1;`), settings);
      for (const k of ['pcre', 'flowint', 'byte_test', 'metadata', 'dsize', 'flags', 'xbits', 'isdataat', 'reference'])
        parseRuleText(rule(`${k}:${long(7000, s)}1; sid:1;`), settings);
    }
    parseRuleText(rule(`${long(1500, 'c:;')} sid:1;`), settings);
    parseRuleText(rule(`${long(300, 'content:"a";')} ${long(400, 'nocase;')} sid:1;`), settings);
    assert.ok(performance.now() - start < 4000);
  });

  it('of notes, the first of each kind are kept and all are counted', () => {
    const lines: string[] = [];
    for (let i = 1; i <= 50_100; i++)
      lines.push(rule(`contnet:"x"; sid:${i};`), rule('', 'alert smb any any -> any any'));
    const set = parseRuleText(lines.join('\n'), settings);
    assert.deepEqual([set.failed.length, set.skipped.length], [50_000, 50_000]);
    assert.deepEqual(set.unkept, { failed: 100, skipped: 100, warnings: 0 });
    assert.equal(set.failed[0].hint, 'did you mean content?');
  }).timeout(60_000);
});
