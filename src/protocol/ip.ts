/** IP protocol numbers (IANA "Assigned Internet Protocol Numbers") that decoding or rules name. */
export const enum IpProto {
  HopByHop = 0,
  Icmp = 1,
  Igmp = 2,
  IpIp = 4,
  Tcp = 6,
  Udp = 17,
  Ipv6 = 41,
  Routing = 43,
  Fragment = 44,
  Gre = 47,
  Esp = 50,
  Ah = 51,
  Icmpv6 = 58,
  NoNext = 59,
  DstOpts = 60,
  Sctp = 132,
  Mobility = 135,
  Hip = 139,
  Shim6 = 140,
}

/** Direction of a packet or buffer within its flow. */
export const enum Dir {
  ToServer = 0,
  ToClient = 1,
}
