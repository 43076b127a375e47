import { strict as assert } from 'node:assert';
import { Settings } from '../../src/core/settings.js';
import { AppProto } from '../../src/protocol/app-proto.js';
import { BufferId } from '../../src/protocol/buffers.js';
import type { ContentMatch, Rule } from '../../src/rules/ir.js';
import { parseRuleText } from '../../src/rules/load.js';

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
      .map((m): [BufferId, string] => [s.buffer, String.fromCharCode(...m.bytes)]),
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

  it('what has no counterpart is skipped with the reason', () => {
    const set = parseRuleText(
      [
        'alert tcp any any -> any any (service:dce; dce_iface:uuid 1; sid:1;)',
        'alert tcp any any -> any any (file_data; content:"a",nocase; service:smtp; sid:2;)',
        'alert http ( http_param:"id",nocase; content:"a"; sid:3; )',
        'alert ssl ( content:"a"; sid:4; )',
      ].join('\n'),
      settings,
    );
    assert.equal(set.failed.length + set.rules.length, 0);
    assert.deepEqual(
      set.skipped.map((n) => n.sid),
      [1, 2, 3, 4],
    );
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
