/** Sun RPC calls (RFC 5531 section 9) in a packet's payload, as the rpc keyword asks for them. */
import { dv } from '../core/memory.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { IpProto } from '../protocol/ip.js';

const enum RpcField {
  /** Length of the record mark that TCP puts in front (RFC 5531 section 11). */
  RecordMark = 4,
  Type = 4,
  RpcVersion = 8,
  Program = 12,
  Version = 16,
  Procedure = 20,
  Len = 24,
}
const RpcVersion = 2;
const Call = 0;

/** Whether the payload begins with a call of this program; version and procedure -1: any. */
export function rpcCallHolds(p: Packet, program: number, version: number, procedure: number): boolean {
  const tcp = p.ipProto === IpProto.Tcp;
  if ((!tcp && p.ipProto !== IpProto.Udp) || (p.flags & PacketFlag.FlowEnd) !== 0) return false;
  const skip = tcp ? RpcField.RecordMark : 0;
  if (p.payloadLen < RpcField.Len + skip) return false;
  const at = p.payloadOff + skip;
  return (
    dv.getUint32(at + RpcField.Type) === Call &&
    dv.getUint32(at + RpcField.RpcVersion) === RpcVersion &&
    dv.getUint32(at + RpcField.Program) === program &&
    (version < 0 || dv.getUint32(at + RpcField.Version) === version) &&
    (procedure < 0 || dv.getUint32(at + RpcField.Procedure) === procedure)
  );
}
