/** Records of every kind, as the pipeline makes them, for the tests of this folder and of the alert commands. */
import type {
  AlertRecord,
  AnomalyRecord,
  DropRecord,
  EventRecord,
  FileInfoRecord,
  FileRecord,
  FlowEventRecord,
  FlowRecord,
  HttpEventRecord,
  HttpRecord,
  PacketRecord,
  RuleInfo,
  StatsRecord,
} from '../../src/output/records.js';
import type { Rule } from '../../src/rules/ir.js';

/** 2026-01-02T03:04:05.123456 */
export const t0 = 1_767_323_045_123_456;

const anyAddress = { any: true, v4: [], v6: [], text: 'any' };
const anyPort = { any: true, ranges: [], text: 'any' };

/** A rule as the loader makes it, as far as outputs look at it. */
type SampleRule = Omit<Rule, 'metadata'> & RuleInfo;

export function rule(over: Partial<SampleRule> = {}): SampleRule {
  return {
    gid: 1,
    sid: 1000001,
    rev: 3,
    msg: 'WEB traversal in path',
    action: 'alert',
    priority: 1,
    classtype: 'web-application-attack',
    classText: 'Web Application Attack',
    references: [{ type: 'cve', value: '2021-41773' }],
    metadata: [
      ['attack_target', 'Server'],
      ['created_at', '2026_01_01'],
      ['attack_target', 'Web'],
    ],
    noalert: false,
    proto: { name: 'http', ipProtos: [6], ipVersion: 0, only: null, pkthdr: false, app: 2 },
    src: anyAddress,
    dst: anyAddress,
    srcPorts: anyPort,
    dstPorts: anyPort,
    bidirectional: false,
    flow: { direction: null, state: null, stream: null, frag: null },
    sections: [],
    conditions: [],
    effects: [],
    captures: false,
    threshold: null,
    target: null,
    prefilter: null,
    file: 'web.rules',
    line: 7,
    textAt: -1,
    text: 'alert http any any -> any any (msg:"WEB traversal in path"; http.uri; content:"/../"; sid:1000001; rev:3;)',
    ...over,
  };
}

/** The same before it is packed for the writer: metadata as written. */
export function loadedRule(over: Partial<SampleRule> = {}): Rule {
  const { metadata, ...rest } = rule(over);
  return { ...rest, metadata: [metadata.map(([key, value]) => `${key} ${value}`).join(', ')] };
}

export const base = {
  tsUs: t0,
  flowId: 77_001,
  pcapCnt: 4,
  src: '192.0.2.1',
  dst: '198.51.100.7',
  srcPort: 40_000,
  dstPort: 80,
  proto: 'TCP',
  icmpType: -1,
  icmpCode: -1,
  vlan: [] as number[],
  origin: 0,
  pktSrc: 'wire/pcap',
  vars: null,
};

export function http(over: Partial<HttpRecord> = {}): HttpRecord {
  return {
    txId: 0,
    hostname: 'www.example.org',
    port: -1,
    url: '/a/../etc/passwd?x="1"',
    method: 'GET',
    protocol: 'HTTP/1.1',
    status: 404,
    statusString: null,
    userAgent: 'curl/8.0',
    referer: 'http://example.net/',
    contentType: 'text/html',
    redirect: null,
    xff: null,
    contentRange: null,
    length: 196,
    requestHead: Buffer.from(
      'GET /a/../etc/passwd?x="1" HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: curl/8.0\r\n\r\n',
    ),
    responseHead: Buffer.from('HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n'),
    requestBody: null,
    responseBody: Buffer.from('<html>\u0001é</html>'),
    ...over,
  };
}

export const flow: FlowRecord = {
  src: '192.0.2.1',
  dst: '198.51.100.7',
  srcPort: 40_000,
  dstPort: 80,
  startUs: t0 - 1_500_000,
  lastUs: t0,
  pktsToServer: 4,
  pktsToClient: 3,
  bytesToServer: 500,
  bytesToClient: 400,
};

const protos = { appProto: 'http', appProtoTs: '', appProtoTc: '' };

export function alert(over: Partial<AlertRecord> = {}): AlertRecord {
  return {
    kind: 'alert',
    ...base,
    ...protos,
    rule: 0,
    gid: 1,
    sid: 1000001,
    rev: 3,
    action: 'allowed',
    verdict: 'alert',
    reject: null,
    direction: 'to_server',
    txId: 0,
    txGuessed: false,
    http: http(),
    client: '',
    files: [],
    tunnel: null,
    flow,
    payload: Buffer.from('GET /a/../etc/passwd?x="1" HTTP/1.1\r\n\x00\xff\r\n', 'latin1'),
    stream: 1,
    packet: Buffer.from([1, 2, 3, 4]),
    linkType: 1,
    matches: [{ buffer: 'http.uri', off: 2, len: 4, bytes: Buffer.from('/../') }],
    ...over,
  };
}

export function httpEvent(over: Partial<HttpEventRecord> = {}): HttpEventRecord {
  return {
    kind: 'http',
    ...base,
    alerted: false,
    http: http({ requestHead: null, responseHead: null, responseBody: null }),
    client: '',
    ...over,
  };
}

export function flowEvent(over: Partial<FlowEventRecord> = {}): FlowEventRecord {
  return {
    kind: 'flow',
    ...base,
    pcapCnt: 0,
    tsUs: flow.startUs,
    pktSrc: '',
    ...protos,
    flow,
    state: 'closed',
    reason: 'timeout',
    emergency: false,
    alerted: true,
    action: null,
    responseIcmpType: -1,
    responseIcmpCode: -1,
    tcp: { flags: 0x1b, flagsTs: 0x1b, flagsTc: 0x12, state: 'closed', tsGap: false, tcGap: true },
    ...over,
  };
}

export const file: FileRecord = {
  filename: 'a.txt',
  sids: [5, 6],
  magic: 'ASCII text',
  gaps: false,
  state: 'CLOSED',
  md5: 'd41d8cd98f00b204e9800998ecf8427e',
  sha1: null,
  sha256: null,
  stored: true,
  storing: false,
  fileId: 3,
  size: 10,
  start: -1,
  end: -1,
  txId: 0,
};

export const anomaly = (over: Partial<AnomalyRecord> = {}): AnomalyRecord => ({
  kind: 'anomaly',
  ...base,
  type: 'stream',
  event: 'stream.est_packet_out_of_window',
  layer: null,
  appProto: '',
  txId: -1,
  packet: null,
  linkType: 1,
  ...over,
});

export const drop = (over: Partial<DropRecord> = {}): DropRecord => ({
  kind: 'drop',
  ...base,
  reason: 'rules',
  len: 60,
  rule: 0,
  txId: 0,
  reject: null,
  ip: { version: 4, ttl: 64, tos: 0, id: 99, flowLabel: 0 },
  tcp: { seq: 1, ack: 2, win: 512, flags: 0x18, reserved: 0, urgent: 0 },
  udpLen: -1,
  icmpId: -1,
  icmpSeq: -1,
  direction: 'to_server',
  ...over,
});

export const fileinfo = (over: Partial<FileInfoRecord> = {}): FileInfoRecord => ({
  kind: 'fileinfo',
  ...base,
  http: http({ requestHead: null, responseHead: null, responseBody: null }),
  appProto: 'http',
  file,
  ...over,
});

export const packet = (): PacketRecord => ({ kind: 'packet', ...base, packet: Buffer.from([9, 8, 7]), linkType: 1 });

export const stats = (counters: Record<string, number>): StatsRecord => ({
  kind: 'stats',
  tsUs: t0,
  uptimeS: 2.7,
  counters,
});

/** One of each kind and variants with every optional field. */
export function everyKind(): EventRecord[] {
  const vars = {
    flowbits: ['a', 'b'],
    flowints: [['n', 2]] as [string, number][],
    flowvars: [['v', 'x']] as [string, string][],
    pktvars: [['p', 'y']] as [string, string][],
  };
  return [
    { kind: 'origins', names: ['/captures/one.pcap'] },
    alert(),
    alert({
      vlan: [5, 6],
      vars,
      files: [file],
      txGuessed: true,
      action: 'blocked',
      verdict: 'drop',
      reject: 'both',
      rule: 1,
      tunnel: { src: '203.0.113.1', dst: '203.0.113.2', proto: 'GRE', depth: 1, pcapCnt: 4, pktSrc: 'wire/pcap' },
      http: http({
        status: 0,
        statusString: '2x0',
        redirect: '/b',
        xff: '203.0.113.9',
        contentRange: 'bytes 0-9/100',
        port: 8080,
        requestBody: Buffer.from('a=1'),
      }),
    }),
    alert({
      src: '',
      dst: '',
      srcPort: -1,
      dstPort: -1,
      proto: '',
      flowId: 0,
      flow: null,
      http: null,
      txId: -1,
      direction: null,
      appProto: '',
      payload: null,
      stream: 0,
    }),
    alert({
      src: '2001:0db8:0000:0000:0000:0000:0000:0001',
      dst: '2001:0db8:0000:0000:0000:0000:0000:0002',
      proto: 'IPv6-ICMP',
      srcPort: -1,
      dstPort: -1,
      icmpType: 128,
      icmpCode: 0,
      http: null,
      txId: -1,
    }),
    httpEvent(),
    flowEvent(),
    flowEvent({
      proto: 'ICMP',
      srcPort: -1,
      dstPort: -1,
      icmpType: 8,
      icmpCode: 0,
      responseIcmpType: 0,
      responseIcmpCode: 0,
      tcp: null,
      action: 'drop',
      emergency: true,
      appProto: 'failed',
    }),
    anomaly(),
    anomaly({ type: 'decode', event: 'decoder.ipv4.trunc_pkt', packet: Buffer.from([1, 2]) }),
    anomaly({
      type: 'applayer',
      event: 'INVALID_RESPONSE_CHUNK_LEN',
      layer: 'proto_parser',
      appProto: 'http',
      txId: 2,
    }),
    drop(),
    drop({
      reject: 'to_client',
      tcp: null,
      udpLen: 20,
      proto: 'UDP',
      ip: { version: 6, ttl: 60, tos: 3, id: 0, flowLabel: 7 },
      direction: null,
    }),
    drop({ tcp: null, icmpId: 4, icmpSeq: 5, rule: -1, reason: 'flow drop' }),
    fileinfo(),
    fileinfo({
      file: { ...file, sids: [], stored: false, start: 0, end: 9, sha1: 'da39a3ee5e6b4b0d3255bfef95601890afd80709' },
    }),
    packet(),
    stats({
      'decoder.pkts': 5,
      'decoder.event.ipv4.trunc_pkt': 1,
      'tcp.sessions': 2,
      'output.of_our_own': 3,
      'detect.alert': 1,
    }),
  ];
}
