/** One alert laid out as text: traffic with the matching bytes marked, what it means decoded, the rule. */
import { addressBytes } from '../output/address-bytes.js';
import { timestamp } from '../output/eve/json.js';
import type { StoredAlert } from '../output/query/alert.js';
import type { AlertRecord, HttpRecord, MatchRange } from '../output/records.js';
import { referenceUrl } from '../output/references.js';
import { hexLines, isBinary, type Marker, type Range, textLines } from './alerts-bytes.js';
import { decodedForms } from './alerts-decode.js';
import { locate, type Mark, type Shown } from './alerts-locate.js';
import { endpoint, severityStyle, sidText } from './alerts-row.js';
import { safe } from './format.js';
import { byteSize, type Paint, plural } from './text.js';

export interface TextFlags {
  hex: boolean;
  full: boolean;
}

/** Lines of a body shown without --full. */
const BodyLines = 40;

/** Lines of other parts: a title and what is below it. */
export interface Section {
  title: string;
  lines: string[];
}

export class AlertText {
  private readonly lines: string[] = [];
  private readonly marks: Mark[];
  /** Matches that none of the shown bytes have. */
  private readonly elsewhere: MatchRange[];
  private readonly r: AlertRecord;
  private readonly a: StoredAlert;
  private readonly name: string;
  private readonly around: Section[];
  private readonly paint: Paint;
  private readonly marker: Marker;
  private readonly flags: TextFlags;

  /** `name`: the id as lists show it. `around`: what people and other alerts say of it, put before the rule. */
  constructor(a: StoredAlert, name: string, around: Section[], paint: Paint, marker: Marker, flags: TextFlags) {
    this.name = name;
    this.around = around;
    this.a = a;
    this.r = a.record;
    this.paint = paint;
    this.marker = marker;
    this.flags = flags;
    const located = this.r.matches.map((m) => locate(m, this.r));
    this.marks = located.filter((m) => m !== null);
    this.elsewhere = this.r.matches.filter((_, i) => located[i] === null);
  }

  text(): string {
    this.head();
    const h = this.r.http;
    if (h !== null) {
      this.message('Request', h, 'requestHead', 'requestBody');
      this.message('Response', h, 'responseHead', 'responseBody');
    } else this.payload();
    this.otherMatches();
    this.decoded();
    if (this.flags.hex) this.dumps();
    this.rule();
    for (const s of this.around) {
      this.section(s.title);
      this.put(...s.lines);
    }
    return `${this.lines.join('\n')}\n`;
  }

  private section(title: string): void {
    this.lines.push('', this.paint('bold', title));
  }

  private put(...lines: string[]): void {
    for (const l of lines) this.lines.push(l === '' ? '' : `  ${l}`);
  }

  private head(): void {
    const { a, r, paint } = this;
    const style = severityStyle(a.rule.priority);
    const message = safe(a.rule.msg);
    const time = `${timestamp(r.tsUs).slice(0, 26).replace('T', ' ')} UTC`;
    this.lines.push(`${paint('bold', `Alert ${this.name}`)}  ${time}`);
    this.put(style === null ? message : paint(style, message));
    const category = a.rule.classText === '' ? '' : `, ${safe(a.rule.classText)}`;
    this.put(`sid ${sidText(r.gid, r.sid)} rev ${r.rev}, severity ${a.rule.priority}${category}, ${r.action}`);
    this.put(
      `${this.endpoints()}  ${r.proto}${r.appProto === '' || r.appProto === 'unknown' ? '' : `/${r.appProto}`}${this.direction()}`,
    );
    const origin = a.origin === null ? '' : safe(a.origin);
    const packet =
      r.pcapCnt === 0 ? r.pktSrc : `packet ${r.pcapCnt}${r.pktSrc === 'wire/pcap' ? '' : ` (${r.pktSrc})`}`;
    this.put([packet, origin].filter((s) => s !== '').join(' of '));
    if (r.tunnel !== null) this.put(`in a ${r.tunnel.proto} tunnel ${r.tunnel.src} → ${r.tunnel.dst}`);
    this.flow();
    if (r.captureFile) this.put(`its packets are in ${safe(r.captureFile)}`);
    if (r.client !== '') this.put(`client ${r.client}, as the proxy says`);
    if (r.http?.xff != null) this.put(`for ${safe(r.http.xff)} (X-Forwarded-For)`);
  }

  private endpoints(): string {
    const { r } = this;
    const icmp = r.icmpType < 0 ? '' : ` type ${r.icmpType} code ${r.icmpCode}`;
    return `${endpoint(addressBytes(r.src), r.srcPort)} → ${endpoint(addressBytes(r.dst), r.dstPort)}${icmp}`;
  }

  private direction(): string {
    return this.r.direction === null ? '' : this.r.direction === 'to_server' ? ', to the server' : ', to the client';
  }

  private flow(): void {
    const f = this.r.flow;
    if (f === null) return;
    const seconds = ((f.lastUs - f.startUs) / 1e6).toFixed(3);
    const state = this.a.flowState === null ? '' : `, ${this.a.flowState}`;
    this.put(
      `flow ${this.r.flowId}: ${plural(f.pktsToServer, 'packet')} (${byteSize(f.bytesToServer)}) to the server, ` +
        `${plural(f.pktsToClient, 'packet')} (${byteSize(f.bytesToClient)}) to the client, ${seconds} s${state}`,
    );
    const v = this.r.vars;
    if (v !== null && v.flowbits.length > 0) this.put(`flowbits ${safe(v.flowbits.join(', '))}`);
  }

  private message(
    title: string,
    h: HttpRecord,
    headPart: Shown & keyof HttpRecord,
    bodyPart: Shown & keyof HttpRecord,
  ): void {
    const head = h[headPart] as Uint8Array | null;
    const body = h[bodyPart] as Uint8Array | null;
    if (head === null && body === null) return;
    this.section(title);
    if (head !== null) {
      const lines = textLines(head, this.ranges(headPart), this.marker);
      while (lines.at(-1) === '') lines.pop();
      this.put(...lines);
    }
    if (body !== null && body.length > 0) {
      this.put('');
      this.body(body, this.ranges(bodyPart));
    }
  }

  private body(bytes: Uint8Array, ranges: Range[]): void {
    if (isBinary(bytes)) {
      this.put(...hexLines(bytes.subarray(0, this.flags.full ? bytes.length : 256), ranges, this.marker));
      if (!this.flags.full && bytes.length > 256)
        this.put(this.paint('dim', `(${byteSize(bytes.length)} kept; --full shows them)`));
      return;
    }
    const lines = textLines(bytes, ranges, this.marker);
    const shown = this.flags.full ? lines : this.aroundMark(lines);
    this.put(...shown);
    if (shown.length < lines.length)
      this.put(this.paint('dim', `(${lines.length - shown.length} more lines; --full shows them)`));
  }

  /** The first lines, or those around the first mark when it is further down. */
  private aroundMark(lines: string[]): string[] {
    const marked = lines.findIndex((l) => l.includes(this.marker.on));
    const from = marked < BodyLines ? 0 : marked - BodyLines / 2;
    return lines.slice(from, from + BodyLines);
  }

  private payload(): void {
    const bytes = this.r.payload;
    if (bytes === null || bytes.length === 0) return;
    this.section(this.r.stream === 1 ? 'Stream' : 'Payload');
    this.body(bytes, this.ranges('payload'));
  }

  private ranges(part: Shown): Range[] {
    return this.marks.filter((m) => m.part === part);
  }

  /** Matches in buffers that look otherwise than what was sent (normalised, decoded, transformed). */
  private otherMatches(): void {
    const list = this.elsewhere.filter((m) => m.bytes.length > 0);
    if (list.length === 0) return;
    this.section('Matched elsewhere');
    for (const m of list) {
      const text = textLines(m.bytes, [{ off: 0, len: m.bytes.length }], this.marker).join(' ');
      this.put(`${m.buffer} at ${m.off}: ${text}`);
    }
  }

  /** What URL, forms and cookies say once percent and base64 encodings are undone. */
  private decoded(): void {
    const forms = this.r.http === null ? [] : decodedForms(this.r.http);
    if (forms.length === 0) return;
    this.section('Decoded');
    for (const f of forms) this.put(`${f.what} (${f.how}): ${f.text}`);
  }

  private dumps(): void {
    const { payload, packet } = this.r;
    if (payload !== null && payload.length > 0) {
      const found = this.r.matches.map((m) => locate({ ...m, buffer: 'payload' }, { ...this.r, http: null }));
      this.section(`${this.r.stream === 1 ? 'Stream' : 'Payload'} (${byteSize(payload.length)})`);
      this.put(
        ...hexLines(
          payload,
          found.filter((m) => m !== null),
          this.marker,
        ),
      );
    }
    if (packet !== null && packet.length > 0) {
      this.section(`Packet (${byteSize(packet.length)}, link type ${this.r.linkType})`);
      this.put(...hexLines(packet, [], this.marker));
    }
  }

  private rule(): void {
    const { rule } = this.a;
    if (rule.text !== '') {
      this.section('Rule');
      if (rule.file !== '') this.put(this.paint('dim', `${safe(rule.file)}:${rule.line}`));
      this.put(safe(rule.text));
    }
    if (rule.references.length > 0) {
      this.section('References');
      this.put(...rule.references.map((ref) => safe(referenceUrl(ref))));
    }
  }
}
