/** The pseudo packet with which what is left of a flow is inspected. */
import { type Packet, PacketFlag, PacketOrigin } from '../decode/packet.js';
import { FlowFlag, flows } from '../flow/columns.js';
import { Dir } from '../protocol/ip.js';

/** A pseudo packet in the given direction of a flow, at the time of the flow's last packet. */
export function fillEndPacket(p: Packet, flow: number, dir: Dir): void {
  p.reset();
  const f = flows;
  const toServer = dir === Dir.ToServer;
  p.flags = PacketFlag.Pseudo | PacketFlag.FlowEnd;
  p.flow = flow;
  p.dir = dir;
  p.no = 0;
  p.source = PacketOrigin.FlowTimeout;
  p.tsUs = f.lastUs[flow];
  p.ipVersion = (f.flags[flow] & FlowFlag.Ipv6) !== 0 ? 6 : 4;
  p.ipProto = f.ipProto[flow];
  p.src0 = toServer ? f.cli0[flow] : f.srv0[flow];
  p.src1 = toServer ? f.cli1[flow] : f.srv1[flow];
  p.src2 = toServer ? f.cli2[flow] : f.srv2[flow];
  p.src3 = toServer ? f.cli3[flow] : f.srv3[flow];
  p.dst0 = toServer ? f.srv0[flow] : f.cli0[flow];
  p.dst1 = toServer ? f.srv1[flow] : f.cli1[flow];
  p.dst2 = toServer ? f.srv2[flow] : f.cli2[flow];
  p.dst3 = toServer ? f.srv3[flow] : f.cli3[flow];
  p.srcPort = toServer ? f.cliPort[flow] : f.srvPort[flow];
  p.dstPort = toServer ? f.srvPort[flow] : f.cliPort[flow];
  p.vlan0 = f.vlan0[flow];
  p.vlan1 = f.vlan1[flow];
  p.vlan2 = f.vlan2[flow];
}
