/**
 * Snort's CSV alerts: alert_csv of Snort 2 (its manual, "CSV") and of Snort 3 (its reference, "alert_csv"). The fields are
 * those of the configuration: named by the caller, else Snort 2's default, or Snort 3's when a line has as many.
 */
import { addressBytes, addressText } from '../address-bytes.js';
import type { Importer } from './importer.js';
import { type PlainAlert, plainRecord } from './plain-alert.js';
import type { SidMap } from './sid-map.js';

export const snort2Fields =
  'timestamp,sig_generator,sig_id,sig_rev,msg,proto,src,srcport,dst,dstport,ethsrc,ethdst,ethlen,tcpflags,tcpseq,tcpack,tcplen,tcpwindow,ttl,tos,id,dgmlen,iplen,icmptype,icmpcode,icmpid,icmpseq';
const snort3Fields = 'timestamp,pkt_num,proto,pkt_gen,pkt_len,dir,src_ap,dst_ap,rule,action';

const protos: Record<string, number> = { ICMP: 1, IGMP: 2, TCP: 6, UDP: 17, ICMP6: 58, SCTP: 132 };

/** Values of one line (RFC 4180 section 2; Snort writes no line breaks into values). */
export function csvValues(line: string): string[] {
  const out: string[] = [];
  let at = 0;
  while (at <= line.length) {
    while (line[at] === ' ') at++;
    if (line[at] === '"') {
      let value = '';
      for (at++; at < line.length; at++) {
        if (line[at] === '"' && line[at + 1] === '"') at++;
        else if (line[at] === '"') break;
        value += line[at];
      }
      out.push(value);
      const comma = line.indexOf(',', at);
      at = comma < 0 ? line.length + 1 : comma + 1;
    } else {
      const comma = line.indexOf(',', at);
      const end = comma < 0 ? line.length : comma;
      out.push(line.slice(at, end).trim());
      at = end + 1;
    }
  }
  return out;
}

/** "08/14-13:21:05.123456", with "/26" or "/2026" after the day when Snort runs with -y; in UTC. */
function snortTime(text: string, year: number): number | null {
  const m = /^(\d\d)\/(\d\d)(?:\/(\d\d|\d{4}))?-(\d\d:\d\d:\d\d)\.(\d{1,6})$/.exec(text);
  if (m === null) return null;
  const y = m[3] === undefined ? year : m[3].length === 2 ? 2000 + Number(m[3]) : Number(m[3]);
  const ms = Date.parse(`${y}-${m[1]}-${m[2]}T${m[4]}Z`);
  return Number.isFinite(ms) ? ms * 1000 + Number(m[5].padEnd(6, '0')) : null;
}

/** "192.0.2.1:80", "2001:db8::1:80", or an address alone. */
function addressPort(text: string): [address: string, port: string] {
  const at = text.lastIndexOf(':');
  const port = text.slice(at + 1);
  if (at > 0 && /^\d{1,5}$/.test(port) && addressBytes(text.slice(0, at)).length > 0) return [text.slice(0, at), port];
  return [text, ''];
}

export class SnortCsvImport {
  private readonly to: Importer;
  private readonly map: SidMap;
  private readonly year: number;
  private fields: string[] | null;

  /** `fields` null: found by the first line. `year`: of times without one. */
  constructor(to: Importer, map: SidMap, fields: string | null, year: number) {
    this.to = to;
    this.map = map;
    this.year = year;
    this.fields = fields === null ? null : fields.split(/[\s,]+/).filter((f) => f !== '');
  }

  line(text: string, number: number): void {
    if (text.trim() === '' || text.startsWith('#')) return;
    const values = csvValues(text.replace(/\r$/, ''));
    // A line of names, as some collectors put before the first.
    if (this.fields === null && values.includes('timestamp')) {
      this.fields = values;
      return;
    }
    this.fields ??= (values.length === snort3Fields.split(',').length ? snort3Fields : snort2Fields).split(',');
    const row = new Map(this.fields.map((name, i) => [name, values[i] ?? '']));
    const alert = this.alertOf(row);
    if (typeof alert === 'string') this.to.refuse(`line ${number}: ${alert}`);
    else {
      const { record, rule } = plainRecord(alert, this.map);
      this.to.alert(record, rule, null);
    }
  }

  /** Or what is wrong with the line. */
  private alertOf(row: Map<string, string>): PlainAlert | string {
    const text = (...names: string[]): string => names.map((n) => row.get(n) ?? '').find((v) => v !== '') ?? '';
    const number = (value: string, otherwise: number): number => (/^\d{1,10}$/.test(value) ? Number(value) : otherwise);
    const seconds = text('seconds');
    const tsUs = /^\d{1,11}$/.test(seconds) ? Number(seconds) * 1e6 : snortTime(text('timestamp'), this.year);
    if (tsUs === null) return `"${text('timestamp')}" is no time`;
    const [gid, sid, rev] = row.get('rule')?.split(':') ?? [];
    const known = number(sid ?? text('sig_id', 'sid'), -1);
    if (known < 0) return 'there is no signature id';
    const [src, srcPort] = row.has('src_ap')
      ? addressPort(text('src_ap'))
      : [text('src', 'src_addr'), text('srcport', 'src_port')];
    const [dst, dstPort] = row.has('dst_ap')
      ? addressPort(text('dst_ap'))
      : [text('dst', 'dst_addr'), text('dstport', 'dst_port')];
    const proto = text('proto').toUpperCase();
    const ipProto = protos[proto] ?? number(proto, 0);
    const icmp = ipProto === 1 || ipProto === 58;
    const action = text('action').toLowerCase();
    const data = text('b64_data');
    return {
      tsUs,
      gid: number(gid ?? text('sig_generator', 'gid'), 1),
      sid: known,
      rev: number(rev ?? text('sig_rev', 'rev'), 0),
      priority: text('priority') === '' ? null : number(text('priority'), 3),
      msg: text('msg') || null,
      category: text('class') === 'none' ? null : text('class') || null,
      src: addressText(addressBytes(src)),
      dst: addressText(addressBytes(dst)),
      srcPort: number(icmp ? text('icmptype', 'icmp_type') : srcPort, -1),
      dstPort: number(icmp ? text('icmpcode', 'icmp_code') : dstPort, -1),
      ipProto,
      blocked: ['block', 'drop', 'reject', 'sdrop'].includes(action),
      vlan: number(text('vlan'), 0),
      packet: null,
      linkType: 1,
      payload: data === '' ? null : Buffer.from(data, 'base64'),
      client: '',
      url: null,
      hostname: null,
    };
  }
}
