import assert from 'node:assert/strict';
import { PacketFlag } from '../../src/decode/packet.js';
import { frame, ipv4, type TcpFields, tcp } from '../tools/build.js';
import { hex } from '../tools/bytes.js';
import { decode, eventsOf, payloadText } from '../tools/decode.js';

const src = '192.168.1.10';
const dst = '10.0.0.80';
const segment = (f: TcpFields, data = ''): Uint8Array => frame(ipv4({ proto: 6, src, dst }, tcp(src, dst, f, data)));

describe('TCP (RFC 9293 section 3.1)', () => {
  it('fills the header fields', () => {
    const p = decode(
      segment({ srcPort: 1234, dstPort: 80, seq: 0xfffffffe, ack: 7, flags: 0x29, window: 512, urgent: 3 }, 'GET'),
    );
    assert.deepEqual(
      [p.srcPort, p.dstPort, p.seq, p.ack, p.tcpFlags, p.window, p.urgent, payloadText(p)],
      [1234, 80, -2, 7, 0x29, 512, 3, 'GET'],
    );
  });

  it('headers that cannot be', () => {
    assert.deepEqual(eventsOf(decode(segment({ hdrLen: 16 }))), ['tcp.invalid_optlen']);
    assert.deepEqual(eventsOf(decode(segment({ hdrLen: 40 }))), ['tcp.hlen_too_small']);
    const short = frame(ipv4({ proto: 6 }, new Uint8Array(19)));
    assert.deepEqual(eventsOf(decode(short)), ['tcp.pkt_too_small']);
    assert.equal(decode(short).l4Off, 0);
  });
});

describe('TCP options (RFC 9293 section 3.2, RFC 7323, RFC 2018, RFC 7413)', () => {
  it('those of a SYN', () => {
    const p = decode(segment({ flags: 2, options: hex('020405b40402080a00000001000000020103030722020000') }));
    assert.deepEqual([p.mss, p.wscale, p.tsVal, p.tsEcr], [1460, 7, 1, 2]);
    const all =
      PacketFlag.TcpMss |
      PacketFlag.TcpWscale |
      PacketFlag.TcpTimestamp |
      PacketFlag.TcpSackOk |
      PacketFlag.TcpFastOpen;
    assert.equal(p.flags & all, all);
    assert.deepEqual(eventsOf(p), []);
  });

  it('the aligned timestamps of a data segment', () => {
    const p = decode(segment({ options: hex('0101080affffffff00000002') }, 'x'));
    assert.deepEqual([p.tsVal, p.tsEcr, payloadText(p)], [-1, 2, 'x']);
  });

  const cases: [string, string, string[]][] = [
    ['a maximum segment size of three bytes', '02030500', ['tcp.opt_invalid_len']],
    ['twice the window scale', '030307030307', ['tcp.opt_duplicate']],
    ['selective acknowledgement of one block', '050a0000000100000002', []],
    ['selective acknowledgement of half a block', '0506000000010000', ['tcp.opt_invalid_len']],
    ['a length of one', '0201', ['tcp.opt_invalid_len']],
    ['a length beyond the header', '020a0000', ['tcp.opt_invalid_len']],
    ['an experiment that is fast open (RFC 6994)', 'fe04f989', []],
    ['an MD5 signature of three bytes (RFC 2385)', '130300', ['tcp.opt_invalid_len']],
    ['an unknown kind', '63030001', []],
  ];
  for (const [what, options, events] of cases) {
    it(`${what}: ${events.join(', ') || 'no event'}`, () => {
      assert.deepEqual(eventsOf(decode(segment({ options: hex(options) }))), events);
    });
  }
});
