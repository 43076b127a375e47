import assert from 'node:assert/strict';
import { u8 } from '../../src/core/memory.js';
import { checksumsOk } from '../../src/decode/checksum.js';
import { decodeFrame } from '../../src/decode/decode.js';
import { Packet, PacketFlag } from '../../src/decode/packet.js';
import { TcpFlag } from '../../src/protocol/tcp.js';
import { mendPacket } from '../../src/respond/mend.js';
import { place } from '../tools/arena.js';
import { ip, tcp, udp } from '../tools/build.js';
import { decode, payloadText } from '../tools/decode.js';

const Raw = 101;
const pairs = [
  ['192.0.2.1', '198.51.100.80'],
  ['2001:db8::1', '2001:db8::80'],
] as const;

for (const [client, server] of pairs) {
  describe(`a packet that is sent on changed, ${client.includes(':') ? 'IPv6' : 'IPv4'}`, () => {
    const segment = (payload: string, flags: number): Uint8Array =>
      ip(client, server, 6, tcp(client, server, { seq: 5, ack: 6, flags }, Buffer.from(payload)));

    it('has right checksums again, TCP and UDP (RFC 9293 section 3.1, RFC 768)', () => {
      for (const bytes of [
        segment('abcdefg', TcpFlag.Ack),
        ip(client, server, 17, udp(client, server, { srcPort: 9, dstPort: 10 }, Buffer.from('abcdefg'))),
      ]) {
        const p = decode(bytes, Raw);
        u8[p.payloadOff + 2] = 0x58;
        assert.ok(!checksumsOk(p));
        mendPacket(p);
        assert.ok(checksumsOk(p));
        assert.equal(payloadText(p), 'abXdefg');
      }
    });

    it('ends where the capture does when not all of it was captured, and then is not the last', () => {
      const bytes = segment('abcdefg', TcpFlag.Ack | TcpFlag.Fin);
      const p = new Packet();
      decodeFrame(p, place(bytes), bytes.length - 3, bytes.length, Raw);
      assert.ok((p.flags & PacketFlag.Truncated) !== 0);
      mendPacket(p);
      const sent = decode(u8.slice(p.frameOff, p.frameOff + p.frameLen), Raw);
      assert.equal(sent.flags & (PacketFlag.Truncated | PacketFlag.Invalid), 0);
      assert.equal(payloadText(sent), 'abcd');
      assert.equal(sent.tcpFlags, TcpFlag.Ack);
      assert.ok(checksumsOk(sent));
    });
  });
}
