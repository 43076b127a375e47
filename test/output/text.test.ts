import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Region, u8 } from '../../src/core/memory.js';
import { addressBytes, addressRange, addressText, shortAddressText } from '../../src/output/address-bytes.js';
import { CommunityId } from '../../src/output/community-id.js';
import { quote, timestamp } from '../../src/output/eve/json.js';
import { fastLine } from '../../src/output/fast-log.js';
import { memoryText } from '../../src/output/memory-text.js';
import { referenceUrl } from '../../src/output/references.js';
import { bytesText, printable } from '../../src/output/text.js';
import * as samples from './samples.js';

describe('text of traffic bytes', () => {
  it('keeps valid UTF-8 and writes other high bytes as \\xNN (Suricata 7.0.10)', () => {
    assert.equal(bytesText(Buffer.from('é€ ok')), 'é€ ok');
    assert.equal(bytesText(Buffer.from('a\xc3\xa9/\xff', 'latin1')), 'a\\xc3\\xa9/\\xff');
    assert.equal(printable(Buffer.from('a\r\n\t\x00é')), 'a\r\n....');
  });

  it('is the same from the worker memory', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (b) => {
        u8.set(b, Region.ArenaOff);
        assert.equal(memoryText(Region.ArenaOff, b.length), bytesText(b));
      }),
    );
  });

  it('quotes any text so that JSON gives it back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (s) => {
        assert.equal(JSON.parse(quote(s)), s);
      }),
    );
  });

  it('writes times with microseconds and +0000, fractions of microseconds cut', () => {
    assert.equal(timestamp(samples.t0), '2026-01-02T03:04:05.123456+0000');
    assert.equal(timestamp(samples.t0 + 0.75), '2026-01-02T03:04:05.123456+0000');
    assert.equal(timestamp(0), '1970-01-01T00:00:00.000000+0000');
  });
});

describe('addresses', () => {
  it('turns text into bytes and back (RFC 4291 section 2.2)', () => {
    for (const [text, full, short] of [
      ['192.0.2.1', '192.0.2.1', '192.0.2.1'],
      ['2001:db8::1', '2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
      ['::', '0000:0000:0000:0000:0000:0000:0000:0000', '::'],
      ['1:0:0:2:0:0:0:3', '0001:0000:0000:0002:0000:0000:0000:0003', '1:0:0:2::3'],
      ['::ffff:192.0.2.1', '0000:0000:0000:0000:0000:ffff:c000:0201', '::ffff:c000:201'],
    ]) {
      assert.equal(addressText(addressBytes(text)), full);
      assert.equal(shortAddressText(addressBytes(text)), short);
    }
    assert.equal(addressBytes('').length, 0);
    assert.equal(addressBytes('300.1.1.1').length, 0);
  });

  it('reads CIDR blocks, single addresses and spans as ranges', () => {
    const text = (s: string) => {
      const r = addressRange(s);
      return r === null ? null : `${shortAddressText(r.lo)}-${shortAddressText(r.hi)}`;
    };
    assert.equal(text('10.1.2.3/8'), '10.0.0.0-10.255.255.255');
    assert.equal(text('10.1.2.3/31'), '10.1.2.2-10.1.2.3');
    assert.equal(text('0.0.0.0/0'), '0.0.0.0-255.255.255.255');
    assert.equal(text('192.0.2.9'), '192.0.2.9-192.0.2.9');
    assert.equal(text('2001:db8::/32'), '2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff');
    assert.equal(text('10.0.0.1-10.0.0.9'), '10.0.0.1-10.0.0.9');
    for (const bad of ['10.0.0.0/33', 'x', '10.0.0.1/8/8', '10.0.0.9-10.0.0.1', '1.2.3.4/-1', ''])
      assert.equal(text(bad), null);
  });
});

describe('community id v1 (Corelight specification)', () => {
  const id = new CommunityId(0);

  it("gives the ids of the specification's baseline", () => {
    assert.equal(id.of('128.232.110.120', '66.35.250.204', 34855, 80, 'TCP'), '1:LQU9qZlK+B5F3KDmev6m5PMibrg=');
    assert.equal(
      new CommunityId(1).of('128.232.110.120', '66.35.250.204', 34855, 80, 'TCP'),
      '1:3V71V58M3Ksw/yuFALMcW0LAHvc=',
    );
  });

  it('is the same in both directions', () => {
    assert.equal(id.of('10.0.0.1', '10.0.0.2', 1234, 80, 'TCP'), id.of('10.0.0.2', '10.0.0.1', 80, 1234, 'TCP'));
    assert.equal(
      id.of('10.0.0.1', '10.0.0.2', -1, -1, 'ICMP', 8, 0),
      id.of('10.0.0.2', '10.0.0.1', -1, -1, 'ICMP', 0, 0),
    );
    assert.notEqual(id.of('10.0.0.1', '10.0.0.2', 1234, 80, 'TCP'), id.of('10.0.0.1', '10.0.0.2', 1234, 80, 'UDP'));
  });

  it('gives nothing for what it does not know', () => {
    assert.equal(id.of('', '', -1, -1, ''), null);
    assert.equal(id.of('10.0.0.1', '2001:db8::1', 1, 2, 'TCP'), null);
  });
});

describe('fast.log (Suricata user guide 7.0, "Line based alerts log")', () => {
  const rule = samples.rule();

  it("has Suricata's format", () => {
    assert.equal(
      fastLine(samples.alert(), rule),
      '01/02/2026-03:04:05.123456  [**] [1:1000001:3] WEB traversal in path [**] [Classification: Web Application Attack] [Priority: 1] {TCP} 192.0.2.1:40000 -> 198.51.100.7:80\n',
    );
    assert.match(fastLine(samples.alert({ action: 'blocked' }), rule), / {2}\[Drop\] \[\*\*\] /);
    assert.match(fastLine(samples.alert(), samples.rule({ action: 'drop' })), / {2}\[wDrop\] \[\*\*\] /);
    assert.match(
      fastLine(samples.alert({ proto: 'ICMP', srcPort: -1, dstPort: -1, icmpType: 8, icmpCode: 0 }), rule),
      /\{ICMP\} 192\.0\.2\.1:8 -> 198\.51\.100\.7:0\n$/,
    );
    assert.match(fastLine(samples.alert({ src: '' }), rule), /\[Raw pkt: 01 02 03 04 \] \[pcap file packet: 4\]\n$/);
  });

  it('stays one line whatever a rule is called', () => {
    assert.equal(fastLine(samples.alert(), samples.rule({ msg: 'a\nb\x1b[2J', classText: '' })).split('\n').length, 2);
  });
});

describe('references', () => {
  it('become addresses that can be opened', () => {
    assert.equal(referenceUrl({ type: 'url', value: 'example.org/a' }), 'https://example.org/a');
    assert.equal(referenceUrl({ type: 'url', value: 'http://example.org' }), 'http://example.org');
    assert.equal(
      referenceUrl({ type: 'cve', value: 'CVE-2014-6271' }),
      'https://nvd.nist.gov/vuln/detail/CVE-2014-6271',
    );
    assert.equal(referenceUrl({ type: 'odd', value: '5' }), 'odd,5');
  });
});
