/** Ethertypes (IEEE 802 numbers registry) that decoding names. */
export const enum EtherType {
  Ipv4 = 0x0800,
  Arp = 0x0806,
  /** Transparent Ethernet bridging: an Ethernet frame follows (GRE, Geneve). */
  Bridge = 0x6558,
  Vlan = 0x8100,
  Ipv6 = 0x86dd,
  MplsUnicast = 0x8847,
  MplsMulticast = 0x8848,
  PppoeDiscovery = 0x8863,
  PppoeSession = 0x8864,
  /** PPP within GRE (RFC 2637 section 4.1). */
  GrePpp = 0x880b,
  /** 802.1ad service tag. */
  Qinq = 0x88a8,
  /** ERSPAN types I and II within GRE. */
  Erspan = 0x88be,
  /** ERSPAN type III within GRE. */
  Erspan3 = 0x22eb,
  /** 802.1ah backbone service instance tag. */
  Ieee8021ah = 0x88e7,
  /** Data Center Ethernet / FabricPath: two bytes, then an Ethernet frame. */
  Dce = 0x8903,
  /** 802.1BR / VN-Tag. */
  Vntag = 0x8926,
  /** Network service header (RFC 8300). */
  Nsh = 0x894f,
  /** Old QinQ tag. */
  OldQinq = 0x9100,
}

export const enum EthernetLayout {
  TypeOff = 12,
  HeaderLen = 14,
}
