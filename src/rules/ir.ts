/**
 * The meaning of one rule, between text and tables: keywords (src/rules/keywords) write it, the compiler
 * (src/rules/compile) reads it. Plain data, so that it can be sent between threads and printed.
 * Every number is in the rule's own units (bytes, seconds); nothing here depends on the traffic.
 */
import type { AppProto } from '../protocol/app-proto.js';
import type { BufferId } from '../protocol/buffers.js';
import type { BanPolicy, BanSpec } from './ban-spec.js';

export type Action = 'alert' | 'pass' | 'drop' | 'reject' | 'rejectsrc' | 'rejectdst' | 'rejectboth' | 'config';

/** Comparison of a number from the traffic. 'in' is the open interval lo<x<hi as Suricata's `lo<>hi` (see each keyword). */
export interface NumberTest {
  op: '=' | '!=' | '<' | '<=' | '>' | '>=' | 'in';
  /** Bounds as the keyword resolved them; for 'in' both ends are INCLUSIVE here, whatever the keyword's text meant. */
  lo: number;
  hi: number;
}

/** A number in the rule, or the name of a variable that byte_extract / byte_math sets. */
export type NumberOrVar = number | { var: string };

/** Sorted, merged, non-overlapping inclusive ranges; `any` is the whole space. Words are unsigned. */
export interface AddressSet {
  any: boolean;
  v4: [lo: number, hi: number][];
  v6: [lo: bigint, hi: bigint][];
  /** The text as written, for messages and `rules show`. */
  text: string;
}
export interface PortSet {
  any: boolean;
  ranges: [lo: number, hi: number][];
  text: string;
}

export interface HeaderProto {
  /** What the rule header says: tcp, udp, icmp, ip, http, tcp-pkt, tcp-stream, pkthdr, ipv4, ip6 … */
  name: string;
  /** IP protocols that can match; empty: any. */
  ipProtos: number[];
  /** 4, 6 or 0 for both. */
  ipVersion: 0 | 4 | 6;
  /** tcp-pkt: packets only; tcp-stream: stream only. */
  only: 'packet' | 'stream' | null;
  /** pkthdr: decoder events, also on packets without IP. */
  pkthdr: boolean;
  /** Application protocol or Unknown when the header names none. */
  app: AppProto;
}

/** Where positions count from and how far, shared by content and pcre-like options. */
export interface ContentMatch {
  kind: 'content';
  /** One character a byte. */
  bytes: string;
  negated: boolean;
  nocase: boolean;
  /** Absolute window. */
  offset: NumberOrVar | null;
  depth: NumberOrVar | null;
  /** Relative to the end of the previous match. */
  distance: NumberOrVar | null;
  within: NumberOrVar | null;
  startsWith: boolean;
  endsWith: boolean;
  rawBytes: boolean;
  /** `fast_pattern` given; `only`; `chop` as (offset, length) into bytes. */
  fastPattern: boolean;
  fastPatternOnly: boolean;
  fastPatternChop: [off: number, len: number] | null;
  /** Same-length replacement (inline). */
  replace: string | null;
}
export interface PcreMatch {
  kind: 'pcre';
  /** Expression without delimiters and flags. */
  expr: string;
  /** PCRE flags among i s m x A E G (ungreedy) and Suricata's O (no match limit). */
  flags: string;
  negated: boolean;
  relative: boolean;
  /** Capture groups stored: `pkt:name`, `flow:name`, `alert:name`, or a var. */
  captures: { scope: 'pkt' | 'flow' | 'alert'; name: string }[];
}
export interface IsDataAtMatch {
  kind: 'isdataat';
  negated: boolean;
  relative: boolean;
  rawBytes: boolean;
  at: NumberOrVar;
}
/** bsize (and urilen, which is bsize of the URI): length of the whole buffer. */
interface BsizeMatch {
  kind: 'bsize';
  test: NumberTest;
}
export interface ByteNumber {
  /** Bytes to read 1..8 (string: up to 23). 0: whatever there is, for string forms. */
  bytes: NumberOrVar;
  offset: NumberOrVar;
  relative: boolean;
  endian: 'big' | 'little' | 'dce';
  /** Digits in text with this base; null: binary. */
  base: 8 | 10 | 16 | 0 | null;
  bitmask: number;
}
export interface ByteTestMatch extends ByteNumber {
  kind: 'byte_test';
  negated: boolean;
  op: '<' | '>' | '=' | '<=' | '>=' | '&' | '^';
  value: NumberOrVar;
}
export interface ByteJumpMatch extends ByteNumber {
  kind: 'byte_jump';
  multiplier: number;
  align: boolean;
  from: 'current' | 'beginning' | 'end';
  postOffset: NumberOrVar;
}
export interface ByteExtractMatch extends ByteNumber {
  kind: 'byte_extract';
  name: string;
  multiplier: number;
  align: 0 | 2 | 4;
}
export interface ByteMathMatch extends ByteNumber {
  kind: 'byte_math';
  op: '+' | '-' | '*' | '/' | '<<' | '>>';
  value: NumberOrVar;
  name: string;
}
export interface Base64DecodeMatch {
  kind: 'base64_decode';
  /** Encoded bytes to take at most; 0: to the end. */
  bytes: NumberOrVar;
  offset: NumberOrVar;
  relative: boolean;
  /** The matches that follow `base64_data`, evaluated in the decoded bytes. Empty: the decode alone must succeed. */
  inner: Match[];
}
/** dataset / datarep on a sticky buffer. */
export interface DatasetMatch {
  kind: 'dataset';
  cmd: 'isset' | 'isnotset' | 'set' | 'unset' | 'rep';
  name: string;
  type: 'string' | 'md5' | 'sha256' | 'ip' | 'ipv4';
  load: string | null;
  save: string | null;
  memcap: number | null;
  hashsize: number | null;
  rep: NumberTest | null;
}
export type Match =
  | ContentMatch
  | PcreMatch
  | IsDataAtMatch
  | BsizeMatch
  | ByteTestMatch
  | ByteJumpMatch
  | ByteExtractMatch
  | ByteMathMatch
  | Base64DecodeMatch
  | DatasetMatch;

export interface Transform {
  name:
    | 'strip_whitespace'
    | 'compress_whitespace'
    | 'to_lowercase'
    | 'to_uppercase'
    | 'to_md5'
    | 'to_sha1'
    | 'to_sha256'
    | 'dotprefix'
    | 'url_decode'
    | 'xor'
    | 'header_lowercase'
    | 'strip_pseudo_headers'
    | 'pcrexform'
    | 'from_base64';
  /** xor: key bytes; pcrexform: the expression; from_base64: its mode. */
  arg: string | null;
}

/** One sticky buffer section: all matches looked for in one buffer after the same transforms. */
export interface BufferSection {
  buffer: BufferId;
  transforms: Transform[];
  matches: Match[];
}

/** A condition on the packet, the flow or shared state. */
export type Condition =
  | { kind: 'number'; field: NumberField; test: NumberTest }
  /** TCP flags: (flags & ~ignore) compared with `flags` as `mode`: exact, all of (+), any of (*), none of (!). */
  | { kind: 'tcp_flags'; flags: number; ignore: number; mode: 'exact' | 'all' | 'any' | 'none' }
  | { kind: 'ip_flags'; flags: number; mode: 'exact' | 'all' | 'any' | 'none' }
  | { kind: 'ip_opts'; option: string }
  | { kind: 'ip_proto'; test: NumberTest }
  | { kind: 'same_ip' }
  | { kind: 'checksum'; layer: 'ipv4' | 'tcpv4' | 'tcpv6' | 'udpv4' | 'udpv6' | 'icmpv4' | 'icmpv6'; valid: boolean }
  | { kind: 'event'; event: number }
  | { kind: 'stream_size'; side: 'server' | 'client' | 'both' | 'either'; test: NumberTest }
  | { kind: 'app_protocol'; app: AppProto; negated: boolean; side: 'either' | 'server' | 'client' | 'both' | 'final' }
  | { kind: 'flowbits'; cmd: 'isset' | 'isnotset'; names: string[] }
  | { kind: 'flowint'; name: string; op: '=' | '!=' | '<' | '<=' | '>' | '>=' | 'isset' | 'notset'; value: NumberOrVar }
  | { kind: 'hostbits'; cmd: 'isset' | 'isnotset'; name: string; by: 'src' | 'dst' | 'both' }
  | { kind: 'xbits'; cmd: 'isset' | 'isnotset'; name: string; track: 'ip_src' | 'ip_dst' | 'ip_pair' }
  | { kind: 'iprep'; side: 'any' | 'src' | 'dst' | 'both'; category: string; test: NumberTest }
  | { kind: 'geoip'; side: 'src' | 'dst' | 'any' | 'both'; countries: string[]; negated: boolean }
  | { kind: 'file'; test: FileTest }
  /** A variable that a pcre captured holds these bytes somewhere. */
  | { kind: 'variable'; scope: 'pkt' | 'flow'; name: string; bytes: string }
  /** The payload is a call of Sun RPC; null: any version or procedure. */
  | { kind: 'rpc'; program: number; version: number | null; procedure: number | null }
  | {
      kind: 'flow_age' | 'flow_pkts' | 'flow_bytes';
      dir: 'toserver' | 'toclient' | 'either' | 'both';
      test: NumberTest;
    };

export type FileTest =
  | { kind: 'filename' | 'fileext' | 'filemagic'; bytes: string; negated: boolean }
  | { kind: 'filesize'; test: NumberTest }
  | { kind: 'hash'; algorithm: 'md5' | 'sha1' | 'sha256'; file: string; hashes: string[]; negated: boolean }
  | { kind: 'filestore'; direction: 'request' | 'response' | 'both' | null; scope: 'tx' | 'file' | 'flow' | null };

export type NumberField =
  | 'dsize'
  | 'ttl'
  | 'tos'
  | 'id'
  | 'seq'
  | 'ack'
  | 'window'
  | 'itype'
  | 'icode'
  | 'icmp_id'
  | 'icmp_seq'
  | 'tcp.mss'
  | 'icmpv6.mtu'
  | 'fragoffset'
  | 'decode_level';

/** What a rule does when it has matched; runs before thresholds hide the alert. */
export type Effect =
  | { kind: 'flowbits'; cmd: 'set' | 'unset' | 'toggle'; names: string[] }
  | { kind: 'flowint'; name: string; op: '=' | '+' | '-'; value: NumberOrVar }
  | { kind: 'hostbits'; cmd: 'set' | 'unset' | 'toggle'; name: string; by: 'src' | 'dst' | 'both'; expireS: number }
  | {
      kind: 'xbits';
      cmd: 'set' | 'unset' | 'toggle';
      name: string;
      track: 'ip_src' | 'ip_dst' | 'ip_pair';
      expireS: number;
    }
  | {
      kind: 'tag';
      what: 'session' | 'host';
      metric: 'packets' | 'bytes' | 'seconds';
      count: number;
      side: 'src' | 'dst' | null;
    }
  | { kind: 'bypass' }
  | { kind: 'config'; what: string; side: string; scope: string };

export interface FlowCondition {
  direction: 'toserver' | 'toclient' | null;
  /** established / not_established / stateless. */
  state: 'established' | 'not_established' | 'stateless' | null;
  stream: 'only' | 'no' | null;
  frag: 'only' | 'no' | null;
}

export type Track = 'by_src' | 'by_dst' | 'by_both' | 'by_rule' | 'by_flow';

export interface Threshold {
  type: 'threshold' | 'limit' | 'both' | 'detection_filter' | 'backoff';
  track: Track;
  count: number;
  seconds: number;
  multiplier?: number;
}

/** One rule of one gid:sid, understood. */
export interface Rule {
  gid: number;
  sid: number;
  rev: number;
  msg: string;
  action: Action;
  /** 1 highest … 255; from `priority`, else the classtype's, else 3. */
  priority: number;
  classtype: string | null;
  /** Text of the class ("Attempted Information Leak"), for EVE's alert.category; '' when none. */
  classText: string;
  references: { type: string; value: string }[];
  /** Values of metadata in order, as written (metadata.ts reads them). */
  metadata: string[];
  noalert: boolean;
  /** The alert keyword was given: a pass rule alerts too. */
  alert?: boolean;
  proto: HeaderProto;
  src: AddressSet;
  dst: AddressSet;
  srcPorts: PortSet;
  dstPorts: PortSet;
  bidirectional: boolean;
  flow: FlowCondition;
  /** Sections in the order written; the payload section (if any) is one of them. */
  sections: BufferSection[];
  conditions: Condition[];
  effects: Effect[];
  /** A pcre captures into a variable: few do, and who looks for those need not look through the others. */
  captures: boolean;
  threshold: Threshold | null;
  /** Its matches lead to bans. */
  ban?: BanSpec;
  target: 'src_ip' | 'dest_ip' | null;
  /** `prefilter` keyword: the condition index to use as prefilter when there is no fast pattern, or null. */
  prefilter: number | null;
  /** Where it was written. */
  file: string;
  line: number;
  /** The rule's own text, one line. */
  text: string;
  /** Where the text stands in the file, bytes; -1: it does not as it is here. */
  textAt: number;
  /** Offsets in it where its 2nd, 3rd … line began; absent when it stood on one. */
  joins?: number[];
}

/** A rule that was not taken, or taken with a remark. */
export interface RuleNote {
  file: string;
  line: number;
  column: number;
  sid: number | null;
  reason: string;
  hint: string | null;
}

/** What the lists of rule management did (src/rules/manage). */
export interface ManagementReport {
  /** Each line in the order of application: how many rules it matches and how many it changed. */
  lines: { kind: string; file: string; line: number; text: string; matched: number; changed: number }[];
  /** Rules switched on because others need their flowbits. */
  forFlowbits: { gid: number; sid: number }[];
}

/** Everything a run needs of its rule files. */
export interface RuleSet {
  /** In loading order: this is the last key of the order of evaluation. */
  rules: Rule[];
  failed: RuleNote[];
  skipped: RuleNote[];
  warnings: RuleNote[];
  /** How many more of each there are than the lists hold. */
  unkept: { failed: number; skipped: number; warnings: number };
  /** When lists of rule management were given. */
  management?: ManagementReport;
  /** Clock time, milliseconds, at which the first entry of threshold.config ends; null: none does. */
  expiresMs: number | null;
  /** From threshold.config. */
  suppress: {
    gid: number;
    sid: number;
    track: 'by_src' | 'by_dst' | 'by_either' | null;
    addresses: AddressSet | null;
  }[];
  eventFilters: { gid: number; sid: number; threshold: Threshold }[];
  /** Of rules and configuration; none unless `bans.enabled`. */
  bans: BanPolicy[];
  rateFilters: {
    gid: number;
    sid: number;
    track: Track;
    count: number;
    seconds: number;
    newAction: Action;
    timeoutS: number;
  }[];
}
