/** IPv6 header layout (RFC 8200 sections 3 and 4). */
export const enum Ipv6Layout {
  HeaderLen = 40,
  PayloadLenOff = 4,
  NextHeaderOff = 6,
  HopLimitOff = 7,
  SrcOff = 8,
  DstOff = 24,
  /** Fragment header (section 4.5). */
  FragHeaderLen = 8,
  /** Largest payload without a jumbo option. */
  MaxPayload = 65_535,
}

/** Options of hop-by-hop and destination headers (IANA "Destination Options and Hop-by-Hop Options"). */
export const enum Ipv6Opt {
  Pad1 = 0x00,
  PadN = 0x01,
  RouterAlert = 0x05,
  Jumbo = 0xc2,
  HomeAddress = 0xc9,
}
