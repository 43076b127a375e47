/** Makes a packet whose bytes were changed, or that is shorter than its header says, fit to be sent on. */
import { u8 } from '../core/memory.js';
import { writeChecksums } from '../decode/checksum.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { IpProto } from '../protocol/ip.js';
import { Ipv4Layout } from '../protocol/ipv4.js';
import { Ipv6Layout } from '../protocol/ipv6.js';
import { TcpFlag } from '../protocol/tcp.js';
import { TcpLayout } from '../protocol/tcp-header.js';

const mem = u8;

/**
 * Mends lengths and checksums of the captured bytes of `p`. A TCP segment of which not all could be captured ends where the
 * capture does: what was not seen does not pass, its sender repeats it.
 */
export function mendPacket(p: Packet): void {
  if (p.ipVersion === 0) return;
  if ((p.flags & PacketFlag.Truncated) !== 0 && p.ipProto === IpProto.Tcp && p.l4Off !== 0) {
    const held = p.frameOff + p.frameLen - p.ipOff;
    const [at, length] =
      p.ipVersion === 4
        ? [p.ipOff + Ipv4Layout.TotalLenOff, held]
        : [p.ipOff + Ipv6Layout.PayloadLenOff, held - Ipv6Layout.HeaderLen];
    mem[at] = length >>> 8;
    mem[at + 1] = length;
    mem[p.l4Off + TcpLayout.FlagsOff] &= ~TcpFlag.Fin;
  }
  writeChecksums(p);
}
