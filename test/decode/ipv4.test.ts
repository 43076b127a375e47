import assert from 'node:assert/strict';
import { dstText, srcText } from '../../src/decode/addresses.js';
import { PacketFlag } from '../../src/decode/packet.js';
import { Ipv4OptBit } from '../../src/protocol/ipv4.js';
import { ethernet, frame, type Ipv4Fields, ipv4, udp } from '../tools/build.js';
import { hex } from '../tools/bytes.js';
import { decode, eventsOf, payloadText } from '../tools/decode.js';

const src = '192.168.1.10';
const dst = '10.0.0.80';
const withFields = (f: Ipv4Fields): Uint8Array => frame(ipv4({ proto: 17, ...f }, udp(src, dst, {}, 'abc')));
const withOptions = (options: string): Uint8Array => withFields({ options: hex(options) });

describe('IPv4 (RFC 791 section 3.1)', () => {
  it('fills the header fields', () => {
    const p = decode(withFields({ ttl: 7, tos: 0x2e, id: 0xbeef, flags: 2 }));
    assert.deepEqual(
      [p.ipVersion, p.ttl, p.tos, p.ipId, p.ipFlags, p.ipProto, srcText(p), dstText(p), payloadText(p)],
      [4, 7, 0x2e, 0xbeef, 2, 17, src, dst, 'abc'],
    );
    assert.deepEqual(eventsOf(p), []);
  });

  it('leaves bytes behind the total length out (Ethernet padding)', () => {
    const p = decode(ethernet(new Uint8Array([...ipv4({ proto: 17 }, udp(src, dst, {}, 'abc')), 0, 0, 0, 0])));
    assert.equal(payloadText(p), 'abc');
  });

  const broken: [string, Ipv4Fields, string][] = [
    ['a version other than 4', { version: 5 }, 'ipv4.wrong_ip_version'],
    ['a header of 16 bytes', { ihl: 16 }, 'ipv4.hlen_too_small'],
    ['a total length below the header', { totalLen: 19 }, 'ipv4.iplen_smaller_than_hlen'],
    ['a total length beyond the capture', { totalLen: 200 }, 'ipv4.trunc_pkt'],
  ];
  for (const [what, fields, event] of broken) {
    it(`${what} is ${event}`, () => {
      const p = decode(withFields(fields));
      assert.deepEqual(eventsOf(p), [event]);
      assert.equal(p.ipVersion, 0);
      assert.notEqual(p.flags & PacketFlag.Invalid, 0);
    });
  }

  it('a capture that ends within the header is ipv4.pkt_too_small', () => {
    assert.deepEqual(eventsOf(decode(ethernet(ipv4({}, new Uint8Array(0)).subarray(0, 19)))), ['ipv4.pkt_too_small']);
  });

  it('ICMPv6 in IPv4 is ipv4.icmpv6', () => {
    assert.deepEqual(eventsOf(decode(frame(ipv4({ proto: 58 }, new Uint8Array(8))))), ['ipv4.icmpv6']);
  });

  it('a fragment has no transport header', () => {
    for (const fields of [{ flags: 1 }, { fragOff: 8 }]) {
      const p = decode(withFields(fields));
      assert.notEqual(p.flags & PacketFlag.Fragment, 0);
      assert.equal(p.l4Off, 0);
    }
    assert.equal(decode(withFields({ fragOff: 1480 })).fragOff, 1480);
  });
});

describe('IPv4 options (RFC 791 section 3.1)', () => {
  const cases: [string, string, string[]][] = [
    ['end of list', '0000000000000000', []],
    ['four bytes are not padded to eight', '01010101', ['ipv4.opt_pad_required']],
    ['record route', '0707040000000000', []],
    ['record route, pointer into the middle of an address', '0707050000000000', ['ipv4.opt_malformed']],
    ['record route, pointer behind the option', '07070c0000000000', ['ipv4.opt_malformed']],
    ['timestamp', '4408050000000000', []],
    [
      'timestamp with addresses, pointer to half a record',
      '440d090100000000000000000000000000',
      ['ipv4.opt_malformed', 'ipv4.opt_pad_required'],
    ],
    ['router alert (RFC 2113)', '9404000000000000', []],
    ['router alert of five bytes', '9405000000000000', ['ipv4.opt_invalid_len']],
    ['twice the same option', '9404000094040000', ['ipv4.opt_duplicate']],
    ['stream id', '8804000100000000', []],
    ['security (RFC 1108)', '8203000000000000', []],
    ['quick start (RFC 4782) too short', '1907000000000000', ['ipv4.opt_invalid_len']],
    ['CIPSO (FIPS 188) with a tag', '860a00000001010400000000', ['ipv4.opt_pad_required']],
    ['CIPSO with an alignment byte set', '860a0000000101040100000000000000', ['ipv4.opt_malformed']],
    ['an unknown option', '4204000000000000', ['ipv4.opt_invalid']],
  ];
  for (const [what, options, events] of cases) {
    it(`${what}: ${events.join(', ') || 'no event'}`, () => {
      const p = decode(withOptions(options));
      assert.deepEqual(eventsOf(p).sort(), events);
      assert.equal(payloadText(p), 'abc');
    });
  }

  it('a last byte that begins an option is ipv4.opt_eol_required', () => {
    assert.deepEqual(eventsOf(decode(withOptions('0101010101010194'))), ['ipv4.opt_eol_required']);
  });

  it('a length beyond the header ends decoding', () => {
    const p = decode(withOptions('0728040000000000'));
    assert.deepEqual(eventsOf(p), ['ipv4.opt_invalid_len']);
    assert.equal(p.ipVersion, 0);
  });

  it('notes which options were there', () => {
    assert.equal(decode(withOptions('0107070400000000')).ipOpts, Ipv4OptBit.Nop | Ipv4OptBit.Rr);
    assert.equal(decode(withOptions('8307040000000000')).ipOpts, Ipv4OptBit.Lsrr | Ipv4OptBit.Eol);
  });
});
