/** The part of the shared layout (layout.ts) that is beside the rules themselves: thresholds, pattern databases, groups. */

/** Threshold rows: Float64 columns. */
export const enum ThresholdCol {
  /** ThresholdType. */
  Type = 0,
  /** TrackBy. */
  Track = 1,
  Count = 2,
  Seconds = 3,
  /** rate_filter: seconds the new action lasts, and the RuleAction. */
  TimeoutS = 4,
  NewAction = 5,
  Multiplier = 6,
  Stride = 7,
}
export const enum ThresholdType {
  Threshold = 0,
  Limit = 1,
  Both = 2,
  DetectionFilter = 3,
  Rate = 4,
  Suppress = 5,
  Backoff = 6,
}
export const enum TrackBy {
  Src = 0,
  Dst = 1,
  Both = 2,
  Rule = 3,
  Flow = 4,
  /** suppress by_either. */
  Either = 5,
  /** suppress without track: always. */
  Always = 6,
}

/** What a pattern database is scanned over. */
export const enum DbKind {
  /** Payload of single packets. */
  Packet = 0,
  /** Raw stream chunks, and payloads that were not added to a stream. */
  Stream = 1,
  /** A buffer of a transaction. */
  Tx = 2,
}

/** Protocols that rules are grouped by. */
export const enum GroupProto {
  Tcp = 0,
  Udp = 1,
  Other = 2,
  Count = 3,
}

/** Columns of a group row: what is looked at for packets of one protocol, direction and port group. */
export const enum GroupCol {
  /** Numbers of pattern databases, -1: none. */
  PacketDb = 0,
  StreamDb = 1,
  /** Rules that are always candidates, as rows of the list table: on any packet; on payloads or stream data. */
  PacketAlways = 2,
  PayloadAlways = 3,
  /** 1 when some rule looks at the raw stream. */
  WantsStream = 4,
  Stride = 5,
}

/** Operands of Op.FileTest. */
/** Which files a filestore row names: operands 1 (side) and 2 (scope). */
export const enum StoreSide {
  /** The direction in which the rule matched. */
  Rule = 0,
  Request = 1,
  Response = 2,
  Both = 3,
}
export const enum StoreScope {
  /** The files that pass the rule's tests. */
  File = 0,
  Tx = 1,
  Flow = 2,
}
export const enum FileTestCode {
  Name = 0,
  Ext = 1,
  Magic = 2,
  Size = 3,
  Hash = 4,
  Store = 5,
}
