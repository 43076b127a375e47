import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { u8 } from '../../src/core/memory.js';
import { checksumsOk } from '../../src/decode/checksum.js';
import type { Packet } from '../../src/decode/packet.js';
import { IpProto } from '../../src/protocol/ip.js';
import { TcpFlag } from '../../src/protocol/tcp.js';
import { addEthernet, hasNeighbours } from '../../src/respond/frame.js';
import { buildReject, buildReset, buildSegment, ResetBuf } from '../../src/respond/reset.js';
import { place } from '../tools/arena.js';
import { ethernet, frame, icmpv4, icmpv6, ip, tcp, udp, vlanTag } from '../tools/build.js';
import { decode, payloadText } from '../tools/decode.js';

const pairs = [
  ['192.0.2.1', '198.51.100.80'],
  ['2001:db8::1', '2001:db8::80'],
] as const;
const Raw = 101;

/** The packet that was built, as a receiver decodes it. */
function built(len: number): Packet {
  assert.ok(len > 0, 'nothing was built');
  return decode(u8.slice(ResetBuf.Packet, ResetBuf.Packet + len), Raw);
}

const from = (p: Packet): number[] => [p.src0, p.src1, p.src2, p.src3, p.srcPort];
const to = (p: Packet): number[] => [p.dst0, p.dst1, p.dst2, p.dst3, p.dstPort];

for (const [client, server] of pairs) {
  const ipVersion = client.includes(':') ? 6 : 4;
  const segment = (fields: object, payload = new Uint8Array(0)): Packet =>
    decode(frame(ip(client, server, 6, tcp(client, server, { srcPort: 40000, dstPort: 80, ...fields }, payload))));

  describe(`resets over IPv${ipVersion}`, () => {
    const data = (): Packet => segment({ seq: 1000, ack: 7000, flags: TcpFlag.Ack | TcpFlag.Psh }, new Uint8Array(100));

    it('go to the sender with the number it acknowledged last (RFC 9293 section 3.10.7.1)', () => {
      const p = data();
      const r = built(buildReject(p, true, true));
      assert.deepEqual([from(r), to(r)], [to(p), from(p)]);
      assert.deepEqual([r.seq, r.ack, r.tcpFlags], [7000, 1100, TcpFlag.Rst | TcpFlag.Ack]);
      assert.ok(checksumsOk(r));
    });

    it('go to the receiver with the very number it expects (RFC 5961 section 3.2)', () => {
      const p = data();
      const delivered = built(buildReject(p, false, true));
      assert.deepEqual([from(delivered), to(delivered)], [from(p), to(p)]);
      assert.deepEqual([delivered.seq, delivered.ack], [1100, 7000]);
      const dropped = built(buildReject(p, false, false));
      assert.deepEqual([dropped.seq, dropped.ack], [1000, 7000]);
      assert.ok(checksumsOk(delivered) && checksumsOk(dropped));
    });

    it('answer a SYN with number 0 and an acknowledgement of it', () => {
      const r = built(buildReject(segment({ seq: -2, flags: TcpFlag.Syn }), true, true));
      assert.deepEqual([r.seq, r.ack, r.tcpFlags], [0, -1, TcpFlag.Rst | TcpFlag.Ack]);
    });

    it('never answer a reset', () => {
      const p = segment({ seq: 1, ack: 2, flags: TcpFlag.Rst | TcpFlag.Ack });
      assert.equal(buildReject(p, true, true), 0);
      assert.equal(buildReject(p, false, true), 0);
    });

    it('take numbers beyond 2^31', () => {
      const r = built(buildReset(data(), false, 0xffff_fff0 | 0, 0x8000_0000 | 0));
      assert.deepEqual([r.seq >>> 0, r.ack >>> 0], [0xffff_fff0, 0x8000_0000]);
      assert.ok(checksumsOk(r));
    });

    it('data segments carry a copy of what they are given, or are not built when it does not fit', () => {
      const text = Buffer.from('HTTP/1.1 403 Forbidden\r\n\r\n');
      const off = place(text);
      const r = built(buildSegment(data(), true, 5, 6, TcpFlag.Ack | TcpFlag.Fin, off, text.length));
      assert.equal(payloadText(r), text.toString());
      assert.ok(checksumsOk(r));
      assert.equal(buildSegment(data(), true, 5, 6, TcpFlag.Ack, off, 0x1_0000), 0);
    });

    it('other protocols get ICMP unreachable that quotes the packet (RFC 1812 section 5.2.7.1, RFC 4443 section 3.1)', () => {
      const p = decode(
        frame(ip(client, server, 17, udp(client, server, { srcPort: 5000, dstPort: 53 }, Buffer.alloc(900)))),
      );
      const r = built(buildReject(p, true, true));
      assert.equal(r.ipProto, ipVersion === 6 ? IpProto.Icmpv6 : IpProto.Icmp);
      assert.deepEqual([r.icmpType, r.icmpCode], ipVersion === 6 ? [1, 1] : [3, 13]);
      assert.deepEqual([r.embProto, r.embSrcPort, r.embDstPort], [IpProto.Udp, 5000, 53]);
      assert.ok(r.ipLen <= (ipVersion === 6 ? 1280 : 576));
      assert.ok(checksumsOk(r));
      assert.equal(buildReject(p, false, true), 0, 'its receiver has sent nothing that could be refused');
    });

    it('no ICMP error answers one, nor a group (RFC 1122 section 3.2.2)', () => {
      const message = ipVersion === 6 ? icmpv6(client, server, 1, 0) : icmpv4(3, 0);
      const error = decode(frame(ip(client, server, ipVersion === 6 ? 58 : 1, message)));
      assert.equal(buildReject(error, true, true), 0);
      const group = ipVersion === 6 ? 'ff02::1' : '224.0.0.1';
      const p = decode(frame(ip(client, group, 17, udp(client, group, {}))));
      assert.equal(buildReject(p, true, true), 0);
    });
  });
}

describe('frames of resets', () => {
  const [client, server] = pairs[0];
  const packet = ip(client, server, 6, tcp(client, server, { seq: 1, ack: 2, flags: TcpFlag.Ack }));
  const own = (): number => place(Uint8Array.from([2, 0, 0, 0, 0, 99]));
  const framed = (p: Packet, len: number, toSource: boolean): Uint8Array => {
    const at = addEthernet(p, toSource, own(), 0);
    return u8.slice(at, ResetBuf.Packet + len);
  };

  it('go to the neighbour that the packet came from or went to, and come from the interface itself', () => {
    const p = decode(frame(packet));
    assert.ok(hasNeighbours(p));
    const [a, b] = [p.frameOff + 6, p.frameOff].map((off) => [...u8.slice(off, off + 6)]);
    for (const [toSource, mac] of [
      [true, a],
      [false, b],
    ] as const) {
      const bytes = framed(p, buildReject(p, toSource, true), toSource);
      assert.deepEqual([...bytes.slice(0, 12)], [...mac, 2, 0, 0, 0, 0, 99]);
      assert.equal(decode(bytes).tcpFlags, TcpFlag.Rst | TcpFlag.Ack);
    }
  });

  it('carry the VLAN tags of the packet, the outer one a service tag', () => {
    const p = decode(ethernet(vlanTag(42, 0x8100, vlanTag(43, 0x0800, packet)), 0x88a8));
    const r = decode(framed(p, buildReject(p, true, true), true));
    assert.deepEqual([r.vlanCount, r.vlan0, r.vlan1], [2, 42, 43]);
    assert.equal(r.tcpFlags, TcpFlag.Rst | TcpFlag.Ack);
  });
});
