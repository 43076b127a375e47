import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentText } from '../../src/cli/rule-text.js';
import type { RuleFacts } from '../../src/rules/facts.js';
import { peccary } from '../tools/peccary.js';

const rules = `# a comment
alert http any any -> any any (msg:"good"; http.uri; content:"/a|3b|b"; nocase; depth:9; \\
  pcre:"/x+/Ui"; flowbits:set,seen; classtype:sql-injection; sid:1; rev:3;)
alert http any any -> any any (msg:"typing error"; http.urii; content:"a"; sid:2;)
alert tcp $NOWHERE any -> any any (msg:"no such variable"; sid:3;)
drop tcp any any -> $HOME_NET 8080 (msg:"bell \u0007"; flow:to_server,established; dsize:>100; sid:4;)
`;

describe('peccary rules', () => {
  let dir = '';
  let file = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-rules-'));
    file = join(dir, 'my.rules');
    writeFileSync(file, rules);
  });
  after(() => rmSync(dir, { recursive: true }));

  it('check names the place of each refused rule and the remedy, and exits 2', () => {
    const { status, stdout } = peccary(['rules', 'check', '-S', file]);
    assert.equal(status, 2);
    assert.match(stdout, /my\.rules:4:\d+: .*http\.urii.*\(sid 2\)\n {4}did you mean http\.uri\?/);
    assert.match(stdout, /my\.rules:5:\d+: .*NOWHERE/);
    assert.match(stdout, /^2 rules loaded, 2 refused, 0 skipped/m);
  });

  it('check --json gives loaded, failed, skipped and warnings', () => {
    const { status, stdout } = peccary(['rules', 'check', '-S', file, '--json']);
    assert.equal(status, 2);
    const report = JSON.parse(stdout) as { loaded: number; failed: { line: number; sid: number; hint: string }[] };
    assert.equal(report.loaded, 2);
    assert.deepEqual(
      report.failed.map(({ line, sid }) => [line, sid]),
      [
        [4, 2],
        [5, 3],
      ],
    );
    assert.deepEqual(Object.keys(report), ['loaded', 'failed', 'skipped', 'warnings']);
  });

  it('check takes the configuration into account and exits 0 when every rule loads', () => {
    const only = join(dir, 'variable.rules');
    writeFileSync(only, 'alert tcp $NOWHERE any -> any any (msg:"x"; sid:3;)\n');
    const { status, stdout } = peccary([
      'rules',
      'check',
      '-S',
      only,
      '--set',
      'vars.address-groups.NOWHERE=10.0.0.0/8',
    ]);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /^1 rule loaded, 0 refused/m);
  });

  it('check accepts every bundled rule', () => {
    const { status, stdout } = peccary(['rules', 'check', '--json']);
    assert.equal(status, 0);
    const report = JSON.parse(stdout) as { loaded: number; skipped: unknown[] };
    assert.ok(report.loaded >= 80);
    assert.deepEqual(report.skipped, []);
  });

  it('list shows one line a rule, filtered by a text, without characters that steer a terminal', () => {
    const all = peccary(['rules', 'list', '-S', file]);
    assert.equal(all.status, 0);
    assert.match(all.stdout, /^1:1:3 +alert +1 +sql-injection +good$/m);
    assert.match(all.stdout, /bell \\x07/);
    const some = peccary(['rules', 'list', 'BELL', '-S', file, '--json']).stdout.trimEnd().split('\n');
    assert.equal(some.length, 1);
    assert.equal((JSON.parse(some[0]) as { sid: number }).sid, 4);
  });

  it('show tells a rule as it was understood', () => {
    const { status, stdout } = peccary(['rules', 'show', '1', '-S', file]);
    assert.equal(status, 0);
    for (const part of [
      '1:1:3  good',
      'in          http.uri (once the start line is complete)',
      'contains "/a|3b|b", in any case, within the first 9 bytes',
      'matches /x+/',
      'type        app_tx',
      'searched    "/a|3b|b" in http.uri; patterns searched for together: to_server over http.uri: 1',
      'sets flowbits seen, tested by no other rule',
    ]) {
      assert.ok(stdout.includes(part), `${part}\n${stdout}`);
    }
    const drop = peccary(['rules', 'show', '1:4', '-S', file]).stdout;
    assert.match(drop, /action +drop/);
    assert.match(drop, /flow +toserver, established/);
    assert.match(drop, /condition +dsize is more than 100/);
    assert.match(drop, /type +pkt: packets/);
    assert.match(drop, /searched +nothing: it looks at no bytes/);
    assert.match(drop, /port groups tcp to_server: 1 of 2/);
  });

  it('show names the rules that set what a rule tests, its warnings, and what its pcre needs; --json has it too', () => {
    const bits = join(dir, 'bits.rules');
    writeFileSync(
      bits,
      [
        'alert http any any -> any any (msg:"sets"; http.uri; content:"/first"; flowbits:set,one; noalert; sid:11;)',
        'alert http any any -> any any (msg:"tests"; http.uri; pcre:"/abc|defg/"; flowbits:isset,one|two; sid:12;)',
        'alert udp any any -> any 53:54 (msg:"dead"; content:"abcd"; isdataat:5; dsize:<5; sid:13;)',
      ].join('\n'),
    );
    const tests = peccary(['rules', 'show', '12', '-S', bits]).stdout;
    assert.match(tests, /searched +"abc", "defg", which the pcre cannot match without, in http.uri/);
    assert.match(
      tests,
      /state +tests flowbits one, written by 11\n +state +tests flowbits two, written by no other rule/,
    );
    assert.match(tests, /condition +flowbit one or two is set/);
    assert.match(peccary(['rules', 'show', '11', '-S', bits]).stdout, /sets flowbits one, tested by 12/);
    const { stdout } = peccary(['rules', 'show', '13', '-S', bits, '--json']);
    const { understood, sid } = JSON.parse(stdout) as { sid: number; understood: RuleFacts };
    assert.equal(sid, 13);
    assert.equal(understood.type, 'pkt');
    assert.deepEqual(understood.directions, ['to_server', 'to_client']);
    assert.equal(understood.portGroups[0].protocol, 'udp');
    assert.deepEqual(understood.looksAt, [{ buffer: 'payload', when: 'each packet by itself' }]);
    assert.equal(understood.warnings.length, 1);
    assert.match(understood.warnings[0].reason, /^can never match: it needs at least 6 bytes where at most 4/);
  });

  it('check takes lists in suricata-update’s formats and tells what each line did', () => {
    writeFileSync(join(dir, 'off'), 're:GOOD # not this one\n999\n');
    writeFileSync(join(dir, 'changes'), '4 "dsize:>100" "dsize:>200"\n');
    const lists = ['--disable-conf', join(dir, 'off'), '--modify-conf', join(dir, 'changes'), '-S', file];
    const { stdout } = peccary(['rules', 'check', ...lists]);
    assert.match(stdout, /^list {5}.*off:1: re:GOOD # not this one: 1 rule disabled$/m);
    assert.match(stdout, /^list {5}.*changes:1: .*: 1 rule modified$/m);
    assert.match(stdout, /^warning {2}.*off:2:1: "999" matches no rule$/m);
    const report = JSON.parse(peccary(['rules', 'check', ...lists, '--json']).stdout) as {
      lists: { lines: unknown[] };
    };
    assert.equal(report.lists.lines.length, 3);
    assert.match(peccary(['rules', 'show', '4', ...lists]).stdout, /dsize is more than 200/);
  });

  it('a rule that loads and does not fit the tables counts as refused, in check and in replay', () => {
    const big = join(dir, 'big.rules');
    const names = ['uri', 'uri.raw', 'method', 'host', 'host.raw', 'user_agent', 'referer', 'accept', 'cookie'];
    const sections = ['', 'to_md5; ', 'to_sha1; '].flatMap((t) => names.map((n) => `http.${n}; ${t}content:"abcd"; `));
    writeFileSync(big, `alert http any any -> any any (flow:to_server; ${sections.join('')}sid:21;)\n`);
    const { status, stdout } = peccary(['rules', 'check', '-S', big]);
    assert.equal(status, 2);
    assert.match(stdout, /^refused .*big\.rules:1:1: more than 24 buffers in one rule \(sid 21\)\n {4}split the rule/m);
    assert.match(stdout, /^0 rules loaded, 1 refused/m);
    assert.match(peccary(['rules', 'show', '21', '-S', big]).stdout, /warning +refused: more than 24 buffers/);
  });

  it('show says why a refused rule is not there, and that an unknown one is not', () => {
    const refused = peccary(['rules', 'show', '2', '-S', file]);
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /http\.urii/);
    const unknown = peccary(['rules', 'show', '99', '-S', file]);
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /99: no such rule is loaded/);
    assert.equal(peccary(['rules', 'show', 'x', '-S', file]).status, 2);
  });

  it('exits 2 when a rule file is not there', () => {
    const { status, stderr } = peccary(['rules', 'check', '-S', join(dir, 'absent.rules')]);
    assert.equal(status, 2);
    assert.match(stderr, /absent\.rules/);
  });
});

describe('a content in words', () => {
  it('is written as rules write it', () => {
    assert.equal(contentText('a\x00\x01b;|"'), 'a|00 01|b|3b 7c 22|');
    assert.equal(contentText(''), '');
  });
});
