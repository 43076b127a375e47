import assert from 'node:assert/strict';
import { Settings } from '../../src/core/settings.js';
import { configureDecode, decodeFrame, knownLinkType } from '../../src/decode/decode.js';
import { Packet, PacketFlag } from '../../src/decode/packet.js';
import { place } from '../tools/arena.js';
import { ethernet, ipv4, ipv6, udp, vlanTag } from '../tools/build.js';
import { concat, hex } from '../tools/bytes.js';
import { decode, eventsOf, payloadText } from '../tools/decode.js';

const four = ipv4({ proto: 17 }, udp('192.168.1.10', '10.0.0.80', {}, 'abc'));
const six = ipv6({ proto: 17 }, udp('2001:db8::10', '2001:db8::80', {}, 'abc'));

describe('Ethernet and tags (IEEE 802.3 clause 3, 802.1Q clause 9)', () => {
  it('a frame shorter than its header', () => {
    assert.deepEqual(eventsOf(decode(hex('0102030405060708090a0b0c08'))), ['ethernet.pkt_too_small']);
  });

  it('one, two and three VLAN tags', () => {
    const one = decode(ethernet(vlanTag(5, 0x800, four, 3), 0x8100));
    assert.deepEqual([one.vlanCount, one.vlan0, payloadText(one)], [1, 5, 'abc']);
    const three = decode(ethernet(vlanTag(5, 0x8100, vlanTag(6, 0x9100, vlanTag(7, 0x86dd, six))), 0x88a8));
    assert.deepEqual([three.vlanCount, three.vlan0, three.vlan1, three.vlan2, payloadText(three)], [3, 5, 6, 7, 'abc']);
  });

  it('a fourth tag, a cut tag, a tag before what nobody knows', () => {
    const four4 = vlanTag(1, 0x8100, vlanTag(2, 0x8100, vlanTag(3, 0x8100, vlanTag(4, 0x800, four))));
    assert.deepEqual(eventsOf(decode(ethernet(four4, 0x8100))), ['vlan.too_many_layers']);
    assert.deepEqual(eventsOf(decode(ethernet(hex('0005'), 0x8100))), ['vlan.header_too_small']);
    assert.deepEqual(eventsOf(decode(ethernet(vlanTag(5, 0x1234, four), 0x8100))), ['vlan.unknown_type']);
  });

  it('802.1ah, VN-Tag and Data Center Ethernet', () => {
    assert.equal(payloadText(decode(ethernet(concat(new Uint8Array(16), hex('0800'), four), 0x88e7))), 'abc');
    assert.equal(payloadText(decode(ethernet(concat(new Uint8Array(4), hex('0800'), four), 0x8926))), 'abc');
    assert.equal(payloadText(decode(ethernet(concat(new Uint8Array(2), ethernet(four)), 0x8903))), 'abc');
  });
});

describe('MPLS (RFC 3032 section 2.1)', () => {
  const mpls = (stack: string, ...rest: Uint8Array[]): Uint8Array => ethernet(concat(hex(stack), ...rest), 0x8847);

  it('explicit null labels say what follows, others leave it to the first nibble', () => {
    assert.equal(payloadText(decode(mpls('000001ff', four))), 'abc');
    assert.equal(payloadText(decode(mpls('000021ff', six))), 'abc');
    assert.equal(payloadText(decode(mpls('000640ff000c81ff', six))), 'abc');
    assert.equal(payloadText(decode(mpls('000641ff00000000', ethernet(four)))), 'abc');
  });

  const cases: [string, string, string[]][] = [
    ['router alert at the bottom', '000011ff', ['mpls.bad_label_router_alert']],
    ['implicit null', '000031ff', ['mpls.bad_label_implicit_null']],
    ['a reserved label', '0000e1ff', ['mpls.bad_label_reserved']],
    ['a stack without a bottom', '000640ff', ['mpls.header_too_small']],
    ['nothing behind the stack', '000641ff', ['mpls.pkt_too_small']],
    ['neither IP nor a control word', '000641ff90000000', ['mpls.unknown_payload_type']],
  ];
  for (const [what, stack, events] of cases) {
    it(`${what}: ${events}`, () => assert.deepEqual(eventsOf(decode(mpls(stack))), events));
  }
});

describe('PPP and PPPoE (RFC 1661, RFC 1662, RFC 2516)', () => {
  const session = (ppp: Uint8Array): Uint8Array => ethernet(concat(hex('11000001'), hex('0021'), ppp), 0x8864);

  it('with and without address, control and full protocol (RFC 1661 section 6)', () => {
    for (const header of ['ff030021', '0021', 'ff0321', '21', 'ff03002f']) {
      assert.equal(payloadText(decode(concat(hex(header), four), 9)), 'abc', header);
    }
    assert.equal(payloadText(decode(concat(hex('ff030057'), six), 9)), 'abc');
  });

  it('control protocols, unknown protocols, cut packets', () => {
    assert.deepEqual(eventsOf(decode(hex('ff03c0210101'), 9)), ['ppp.unsup_proto']);
    assert.deepEqual(eventsOf(decode(hex('ff0312340101'), 9)), ['ppp.wrong_type']);
    assert.deepEqual(eventsOf(decode(hex('ff03002145'), 9)), ['ppp.ip4_pkt_too_small']);
    assert.deepEqual(eventsOf(decode(hex('ff03005760'), 9)), ['ppp.ip6_pkt_too_small']);
    assert.deepEqual(eventsOf(decode(hex('ff03002f45'), 9)), ['ppp.vju_pkt_too_small']);
    assert.deepEqual(eventsOf(decode(hex('ff'), 9)), ['ppp.pkt_too_small']);
  });

  it('a session carries IP (RFC 2516 section 6)', () => {
    assert.equal(payloadText(decode(session(concat(hex('0021'), four)))), 'abc');
    assert.equal(payloadText(decode(session(concat(hex('0057'), six)))), 'abc');
    assert.deepEqual(eventsOf(decode(ethernet(hex('110000010021'), 0x8864))), ['pppoe.pkt_too_small']);
  });

  it('discovery has known codes and tags that fit (RFC 2516 section 5)', () => {
    assert.deepEqual(eventsOf(decode(ethernet(hex('11090000000401010000'), 0x8863))), []);
    assert.deepEqual(eventsOf(decode(ethernet(hex('11090000000501010000'), 0x8863))), ['pppoe.malformed_tags']);
    assert.deepEqual(eventsOf(decode(ethernet(hex('11010000000401010000'), 0x8863))), ['pppoe.wrong_code']);
  });
});

describe('other link types (tcpdump.org/linktypes)', () => {
  const cases: [string, number, Uint8Array][] = [
    ['raw IP', 101, four],
    ['raw IP of OpenBSD', 14, six],
    ['raw IPv6', 229, six],
    ['BSD null, little-endian', 0, concat(hex('02000000'), four)],
    ['BSD null, big-endian IPv6 of Darwin', 0, concat(hex('0000001e'), six)],
    ['OpenBSD loop', 108, concat(hex('00000018'), six)],
    ['Linux cooked v1', 113, concat(new Uint8Array(14), hex('0800'), four)],
    ['Linux cooked v2', 276, concat(hex('86dd'), new Uint8Array(18), six)],
    ['Cisco HDLC', 104, concat(hex('0f000800'), four)],
  ];
  for (const [what, linkType, bytes] of cases) {
    it(what, () => {
      const p = decode(bytes, linkType);
      assert.equal(payloadText(p), 'abc');
      assert.deepEqual(eventsOf(p), []);
    });
  }

  it('what cannot be', () => {
    assert.deepEqual(eventsOf(decode(concat(hex('10'), new Uint8Array(30)), 101)), ['ipraw.invalid_ip_version']);
    assert.deepEqual(eventsOf(decode(hex('63000000'), 0)), ['ltnull.unsupported_type']);
    assert.deepEqual(eventsOf(decode(hex('0200'), 0)), ['ltnull.pkt_too_small']);
    assert.deepEqual(eventsOf(decode(new Uint8Array(15), 113)), ['sll.pkt_too_small']);
    assert.deepEqual(eventsOf(decode(new Uint8Array(3), 104)), ['chdlc.pkt_too_small']);
  });

  it('an unknown link type makes the packet invalid', () => {
    assert.equal(knownLinkType(147), false);
    assert.notEqual(decode(four, 147).flags & PacketFlag.Invalid, 0);
  });
});

describe('a frame', () => {
  it('cut by the snap length is marked', () => {
    const p = new Packet();
    const bytes = ethernet(four);
    decodeFrame(p, place(bytes), bytes.length, bytes.length + 100, 1);
    assert.notEqual(p.flags & PacketFlag.Truncated, 0);
    assert.equal(p.wireLen, bytes.length + 100);
  });

  it('has at most decoder.max-layers headers', () => {
    configureDecode(new Settings({ decoder: { 'max-layers': 3 } }));
    const tagged = decode(ethernet(vlanTag(5, 0x800, four), 0x8100));
    assert.deepEqual(eventsOf(tagged), ['too_many_layers']);
    assert.equal(tagged.ipVersion, 0);
    assert.equal(payloadText(decode(ethernet(four))), 'abc');
    configureDecode(new Settings());
  });
});
