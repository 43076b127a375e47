/** EVE's drop event (Suricata user guide 7.0, "Event type: Drop"). */

import { TcpFlag } from '../../protocol/tcp.js';
import type { DropRecord } from '../records.js';
import { alertObject, verdictObject } from './alert.js';
import type { EveOptions } from './config.js';
import { type EveContext, end, header } from './header.js';
import { quote } from './json.js';

/** Header fields of the dropped packet, each with its comma. */
function headerFields(r: DropRecord): string {
  let s = '';
  if (r.ip !== null && r.ip.version === 4) s += `,"tos":${r.ip.tos},"ttl":${r.ip.ttl},"ipid":${r.ip.id}`;
  else if (r.ip !== null) s += `,"tc":${r.ip.tos},"hoplimit":${r.ip.ttl},"flowlbl":${r.ip.flowLabel}`;
  const t = r.tcp;
  if (t !== null) {
    const on = (bit: TcpFlag) => (t.flags & bit) !== 0;
    s += `,"tcpseq":${t.seq},"tcpack":${t.ack},"tcpwin":${t.win}`;
    s += `,"syn":${on(TcpFlag.Syn)},"ack":${on(TcpFlag.Ack)},"psh":${on(TcpFlag.Psh)},"rst":${on(TcpFlag.Rst)}`;
    s += `,"urg":${on(TcpFlag.Urg)},"fin":${on(TcpFlag.Fin)},"tcpres":${t.reserved},"tcpurgp":${t.urgent}`;
  }
  if (r.udpLen >= 0) s += `,"udplen":${r.udpLen}`;
  if (r.icmpId >= 0) s += `,"icmp_id":${r.icmpId},"icmp_seq":${r.icmpSeq}`;
  return s;
}

export function dropEvent(ctx: EveContext, r: DropRecord, o: NonNullable<EveOptions['drop']>): string {
  let s = header(ctx, r, 'drop');
  if (r.direction !== null) s += `,"direction":"${r.direction}"`;
  s += `,"drop":{"len":${r.len}${headerFields(r)},"reason":${quote(r.reason)}}`;
  if (o.verdict) s += verdictObject('drop', r.reject, r.tcp !== null);
  const rule = o.alerts && r.rule >= 0 ? ctx.rule(r.rule) : null;
  if (rule !== null) {
    if (r.txId >= 0) s += `,"tx_id":${r.txId}`;
    s += `,"alert":${alertObject({ ...r, gid: rule.gid, sid: rule.sid, rev: rule.rev, action: 'blocked' }, rule, null)}`;
  }
  return s + end(ctx, r);
}
