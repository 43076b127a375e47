/** The event of a flow that has ended, from its columns and its TCP session. */
import { FlowFlag, flows } from '../flow/columns.js';
import { AppProto, appProtoNames } from '../protocol/app-proto.js';
import { Dir, IpProto } from '../protocol/ip.js';
import { S, StreamFlag, streamAt, tcb, tcpStateNames } from '../stream/columns.js';
import { flowBaseAt, flowRecord, isIcmp } from './encode-base.js';
import type { AppProtos, FlowEventRecord, FlowTcpRecord } from './records.js';

const f = flows;

const stateNames: FlowEventRecord['state'][] = ['new', 'new', 'established', 'closed', 'bypassed'];
/** By FlowEnd. Suricata tells a flow whose tuple is used again as timed out. */
const reasonNames: FlowEventRecord['reason'][] = ['timeout', 'timeout', 'timeout', 'forced', 'shutdown'];

/** EVE's app_proto fields: nothing while unknown, a direction only where it differs from the flow. */
export function appProtosOf(flow: number): AppProtos {
  const app = f.appProto[flow];
  const side = (p: number): string => (p !== AppProto.Unknown && p !== app ? appProtoNames[p] : '');
  return {
    appProto: app === AppProto.Unknown ? '' : appProtoNames[app],
    appProtoTs: side(f.appProtoTs[flow]),
    appProtoTc: side(f.appProtoTc[flow]),
  };
}

function tcpRecord(flow: number): FlowTcpRecord {
  const ts = streamAt(flow, Dir.ToServer);
  const tc = streamAt(flow, Dir.ToClient);
  const flagsTs = tcb[ts + S.TcpFlags];
  const flagsTc = tcb[tc + S.TcpFlags];
  const state = f.tcpState[flow];
  return {
    flags: flagsTs | flagsTc,
    flagsTs,
    flagsTc,
    state: state === 0 ? '' : tcpStateNames[state],
    tsGap: (tcb[ts + S.Flags] & StreamFlag.HasGap) !== 0,
    tcGap: (tcb[tc + S.Flags] & StreamFlag.HasGap) !== 0,
  };
}

/** True when an alert named the flow: its row in the store is brought up to date. */
function flowAlerted(flow: number): boolean {
  return (f.flags[flow] & FlowFlag.HasAlerts) !== 0;
}

/**
 * Called before the flow's state is released. The event's time is that of the flow's last packet (Suricata's is that of
 * the moment when it writes the event, which in a replay means little). `origin`: capture file of its last packet.
 */
export function flowEventRecord(flow: number, origin: number): FlowEventRecord {
  const flags = f.flags[flow];
  const icmp = isIcmp(f.ipProto[flow]);
  const answered = icmp && f.pktsToClient[flow] > 0;
  return {
    kind: 'flow',
    ...flowBaseAt(flow, Dir.ToServer, f.lastUs[flow], origin),
    ...(icmp ? { icmpType: f.cliPort[flow], icmpCode: f.icmpCode[flow] } : null),
    ...appProtosOf(flow),
    flow: flowRecord(flow),
    state: stateNames[f.state[flow]],
    reason: reasonNames[f.endReason[flow]],
    emergency: (flags & FlowFlag.Emergency) !== 0,
    alerted: flowAlerted(flow),
    action: (flags & FlowFlag.Drop) !== 0 ? 'drop' : (flags & FlowFlag.Pass) !== 0 ? 'pass' : null,
    responseIcmpType: answered ? f.srvPort[flow] : -1,
    responseIcmpCode: answered ? 0 : -1,
    tcp: f.ipProto[flow] === IpProto.Tcp ? tcpRecord(flow) : null,
  };
}
