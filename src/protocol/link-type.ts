/** LINKTYPE_ values of capture files (tcpdump.org/linktypes) that decoding knows. */
export const enum LinkType {
  Null = 0,
  Ethernet = 1,
  Ppp = 9,
  /** Raw IP: the DLT values that some writers put into files, and LINKTYPE_RAW. */
  RawBsd = 12,
  RawOpenBsd = 14,
  Raw = 101,
  PppHdlc = 50,
  PppEther = 51,
  ChdlcCisco = 104,
  Loop = 108,
  LinuxSll = 113,
  Ipv4 = 228,
  Ipv6 = 229,
  LinuxSll2 = 276,
}
