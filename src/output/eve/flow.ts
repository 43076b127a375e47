/** EVE's flow event (Suricata user guide 7.0, "Event type: Flow"). */
import type { FlowEventRecord, FlowTcpRecord } from '../records.js';
import { appProtos } from './alert.js';
import { community, type EveContext, end, metadata, start } from './header.js';
import { timestamp } from './json.js';

const hex2 = (n: number): string => n.toString(16).padStart(2, '0');

/** Names of the TCP flag bits from FIN up, as EVE has them. */
const flagNames = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ecn', 'cwr'];
/** Order in which EVE writes them. */
const flagOrder = [1, 0, 2, 3, 4, 5, 6, 7];

/** `,"syn":true…` of the flags set. */
function setFlags(flags: number): string {
  let s = '';
  for (const bit of flagOrder) if (flags & (1 << bit)) s += `,"${flagNames[bit]}":true`;
  return s;
}

function tcpObject(t: FlowTcpRecord): string {
  let s = `,"tcp":{"tcp_flags":"${hex2(t.flags)}","tcp_flags_ts":"${hex2(t.flagsTs)}","tcp_flags_tc":"${hex2(t.flagsTc)}"`;
  s += setFlags(t.flags);
  if (t.state !== '') s += `,"state":"${t.state}"`;
  if (t.tsGap) s += ',"ts_gap":true';
  if (t.tcGap) s += ',"tc_gap":true';
  return `${s}}`;
}

export function flowEvent(ctx: EveContext, r: FlowEventRecord): string {
  const f = r.flow;
  let s = start(ctx, r, 'flow');
  if (r.responseIcmpType >= 0)
    s += `,"response_icmp_type":${r.responseIcmpType},"response_icmp_code":${r.responseIcmpCode}`;
  s += appProtos(r);
  s += `,"flow":{"pkts_toserver":${f.pktsToServer},"pkts_toclient":${f.pktsToClient}`;
  s += `,"bytes_toserver":${f.bytesToServer},"bytes_toclient":${f.bytesToClient}`;
  s += `,"start":"${timestamp(f.startUs)}","end":"${timestamp(f.lastUs)}"`;
  s += `,"age":${Math.floor(f.lastUs / 1e6) - Math.floor(f.startUs / 1e6)}`;
  if (r.emergency) s += ',"emergency":true';
  if (r.state === 'bypassed') s += ',"bypass":"local"';
  s += `,"state":"${r.state}","reason":"${r.reason}","alerted":${r.alerted}`;
  if (r.action !== null) s += `,"action":"${r.action}"`;
  s += `}${metadata(ctx, r.vars)}${community(ctx, r)}`;
  if (r.tcp !== null) s += tcpObject(r.tcp);
  return s + end(ctx, r);
}
