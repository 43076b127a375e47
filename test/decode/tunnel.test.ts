import assert from 'node:assert/strict';
import { Settings } from '../../src/core/settings.js';
import { srcText } from '../../src/decode/addresses.js';
import { configureDecode } from '../../src/decode/decode.js';
import { PacketOrigin } from '../../src/decode/packet.js';
import { ethernet, frame, ipv4, ipv6, udp, udpFrame, vlanTag } from '../tools/build.js';
import { concat, hex } from '../tools/bytes.js';
import { decode, eventsOf, inside, payloadText } from '../tools/decode.js';
import { wrapperNames, wrappers } from '../tools/wrap.js';

const four = ipv4({ src: '10.1.1.1', proto: 17 }, udp('10.1.1.1', '10.0.0.80', {}, 'abc'));
const six = ipv6({ src: '2001:db8:1::1', proto: 17 }, udp('2001:db8:1::1', '2001:db8::80', {}, 'abc'));
const gre = (header: string, ...rest: Uint8Array[]): Uint8Array =>
  frame(ipv4({ proto: 47 }, concat(hex(header), ...rest)));
const teredo = (payload: Uint8Array): Uint8Array => udpFrame({ dstPort: 3544 }, payload);
const linkTags = new Set(['mpls', 'mpls-ethernet', 'pppoe', 'vlan', 'qinq']);

describe('tunnels', () => {
  for (const name of wrapperNames.filter((n) => !linkTags.has(n))) {
    it(`${name} is opened for both families`, () => {
      for (const [packet, address] of [
        [four, '10.1.1.1'],
        [six, '2001:0db8:0001:0000:0000:0000:0000:0001'],
      ] as const) {
        const outer = decode(wrappers[name](packet));
        const p = inside(outer);
        assert.ok(p !== null);
        assert.deepEqual([payloadText(p), srcText(p), p.level, p.tunnels], ['abc', address, 1, 1]);
        assert.deepEqual(eventsOf(outer), []);
      }
    });
  }

  it('the inner packet does not inherit VLAN tags of the outer', () => {
    const outer = decode(
      ethernet(vlanTag(5, 0x800, ipv4({ proto: 47 }, concat(hex('00008100'), vlanTag(6, 0x800, four)))), 0x8100),
    );
    const p = inside(outer);
    assert.deepEqual([outer.vlan0, p?.vlanCount, p?.vlan0], [5, 1, 6]);
  });

  it('what does not begin as it should is no tunnel, and its faults are forgotten', () => {
    const outer = decode(gre('00000800', ipv4({ totalLen: 999 }, new Uint8Array(4))));
    assert.equal(inside(outer), null);
    assert.deepEqual(eventsOf(outer), []);
  });

  it('faults behind a good first header belong to the inner packet', () => {
    const p = inside(decode(gre('00000800', ipv4({ proto: 17 }, new Uint8Array(4)))));
    assert.deepEqual(p === null ? [] : eventsOf(p), ['udp.hlen_too_small']);
  });

  it('nesting ends at decoder.max-layers', () => {
    let packet = four;
    for (let i = 0; i < 12; i++) packet = ipv4({ proto: 47 }, concat(hex('00000800'), packet));
    let depth = 0;
    for (let p = inside(decode(frame(packet))); p !== null; p = inside(p)) depth++;
    assert.equal(depth, 4);
  });
});

describe('GRE (RFC 2784, RFC 2890, RFC 1701; RFC 2637)', () => {
  const cases: [string, string, string][] = [
    ['too short', '0000', 'gre.pkt_too_small'],
    ['version 2', '00020800', 'gre.wrong_version'],
    ['recursion control', '01000800', 'gre.version0_recur'],
    ['reserved flags', '00080800', 'gre.version0_flags'],
    ['a key that is not there', '20000800', 'gre.version0_hdr_too_big'],
    ['source routes without an end', '40000800 00000000 00000010', 'gre.version0_malformed_sre_hdr'],
    ['version 1 with a checksum', 'a001880b00000000', 'gre.version1_chksum'],
    ['version 1 with routes', '6001880b00000000', 'gre.version1_route'],
    ['version 1 with a strict route', '2801880b00000000', 'gre.version1_ssr'],
    ['version 1 with recursion control', '2101880b00000000', 'gre.version1_recur'],
    ['version 1 with reserved flags', '2009880b00000000', 'gre.version1_flags'],
    ['version 1 of another protocol', '2001080000000000', 'gre.version1_wrong_protocol'],
    ['version 1 without a key', '0001880b00000000', 'gre.version1_no_key'],
    ['version 1 with a cut acknowledgement', '2081880b00000000', 'gre.version1_hdr_too_big'],
  ];
  for (const [what, header, event] of cases) {
    it(`${what}: ${event}`, () => assert.deepEqual(eventsOf(decode(gre(header))), [event]));
  }

  it('source routes are passed', () => {
    const p = inside(decode(gre('40000800 00000000 08000004 0a000001 00000000', four)));
    assert.equal(p === null ? '' : payloadText(p), 'abc');
  });
});

describe('ERSPAN (draft-foschiano-erspan section 4)', () => {
  it('type II gives the VLAN it was mirrored from', () => {
    const p = inside(decode(gre('100088be00000001', hex('1007000000000000'), ethernet(four))));
    assert.deepEqual([p?.vlanCount, p?.vlan0], [1, 7]);
  });

  it('type I can be switched off (decoder.erspan.typeI.enabled)', () => {
    const bytes = gre('000088be', ethernet(four));
    assert.ok(inside(decode(bytes)) !== null);
    configureDecode(new Settings({ decoder: { erspan: { typeI: { enabled: 'no' } } } }));
    assert.equal(inside(decode(bytes)), null);
    configureDecode(new Settings());
  });
});

describe('VXLAN (RFC 7348 section 5) and Geneve (RFC 8926 section 3.4)', () => {
  it('ports are configured', () => {
    const bytes = udpFrame({ dstPort: 8472 }, concat(hex('0800000000000100'), ethernet(four)));
    assert.equal(inside(decode(bytes)), null);
    configureDecode(new Settings({ decoder: { vxlan: { ports: '[ 8472, 4789 ]' } } }));
    assert.ok(inside(decode(bytes)) !== null);
    configureDecode(new Settings({ decoder: { vxlan: { enabled: false, ports: 8472 } } }));
    assert.equal(inside(decode(bytes)), null);
    configureDecode(new Settings());
  });

  it('a payload type nobody knows', () => {
    const vxlan = udpFrame({ dstPort: 4789 }, concat(hex('0800000000000100'), ethernet(four, 0x1111)));
    assert.deepEqual(eventsOf(decode(vxlan)), ['vxlan.unknown_payload_type']);
    const geneve = udpFrame({ dstPort: 6081 }, concat(hex('0000111100000100'), four));
    assert.deepEqual(eventsOf(decode(geneve)), ['geneve.unknown_payload_type']);
  });

  it('Geneve options have to add up (section 3.5)', () => {
    const geneve = (options: string): Uint8Array =>
      udpFrame({ dstPort: 6081 }, concat(hex('0200080000000100'), hex(options), four));
    assert.ok(inside(decode(geneve('0000000100000000'))) !== null);
    assert.equal(inside(decode(geneve('0000000200000000'))), null);
  });
});

describe('Teredo (RFC 4380 section 5.1.1)', () => {
  it('with and without an origin indication', () => {
    for (const payload of [six, concat(hex('0000aabbccddeeff'), six)]) {
      const p = inside(decode(teredo(payload)));
      assert.deepEqual([p === null ? '' : payloadText(p), p?.source], ['abc', PacketOrigin.TeredoTunnel]);
    }
  });

  const none: [string, Uint8Array][] = [
    ['authentication', concat(hex('0001000000000000'), six)],
    ['bytes behind the packet', concat(six, hex('00'))],
    ['hop limit 0', ipv6({ proto: 17, hopLimit: 0 }, udp('2001:db8::10', '2001:db8::80', {}, 'abc'))],
    ['an inner packet with a fault', ipv6({ proto: 17 }, new Uint8Array(4))],
  ];
  for (const [what, payload] of none) {
    it(`${what} is no tunnel`, () => {
      const outer = decode(teredo(payload));
      assert.equal(inside(outer), null);
      assert.deepEqual(eventsOf(outer), []);
    });
  }
});

describe('UDP (RFC 768)', () => {
  it('lengths', () => {
    assert.equal(payloadText(decode(udpFrame({ length: 10 }, 'abcd'))), 'ab');
    assert.deepEqual(eventsOf(decode(udpFrame({ length: 13 }, 'abcd'))), ['udp.pkt_too_small']);
    assert.deepEqual(eventsOf(decode(udpFrame({ length: 7 }, 'abcd'))), ['udp.len_invalid']);
  });
});
