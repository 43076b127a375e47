/** Names of IP protocols as /etc/protocols has them (IANA "Assigned Internet Protocol Numbers"). */
const names: Record<string, number> = {
  ip: 0, icmp: 1, igmp: 2, ggp: 3, ipencap: 4, st: 5, tcp: 6, egp: 8, igp: 9, pup: 12, udp: 17, hmp: 20, 'xns-idp': 22, rdp: 27,
  'iso-tp4': 29, dccp: 33, xtp: 36, ddp: 37, 'idpr-cmtp': 38, ipv6: 41, 'ipv6-route': 43, 'ipv6-frag': 44, idrp: 45, rsvp: 46,
  gre: 47, esp: 50, ah: 51, skip: 57, 'ipv6-icmp': 58, 'ipv6-nonxt': 59, 'ipv6-opts': 60, rspf: 73, vmtp: 81, eigrp: 88, ospf: 89,
  'ax.25': 93, ipip: 94, etherip: 97, encap: 98, pim: 103, ipcomp: 108, vrrp: 112, l2tp: 115, isis: 124, sctp: 132, fc: 133,
  'mobility-header': 135, udplite: 136, 'mpls-in-ip': 137, manet: 138, hip: 139, shim6: 140, wesp: 141, rohc: 142,
};

/** Second spelling where it is not the upper-case form of the name. */
const aliases: Record<string, string> = {
  'IP-ENCAP': 'ipencap', OSPFIGP: 'ospf', 'IPv6': 'ipv6', 'IPv6-Route': 'ipv6-route', 'IPv6-Frag': 'ipv6-frag',
  'IPv6-ICMP': 'ipv6-icmp', 'IPv6-NoNxt': 'ipv6-nonxt', 'IPv6-Opts': 'ipv6-opts', RSPF: 'rspf', UDPLite: 'udplite',
  'Mobility-Header': 'mobility-header', Shim6: 'shim6', 'ISO-TP4': 'iso-tp4', 'ETHERIP': 'etherip', IPIP: 'ipip',
};

/** Number of a name written in lower case or as an alias (upper case); other mixtures are refused, as in Suricata. */
export function ipProtocolNumber(name: string): number | null {
  if (Object.hasOwn(names, name)) return names[name];
  if (Object.hasOwn(aliases, name)) return names[aliases[name]];
  return name === name.toUpperCase() && Object.hasOwn(names, name.toLowerCase()) ? names[name.toLowerCase()] : null;
}
