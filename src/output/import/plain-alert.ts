/** An alert record of the little that Snort's logs tell. */
import { protoName } from '../proto-names.js';
import type { AlertRecord, RuleInfo } from '../records.js';
import type { SidMap } from './sid-map.js';

export interface PlainAlert {
  tsUs: number;
  gid: number;
  sid: number;
  rev: number;
  /** Null: as the map says, or 3. */
  priority: number | null;
  msg: string | null;
  category: string | null;
  src: string;
  dst: string;
  /** -1: none. */
  srcPort: number;
  dstPort: number;
  /** Number of the IP protocol. */
  ipProto: number;
  blocked: boolean;
  vlan: number;
  packet: Uint8Array | null;
  linkType: number;
  payload: Uint8Array | null;
  client: string;
  url: string | null;
  hostname: string | null;
}

const Icmp = 1;
const Icmp6 = 58;

export function plainRecord(a: PlainAlert, map: SidMap): { record: AlertRecord; rule: RuleInfo } {
  const known = map.get(a.gid, a.sid);
  const icmp = a.ipProto === Icmp || a.ipProto === Icmp6;
  const record: AlertRecord = {
    kind: 'alert',
    tsUs: a.tsUs,
    flowId: 0,
    pcapCnt: 0,
    src: a.src,
    dst: a.dst,
    srcPort: icmp ? -1 : a.srcPort,
    dstPort: icmp ? -1 : a.dstPort,
    proto: a.src === '' ? '' : protoName(a.ipProto),
    icmpType: icmp ? a.srcPort : -1,
    icmpCode: icmp ? a.dstPort : -1,
    vlan: a.vlan > 0 ? [a.vlan] : [],
    origin: 0,
    pktSrc: '',
    vars: null,
    appProto: '',
    appProtoTs: '',
    appProtoTc: '',
    rule: 0,
    gid: a.gid,
    sid: a.sid,
    rev: a.rev,
    action: a.blocked ? 'blocked' : 'allowed',
    verdict: a.blocked ? 'drop' : 'alert',
    reject: null,
    direction: null,
    txId: -1,
    txGuessed: false,
    http: a.url === null && a.hostname === null ? null : httpRecord(a),
    client: a.client,
    files: [],
    tunnel: null,
    flow: null,
    payload: a.payload,
    stream: 0,
    packet: a.packet,
    linkType: a.linkType,
    matches: [],
  };
  const rule: RuleInfo = {
    gid: a.gid,
    sid: a.sid,
    rev: a.rev,
    msg: a.msg ?? known?.msg ?? `Snort rule ${a.gid}:${a.sid}`,
    action: 'alert',
    priority: a.priority ?? known?.priority ?? 3,
    classtype: known?.classtype ?? null,
    classText: a.category ?? '',
    references: known?.references ?? [],
    metadata: [],
    target: null,
    file: '',
    line: 0,
    text: '',
  };
  return { record, rule };
}

function httpRecord(a: PlainAlert): AlertRecord['http'] {
  return {
    txId: 0,
    hostname: a.hostname,
    port: -1,
    url: a.url,
    method: null,
    protocol: null,
    status: 0,
    statusString: null,
    userAgent: null,
    referer: null,
    contentType: null,
    redirect: null,
    xff: null,
    contentRange: null,
    length: 0,
    requestHead: null,
    responseHead: null,
    requestBody: null,
    responseBody: null,
  };
}
