import assert from 'node:assert/strict';
import { srcText } from '../../src/decode/addresses.js';
import { PacketFlag } from '../../src/decode/packet.js';
import { frame, ipv6, tcp, udp } from '../tools/build.js';
import { concat, hex } from '../tools/bytes.js';
import { decode, eventsOf, inside, payloadText } from '../tools/decode.js';

const src = '2001:db8::10';
const dst = '2001:db8::80';
const datagram = udp(src, dst, {}, 'abcdef');
const chain = (first: number, ...headers: string[]): Uint8Array =>
  frame(ipv6({ src, dst, proto: first }, concat(...headers.map(hex), datagram)));

describe('IPv6 (RFC 8200)', () => {
  it('fills the header fields (section 3)', () => {
    const p = decode(frame(ipv6({ src, dst, proto: 6, hopLimit: 9, trafficClass: 0xab }, tcp(src, dst, {}, 'xyz'))));
    assert.deepEqual([p.ipVersion, p.ttl, p.tos, p.ipProto, payloadText(p)], [6, 9, 0xab, 6, 'xyz']);
    assert.equal(srcText(p), '2001:0db8:0000:0000:0000:0000:0000:0010');
  });

  it('wrong version and truncation', () => {
    assert.deepEqual(eventsOf(decode(frame(ipv6({ version: 6, payloadLen: 99 }, datagram)))), ['ipv6.trunc_pkt']);
    const bad = frame(ipv6({}, datagram));
    bad[14] = 0x40;
    assert.deepEqual(eventsOf(decode(bad)), ['ipv6.wrong_ip_version']);
  });

  const cases: [string, Uint8Array, string[]][] = [
    ['hop-by-hop with router alert (section 4.3)', chain(0, '1100050200000100'), ['ipv6.zero_len_padn']],
    ['hop-by-hop with padding alone', chain(0, '1100010400000000'), ['ipv6.hopopts_only_padding']],
    ['destination options with padding alone (4.6)', chain(60, '1100010400000000'), ['ipv6.dstopts_only_padding']],
    ['an unknown hop-by-hop option (4.2)', chain(0, '11003e0400000000'), ['ipv6.hopopts_unknown_opt']],
    ['an option longer than its header', chain(0, '1100050700000000'), ['ipv6.exthdr_invalid_optlen']],
    ['two hop-by-hop headers', chain(0, '0000c20400000000', '1100c20400000000'), ['ipv6.exthdr_dupl_hh']],
    [
      'three destination headers',
      chain(60, '3c00c20400000000', '3c00c20400000000', '1100c20400000000'),
      ['ipv6.exthdr_dupl_dh'],
    ],
    ['routing header type 0 (RFC 5095)', chain(43, '1100000000000000'), ['ipv6.rh_type_0']],
    ['routing header type 2', chain(43, '1100020000000000'), []],
    ['two routing headers', chain(43, '2b00020000000000', '1100020000000000'), ['ipv6.exthdr_dupl_rh']],
    [
      'authentication with reserved bits (RFC 4302)',
      chain(51, '110100010000000000000000'),
      ['ipv6.exthdr_ah_res_not_null'],
    ],
    ['an atomic fragment (RFC 6946)', chain(44, '1100000000000001'), ['ipv6.exthdr_useless_fh']],
    ['mobility, HIP and Shim6 headers', chain(135, '8b00000000000000', '8c00000000000000', '1100000000000000'), []],
  ];
  for (const [what, bytes, events] of cases) {
    it(`${what}: ${events.join(', ') || 'no event'}, and the datagram is found`, () => {
      const p = decode(bytes);
      assert.deepEqual(eventsOf(p), events);
      assert.equal(payloadText(p), 'abcdef');
    });
  }

  it('nothing follows No Next Header (section 4.7)', () => {
    assert.deepEqual(eventsOf(decode(chain(59))), ['ipv6.data_after_none_header']);
    assert.deepEqual(eventsOf(decode(frame(ipv6({ proto: 59 }, new Uint8Array(0))))), []);
  });

  it('unknown headers and ICMPv4', () => {
    assert.deepEqual(eventsOf(decode(chain(253))), ['ipv6.unknown_next_header']);
    assert.deepEqual(eventsOf(decode(chain(1))), ['ipv6.icmpv4']);
  });

  it('a chain cut short is ipv6.trunc_exthdr', () => {
    assert.deepEqual(eventsOf(decode(frame(ipv6({ proto: 0 }, hex('1104'))))), ['ipv6.trunc_exthdr']);
  });

  it('a fragment names its offset, identification and place (section 4.5)', () => {
    const p = decode(chain(60, '2c00c20400000000', '1100002100000007'));
    assert.notEqual(p.flags & PacketFlag.Fragment, 0);
    assert.deepEqual([p.fragOff, p.moreFragments, p.ipId], [32, 1, 7]);
    assert.equal(p.fragHdrOff - p.ipOff, 48);
    assert.equal(p.fragPrevOff - p.ipOff, 40);
    assert.equal(p.l4Off, 0);
  });

  it('a tunnel behind an option header is reported as Suricata does, and opened', () => {
    const inner = ipv6({ src, dst, proto: 17 }, datagram);
    const p = decode(frame(ipv6({ proto: 60 }, concat(hex('2900c20400000000'), inner))));
    assert.deepEqual(eventsOf(p), ['ipv6.unknown_next_header']);
    const q = inside(p);
    assert.equal(q === null ? '' : payloadText(q), 'abcdef');
  });
});
