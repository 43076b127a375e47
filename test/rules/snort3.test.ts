import { strict as assert } from 'node:assert';
import { Settings } from '../../src/core/settings.js';
import { AppProto } from '../../src/protocol/app-proto.js';
import { BufferId } from '../../src/protocol/buffers.js';
import type { ContentMatch, Rule } from '../../src/rules/ir.js';
import { parseRuleText } from '../../src/rules/load.js';
import { joinSnort3Lines } from '../../src/rules/snort3-lines.js';

const settings = new Settings({});

function one(text: string): Rule {
  const set = parseRuleText(text, settings);
  assert.deepEqual(
    [...set.failed, ...set.skipped].map((n) => n.reason),
    [],
  );
  return set.rules[0];
}

const contents = (rule: Rule): [BufferId, string][] =>
  rule.sections.flatMap((s) =>
    s.matches
      .filter((m): m is ContentMatch => m.kind === 'content')
      .map((m): [BufferId, string] => [s.buffer, m.bytes]),
  );

describe('Snort 3 rules (Snort 3 rule writing guide)', () => {
  it('content options after commas', () => {
    const rule = one(
      'alert tcp any any -> any 25 (content:"ab\\;c",nocase,offset 3,depth 9,fast_pattern,fast_pattern_offset 1,fast_pattern_length 2; content:!"x;y",distance -1,within 4; sid:1;)',
    );
    const [a, b] = rule.sections[0].matches as ContentMatch[];
    assert.deepEqual([a.nocase, a.offset, a.depth, a.fastPatternChop], [true, 3, 9, [1, 2]]);
    assert.deepEqual([b.negated, b.distance, b.within, b.bytes.length], [true, -1, 4, 3]);
  });

  it('sticky buffers stand before their contents', () => {
    const rule = one(
      'alert tcp any any -> any $HTTP_PORTS (http_uri; content:"a",nocase; http_header: field user-agent; content:"b"; pkt_data; content:"c"; service:http; sid:1;)',
    );
    assert.deepEqual(contents(rule), [
      [BufferId.HttpUri, 'a'],
      [BufferId.HttpUserAgent, 'b'],
      [BufferId.Payload, 'c'],
    ]);
  });

  it('a service that is inspected replaces the ports; any other leaves them', () => {
    const http = one('alert tcp any any -> any 8080 (content:"a"; service:smtp,http; sid:1;)');
    assert.deepEqual([http.proto.app, http.dstPorts.any], [AppProto.Http1, true]);
    const smtp = one('alert tcp any any -> any 25 (content:"a"; service:smtp; sid:1;)');
    assert.deepEqual([smtp.proto.app, smtp.dstPorts.ranges], [AppProto.Unknown, [[25, 25]]]);
  });

  it('the header without addresses', () => {
    const rule = one('alert http ( msg:"a;b"; http_method; content:"GET"; sid:1; )');
    assert.deepEqual([rule.src.any, rule.dstPorts.any, rule.msg], [true, true, 'a;b']);
  });

  it('bufferlen, flowbits with &, stream_size, tag, rem', () => {
    const rule = one(
      'alert tcp any any -> any any (service:http; http_uri; bufferlen:3<=>5; content:"abc"; flowbits:set,x&y; tag:session,packets 5; rem:"why"; sid:1;)',
    );
    assert.deepEqual(rule.sections[0].matches[0], { kind: 'bsize', test: { op: 'in', lo: 3, hi: 5 } });
    assert.deepEqual(
      rule.effects.map((e) => e.kind),
      ['flowbits', 'flowbits', 'tag'],
    );
    assert.deepEqual(one('alert tcp any any -> any any (stream_size:>5,to_client; service:x; sid:1;)').conditions, [
      { kind: 'stream_size', side: 'client', test: { op: '>', lo: 5, hi: 5 } },
    ]);
  });

  it('a buffer that the next one replaces at once is no fault', () => {
    assert.deepEqual(contents(one('alert http ( http_uri; http_header; content:"a"; sid:1; )')), [
      [BufferId.HttpHeader, 'a'],
    ]);
  });

  it("Snort's own variables have defaults", () => {
    const rule = one('alert udp any any -> $SIP_SERVERS $SIP_PORTS (content:"a",nocase; sid:1;)');
    assert.deepEqual(rule.dstPorts.ranges[0], [5060, 5061]);
  });

  it('parts of a target are cut out by an expression ("http_uri")', () => {
    const part = (options: string): [BufferId, string | null] => {
      const [section] = one(`alert http ( ${options} content:"a"; sid:1; )`).sections;
      return [section.buffer, section.transforms[0]?.arg ?? null];
    };
    const target = 'HTTP://shop.example:8080/a/b.php?x=1&y=2#top';
    const want: Record<string, [BufferId, string, string]> = {
      scheme: [BufferId.HttpUriRaw, 'HTTP', ''],
      host: [BufferId.HttpUriRaw, 'shop.example', ''],
      port: [BufferId.HttpUriRaw, '8080', ''],
      path: [BufferId.HttpUri, '/a/b.php', '/c'],
      query: [BufferId.HttpUri, 'x=1&y=2', ''],
      fragment: [BufferId.HttpUri, 'top', ''],
    };
    for (const [name, [buffer, absolute, origin]] of Object.entries(want)) {
      const [selected, expr] = part(`http_uri:${name};`);
      assert.equal(selected, buffer, name);
      assert.ok(expr !== null);
      const regex = new RegExp(expr.replace('(?s)', ''), 's');
      assert.equal(regex.exec(target)?.[1], absolute, name);
      assert.equal(regex.exec('/c')?.[1], origin, name);
    }
    assert.equal(part('http_raw_uri:with_body,path;')[0], BufferId.HttpUriRaw);
  });

  it('a header field is its own buffer, or cut out of the headers ("http_header")', () => {
    const own = one('alert http ( http_header:field Content-Type; content:"a"; sid:1; )');
    assert.equal(own.sections[0].buffer, BufferId.HttpContentType);
    const other = one('alert http ( flow:to_server; http_raw_header:field X-Token; content:"a"; sid:1; )');
    assert.equal(other.sections[0].buffer, BufferId.HttpHeaderRaw);
    assert.match(other.sections[0].transforms[0].arg ?? '', /x\\x2dtoken/);
  });

  it('tests of counts and versions stand aside of the selected buffer', () => {
    const rule = one(
      'alert http ( http_uri; http_num_headers:3<=>5; http_version_match:"1.0 1.1"; content:"a"; http_max_header_line:>9; content:"b"; sid:1; )',
    );
    assert.deepEqual(contents(rule), [
      [BufferId.HttpUri, 'a'],
      [BufferId.HttpUri, 'b'],
    ]);
    const exprs = rule.sections.flatMap((s) =>
      s.matches.flatMap((m): [BufferId, string][] => (m.kind === 'pcre' ? [[s.buffer, m.expr]] : [])),
    );
    assert.deepEqual(
      exprs.map(([b]) => b),
      [BufferId.HttpHeaderNames, BufferId.HttpProtocol, BufferId.HttpHeader],
    );
    const names = (n: number): string => `\r\n${'X\r\n'.repeat(n)}\r\n`;
    assert.deepEqual(
      [2, 3, 5, 6].map((n) => new RegExp(exprs[0][1], 's').test(names(n))),
      [false, true, true, false],
    );
    assert.deepEqual(
      ['HTTP/1.0', 'HTTP/1.1', 'HTTP/1.10', 'HTTP/2.0'].map((v) => new RegExp(exprs[1][1], 's').test(v)),
      [true, true, false, false],
    );
  });

  it('numeric ranges, "<>" without its ends, "<=>" with them, for every field ("Range")', () => {
    const test = (options: string): unknown => {
      const [c] = one(`alert tcp any any -> any any ( ${options} rem:"x"; service:x; sid:1; )`).conditions;
      return c.kind === 'number' && [c.field, c.test.op, c.test.lo, c.test.hi];
    };
    assert.deepEqual(test('id:3<=>5;'), ['id', 'in', 3, 5]);
    assert.deepEqual(test('window:3<>5;'), ['window', 'in', 4, 4]);
    assert.deepEqual(test('seq:!=7;'), ['seq', '!=', 7, 7]);
    assert.deepEqual(test('ttl:<=7;'), ['ttl', '<=', 7, 7]);
    assert.deepEqual(test('dsize:0<=>5;'), ['dsize', 'in', 0, 5]);
  });

  it('bufferlen relative to the cursor asks for bytes that follow', () => {
    const at = (value: string): unknown[] =>
      one(`alert http ( http_uri; content:"a"; bufferlen:${value},relative; sid:1; )`).sections[0].matches.flatMap(
        (m) => (m.kind === 'isdataat' ? [[m.at, m.negated]] : []),
      );
    assert.deepEqual(at('>=5'), [[5, false]]);
    assert.deepEqual(at('<5'), [[5, true]]);
    assert.deepEqual(at('2<=>4'), [
      [2, false],
      [5, true],
    ]);
  });

  it('alert file looks at the content of files; block, react and rewrite have their counterparts', () => {
    const file = one('alert file ( content:"MZ",depth 2; sid:1; )');
    assert.deepEqual([contents(file), file.proto.app], [[[BufferId.FileData, 'MZ']], AppProto.Http1]);
    const actionOf = (word: string): string =>
      one(`${word} tcp any any -> any 80 ( content:"a",nocase; sid:1; )`).action;
    assert.deepEqual(['block', 'react', 'rewrite'].map(actionOf), ['drop', 'reject', 'alert']);
  });

  it('regex, sd_pattern and SIP options are expressions', () => {
    const expr = (options: string): unknown => {
      const rule = one(`alert udp any any -> any 5060 ( ${options} rem:"x"; service:x; sid:1; )`);
      return rule.sections.flatMap((s) => s.matches.flatMap((m) => (m.kind === 'pcre' ? [[m.expr, m.flags]] : [])))[0];
    };
    assert.deepEqual(expr('regex:"a/b\\d",nocase,dotall;'), ['a\\/b\\d', 'is']);
    const [social] = expr('sd_pattern:"us_social",threshold 2;') as [string];
    assert.deepEqual(
      ['123-45-6789 and 987-65-4321', '123-45-6789'].map((t) => new RegExp(social).test(t)),
      [true, false],
    );
    const [method] = expr('sip_method:invite,cancel;') as [string];
    assert.deepEqual(
      ['INVITE sip:a@b SIP/2.0\r\n', 'OPTIONS sip:a@b SIP/2.0\r\n'].map((t) => new RegExp(method, 'im').test(t)),
      [true, false],
    );
    const [code] = expr('sip_stat_code:4,180;') as [string];
    assert.deepEqual(
      ['SIP/2.0 404 No', 'SIP/2.0 180 Ringing', 'SIP/2.0 200 OK'].map((t) => new RegExp(code, 'im').test(t)),
      [true, true, false],
    );
  });

  it('http_param looks for the parameter in the query, and says so', () => {
    const set = parseRuleText('alert http ( http_param:"id",nocase; content:"7"; sid:3; )', settings);
    assert.deepEqual(
      set.rules[0].sections.map((s) => [s.buffer, s.transforms.length]),
      [
        [BufferId.HttpUri, 0],
        [BufferId.HttpUri, 1],
      ],
    );
    assert.ok(set.warnings.some((w) => w.reason.includes('query only')));
  });

  it('what has no counterpart is skipped with the reason', () => {
    const set = parseRuleText(
      [
        'alert tcp any any -> any any (service:dce; dce_iface:uuid 1; sid:1;)',
        'alert tcp any any -> any any (file_data; content:"a",nocase; service:smtp; sid:2;)',
        'alert http ( http_trailer; content:"a"; sid:3; )',
        'alert ssl ( content:"a"; sid:4; )',
        'alert tcp any any -> any any (soid:3; content:"a",nocase; sid:5;)',
        'alert tcp any any -> any any (flags:S; http_uri; content:"a",nocase; service:http; sid:6;)',
        'log tcp any any -> any any (content:"a",nocase; sid:7;)',
      ].join('\n'),
      settings,
    );
    assert.deepEqual([...set.failed, ...set.rules], []);
    assert.deepEqual(
      set.skipped.map((n) => [n.sid, n.reason]),
      [
        [1, 'dce_iface: DCERPC is not inspected'],
        [2, 'files of smtp are not inspected'],
        [3, 'http_trailer: trailers have no buffer of their own'],
        [4, 'protocol ssl is not inspected'],
        [5, 'soid: shared-object rules are not run'],
        [6, 'header fields of packets and HTTP buffers are not looked at in one rule'],
        [7, 'rules with the action log raise no alerts'],
      ],
    );
  });

  it('a rule may go on over lines, with comments between ("The Basics")', () => {
    const text = [
      '# a comment (',
      'alert tcp any any -> any 80',
      '(',
      '  msg:"one ) line"; /* not; a(part */',
      '  # content:"none";',
      '  content:"a /* b",nocase;',
      '',
      '  sid:1;',
      ')',
      'alert http ( content:"x",nocase; sid:2; )',
      'alert tcp any any -> any 80 ( msg:"never closed',
      'alert http ( nokeyword:1; sid:3; )',
    ].join('\n');
    const set = parseRuleText(text, settings);
    assert.deepEqual(
      set.rules.map((r) => [r.sid, r.line, r.msg]),
      [
        [1, 2, 'one ) line'],
        [2, 10, ''],
      ],
    );
    assert.deepEqual(contents(set.rules[0]), [[BufferId.Payload, 'a /* b']]);
    assert.deepEqual(
      set.failed.map((n) => n.line),
      [11, 12],
    );
  });

  it('a file of rules on one line each stays as it is', () => {
    const rule = 'alert tcp any any -> any 80 ( content:"a",nocase; pcre:"/(x|\\"y)/"; sid:1; )';
    assert.equal(joinSnort3Lines(`${rule}\n# ${rule}\n\n${rule}`), `${rule}\n# ${rule}\n\n${rule}`);
  });

  it('a file of both dialects is read rule by rule', () => {
    const set = parseRuleText(
      'alert tcp any any -> any any (content:"a",nocase; sid:1;)\nalert http any any -> any any (http.uri; content:"a"; nocase; sid:2;)',
      settings,
    );
    assert.deepEqual(
      set.rules.map((r) => r.sid),
      [1, 2],
    );
  });
});
