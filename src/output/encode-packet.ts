/** Records that need only a packet: anomalies, drops, tagged packets. */
import { dv, u8 } from '../core/memory.js';
import type { Packet } from '../decode/packet.js';
import { flows } from '../flow/columns.js';
import { appProtoNames } from '../protocol/app-proto.js';
import { applayerEventNames } from '../protocol/applayer-events.js';
import { decoderEventNames } from '../protocol/decoder-events.js';
import { EventRange } from '../protocol/events.js';
import { httpEventNames } from '../protocol/http-events.js';
import { Dir, IpProto } from '../protocol/ip.js';
import { streamEventNames } from '../protocol/stream-events.js';
import { flowBase, isIcmp, packetBase } from './encode-base.js';
import { memoryCopy } from './memory-text.js';
import type { AnomalyRecord, DropRecord, PacketRecord } from './records.js';

const bytes = u8;
const view = dv;

/** Anomalies of a packet that are a decoder's, not the stream's. */
export function isDecoderEvent(id: number): boolean {
  return id < EventRange.Stream;
}

/** What `packethdr` gives of a packet, as Suricata 7.0.10 does. */
const PacketHeaderBytes = 32;

/** A decoder or stream event (src/protocol/events.ts) of the packet. */
export function packetAnomaly(p: Packet, id: number, withPacket: boolean): AnomalyRecord {
  const decode = isDecoderEvent(id);
  const name = decode ? decoderEventNames[id - EventRange.Decoder] : streamEventNames[id - EventRange.Stream];
  return {
    kind: 'anomaly',
    ...packetBase(p),
    type: decode ? 'decode' : 'stream',
    event: `${decode ? 'decoder' : 'stream'}.${name}`,
    layer: null,
    appProto: '',
    txId: -1,
    packet: withPacket ? memoryCopy(p.frameOff, Math.min(p.frameLen, PacketHeaderBytes)) : null,
    linkType: p.linkType,
  };
}

/** An event of the flow's application layer; `txId` -1 for those of protocol recognition. */
export function applayerAnomaly(p: Packet, flow: number, dir: Dir, id: number, txId: number): AnomalyRecord {
  const recognition = id >= EventRange.AppLayer;
  const name = recognition ? applayerEventNames[id - EventRange.AppLayer] : httpEventNames[id - EventRange.Http];
  return {
    kind: 'anomaly',
    ...flowBase(flow, dir, p),
    type: 'applayer',
    event: name.toUpperCase(),
    layer: recognition ? 'proto_detect' : 'proto_parser',
    appProto: appProtoNames[flows.appProto[flow]],
    txId,
    packet: null,
    linkType: p.linkType,
  };
}

export function taggedPacket(p: Packet): PacketRecord {
  return { kind: 'packet', ...packetBase(p), packet: memoryCopy(p.frameOff, p.frameLen), linkType: p.linkType };
}

/** A packet that is (or inline would be) dropped. `rule` and `txId` -1 when none is to blame. */
export function dropRecord(
  p: Packet,
  reason: string,
  rule: number,
  txId: number,
  reject: DropRecord['reject'],
): DropRecord {
  const udp = p.ipProto === IpProto.Udp && p.l4Off !== 0;
  const echo = isIcmp(p.ipProto) && p.l4Off !== 0;
  return {
    kind: 'drop',
    ...packetBase(p),
    reason,
    len: p.ipVersion !== 0 ? p.ipLen : p.frameLen,
    rule,
    txId,
    reject,
    ip: ipFields(p),
    tcp: tcpFields(p),
    udpLen: udp ? view.getUint16(p.l4Off + 4) : -1,
    icmpId: echo ? p.icmpId : -1,
    icmpSeq: echo ? p.icmpSeq : -1,
    direction: p.flow === 0 ? null : p.dir === Dir.ToServer ? 'to_server' : 'to_client',
  };
}

function ipFields(p: Packet): DropRecord['ip'] {
  if (p.ipVersion === 0) return null;
  const v6 = p.ipVersion === 6;
  const flowLabel = v6 ? view.getUint32(p.ipOff) & 0xf_ffff : 0;
  return { version: v6 ? 6 : 4, ttl: p.ttl, tos: p.tos, id: p.ipId, flowLabel };
}

function tcpFields(p: Packet): DropRecord['tcp'] {
  if (p.ipProto !== IpProto.Tcp || p.l4Off === 0) return null;
  const reserved = bytes[p.l4Off + 12] & 0x0f;
  return { seq: p.seq >>> 0, ack: p.ack >>> 0, win: p.window, flags: p.tcpFlags, reserved, urgent: p.urgent };
}
