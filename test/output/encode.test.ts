import assert from 'node:assert/strict';
import { Region, u8 } from '../../src/core/memory.js';
import { Packet, PacketFlag } from '../../src/decode/packet.js';
import { flowbitSet, flowintSet, flowvarSet, releaseBits } from '../../src/flow/bits.js';
import { FlowEnd, FlowFlag, FlowState, flows } from '../../src/flow/columns.js';
import { packetBase } from '../../src/output/encode-base.js';
import { flowEventRecord } from '../../src/output/encode-flow.js';
import { applayerAnomaly, dropRecord, packetAnomaly } from '../../src/output/encode-packet.js';
import { flowId, setFlowIdRun } from '../../src/output/flow-id.js';
import { protoName } from '../../src/output/proto-names.js';
import { AppProto } from '../../src/protocol/app-proto.js';
import { AppLayerEvent } from '../../src/protocol/applayer-events.js';
import { DecoderEvent } from '../../src/protocol/decoder-events.js';
import { EventRange } from '../../src/protocol/events.js';
import { Dir, IpProto } from '../../src/protocol/ip.js';
import { TcpFlag } from '../../src/protocol/tcp.js';
import { flowNames } from '../../src/rules/compile/names.js';
import * as samples from './samples.js';

/** A TCP segment of 4 payload bytes from 192.0.2.1:40000 to 198.51.100.7:80 in an Ethernet frame. */
function segment(): Packet {
  const p = new Packet();
  p.no = 7;
  p.tsUs = samples.t0;
  p.linkType = 1;
  p.frameOff = Region.ArenaOff;
  p.frameLen = 58;
  u8.fill(0xee, p.frameOff, p.frameOff + p.frameLen);
  p.ipVersion = 4;
  p.ipOff = p.frameOff + 14;
  p.ipHdrLen = 20;
  p.ipLen = 44;
  p.ipProto = IpProto.Tcp;
  p.ttl = 60;
  p.ipId = 5;
  p.src0 = 0xc0000201 | 0;
  p.dst0 = 0xc6336407 | 0;
  p.l4Off = p.ipOff + 20;
  p.l4HdrLen = 20;
  p.srcPort = 40_000;
  p.dstPort = 80;
  p.seq = -1;
  p.ack = 9;
  p.tcpFlags = TcpFlag.Ack | TcpFlag.Psh;
  p.window = 512;
  u8[p.l4Off + 12] = 0x52;
  return p;
}

/** Flow 3 of the segment, as if the flow table had made it. */
function flowOf(p: Packet): number {
  const id = 3;
  p.flow = id;
  flows.serial[id] = 12;
  flows.state[id] = FlowState.Closed;
  flows.endReason[id] = FlowEnd.Timeout;
  flows.flags[id] = FlowFlag.HasAlerts;
  flows.ipProto[id] = IpProto.Tcp;
  flows.cli0[id] = p.src0;
  flows.srv0[id] = p.dst0;
  flows.cliPort[id] = p.srcPort;
  flows.srvPort[id] = p.dstPort;
  flows.startUs[id] = samples.t0 - 1000;
  flows.lastUs[id] = samples.t0;
  flows.pktsToServer[id] = 2;
  flows.bytesToServer[id] = 5e9;
  flows.appProto[id] = AppProto.Http1;
  flows.appProtoTs[id] = AppProto.Http1;
  flows.appProtoTc[id] = AppProto.Failed;
  flows.tcpState[id] = 10;
  return id;
}

describe('records of a packet', () => {
  before(() => setFlowIdRun(41));

  it('have its addresses, ports, number and time', () => {
    const b = packetBase(segment());
    assert.deepEqual(
      [b.src, b.srcPort, b.dst, b.dstPort, b.proto, b.pcapCnt, b.tsUs],
      ['192.0.2.1', 40_000, '198.51.100.7', 80, 'TCP', 7, samples.t0],
    );
    assert.deepEqual([b.flowId, b.icmpType, b.vlan, b.pktSrc], [0, -1, [], 'wire/pcap']);
  });

  it('write IPv6 in full, VLANs outermost first, ICMP without ports', () => {
    const p = segment();
    p.ipVersion = 6;
    p.ipProto = IpProto.Icmpv6;
    p.src0 = 0x20010db8;
    p.src3 = 0xffff;
    p.icmpType = 128;
    p.vlanCount = 2;
    p.vlan0 = 9;
    p.vlan1 = 8;
    const b = packetBase(p);
    assert.equal(b.src, '2001:0db8:0000:0000:0000:0000:0000:ffff');
    assert.deepEqual([b.srcPort, b.icmpType, b.icmpCode, b.proto, b.vlan], [-1, 128, 0, 'IPv6-ICMP', [9, 8]]);
  });

  it('have ports at the end of a flow too, where there is no packet', () => {
    const p = segment();
    p.flags = PacketFlag.Pseudo | PacketFlag.FlowEnd;
    p.no = p.l4Off = p.frameLen = 0;
    const b = packetBase(p);
    assert.deepEqual([b.srcPort, b.dstPort, b.pktSrc, b.pcapCnt], [40_000, 80, 'stream (flow timeout)', 0]);
  });

  it('have no addresses without an IP header', () => {
    const p = segment();
    p.ipVersion = 0;
    const b = packetBase(p);
    assert.deepEqual([b.src, b.dst, b.proto, b.srcPort], ['', '', '', -1]);
  });

  it('name anomalies of decoder, stream and application layer as Suricata does', () => {
    const p = segment();
    const decode = packetAnomaly(p, DecoderEvent.Ipv4TruncPkt, true);
    assert.deepEqual([decode.type, decode.event, decode.packet?.length], ['decode', 'decoder.ipv4.trunc_pkt', 32]);
    const stream = packetAnomaly(p, EventRange.Stream, false);
    assert.deepEqual([stream.type, stream.packet], ['stream', null]);
    assert.match(stream.event, /^stream\./);
    const flow = flowOf(p);
    const app = applayerAnomaly(p, flow, Dir.ToClient, AppLayerEvent.DetectProtocolOnlyOneDirection, -1);
    assert.deepEqual(
      [app.event, app.layer, app.appProto, app.src],
      ['APPLAYER_DETECT_PROTOCOL_ONLY_ONE_DIRECTION', 'proto_detect', 'http', '198.51.100.7'],
    );
    assert.deepEqual(
      [applayerAnomaly(p, flow, Dir.ToServer, EventRange.Http, 4).layer, app.txId],
      ['proto_parser', -1],
    );
  });

  it('give the header fields of a dropped packet', () => {
    const p = segment();
    flowOf(p);
    const d = dropRecord(p, 'rules', 3, -1, null);
    assert.deepEqual(d.tcp, { seq: 0xffff_ffff, ack: 9, win: 512, flags: 0x18, reserved: 2, urgent: 0 });
    assert.deepEqual(
      [d.ip, d.len, d.direction, d.udpLen],
      [{ version: 4, ttl: 60, tos: 0, id: 5, flowLabel: 0 }, 44, 'to_server', -1],
    );
  });
});

describe('records of a flow', () => {
  it('have client and server, counts, state and what ended it', () => {
    const p = segment();
    setFlowIdRun(41);
    const flow = flowOf(p);
    flowbitSet(flow, flowNames.id('seen'));
    flowbitSet(flow, flowNames.id('again'));
    flowintSet(flow, flowNames.id('count'), 4);
    flowvarSet(flow, flowNames.id('user'), p.frameOff, 2);
    const r = flowEventRecord(flow, 1);
    releaseBits(flow);
    assert.deepEqual(
      [r.src, r.dstPort, r.state, r.reason, r.alerted, r.origin, r.action],
      ['192.0.2.1', 80, 'closed', 'timeout', true, 1, null],
    );
    assert.deepEqual([r.appProto, r.appProtoTs, r.appProtoTc], ['http', '', 'failed']);
    assert.equal(r.flow.bytesToServer, 5e9);
    assert.equal(r.tcp?.state, 'closed');
    assert.deepEqual(r.vars, {
      flowbits: ['seen', 'again'],
      flowints: [['count', 4]],
      flowvars: [['user', '\\xee\\xee']],
      pktvars: [],
    });
    assert.equal(flowEventRecord(flow, 1).vars, null);
    assert.equal(r.flowId, flowId(12));
  });

  it('have ids that are safe integers below 2^51, different from run to run', () => {
    setFlowIdRun(0);
    const first = flowId(1);
    setFlowIdRun(2 ** 40);
    assert.notEqual(flowId(1), first);
    assert.ok(flowId(2 ** 32 - 1) < 2 ** 51);
    assert.notEqual(flowId(1), flowId(2));
  });
});

describe('protocol names', () => {
  it('are those of IANA, or three digits', () => {
    assert.deepEqual([6, 17, 1, 58, 47, 44, 253].map(protoName), [
      'TCP',
      'UDP',
      'ICMP',
      'IPv6-ICMP',
      'GRE',
      'IPv6-Frag',
      '253',
    ]);
    assert.equal(protoName(61), '061');
  });
});
