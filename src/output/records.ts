/**
 * What workers hand to the writer thread: one plain object an event, msgpackr-encoded in batches (codec.ts).
 * Field meanings are EVE's (Suricata user guide 7.0, "EVE JSON Format"); bytes are copies, because the memory
 * they came from is reused. Text is EVE's text form of traffic bytes (text.ts).
 *
 * The order and number of the fields here are those of the structures in codec.ts: a field added here is added there.
 */

/** State that rules left on a flow or packet, for EVE's `metadata`. */
export interface EventVars {
  flowbits: string[];
  flowints: [name: string, value: number][];
  flowvars: [name: string, value: string][];
  pktvars: [name: string, value: string][];
}

/** Fields that every event of a packet or flow has. Addresses in text form. */
export interface EventBase {
  /** Event time, microseconds since 1970. */
  tsUs: number;
  /** Flow id of the run (a safe integer, see flow-id.ts), 0 for packets without a flow. */
  flowId: number;
  /** Number of the packet in the capture; 0: pseudo packet or live. */
  pcapCnt: number;
  /** '' for packets without an IP header. */
  src: string;
  dst: string;
  /** -1 where the protocol has no ports. */
  srcPort: number;
  dstPort: number;
  /** "TCP", "UDP", "ICMP", "IPv6-ICMP" … or the number in three digits; '' without an IP header. */
  proto: string;
  /** -1 where it is not ICMP. */
  icmpType: number;
  icmpCode: number;
  vlan: number[];
  /** Index of the capture file or interface name. */
  origin: number;
  /** "wire/pcap", "gre tunnel", "stream (flow timeout)", "defrag" … as EVE's pkt_src; '' for flow events. */
  pktSrc: string;
  vars: EventVars | null;
}

/** HTTP fields of a transaction, as EVE's `http` object (extended logging) plus the bodies kept for alerts. */
export interface HttpRecord {
  txId: number;
  hostname: string | null;
  /** Port of the Host header or absolute URI; -1 when none is named. */
  port: number;
  url: string | null;
  method: string | null;
  protocol: string | null;
  /** 0 when there is no (valid) status. */
  status: number;
  /** The status as sent when it is not a number. */
  statusString: string | null;
  userAgent: string | null;
  referer: string | null;
  contentType: string | null;
  redirect: string | null;
  xff: string | null;
  /** The Content-Range header of the response. */
  contentRange: string | null;
  /** Response body bytes as transferred, without chunk framing and before decompression. */
  length: number;
  /** Request line or status line and header block as sent, cut at HeadKeep bytes; only with alerts. */
  requestHead: Uint8Array | null;
  responseHead: Uint8Array | null;
  /** First BodyKeep bytes of each (decoded) body; only with alerts. */
  requestBody: Uint8Array | null;
  responseBody: Uint8Array | null;
}

/** Bytes of a transaction that an alert keeps. */
export const enum HttpKeep {
  Head = 16_384,
  Body = 4096,
}

export interface FlowRecord {
  /** The client (to_server source) first, whichever way the event's packet went. */
  src: string;
  dst: string;
  srcPort: number;
  dstPort: number;
  startUs: number;
  lastUs: number;
  pktsToServer: number;
  pktsToClient: number;
  bytesToServer: number;
  bytesToClient: number;
}

/** The packet that carried a decapsulated one. */
export interface TunnelRecord {
  src: string;
  dst: string;
  proto: string;
  depth: number;
  pcapCnt: number;
  pktSrc: string;
}

/** A file of a transaction, as in EVE's `fileinfo` and `files`. */
export interface FileRecord {
  filename: string;
  /** filestore rules that matched on the file. */
  sids: number[];
  magic: string | null;
  gaps: boolean;
  state: 'CLOSED' | 'TRUNCATED' | 'ERROR' | 'UNKNOWN';
  md5: string | null;
  sha1: string | null;
  sha256: string | null;
  stored: boolean;
  /** A rule or the configuration has it stored, which is not done yet. */
  storing: boolean;
  /** 0 when not stored. */
  fileId: number;
  size: number;
  /** Range of a partial response; -1 when it is no range. */
  start: number;
  end: number;
  txId: number;
}

export interface AppProtos {
  /** '' while not known. */
  appProto: string;
  /** Of each direction, where it differs from appProto; ''. */
  appProtoTs: string;
  appProtoTc: string;
}

/** Where a content or pcre of the rule matched. */
export interface MatchRange {
  /** Sticky buffer name, "payload" for packet payload and stream. */
  buffer: string;
  /** Offset in that buffer, of a body from its first byte. */
  off: number;
  len: number;
  /** The matched bytes, at most MatchKeep. */
  bytes: Uint8Array;
}

/** Bounds of what an alert keeps of its matches. */
export const enum MatchKeep {
  Ranges = 32,
  Bytes = 256,
}

export interface AlertRecord extends EventBase, AppProtos {
  kind: 'alert';
  /** Index of the rule in the set the batch was made with; the writer knows its text, msg, class, references. */
  rule: number;
  gid: number;
  sid: number;
  rev: number;
  action: 'allowed' | 'blocked';
  /** What was done with the packet: "alert", "drop", "pass"; and what a reject sends. */
  verdict: 'alert' | 'drop' | 'pass';
  reject: 'to_client' | 'to_server' | 'both' | null;
  direction: 'to_server' | 'to_client' | null;
  /** -1 when the alert belongs to no transaction. */
  txId: number;
  /** The transaction was the only open one, not one the rule inspected. */
  txGuessed: boolean;
  http: HttpRecord | null;
  /** The real client, as a proxy tells it; '' when none does. */
  client: string;
  files: FileRecord[];
  tunnel: TunnelRecord | null;
  flow: FlowRecord | null;
  /** Bytes inspected: packet payload or stream data. */
  payload: Uint8Array | null;
  /** 1 when payload is reassembled stream data. */
  stream: 0 | 1;
  /** The packet itself and its link type. */
  packet: Uint8Array | null;
  linkType: number;
  matches: MatchRange[];
  /** Capture file that its flow's packets are in (outputs.pcap-log); the writer fills it in. */
  captureFile?: string;
}
/** A packet logged because an earlier alert's rule has `tag`. */
export interface PacketRecord extends EventBase {
  kind: 'packet';
  packet: Uint8Array;
  linkType: number;
}
export interface HttpEventRecord extends EventBase {
  kind: 'http';
  /** An alert named this transaction: the record has heads and bodies, and the store keeps it. */
  alerted: boolean;
  http: HttpRecord;
  /** As in AlertRecord. */
  client: string;
}
export interface FlowEventRecord extends EventBase, AppProtos {
  kind: 'flow';
  flow: FlowRecord;
  state: 'new' | 'established' | 'closed' | 'bypassed';
  reason: 'timeout' | 'forced' | 'shutdown';
  emergency: boolean;
  alerted: boolean;
  action: 'pass' | 'drop' | null;
  /** ICMP type and code of the answer; -1 when there was none. */
  responseIcmpType: number;
  responseIcmpCode: number;
  tcp: FlowTcpRecord | null;
}
/** TCP flags seen (whole, toserver, toclient), state name ('' without a session) and what reassembly met. */
export interface FlowTcpRecord {
  flags: number;
  flagsTs: number;
  flagsTc: number;
  state: string;
  tsGap: boolean;
  tcGap: boolean;
}
export interface AnomalyRecord extends EventBase {
  kind: 'anomaly';
  type: 'decode' | 'stream' | 'applayer';
  /** "decoder.ipv4.trunc_pkt", "stream.est_packet_out_of_window"; application layer: the bare name in capitals. */
  event: string;
  /** "proto_parser" or "proto_detect" for applayer, else null. */
  layer: string | null;
  appProto: string;
  txId: number;
  /** First bytes of the frame, when packethdr is wanted; null otherwise. */
  packet: Uint8Array | null;
  linkType: number;
}
export interface DropRecord extends EventBase {
  kind: 'drop';
  /** "rules", "flow drop", "stream error", "default app policy" … as EVE's drop.reason. */
  reason: string;
  /** Length of the IP datagram. */
  len: number;
  /** Rule that dropped, or -1. */
  rule: number;
  txId: number;
  reject: 'to_client' | 'to_server' | 'both' | null;
  ip: { version: 4 | 6; ttl: number; tos: number; id: number; flowLabel: number } | null;
  tcp: { seq: number; ack: number; win: number; flags: number; reserved: number; urgent: number } | null;
  /** UDP length field; -1 for others. */
  udpLen: number;
  /** ICMP identifier and sequence; -1 for others. */
  icmpId: number;
  icmpSeq: number;
  direction: 'to_server' | 'to_client' | null;
}
export interface FileInfoRecord extends EventBase {
  kind: 'fileinfo';
  http: HttpRecord | null;
  appProto: string;
  file: FileRecord;
}
export interface StatsRecord {
  kind: 'stats';
  tsUs: number;
  uptimeS: number;
  /** By Suricata's counter names; those it does not have are left out of EVE. */
  counters: Record<string, number>;
}
/** Names of capture files or interfaces, for `origin` of the records that follow. */
export interface OriginsRecord {
  kind: 'origins';
  names: string[];
}
/** Finished lines of EVE's http events (http-lines.ts). */
export interface LinesRecord {
  kind: 'lines';
  count: number;
  bytes: Uint8Array;
}
/** Packets for the capture file, in the form of frame-batch.ts. */
export interface FramesRecord {
  kind: 'frames';
  count: number;
  bytes: Uint8Array;
}
export type EventRecord =
  | LinesRecord
  | FramesRecord
  | OriginsRecord
  | AlertRecord
  | PacketRecord
  | HttpEventRecord
  | FlowEventRecord
  | AnomalyRecord
  | DropRecord
  | FileInfoRecord
  | StatsRecord;

/** What the writer has to know of a rule; sent once a rule set (outputs.ts setRules). */
export interface RuleInfo {
  gid: number;
  sid: number;
  rev: number;
  msg: string;
  /** The rule's own action word. */
  action: string;
  priority: number;
  classtype: string | null;
  classText: string;
  references: { type: string; value: string }[];
  metadata: [key: string, value: string][];
  target: 'src_ip' | 'dest_ip' | null;
  file: string;
  line: number;
  text: string;
}
