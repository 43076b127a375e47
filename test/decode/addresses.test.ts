import assert from 'node:assert/strict';
import { addressText, ipv4Text, parseAddress } from '../../src/decode/addresses.js';

describe('addresses as text (RFC 4291 section 2.2; EVE prints eight full groups)', () => {
  it('prints words', () => {
    assert.equal(ipv4Text(0xc0a8_010a | 0), '192.168.1.10');
    assert.equal(addressText(6, 0x2001_0db8, 0, 0, -1), '2001:0db8:0000:0000:0000:0000:ffff:ffff');
  });

  it('reads what it prints, and shortened forms', () => {
    for (const text of ['0.0.0.0', '255.255.255.255', '2001:0db8:0000:0000:0000:0000:0000:0080']) {
      const a = parseAddress(text);
      assert.ok(a !== null);
      assert.equal(addressText(a.version, ...a.words), text);
    }
    assert.deepEqual(parseAddress('2001:db8::1')?.words, [0x2001_0db8, 0, 0, 1]);
    assert.deepEqual(parseAddress('::')?.words, [0, 0, 0, 0]);
  });

  it('refuses what is none', () => {
    for (const text of ['', '1.2.3', '1.2.3.256', '1:2', '::1::', '1:2:3:4:5:6:7:8:9', 'g::', '1:2:3:4:5:6:7::8:9']) {
      assert.equal(parseAddress(text), null, text);
    }
  });
});
