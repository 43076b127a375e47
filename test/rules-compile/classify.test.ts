import assert from 'node:assert/strict';
import { Settings } from '../../src/core/settings.js';
import { compileRules } from '../../src/rules/compile/compile.js';
import { RuleCol, RuleFlag, ruleTypeNames } from '../../src/rules/compile/layout.js';
import { parseRuleText } from '../../src/rules/load.js';

function compiled(rule: string) {
  const s = new Settings();
  const set = parseRuleText(rule, s);
  assert.deepEqual(set.failed, [], rule);
  return compileRules(set, s);
}

function typeOf(head: string, options: string): string {
  return ruleTypeNames[compiled(`alert ${head} (${options} sid:1;)`).table[RuleCol.Type]];
}

const any = 'any any -> any any';
/** Types as Suricata 7.0.10's engine analysis gives them. */
const cases: [head: string, options: string, type: string][] = [
  [`ip ${any}`, '', 'ip_only'],
  ['tcp any any -> any 80', '', 'ip_only'],
  ['tcp any 80 -> any any', '', 'ip_only'],
  ['tcp any 1024: -> any 80', '', 'pkt'],
  ['tcp !1.2.3.4 any -> any any', '', 'like_ip_only'],
  ['ip any any -> $EXTERNAL_NET any', '', 'like_ip_only'],
  [`ip ${any}`, 'ip_proto:6;', 'ip_only'],
  [`ip ${any}`, 'xbits:isset,a,track ip_src;', 'ip_only'],
  [`tcp ${any}`, 'flowbits:set,a;', 'ip_only'],
  [`tcp ${any}`, 'flowbits:isset,a;', 'pkt'],
  [`tcp ${any}`, 'detection_filter:track by_src, count 1, seconds 10;', 'ip_only'],
  [`tcp ${any}`, 'app-layer-protocol:http;', 'pd_only'],
  [`tcp ${any}`, 'app-layer-protocol:http; flow:established,to_server;', 'pkt'],
  [`pkthdr ${any}`, 'decode-event:ipv4.trunc_pkt;', 'de_only'],
  [`ip ${any}`, 'decode-event:ipv4.trunc_pkt; flow:established;', 'pkt'],
  [`tcp ${any}`, 'stream-event:est_packet_out_of_window;', 'pkt'],
  [`tcp ${any}`, 'flow:to_server;', 'pkt'],
  [`tcp ${any}`, 'content:"abcd";', 'stream'],
  [`ip ${any}`, 'content:"abcd";', 'stream'],
  [`udp ${any}`, 'content:"abcd";', 'pkt_stream'],
  [`tcp ${any}`, 'content:"abcd"; depth:10;', 'pkt_stream'],
  [`tcp ${any}`, 'content:"abcd"; startswith;', 'pkt_stream'],
  [`tcp ${any}`, 'content:"abcd"; stream_size:server,>,1;', 'pkt_stream'],
  [`tcp ${any}`, 'content:"abcd"; ttl:64;', 'pkt'],
  [`tcp ${any}`, 'content:"abcd"; tcpv4-csum:invalid;', 'stream'],
  [`tcp ${any}`, 'flow:no_stream; content:"abcd";', 'pkt'],
  [`tcp ${any}`, 'flow:only_stream; content:"abcd"; depth:10;', 'stream'],
  [`tcp-pkt ${any}`, 'content:"abcd";', 'pkt'],
  [`tcp-stream ${any}`, 'content:"abcd";', 'stream'],
  [`tcp ${any}`, 'tcp.hdr; content:"abcd"; content:"a"; pkt_data; content:"x";', 'pkt'],
  [`http ${any}`, '', 'app_layer'],
  [`http ${any}`, 'content:"abcd";', 'stream'],
  [`http ${any}`, 'http.uri; content:"x";', 'app_tx'],
  [`http ${any}`, 'content:"abcd"; http.uri; content:"x";', 'app_tx'],
  [`tcp ${any}`, 'http.uri; content:"x";', 'app_tx'],
  [`http ${any}`, 'urilen:>5;', 'app_tx'],
  [`http ${any}`, 'app-layer-event:http.gzip_decompression_failed;', 'app_tx'],
];

describe('Rule types (Suricata manual, "Rule Types and Categorization")', () => {
  for (const [head, options, type] of cases) {
    it(`${head} (${options}) is ${type}`, () => assert.equal(typeOf(head, options), type));
  }

  it('buffers of one side decide the direction of a rule without one', () => {
    const both = RuleFlag.ToServer | RuleFlag.ToClient;
    const dirs = (options: string) => compiled(`alert http ${any} (${options} sid:1;)`).table[RuleCol.Flags] & both;
    assert.equal(dirs('http.uri; content:"x";'), RuleFlag.ToServer);
    assert.equal(dirs('http.stat_code; content:"2";'), RuleFlag.ToClient);
    assert.equal(dirs('http.cookie; content:"x";'), both);
  });

  it('a rule with <> stands twice with its sides exchanged, unless they are the same', () => {
    const two = compiled('alert tcp 1.1.1.1 any <> any 80 (content:"abc"; sid:1;)');
    assert.equal(two.rules.length, 2);
    assert.equal(two.table[RuleCol.Src], two.table[RuleCol.Stride + RuleCol.Dst]);
    assert.equal(compiled('alert tcp any any <> any any (content:"abc"; sid:1;)').rules.length, 1);
  });
});
