/**
 * What workers hand to the writer thread: one plain object an event, msgpackr-encoded in batches.
 * Field meanings are EVE's; bytes are copies (the memory they came from is reused).
 */

/** Fields that every event of a packet or flow has. Addresses in text form. */
export interface EventBase {
  /** Event time, microseconds since 1970. */
  tsUs: number;
  /** Flow id of the run (a safe integer), 0 for packets without a flow. */
  flowId: number;
  /** Number of the packet in the capture; 0: pseudo packet or live. */
  pcapCnt: number;
  src: string;
  dst: string;
  /** -1 where the protocol has no ports. */
  srcPort: number;
  dstPort: number;
  /** "TCP", "UDP", "ICMP", "IPv6-ICMP" or the number in three digits. */
  proto: string;
  icmpType: number;
  icmpCode: number;
  vlan: number[];
  /** Index of the capture file or interface name. */
  origin: number;
}

/** HTTP fields of a transaction, as EVE's `http` object (extended logging) plus the bodies kept for alerts. */
export interface HttpRecord {
  txId: number;
  hostname: string | null;
  port: number;
  url: string | null;
  method: string | null;
  protocol: string | null;
  status: number;
  statusString: string | null;
  userAgent: string | null;
  referer: string | null;
  contentType: string | null;
  redirect: string | null;
  xff: string | null;
  /** Response body bytes after decoding. */
  length: number;
  requestHead: Uint8Array | null;
  responseHead: Uint8Array | null;
  /** First 4 KiB of each (decoded) body; only with alerts. */
  requestBody: Uint8Array | null;
  responseBody: Uint8Array | null;
}

export interface FlowRecord {
  startUs: number;
  lastUs: number;
  pktsToServer: number;
  pktsToClient: number;
  bytesToServer: number;
  bytesToClient: number;
}

export interface AlertRecord extends EventBase {
  kind: 'alert';
  /** Index of the rule in the compiled set; the writer knows its text, msg, class, references. */
  rule: number;
  gid: number;
  sid: number;
  rev: number;
  action: 'allowed' | 'blocked';
  /** "to_server" / "to_client". */
  direction: 'to_server' | 'to_client';
  appProto: string;
  /** -1 when the alert belongs to no transaction. */
  txId: number;
  http: HttpRecord | null;
  flow: FlowRecord | null;
  /** "wire/pcap", "stream (flow timeout)", "defrag" … as EVE's pkt_src. */
  pktSrc: string;
  /** Bytes inspected: packet payload or stream chunk. */
  payload: Uint8Array | null;
  /** 1 when payload is reassembled stream data. */
  stream: 0 | 1;
  /** The packet itself and its link type. */
  packet: Uint8Array | null;
  linkType: number;
  /** Matched ranges: buffer name, offset, length in that buffer, and the bytes of the buffer around them. */
  matches: { buffer: string; off: number; len: number }[];
  /** flowbits set and flowints, for EVE metadata. */
  flowbits: string[];
  flowints: [string, number][];
  /** Set for packets logged because of `tag`. */
  tagged: boolean;
}
export interface HttpEventRecord extends EventBase {
  kind: 'http';
  http: HttpRecord;
}
export interface FlowEventRecord extends EventBase {
  kind: 'flow';
  flow: FlowRecord;
  appProto: string;
  appProtoTs: string;
  appProtoTc: string;
  state: 'new' | 'established' | 'closed' | 'bypassed';
  reason: 'timeout' | 'forced' | 'shutdown';
  alerted: boolean;
  action: 'pass' | 'drop' | null;
  /** TCP flags seen (whole, toserver, toclient) and state name; null for others. */
  tcp: { flags: number; flagsTs: number; flagsTc: number; state: string; tsGap: boolean; tcGap: boolean } | null;
}
export interface AnomalyRecord extends EventBase {
  kind: 'anomaly';
  type: 'decode' | 'stream' | 'applayer';
  event: string;
  layer: string | null;
  appProto: string;
  txId: number;
}
export interface DropRecord extends EventBase {
  kind: 'drop';
  /** "rules", "flow drop", "stream error", "default app policy" … as EVE's drop.reason. */
  reason: string;
  len: number;
  /** Rule that dropped, or -1. */
  rule: number;
  ip: { ttl: number; tos: number; id: number; len: number } | null;
  tcp: { seq: number; ack: number; win: number; flags: number; urgent: number } | null;
  direction: 'to_server' | 'to_client' | null;
}
export interface FileInfoRecord extends EventBase {
  kind: 'fileinfo';
  http: HttpRecord | null;
  appProto: string;
  filename: string;
  size: number;
  state: 'CLOSED' | 'TRUNCATED' | 'ERROR' | 'UNKNOWN';
  stored: boolean;
  gaps: boolean;
  txId: number;
  magic: string | null;
  md5: string | null;
  sha1: string | null;
  sha256: string | null;
  /** Rules that matched on the file (sids). */
  sids: number[];
}
export interface StatsRecord {
  kind: 'stats';
  tsUs: number;
  uptimeS: number;
  counters: Record<string, number>;
}
export type EventRecord =
  | AlertRecord | HttpEventRecord | FlowEventRecord | AnomalyRecord | DropRecord | FileInfoRecord | StatsRecord;
