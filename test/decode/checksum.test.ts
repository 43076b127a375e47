import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  checksumsOk,
  icmpv4ChecksumOk,
  icmpv6ChecksumOk,
  ipv4ChecksumOk,
  tcpChecksumOk,
  udpChecksumOk,
} from '../../src/decode/checksum.js';
import { PacketFlag } from '../../src/decode/packet.js';
import { frame, icmpv4, icmpv6, ip, ipv4, tcp, tcpFrame, udp, udpFrame } from '../tools/build.js';
import { decode } from '../tools/decode.js';

const src6 = '2001:db8::10';
const dst6 = '2001:db8::80';

describe('checksums (RFC 1071, RFC 791, RFC 768, RFC 9293, RFC 4443)', () => {
  it('any segment built right verifies, and one changed bit is found', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), fc.boolean(), fc.nat(), (data, six, isTcp, at) => {
        const [src, dst] = six ? [src6, dst6] : ['192.168.1.10', '10.0.0.80'];
        const segment = isTcp ? tcp(src, dst, {}, data) : udp(src, dst, {}, data);
        const good = frame(ip(src, dst, isTcp ? 6 : 17, segment));
        assert.ok(checksumsOk(decode(good)));
        if (data.length === 0) return;
        const bad = good.slice();
        bad[bad.length - 1 - (at % data.length)] ^= 1 << (at % 8);
        const p = decode(bad);
        assert.equal(isTcp ? tcpChecksumOk(p) : udpChecksumOk(p), false);
        assert.equal(checksumsOk(p), false);
        assert.notEqual(p.flags & PacketFlag.BadChecksum, 0);
      }),
    );
  });

  it('the IPv4 header has its own', () => {
    assert.equal(ipv4ChecksumOk(decode(frame(ipv4({ proto: 17, checksum: 0x1234 }, new Uint8Array(8))))), false);
    assert.ok(ipv4ChecksumOk(decode(frame(ipv4({ proto: 17, options: new Uint8Array(8) }, new Uint8Array(8))))));
  });

  it('UDP 0 means none over IPv4 and is wrong over IPv6 (RFC 8200 section 8.1)', () => {
    assert.ok(udpChecksumOk(decode(udpFrame({ checksum: 0 }, 'abc'))));
    assert.equal(udpChecksumOk(decode(udpFrame({ src: src6, dst: dst6, checksum: 0 }, 'abc'))), false);
  });

  it('ICMP and ICMPv6', () => {
    const echo = icmpv4(8, 0, new Uint8Array([1, 2, 3, 4, 5]));
    assert.ok(icmpv4ChecksumOk(decode(frame(ipv4({ proto: 1 }, echo)))));
    echo[4] ^= 1;
    assert.equal(icmpv4ChecksumOk(decode(frame(ipv4({ proto: 1 }, echo)))), false);
    const echo6 = icmpv6(src6, dst6, 128, 0, new Uint8Array([1, 2, 3, 4, 5]));
    assert.ok(icmpv6ChecksumOk(decode(frame(ip(src6, dst6, 58, echo6)))));
    echo6[4] ^= 1;
    assert.equal(icmpv6ChecksumOk(decode(frame(ip(src6, dst6, 58, echo6)))), false);
  });

  it('padding behind the datagram does not count', () => {
    const padded = new Uint8Array([...tcpFrame({}, 'x'), 9, 9, 9]);
    assert.ok(checksumsOk(decode(padded)));
  });
});
