/**
 * The layout that the rule compiler and the detection engine share. The compiler writes these tables once; the engine
 * only reads them. All are typed arrays over SharedArrayBuffers.
 *     rules      RuleCol.Stride 32-bit integers a rule, in order of evaluation
 *     sections   SectionCol.Stride integers a buffer section; those of one rule are neighbours
 *     code       rows of opcodes: [op, words to the next row, operands …], each program closed by Op.End
 *     pool       bytes of patterns
 *     numbers    64-bit floating-point operands (values beyond 32 bits)
 */

/** When a rule is looked at; exactly one a rule (Suricata manual, "Rule Types and Categorization"). */
export const enum RuleType {
  IpOnly = 1,
  LikeIpOnly = 2,
  PdOnly = 3,
  DeOnly = 4,
  Packet = 5,
  PacketStream = 6,
  Stream = 7,
  AppLayer = 8,
  AppTx = 9,
}

/** Names as `rules explain` and Suricata's engine analysis print them, by RuleType. */
export const ruleTypeNames: readonly string[] = [
  'not_set',
  'ip_only',
  'like_ip_only',
  'pd_only',
  'de_only',
  'pkt',
  'pkt_stream',
  'stream',
  'app_layer',
  'app_tx',
];

export const enum RuleFlag {
  /** Directions of the flow in which the rule is looked at; both bits when it names none. */
  ToServer = 0x1,
  ToClient = 0x2,
  /** The rule needs a flow (flow keyword with a state, flowbits, application protocol). */
  NeedsFlow = 0x4,
  Established = 0x8,
  NotEstablished = 0x10,
  OnlyFrag = 0x20,
  NoFrag = 0x40,
  /** Looks at packet payloads / at the raw stream. */
  NeedsPacket = 0x80,
  NeedsStream = 0x100,
  /** flow:only_stream and tcp-stream: never falls back to the packet's payload. */
  StreamOnly = 0x200,
  /** Has content for the payload: nothing to do on packets without. */
  NeedsPayload = 0x400,
  NoAlert = 0x800,
  /** Ports are looked at (a fragment or portless packet cannot match). */
  HasPorts = 0x1000,
  Ipv4Only = 0x2000,
  Ipv6Only = 0x4000,
  /** Header protocol pkthdr: also on packets without an IP header. */
  PktHdr = 0x8000,
  /** Has a condition on decoder, stream or packet-level application events. */
  NeedsEvent = 0x1_0000,
  /** Tests flow-scoped bits or integers that must have been set. */
  NeedsFlowBits = 0x2_0000,
  /** Its fast pattern is negated or missing: always a candidate. */
  NoPrefilter = 0x4_0000,
  HasThreshold = 0x8_0000,
  /** No condition on protocol: any IP packet. */
  AnyProto = 0x10_0000,
  /** Has a condition on files. */
  Files = 0x40_0000,
  /** A pass rule with the alert keyword: its alert is written. */
  PassAlerts = 0x80_0000,
  /** Has a content with `replace`. */
  Replaces = 0x100_0000,
}

export const enum RuleAction {
  Alert = 1,
  Pass = 2,
  Drop = 3,
  RejectSrc = 4,
  RejectDst = 5,
  RejectBoth = 6,
  Config = 7,
}

/** Columns of the rule table. */
export const enum RuleCol {
  Flags = 0,
  /** RuleType. */
  Type = 1,
  /** RuleAction. */
  Action = 2,
  /** Row of the protocol bitmaps (8 words a row); 0: any. */
  Proto = 3,
  /** Address set numbers, 0: any. */
  Src = 4,
  Dst = 5,
  /** Port set numbers, 0: any. */
  SrcPorts = 6,
  DstPorts = 7,
  /** AppProto the flow must have; 0: any. */
  App = 8,
  /** First word of the conditions in `code`; -1: none. */
  Conditions = 9,
  /** First section row and number of sections. */
  Sections = 10,
  SectionCount = 11,
  /** First word of the effects in `code`; -1: none. */
  Effects = 12,
  /** Row of the threshold table; -1: none. */
  Threshold = 13,
  Gid = 14,
  Sid = 15,
  Stride = 16,
}

/** Bounds of the tables; a rule that does not fit is refused with a note. */
export const enum CompileLimit {
  /** Sections of one rule: one bit each in the stored state of a transaction, some bits kept for marks. */
  Sections = 24,
  /** byte_extract and byte_math variables of one rule. */
  Variables = 32,
  /** Port groups a protocol and direction. Few suffice: in ET Open nine rules in ten name no port. */
  PortGroups = 2,
  /** Bytes of a pattern handed to the multi-pattern matcher; the whole content is verified always. */
  PatternBytes = 8,
}

/** Columns of a section row. */
export const enum SectionCol {
  /** BufferId, or SectionKind.… below for sections that are not buffers. */
  Buffer = 0,
  /** Transform list number; 0: none. */
  Transforms = 1,
  /** First word in `code`. */
  Code = 2,
  /** SectionFlag bits. */
  Flags = 3,
  /** Operand: event id, or row of file tests. */
  Arg = 4,
  Stride = 5,
}

export const enum SectionFlag {
  ToServer = 0x1,
  ToClient = 0x2,
  /** Several instances a transaction. */
  Multi = 0x4,
  /** A section without matches: the buffer must exist. */
  Empty = 0x8,
  /** Not a buffer: an application-layer event of the transaction (Arg: event id). */
  Event = 0x10,
  /** Not a buffer: a condition on each file of the transaction (Code: conditions). */
  File = 0x20,
  /** The raw stream, in a rule that also has transaction buffers. */
  Stream = 0x40,
  /** The section holds the fast pattern. */
  Prefilter = 0x80,
}

/** Opcodes of buffer programs. Operand order is given in words after [op, size]. */
export const enum Op {
  End = 0,
  /** flags, pool offset, length, offset, depth, distance, within */
  Content = 1,
  /** flags, regex number, first capture row, capture count */
  Pcre = 2,
  /** flags, at */
  IsDataAt = 3,
  /** Test, lo, hi (lengths; clamped to 31 bits) */
  Bsize = 4,
  /** flags, bytes, offset, base, bitmask, Compare, value (number row or variable) */
  ByteTest = 5,
  /** flags, bytes, offset, base, bitmask, multiplier, from, post offset */
  ByteJump = 6,
  /** flags, bytes, offset, base, bitmask, multiplier, align, variable */
  ByteExtract = 7,
  /** flags, bytes, offset, base, bitmask, MathOp, value (number row or variable), variable */
  ByteMath = 8,
  /** flags, bytes, offset, first word of the inner program (-1: none) */
  Base64 = 9,
  /** data set number, DatasetCmd, Test, lo, hi */
  Dataset = 10,

  // Conditions
  /** NumberCode, Test, lo number row, hi number row */
  Number = 20,
  /** flags, ignore, mode */
  TcpFlags = 21,
  /** flags, mode */
  IpFlags = 22,
  /** bits of Packet.ipOpts, any of them */
  IpOpts = 23,
  /** Test, lo, hi */
  IpProto = 24,
  SameIp = 25,
  /** ChecksumCode, valid */
  Checksum = 26,
  /** event id */
  Event = 27,
  /** StreamSide, Test, lo row, hi row */
  StreamSize = 28,
  /** AppProto, negated, AppSide */
  AppProtocol = 29,
  /** isset 1/0, count, ids … */
  FlowbitsTest = 30,
  /** id, Test (or FlowintTest), operand kind 0 number row / 1 id, operand */
  FlowintTest = 31,
  /** isset, id, HostSide */
  HostbitsTest = 32,
  /** isset, id, XbitsTrack */
  XbitsTest = 33,
  /** HostSide, category number, Test, lo, hi */
  Iprep = 34,
  /** side, country-list number, negated */
  Geoip = 35,
  /** field 0 age 1 packets 2 bytes, side, Test, lo row, hi row */
  FlowVolume = 36,
  /** FileTestCode, negated, pool offset, length  (or Test, lo row, hi row for size) */
  FileTest = 37,
  /** 0 packet / 1 flow variable, id, pool offset, length: its value has these bytes in it */
  VarContains = 38,
  /** program, version (-1 any), procedure (-1 any) as number rows: the payload is a call of Sun RPC */
  RpcCall = 39,

  // Effects
  /** cmd, count, ids … */
  FlowbitsSet = 50,
  /** id, FlowintOp, operand kind, operand */
  FlowintSet = 51,
  /** cmd, id, HostSide, expiry seconds */
  HostbitsSet = 52,
  /** cmd, id, XbitsTrack, expiry seconds */
  XbitsSet = 53,
  /** what 0 session 1 host, metric, count, HostSide */
  Tag = 54,
  Bypass = 55,
  /** 1: of the whole flow */
  LogOff = 56,
}

export const enum ContentFlag {
  Negated = 0x1,
  NoCase = 0x2,
  Offset = 0x4,
  Depth = 0x8,
  Distance = 0x10,
  Within = 0x20,
  OffsetVar = 0x40,
  DepthVar = 0x80,
  DistanceVar = 0x100,
  WithinVar = 0x200,
  StartsWith = 0x400,
  EndsWith = 0x800,
  /** A later match of the section is relative to this one: other occurrences are tried. */
  RelativeNext = 0x1000,
  /** Has a same-length replacement. */
  Replace = 0x2000,
  /** Any of Distance and Within. */
  Relative = 0x30,
  /** None of these: a match that stands alone. */
  Bound = 0x103c,
}

export const enum MatchFlag {
  Negated = 0x1,
  Relative = 0x2,
  RelativeNext = 0x4,
  /** Operand is a variable number instead of a value. */
  BytesVar = 0x8,
  OffsetVar = 0x10,
  ValueVar = 0x20,
  PostVar = 0x40,
  Little = 0x80,
  /** Text number: the base stands in its operand (0: guessed as strtoull does). */
  Text = 0x100,
  Align = 0x200,
  /** A bitmask was given. */
  Bitmask = 0x400,
}

/** Comparison of a number; `In` is inclusive. */
export const enum Test {
  Eq = 0,
  Ne = 1,
  Lt = 2,
  Le = 3,
  Gt = 4,
  Ge = 5,
  In = 6,
  IsSet = 7,
  NotSet = 8,
}

/** byte_test operators. */
export const enum Compare {
  Lt = 0,
  Gt = 1,
  Eq = 2,
  Le = 3,
  Ge = 4,
  And = 5,
  Xor = 6,
}
export const enum MathOp {
  Add = 0,
  Sub = 1,
  Mul = 2,
  Div = 3,
  Shl = 4,
  Shr = 5,
}
export const enum JumpFrom {
  Current = 0,
  Beginning = 1,
  End = 2,
}
export const enum DatasetCmd {
  IsSet = 0,
  IsNotSet = 1,
  Set = 2,
  Unset = 3,
  Rep = 4,
}

export const enum NumberCode {
  Dsize = 0,
  Ttl = 1,
  Tos = 2,
  Id = 3,
  Seq = 4,
  Ack = 5,
  Window = 6,
  Itype = 7,
  Icode = 8,
  IcmpId = 9,
  IcmpSeq = 10,
  TcpMss = 11,
  Icmpv6Mtu = 12,
  FragOffset = 13,
  DecodeLevel = 14,
}

export const enum FlagsMode {
  Exact = 0,
  All = 1,
  Any = 2,
  None = 3,
}
export const enum ChecksumCode {
  Ipv4 = 0,
  Tcpv4 = 1,
  Tcpv6 = 2,
  Udpv4 = 3,
  Udpv6 = 4,
  Icmpv4 = 5,
  Icmpv6 = 6,
}
export const enum StreamSide {
  Server = 0,
  Client = 1,
  Both = 2,
  Either = 3,
}
export const enum AppSide {
  Either = 0,
  Server = 1,
  Client = 2,
  Both = 3,
  Final = 4,
  /** The side of the packet: the plain form. */
  Packet = 5,
}
export const enum HostSide {
  Src = 0,
  Dst = 1,
  Both = 2,
  Any = 3,
}
export const enum XbitsTrack {
  IpSrc = 0,
  IpDst = 1,
  IpPair = 2,
}
export const enum BitsCmd {
  Set = 0,
  Unset = 1,
  Toggle = 2,
}
export const enum FlowintOp {
  Assign = 0,
  Add = 1,
  Sub = 2,
}
export const enum TagMetric {
  Packets = 0,
  Bytes = 1,
  Seconds = 2,
}
