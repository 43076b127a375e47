/**
 * Alerts made from a seed, with the skew that sensors see: few signatures, hosts and URLs make most alerts, most sources
 * are seen a handful of times, a twentieth of the traffic is IPv6, scanners send the same request to many hosts. Times go
 * up from alert to alert and spread over `spanUs`.
 *
 * Of `total` alerts about a tenth of that number are distinct sources and a sixth distinct URLs.
 */
import type { AlertRecord, EventRecord, FlowRecord, HttpRecord, RuleInfo } from '../../src/output/records.js';
import { seeded } from '../../test/tools/seeded.js';

/** Rules that alerts name by index. */
export const MadeRules = 2000;
const Hosts = 400;
const Agents = 3000;
const words =
  'admin login index shop cart search api user image static upload config backup wp-content cgi-bin report'.split(' ');
const attacks = [
  '../../etc/passwd',
  "1' OR '1'='1",
  '<script>alert(1)</script>',
  'UNION SELECT password',
  '${jndi:ldap://x}',
];
const methods = ['GET', 'GET', 'GET', 'GET', 'POST', 'POST', 'HEAD', 'OPTIONS', 'PROPFIND'];
const statuses = [200, 404, 403, 200, 500, 302, 301, 400, 0, 503, 418];

export function madeRules(): RuleInfo[] {
  return Array.from({ length: MadeRules }, (_, i) => ({
    gid: 1,
    sid: 6_000_000 + i,
    rev: 1,
    msg: `MADE ${words[i % words.length]} attack number ${i}`,
    action: 'alert',
    priority: 1 + (i % 3),
    classtype: 'web-application-attack',
    classText: i % 5 === 0 ? 'Attempted Information Leak' : 'Web Application Attack',
    references: [],
    metadata: [],
    target: null,
    file: 'made.rules',
    line: i + 1,
    text: `alert http any any -> any any (msg:"MADE ${i}"; sid:${6_000_000 + i}; rev:1;)`,
  }));
}

export interface MadeOptions {
  total: number;
  seed: number;
  /** Time of the first alert and the time until the last, microseconds. */
  startUs: number;
  spanUs: number;
}

/** A word that occurs in about one of 200,000 alerts, and one in about a seventh of them. */
export const RareWord = 'zugzwang';
export const CommonWord = 'passwd';

/** Bits of `n` mixed: the same number gives the same bits. */
function mixed(n: number): number {
  let x = Math.imul(n ^ 0x9e3779b9, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

export class MadeAlerts {
  private readonly o: MadeOptions;
  private readonly random: () => number;
  private readonly urls: number;
  private readonly sources: number;
  private made = 0;
  private flowNo = 0;

  constructor(o: MadeOptions) {
    this.o = o;
    this.random = seeded(o.seed);
    this.urls = Math.max(10, Math.floor(o.total / 5));
    this.sources = Math.max(10, Math.floor(o.total / 9));
  }

  /** The next `n` alerts with the ends of the transactions and flows they belong to. */
  batch(n: number): EventRecord[] {
    const out: EventRecord[] = [];
    const until = Math.min(this.o.total, this.made + n);
    while (this.made < until) this.flow(out, until);
    return out;
  }

  private skewed(n: number, power: number): number {
    return Math.floor(n * this.random() ** power);
  }

  private source(): string {
    const who = mixed(this.skewed(this.sources, 3));
    if (who % 20 === 0) return `2001:0db8:${hex(who >>> 16)}:${hex(who)}:0000:0000:0000:0001`;
    return `${1 + ((who >>> 24) % 220)}.${(who >>> 16) & 255}.${(who >>> 8) & 255}.${who & 255}`;
  }

  private http(src: string, txId: number): HttpRecord {
    const no = this.skewed(this.urls, 4);
    const bits = mixed(no);
    const word = words[bits % words.length];
    const attack = bits % 7 === 0 ? attacks[0] : attacks[bits % attacks.length];
    const rare = bits % 60_000 === 7 ? `${RareWord}/` : '';
    const url = `/${word}/${rare}${no.toString(36)}?q=${attack}&n=${bits & 1023}`;
    const hostname = `${words[(bits >>> 8) % words.length]}${(bits >>> 12) % Hosts}.example`;
    const userAgent = `agent/${mixed(src.length * 77 + (bits >>> 4)) % Agents} (made; like Mozilla/5.0)`;
    const method = methods[(bits >>> 5) % methods.length];
    const head =
      `${method} ${url} HTTP/1.1\r\nHost: ${hostname}\r\nUser-Agent: ${userAgent}\r\nAccept: */*\r\nAccept-Language: en\r\n` +
      `Cookie: session=${bits.toString(16).repeat(6)}\r\nConnection: keep-alive\r\n\r\n`;
    return {
      txId,
      hostname,
      port: -1,
      url,
      method,
      protocol: 'HTTP/1.1',
      status: statuses[this.skewed(statuses.length, 3)],
      statusString: null,
      userAgent,
      referer: null,
      contentType: 'text/html',
      redirect: null,
      xff: null,
      contentRange: null,
      length: bits & 4095,
      requestHead: Buffer.from(head, 'latin1'),
      responseHead: null,
      requestBody: null,
      responseBody: null,
    };
  }

  private flow(out: EventRecord[], until: number): void {
    const src = this.source();
    const dst = `198.51.100.${this.skewed(250, 2)}`;
    const srcPort = 1024 + Math.floor(this.random() * 64_000);
    const dstPort = this.random() < 0.9 ? 80 : 8000 + this.skewed(100, 3);
    const flowId = 7 * 2 ** 32 + ++this.flowNo;
    const startUs = this.time();
    const alerts = 1 + this.skewed(4, 2);
    let http = this.http(src, 0);
    const flow = (lastUs: number, pkts: number): FlowRecord => ({
      src,
      dst,
      srcPort,
      dstPort,
      startUs,
      lastUs,
      pktsToServer: pkts,
      pktsToClient: pkts,
      bytesToServer: pkts * 400,
      bytesToClient: pkts * 900,
    });
    const common = {
      src,
      dst,
      srcPort,
      dstPort,
      proto: 'TCP',
      flowId,
      origin: 0,
      icmpType: -1,
      icmpCode: -1,
      vlan: [],
      vars: null,
    };
    let tsUs = startUs;
    for (let i = 0; i < alerts && this.made < until; i++) {
      tsUs = this.time();
      if (i > 0 && this.random() < 0.5) http = this.http(src, i);
      const rule = this.skewed(MadeRules, 4);
      const no = ++this.made;
      const packet = Buffer.alloc(66, flowId & 255);
      packet.writeDoubleLE(no, 40);
      const alert: AlertRecord = {
        kind: 'alert',
        ...common,
        tsUs,
        pcapCnt: 0,
        pktSrc: 'wire/pcap',
        appProto: 'http',
        appProtoTs: '',
        appProtoTc: '',
        rule,
        gid: 1,
        sid: 6_000_000 + rule,
        rev: 1,
        action: this.random() < 0.01 ? 'blocked' : 'allowed',
        verdict: 'alert',
        reject: null,
        direction: 'to_server',
        txId: http.txId,
        txGuessed: false,
        http,
        client: '',
        files: [],
        tunnel: null,
        flow: flow(tsUs, 2 + i),
        payload: http.requestHead,
        stream: 1,
        packet,
        linkType: 1,
        matches: [{ buffer: 'http.uri', off: 1, len: 8, bytes: Buffer.from((http.url ?? '').slice(1, 9), 'latin1') }],
      };
      out.push(alert);
    }
    out.push({
      kind: 'flow',
      ...common,
      tsUs: startUs,
      pcapCnt: 0,
      pktSrc: '',
      appProto: 'http',
      appProtoTs: '',
      appProtoTc: '',
      flow: flow(tsUs, 3 + alerts),
      state: 'closed',
      reason: 'timeout',
      emergency: false,
      alerted: true,
      action: null,
      responseIcmpType: -1,
      responseIcmpCode: -1,
      tcp: null,
    });
  }

  private time(): number {
    return Math.floor(this.o.startUs + (this.made / this.o.total) * this.o.spanUs);
  }
}

const hex = (n: number): string => (n & 0xffff).toString(16).padStart(4, '0');
