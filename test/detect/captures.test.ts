import { strict as assert } from 'node:assert';
import { sidsOf } from './engine-harness.js';
import { get, http, ok, udpTo } from './frames.js';

const frames = http([get('/index.php?user=bob&id=77'), ok('hello')]);

describe('pcre captures (Suricata user guide, "pcre / Using captured groups")', () => {
  it('a packet variable is set by group name or list, and flowvar and pktvar find text in their values', () => {
    const rules = [
      'alert http any any -> any any (http.uri; pcre:"/user=(?P<pkt_user>[a-z]+)&id=(?P<flow_id>\\d+)/"; sid:1;)',
      'alert tcp any any -> any any (flow:to_client; content:"hello"; flowvar:id,"7"; sid:2;)',
      'alert tcp any any -> any any (flow:to_client; content:"hello"; flowvar:id,"8"; sid:3;)',
      'alert tcp any any -> any any (flow:to_client; content:"hello"; pktvar:user,"bob"; sid:4;)',
    ].join('\n');
    assert.deepEqual(sidsOf(rules, frames), [1, 2]);
  });

  it('a packet variable lasts for its packet', () => {
    const rules = [
      'alert udp any any -> any any (pcre:"/user=(\\w+)/, pkt:who"; sid:1;)',
      'alert udp any any -> any any (content:"check"; pktvar:who,"ev"; sid:2;)',
    ].join('\n');
    assert.deepEqual(sidsOf(rules, [udpTo('user=eve check'), udpTo('check')]), [1, 2]);
  });
});
