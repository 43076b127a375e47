/** Suricata's fast.log: one line an alert (user guide 7.0, "Line based alerts log"). */

import { timestamp } from './eve/json.js';
import type { AlertRecord, RuleInfo } from './records.js';

/** What would break the line. */
const Control = /[\u0000-\u001f\u007f]/g;

/** Bytes shown of a packet that has no addresses. */
const RawBytes = 32;

/** "[Drop] " when the packet was dropped, "[wDrop] " when a drop rule matched where nothing can be dropped. */
function dropMark(r: AlertRecord, rule: RuleInfo | null): string {
  if (r.action === 'blocked') return '[Drop] ';
  return rule !== null && /^(drop|reject)/.test(rule.action) ? '[wDrop] ' : '';
}

/** First bytes of a packet without an IP header, "50 EB F6 …". */
function rawStart(packet: Uint8Array | null): string {
  const bytes = packet === null ? [] : [...packet.subarray(0, RawBytes)];
  return bytes.map((b) => `${b.toString(16).toUpperCase().padStart(2, '0')} `).join('');
}

/** The line with its newline. Times are UTC. */
export function fastLine(r: AlertRecord, rule: RuleInfo | null): string {
  const t = timestamp(r.tsUs);
  const when = `${t.slice(5, 7)}/${t.slice(8, 10)}/${t.slice(0, 4)}-${t.slice(11, 26)}`;
  const msg = (rule?.msg ?? '').replace(Control, '.');
  const category = rule?.classText ? rule.classText.replace(Control, '.') : '(null)';
  const mark = dropMark(r, rule);
  const tail = `[Classification: ${category}] [Priority: ${rule?.priority ?? 3}]`;
  const head = `${when}  ${mark}[**] [${r.gid}:${r.sid}:${r.rev}] ${msg} [**] ${tail}`;
  if (r.src === '')
    return `${head} [**] [Raw pkt: ${rawStart(r.packet)}]${r.pcapCnt > 0 ? ` [pcap file packet: ${r.pcapCnt}]` : ''}\n`;
  const srcPort = r.srcPort >= 0 ? r.srcPort : Math.max(0, r.icmpType);
  const dstPort = r.dstPort >= 0 ? r.dstPort : Math.max(0, r.icmpCode);
  return `${head} {${r.proto}} ${r.src}:${srcPort} -> ${r.dst}:${dstPort}\n`;
}
