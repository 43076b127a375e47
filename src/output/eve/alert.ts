/** EVE's alert event (Suricata user guide 7.0, "Event type: Alert") and the `packet` event of tagged packets. */
import type { AlertRecord, AppProtos, EventBase, PacketRecord, RuleInfo, TunnelRecord } from '../records.js';
import { referenceUrl } from '../references.js';
import { printable } from '../text.js';
import type { EveAlertOptions } from './config.js';
import { fileObject } from './fileinfo.js';
import { type EveContext, end, header } from './header.js';
import { httpObjectWithBodies } from './http.js';
import { base64, quote, quoteList, timestamp } from './json.js';

/** What the `alert` object takes from the event. */
type AlertCore = Pick<AlertRecord, 'gid' | 'sid' | 'rev' | 'action'> &
  Pick<EventBase, 'src' | 'dst' | 'srcPort' | 'dstPort'>;

/** {"key":["v1","v2"]} with keys in the order in which the rule first names them. */
function ruleMetadata(list: RuleInfo['metadata']): string {
  const byKey = new Map<string, string[]>();
  for (const [k, v] of list) {
    const known = byKey.get(k);
    if (known === undefined) byKey.set(k, [v]);
    else known.push(v);
  }
  let s = '';
  for (const [k, v] of byKey) s += `,${quote(k)}:${quoteList(v)}`;
  return `{${s.slice(1)}}`;
}

/** Which side attacks and which is attacked, by the rule's `target`. */
function sourceAndTarget(r: AlertCore, target: 'src_ip' | 'dest_ip'): string {
  const side = (ip: string, port: number) => `{"ip":"${ip}"${port >= 0 ? `,"port":${port}` : ''}}`;
  const src = side(r.src, r.srcPort);
  const dst = side(r.dst, r.dstPort);
  return target === 'dest_ip' ? `,"source":${src},"target":${dst}` : `,"source":${dst},"target":${src}`;
}

/** The `alert` object; `client` is its `xff`. `options` null: without the rule's metadata, text and references (drop events). */
export function alertObject(r: AlertCore, rule: RuleInfo | null, options: EveAlertOptions | null, client = ''): string {
  let s = `{"action":"${r.action}","gid":${r.gid},"signature_id":${r.sid},"rev":${r.rev}`;
  s += `,"signature":${quote(rule?.msg ?? '')},"category":${quote(rule?.classText ?? '')},"severity":${rule?.priority ?? 3}`;
  const xff = client === '' ? '' : `,"xff":${quote(client)}`;
  if (rule === null) return `${s}${xff}}`;
  if (rule.target !== null && r.src !== '') s += sourceAndTarget(r, rule.target);
  if (options !== null) {
    if (options.ruleMetadata && rule.metadata.length > 0) s += `,"metadata":${ruleMetadata(rule.metadata)}`;
    if (options.ruleReference && rule.references.length > 0)
      s += `,"references":${quoteList(rule.references.map(referenceUrl))}`;
    if (options.ruleRaw) s += `,"rule":${quote(rule.text)}`;
  }
  return `${s}${xff}}`;
}

/** `,"app_proto":…` and the two directions where they differ. */
export function appProtos(r: AppProtos): string {
  let s = '';
  if (r.appProto !== '') s += `,"app_proto":"${r.appProto}"`;
  if (r.appProtoTs !== '') s += `,"app_proto_ts":"${r.appProtoTs}"`;
  if (r.appProtoTc !== '') s += `,"app_proto_tc":"${r.appProtoTc}"`;
  return s;
}

function tunnelObject(t: TunnelRecord): string {
  const packet = t.pcapCnt === 0 ? '' : `,"pcap_cnt":${t.pcapCnt}`;
  return (
    `,"tunnel":{"src_ip":"${t.src}","src_port":0,"dest_ip":"${t.dst}","dest_port":0,"proto":"${t.proto}"` +
    `,"depth":${t.depth}${packet},"pkt_src":"${t.pktSrc}"}`
  );
}

function flowObject(r: AlertRecord): string {
  const f = r.flow;
  if (f === null) return '';
  let s = `,"flow":{"pkts_toserver":${f.pktsToServer},"pkts_toclient":${f.pktsToClient}`;
  s += `,"bytes_toserver":${f.bytesToServer},"bytes_toclient":${f.bytesToClient},"start":"${timestamp(f.startUs)}"`;
  s += `,"src_ip":"${f.src}","dest_ip":"${f.dst}"`;
  if (f.srcPort >= 0) s += `,"src_port":${f.srcPort},"dest_port":${f.dstPort}`;
  return `${s}}`;
}

/** payload, payload_printable and stream, as Suricata: a stream without data has only `stream`. */
function payloadFields(r: AlertRecord, o: EveAlertOptions): string {
  if (!o.payload && !o.payloadPrintable) return '';
  let bytes = r.payload ?? new Uint8Array(0);
  if (r.stream === 1 && bytes.length > o.payloadBufferSize) bytes = bytes.subarray(0, o.payloadBufferSize);
  let s = '';
  if (o.payload && bytes.length > 0) s += `,"payload":${base64(bytes)}`;
  if (o.payloadPrintable && (bytes.length > 0 || r.stream === 0) && r.src !== '') {
    s += `,"payload_printable":${quote(printable(bytes))}`;
  }
  return r.src === '' ? s : `${s},"stream":${r.stream}`;
}

export function packetFields(packet: Uint8Array | null, linkType: number): string {
  return packet === null ? '' : `,"packet":${base64(packet)},"packet_info":{"linktype":${linkType}}`;
}

/** The `verdict` object. `isTcp` decides how a reject is sent. */
export function verdictObject(verdict: string, reject: AlertRecord['reject'], isTcp: boolean): string {
  const how = reject === null ? '' : `,"reject_target":"${reject}","reject":["${isTcp ? 'tcp-reset' : 'icmp-prohib'}"]`;
  return `,"verdict":{"action":"${verdict}"${how}}`;
}

/** `xff.mode: overwrite`: the client in the place of the peer. */
function overwritten(r: AlertRecord): AlertRecord {
  const flow = r.flow === null ? null : { ...r.flow, src: r.client };
  return r.direction === 'to_client' ? { ...r, dst: r.client, flow } : { ...r, src: r.client, flow };
}

export function alertEvent(ctx: EveContext, whole: AlertRecord, o: EveAlertOptions): string {
  const told = o.xff.enabled && whole.client !== '';
  const r = told && o.xff.overwrite ? overwritten(whole) : whole;
  let s = header(ctx, r, 'alert');
  if (r.txId >= 0) s += `,"tx_id":${r.txId}`;
  if (r.txGuessed) s += ',"tx_guessed":true';
  s += `,"alert":${alertObject(r, ctx.rule(r.rule), o, told ? r.client : '')}`;
  if (r.tunnel !== null) s += tunnelObject(r.tunnel);
  if (o.appLayer) {
    if (r.http !== null) s += `,"http":${httpObjectWithBodies(r.http, o.httpBody, o.httpBodyPrintable)}`;
    if (r.files.length > 0) s += `,"files":[${r.files.map(fileObject).join(',')}]`;
  }
  s += appProtos(r);
  if (r.direction !== null) s += `,"direction":"${r.direction}"`;
  if (o.flow) s += flowObject(r);
  s += payloadFields(r, o);
  if (o.packet) s += packetFields(r.packet, r.linkType);
  if (r.captureFile) s += `,"capture_file":${quote(r.captureFile)}`;
  if (o.verdict) s += verdictObject(r.verdict, r.reject, r.proto === 'TCP');
  return s + end(ctx, r);
}

export function packetEvent(ctx: EveContext, r: PacketRecord): string {
  return header(ctx, r, 'packet') + packetFields(r.packet, r.linkType) + end(ctx, r);
}
