import assert from 'node:assert/strict';
import { frame, icmpv4, icmpv6, ipv4, ipv6, tcp } from '../tools/build.js';
import { concat, hex } from '../tools/bytes.js';
import { decode, eventsOf, payloadText } from '../tools/decode.js';

const four = (message: Uint8Array): Uint8Array => frame(ipv4({ proto: 1 }, message));
const six = (type: number, code: number, rest: Uint8Array, hopLimit = 64): Uint8Array =>
  frame(ipv6({ proto: 58, hopLimit }, icmpv6('2001:db8::10', '2001:db8::80', type, code, rest)));
const quoted4 = ipv4(
  { src: '10.0.0.1', dst: '10.0.0.2', proto: 6 },
  tcp('10.0.0.1', '10.0.0.2', { srcPort: 5, dstPort: 80 }),
);
const quoted6 = ipv6({ proto: 6 }, tcp('2001:db8::10', '2001:db8::80', { srcPort: 5, dstPort: 80 }));

describe('ICMP (RFC 792)', () => {
  it('echo has an identifier, a sequence number and data', () => {
    const p = decode(four(icmpv4(8, 0, concat(hex('12340007'), Buffer.from('ping')))));
    assert.deepEqual([p.icmpType, p.icmpCode, p.icmpId, p.icmpSeq, payloadText(p)], [8, 0, 0x1234, 7, 'ping']);
  });

  it('errors quote the packet that caused them', () => {
    const p = decode(four(icmpv4(3, 3, concat(new Uint8Array(4), quoted4))));
    assert.deepEqual([p.embProto, p.embSrcPort, p.embDstPort, p.embOff], [6, 5, 80, p.payloadOff]);
    assert.deepEqual(eventsOf(p), []);
  });

  it('a quote that is cut or not IPv4', () => {
    const cut = decode(four(icmpv4(11, 0, concat(new Uint8Array(4), quoted4.subarray(0, 19)))));
    assert.deepEqual(eventsOf(cut), ['icmpv4.ipv4_trunc_pkt']);
    const other = decode(four(icmpv4(11, 0, concat(new Uint8Array(4), quoted6))));
    assert.deepEqual(eventsOf(other), ['icmpv4.ipv4_unknown_ver']);
    assert.equal(other.embOff, 0);
  });

  it('types and codes that nobody defined', () => {
    assert.deepEqual(eventsOf(decode(four(icmpv4(1, 0)))), ['icmpv4.unknown_type']);
    assert.deepEqual(eventsOf(decode(four(icmpv4(3, 16)))), ['icmpv4.unknown_code']);
    assert.deepEqual(eventsOf(decode(four(icmpv4(0, 1)))), ['icmpv4.unknown_code']);
    assert.deepEqual(eventsOf(decode(four(hex('08000000000000')))), ['icmpv4.pkt_too_small']);
  });

  it('a timestamp message holds three times', () => {
    assert.equal(decode(four(icmpv4(13, 0, new Uint8Array(20)))).payloadLen, 4);
    assert.deepEqual(eventsOf(decode(four(icmpv4(13, 0, new Uint8Array(8))))), ['icmpv4.pkt_too_small']);
  });
});

describe('ICMPv6 (RFC 4443)', () => {
  it('packet too big quotes the packet (section 3.2)', () => {
    const p = decode(six(2, 0, concat(hex('00000500'), quoted6)));
    assert.deepEqual([p.embProto, p.embSrcPort, p.embDstPort, p.icmpMtu, p.icmpId], [6, 5, 80, 1280, -1]);
  });

  it('a quote that is cut or not IPv6', () => {
    assert.deepEqual(eventsOf(decode(six(1, 0, concat(new Uint8Array(4), quoted6.subarray(0, 39))))), [
      'icmpv6.ipv6_trunc_pkt',
    ]);
    assert.deepEqual(eventsOf(decode(six(1, 0, concat(new Uint8Array(4), quoted4)))), ['icmpv6.ipv6_unknown_version']);
  });

  it('multicast listener messages have hop limit 1 (RFC 2710 section 3)', () => {
    assert.deepEqual(eventsOf(decode(six(130, 0, new Uint8Array(20), 1))), []);
    assert.deepEqual(eventsOf(decode(six(130, 0, new Uint8Array(20), 64))), ['icmpv6.mld_message_with_invalid_hl']);
  });

  it('unassigned, experimental and unknown (section 2.1)', () => {
    assert.deepEqual(eventsOf(decode(six(50, 0, new Uint8Array(4)))), ['icmpv6.unassigned_type']);
    assert.deepEqual(eventsOf(decode(six(100, 0, new Uint8Array(4)))), ['icmpv6.experimentation_type']);
    assert.deepEqual(eventsOf(decode(six(127, 0, new Uint8Array(4)))), ['icmpv6.unknown_type']);
    assert.deepEqual(eventsOf(decode(six(128, 9, new Uint8Array(4)))), ['icmpv6.unknown_code']);
  });
});
