/** IPv4 header layout (RFC 791 section 3.1) and options (IANA "IP Option Numbers"). */
export const enum Ipv4Layout {
  HeaderLen = 20,
  TotalLenOff = 2,
  IdOff = 4,
  FragOff = 6,
  TtlOff = 8,
  ProtoOff = 9,
  ChecksumOff = 10,
  SrcOff = 12,
  DstOff = 16,
  /** Largest datagram. */
  MaxLen = 65_535,
}

/** Option type bytes. */
export const enum Ipv4Opt {
  Eol = 0x00,
  Nop = 0x01,
  RecordRoute = 0x07,
  QuickStart = 0x19,
  Timestamp = 0x44,
  Security = 0x82,
  LooseSourceRoute = 0x83,
  ExtendedSecurity = 0x85,
  Cipso = 0x86,
  StreamId = 0x88,
  StrictSourceRoute = 0x89,
  RouterAlert = 0x94,
}

/** Bits of Packet.ipOpts: an option that was seen (and well formed). */
export const enum Ipv4OptBit {
  Rr = 0x0001,
  Eol = 0x0002,
  Nop = 0x0004,
  Ts = 0x0008,
  Sec = 0x0010,
  Lsrr = 0x0020,
  Satid = 0x0040,
  Ssrr = 0x0080,
  RtrAlt = 0x0100,
  Qs = 0x0200,
  Cipso = 0x0400,
  Esec = 0x0800,
}
