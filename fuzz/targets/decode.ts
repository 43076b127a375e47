/** Frames: whatever the bytes, the decoder reads inside the frame, says where things are inside it, and ends. */
import { Region, u8 } from '../../src/core/memory.js';
import { Settings } from '../../src/core/settings.js';
import { configureDecode, decodeFrame } from '../../src/decode/decode.js';
import { Packet, PacketLimit } from '../../src/decode/packet.js';
import { openTunnel, TunnelLimit } from '../../src/decode/tunnel.js';
import { LinkType } from '../../src/protocol/link-type.js';
import { ethernet, icmpv4, icmpv6, ip, tcpFrame, udpFrame, vlanTag } from '../../test/tools/build.js';
import { type FuzzTarget, promise } from '../target.js';

const linkTypes = [
  LinkType.Ethernet,
  LinkType.Raw,
  LinkType.LinuxSll,
  LinkType.LinuxSll2,
  LinkType.Null,
  LinkType.Loop,
  LinkType.Ppp,
  LinkType.ChdlcCisco,
];

configureDecode(new Settings());
const levels = Array.from({ length: TunnelLimit.Depth }, () => new Packet());

/** A range that a packet names must lie in the frame; a length of 0 names nothing. */
function inside(off: number, len: number, from: number, to: number, what: string): void {
  if (len > 0) promise(off >= from && off + len <= to, `${what} lies in the frame`);
}

function check(p: Packet, from: number, to: number): void {
  inside(p.ipVersion === 0 ? 0 : p.ipOff, p.ipVersion === 0 ? 0 : p.ipHdrLen, from, to, 'the IP header');
  inside(p.payloadOff, p.payloadLen, from, to, 'the payload');
  promise(p.eventCount <= PacketLimit.Events, 'events within their bound');
  promise(p.vlanCount <= PacketLimit.Vlans, 'VLAN tags within their bound');
}

/** The first byte of an input chooses the link type, the rest is the frame. */
export const target: FuzzTarget = {
  name: 'decode',
  seeds: () => {
    const client = '10.0.0.1';
    const server = '10.0.0.2';
    const inner = tcpFrame({ srcPort: 1024, dstPort: 80 }, 'GET / HTTP/1.1\r\n\r\n');
    const frames = [
      inner,
      tcpFrame({ src: '2001:db8::1', dst: '2001:db8::2', options: Buffer.from([2, 4, 5, 0xb4, 1, 3, 3, 7]) }, 'x'),
      udpFrame({ srcPort: 40000, dstPort: 4789 }, Buffer.concat([Buffer.from([8, 0, 0, 0, 0, 0, 1, 0]), inner])),
      ethernet(vlanTag(7, 0x0800, ip(client, server, 1, icmpv4(8, 0))), 0x8100),
      ethernet(ip(client, server, 47, Buffer.concat([Buffer.from([0, 0, 0x65, 0x58]), inner])), 0x0800),
      ethernet(ip('fe80::1', 'fe80::2', 58, icmpv6('fe80::1', 'fe80::2', 128, 0)), 0x86dd),
    ];
    return frames.map((bytes) => Buffer.concat([Buffer.from([0]), bytes]));
  },
  words: [0x8100, 0x88a8, 0x8847, 0x8864, 0x0800, 0x86dd, 0x6558, 0x88be].map((type) =>
    Buffer.from([type >> 8, type & 255]),
  ),
  run(input) {
    if (input.length === 0) return;
    const off = Region.ArenaOff;
    const len = input.length - 1;
    u8.set(input.subarray(1), off);
    decodeFrame(levels[0], off, len, len, linkTypes[input[0] % linkTypes.length]);
    check(levels[0], off, off + len);
    let level = 0;
    while (openTunnel(levels[level], levels[level + 1] ?? levels[0])) {
      level++;
      promise(level < TunnelLimit.Depth, 'tunnels within their bound');
      check(levels[level], off, off + len);
    }
  },
};
