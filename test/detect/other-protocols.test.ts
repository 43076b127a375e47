import { strict as assert } from 'node:assert';
import { Settings } from '../../src/core/settings.js';
import { parseRuleText } from '../../src/rules/load.js';
import { udpFrame } from '../tools/build.js';
import { DefaultStartUs, tcpSession } from '../tools/session.js';
import { Run, sidsOf } from './engine-harness.js';

const mail = tcpSession({
  server: { port: 25 },
  exchanges: [
    { from: 'server', data: '220 mail.example ESMTP\r\n' },
    { from: 'client', data: 'EHLO client\r\n' },
    { from: 'server', data: '250 mail.example\r\n' },
    { from: 'client', data: 'MAIL FROM:<bad@example>\r\n' },
  ],
});

describe('protocols that are not inspected (Suricata user guide, "Protocol")', () => {
  it('rules on raw payload to their ports work', () => {
    const rules = [
      'alert tcp any any -> any 25 (flow:to_server,established; content:"MAIL FROM|3a|<bad@"; sid:1;)',
      'alert tcp any 25 -> any any (flow:to_client,established; content:"220 "; depth:4; content:"ESMTP"; sid:2;)',
      'alert tcp any any -> any 25 (flow:to_server,established; content:"MAIL FROM|3a|<good@"; sid:3;)',
      'alert tcp-pkt any any -> any 25 (content:"EHLO"; sid:4;)',
    ].join('\n');
    // The second looks at the packet and, its depth notwithstanding, at the stream, as in Suricata.
    assert.deepEqual(sidsOf(rules, mail), [2, 4, 1, 2]);
    const query = udpFrame(
      { srcPort: 5000, dstPort: 53 },
      '\0\x01\x01\0\0\x01\0\0\0\0\0\0\x03bad\x07example\0\0\x01\0\x01',
    );
    const dns = 'alert udp any any -> any 53 (content:"|03|bad|07|example|00|"; nocase; sid:5;)';
    assert.deepEqual(sidsOf(dns, [{ tsUs: DefaultStartUs, bytes: query }]), [5]);
  });

  it('rules that look into them are skipped with the reason, by header or by keyword, and the rest load', () => {
    const text = [
      'alert dns any any -> any any (dns.query; content:"bad"; sid:1;)',
      'alert tcp any any -> any 443 (tls.sni; content:"bad"; sid:2;)',
      'alert tcp any any -> any 445 (smb.share; content:"bad"; sid:3;)',
      'alert udp any any -> any 53 (dns_query; content:"bad"; sid:4;)',
      'alert tcp any any -> any 443 (content:"|16 03|"; depth:2; sid:5;)',
    ].join('\n');
    const set = parseRuleText(text, new Settings({}));
    assert.deepEqual(
      set.skipped.map((n) => [n.sid, n.reason]),
      [
        [1, 'protocol dns is not inspected'],
        [2, 'tls.sni belongs to protocol tls, which is not inspected'],
        [3, 'smb.share belongs to protocol smb, which is not inspected'],
        [4, 'dns_query belongs to protocol dns, which is not inspected'],
      ],
    );
    assert.deepEqual([set.failed, set.rules.map((r) => r.sid)], [[], [5]]);
    assert.equal(new Run(text).rules.rules.length, 1);
  });
});
