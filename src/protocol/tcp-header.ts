/** TCP header layout (RFC 9293 section 3.1) and option kinds (IANA "TCP Option Kind Numbers"). */
export const enum TcpLayout {
  HeaderLen = 20,
  SeqOff = 4,
  AckOff = 8,
  DataOff = 12,
  FlagsOff = 13,
  WindowOff = 14,
  ChecksumOff = 16,
  UrgentOff = 18,
  /** Option bytes 01 01 08 0a. */
  NopNopTimestamps = 0x0101_080a,
}

export const enum TcpOpt {
  End = 0,
  Nop = 1,
  Mss = 2,
  WindowScale = 3,
  SackPermitted = 4,
  Sack = 5,
  Timestamps = 8,
  Md5 = 19,
  Authentication = 29,
  FastOpen = 34,
  Experiment1 = 253,
  Experiment2 = 254,
  /** Experiment identifier of fast open (RFC 7413 appendix A). */
  FastOpenMagic = 0xf989,
}
