import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Settings } from '../../src/core/settings.js';
import { AppProto } from '../../src/protocol/app-proto.js';
import { BufferId } from '../../src/protocol/buffers.js';
import { httpEventId } from '../../src/protocol/http-events.js';
import type { ContentMatch, Rule } from '../../src/rules/ir.js';
import { keywords } from '../../src/rules/keywords/list.js';
import { parseRuleText } from '../../src/rules/load.js';
import { metadataPairs } from '../../src/rules/metadata.js';
import { mmdbFile } from '../tools/mmdb.js';

const settings = new Settings({});

function one(options: string, proto = 'tcp', ruleVersion: 7 | 8 = 7): Rule {
  const set = parseRuleText(`alert ${proto} any any -> any any (${options} sid:1;)`, settings, { ruleVersion });
  assert.deepEqual(
    [...set.failed, ...set.skipped].map((n) => n.reason),
    [],
  );
  return set.rules[0];
}

function contents(rule: Rule, buffer: BufferId): ContentMatch[] {
  return rule.sections.filter((s) => s.buffer === buffer).flatMap((s) => s.matches.filter((m) => m.kind === 'content'));
}

const text = (c: ContentMatch): string => c.bytes;

describe('meaning of payload keywords (Suricata user guide, "Payload Keywords")', () => {
  it('content: hexadecimal parts and escapes', () => {
    assert.equal(text(contents(one('content:"a|0d 0A|b\\;\\"\\\\\\:";'), BufferId.Payload)[0]), 'a\r\nb;"\\:');
    assert.deepEqual(contents(one('content:"\xe9|e9|";'), BufferId.Payload)[0].bytes, '\xe9\xe9');
  });

  it('modifiers apply to the content before them', () => {
    const [a, b] = contents(
      one(
        'content:"aa"; offset:1; depth:4; nocase; content:!"b"; distance:-2; within:9; fast_pattern:only;'.replace(
          'fast_pattern:only;',
          '',
        ),
      ),
      BufferId.Payload,
    );
    assert.deepEqual([a.offset, a.depth, a.nocase, a.distance], [1, 4, true, null]);
    assert.deepEqual([b.negated, b.distance, b.within, b.nocase], [true, -2, 9, false]);
  });

  it('isdataat:!1,relative after a content is endswith', () => {
    const rule = one('content:"a"; isdataat:!1,relative;');
    assert.equal(contents(rule, BufferId.Payload)[0].endsWith, true);
    assert.equal(rule.sections[0].matches.length, 1);
  });

  it('byte_extract names a variable for later options', () => {
    const rule = one('content:"x"; byte_extract:1,0,len,relative; content:"y"; distance:len;');
    assert.deepEqual(contents(rule, BufferId.Payload)[1].distance, { var: 'len' });
  });

  it('base64_data gathers what follows until pkt_data', () => {
    const rule = one(
      'http.request_body; base64_decode:bytes 8, offset 2; base64_data; content:"in"; pkt_data; content:"out";',
    );
    const decode = rule.sections[0].matches[0];
    assert.ok(
      decode.kind === 'base64_decode' && decode.bytes === 8 && decode.offset === 2 && decode.inner.length === 1,
    );
    assert.deepEqual(contents(rule, BufferId.Payload).map(text), ['out']);
  });

  it('pcre: flags choose the buffer and stay as flags', () => {
    const rule = one(
      'content:"x"; http_uri; pcre:"/a\\/b/Ui"; pcre:!"/c/R";'.replace('pcre:!"/c/R";', 'content:"p"; pcre:!"/c/R";'),
    );
    const uri = rule.sections.find((s) => s.buffer === BufferId.HttpUri)?.matches[1];
    assert.ok(uri?.kind === 'pcre' && uri.expr === 'a\\/b' && uri.flags === 'i' && !uri.relative);
    const payload = rule.sections.find((s) => s.buffer === BufferId.Payload)?.matches[1];
    assert.ok(payload?.kind === 'pcre' && payload.negated && payload.relative);
  });
});

describe('meaning of HTTP keywords (Suricata user guide, "HTTP Keywords")', () => {
  it('legacy modifiers move the content, sticky buffers hold what follows', () => {
    const rule = one('content:"a"; http_uri; content:"b"; http.header; content:"c"; pkt_data; content:"d"; http_uri;');
    assert.deepEqual(contents(rule, BufferId.HttpUri).map(text), ['a', 'd']);
    assert.deepEqual(contents(rule, BufferId.HttpHeader).map(text), ['c']);
    assert.deepEqual(contents(rule, BufferId.Payload).map(text), ['b']);
    assert.equal(rule.proto.app, AppProto.Http1);
  });

  it('a second use of a sticky buffer continues the first; of http.request_header it opens another', () => {
    assert.equal(one('http.uri; content:"a"; http.method; content:"B"; http.uri; content:"c";').sections.length, 2);
    assert.equal(one('http.request_header; content:"a"; http.request_header; content:"c";').sections.length, 2);
  });

  it('transforms make a section of their own', () => {
    const rule = one('http.uri; to_lowercase; strip_whitespace; content:"a"; http.uri; content:"B";');
    assert.deepEqual(
      rule.sections.map((s) => s.transforms.map((t) => t.name)),
      [['to_lowercase', 'strip_whitespace'], []],
    );
  });

  it('urilen is a length test of the URI', () => {
    assert.deepEqual(one('urilen:5<>9;').sections, [
      { buffer: BufferId.HttpUri, transforms: [], matches: [{ kind: 'bsize', test: { op: 'in', lo: 6, hi: 8 } }] },
    ]);
  });

  it('buffers of one direction give the rule its direction', () => {
    assert.equal(one('http.uri; content:"a";').flow.direction, 'toserver');
    assert.equal(one('http.stat_code; content:"200";').flow.direction, 'toclient');
    assert.equal(one('http.header; content:"a";').flow.direction, null);
  });

  it('app-layer-event names an HTTP event', () => {
    assert.deepEqual(one('app-layer-event:http.missing_host_header;').conditions, [
      { kind: 'event', event: httpEventId('missing_host_header') },
    ]);
  });
});

describe('meaning of flow, header and meta keywords', () => {
  it('flow, flowbits, flowint, xbits', () => {
    const rule = one(
      'flow:established,from_client; flowbits:isset,a|b; flowbits:set,c; flowint:nn,+,1; flowint:nn,>,2; xbits:set,x,track ip_src,expire 9; noalert;',
    );
    assert.deepEqual(rule.flow, { direction: 'toserver', state: 'established', stream: null, frag: null });
    assert.deepEqual(rule.conditions, [
      { kind: 'flowbits', cmd: 'isset', names: ['a', 'b'] },
      { kind: 'flowint', name: 'nn', op: '>', value: 2 },
    ]);
    assert.deepEqual(rule.effects, [
      { kind: 'flowbits', cmd: 'set', names: ['c'] },
      { kind: 'flowint', name: 'nn', op: '+', value: 1 },
      { kind: 'xbits', cmd: 'set', name: 'x', track: 'ip_src', expireS: 9 },
    ]);
    assert.equal(rule.noalert, true);
  });

  it('flags: bits, modifier and mask', () => {
    assert.deepEqual(one('flags:SA+,12;').conditions, [{ kind: 'tcp_flags', flags: 0x12, ignore: 0xc0, mode: 'all' }]);
    assert.deepEqual(one('flags:0;').conditions, [{ kind: 'tcp_flags', flags: 0, ignore: 0, mode: 'exact' }]);
  });

  it('priority overrides the classtype, wherever it stands', () => {
    assert.equal(one('classtype:trojan-activity;').priority, 1);
    assert.equal(one('classtype:trojan-activity;').classText, 'A Network Trojan was detected');
    assert.equal(one('priority:7; classtype:trojan-activity;').priority, 7);
    assert.equal(one('classtype:trojan-activity; priority:7;').priority, 7);
    assert.equal(one('msg:"x";').priority, 3);
  });

  it('msg, reference, metadata, rev, gid, target', () => {
    const rule = one('msg:"a\\;b"; reference:cve,2021-44228; metadata:k v w, k2 x; rev:3; gid:2; target:dest_ip;');
    assert.deepEqual([rule.msg, rule.rev, rule.gid, rule.target], ['a;b', 3, 2, 'dest_ip']);
    assert.deepEqual(rule.references, [{ type: 'cve', value: '2021-44228' }]);
    assert.deepEqual(metadataPairs(rule.metadata), [
      ['k', 'v w'],
      ['k2', 'x'],
    ]);
  });

  it('thresholds', () => {
    assert.deepEqual(one('threshold:type both, track by_src, count 3, seconds 60;').threshold, {
      type: 'both',
      track: 'by_src',
      count: 3,
      seconds: 60,
    });
    assert.deepEqual(one('detection_filter:track by_dst, count 3, seconds 60;').threshold, {
      type: 'detection_filter',
      track: 'by_dst',
      count: 3,
      seconds: 60,
    });
    assert.equal(
      one('threshold:type backoff, track by_flow, count 1, multiplier 10;', 'tcp', 8).threshold?.multiplier,
      10,
    );
  });
});

describe('keyword documentation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peccary-keywords-'));
  after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'countries.mmdb'), mmdbFile([['10.0.0.0/8', 'DE']]));
  writeFileSync(join(folder, 'categories.txt'), '1,CnC,command and control\n');
  for (const name of ['bad-hosts.lst', 'hosts.rep']) writeFileSync(join(folder, name), '');
  writeFileSync(join(folder, 'known-bad.txt'), '');
  const withFiles = new Settings({
    'geoip-database': join(folder, 'countries.mmdb'),
    'default-reputation-path': folder,
    'reputation-categories-file': 'categories.txt',
  });
  const protoOf: Record<string, string> = {
    ip_proto: 'ip',
    'udp.hdr': 'udp',
    'icmpv4.hdr': 'icmp',
    'icmpv6.hdr': 'icmpv6',
  };
  const before: Record<string, string> = {
    'tcp.seq': '',
    sid: '',
    rev: '',
    gid: '',
    'http.header.raw': 'flow:to_server; ',
    http_raw_header: 'flow:to_server; ',
  };
  for (const k of keywords) {
    it(`${k.name}: its example is a rule that uses it`, () => {
      assert.ok(k.description.endsWith('.') && k.example.length > 0);
      assert.equal(k.args === '', k.value === 'none');
      const options = `${before[k.name] ?? ''}${k.example}`;
      const sid = k.name === 'sid' ? '' : ' sid:1;';
      const set = parseRuleText(`alert ${protoOf[k.name] ?? 'tcp'} any any -> any any (${options}${sid})`, withFiles, {
        ruleVersion: k.since,
        file: join(folder, 'my.rules'),
      });
      assert.deepEqual(
        set.failed.map((n) => n.reason),
        [],
      );
      assert.equal(set.rules.length + set.skipped.length, 1);
      assert.ok(k.example.toLowerCase().includes(k.name) || k.aliases?.some((a) => k.example.includes(a)));
    });
  }
});
