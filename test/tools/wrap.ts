/** Carries an IP packet in each kind of tunnel or tag that the sensor opens; the result is an Ethernet frame. */
import { ethernet, frame, ip, ipv4, udp, vlanTag } from './build.js';
import { concat, hex } from './bytes.js';

export const OuterSrc = '198.51.100.1';
export const OuterDst = '198.51.100.2';
const outer = { src: OuterSrc, dst: OuterDst };
const OuterSrc6 = '2001:db8:ffff::1';
const OuterDst6 = '2001:db8:ffff::2';

const isV6 = (packet: Uint8Array): boolean => packet[0] >> 4 === 6;
const etherType = (packet: Uint8Array): Uint8Array => hex(isV6(packet) ? '86dd' : '0800');
const typeNumber = (packet: Uint8Array): number => (isV6(packet) ? 0x86dd : 0x0800);

/** UDP around `payload`, its checksum left 0 as tunnels do. */
const outerUdp = (dstPort: number, payload: Uint8Array): Uint8Array =>
  frame(ipv4({ ...outer, proto: 17 }, udp(OuterSrc, OuterDst, { srcPort: 49152, dstPort, checksum: 0 }, payload)));
const outerGre = (payload: Uint8Array): Uint8Array => frame(ipv4({ ...outer, proto: 47 }, payload));

export const wrappers = {
  /** GRE version 0 (RFC 2784). */
  gre: (p: Uint8Array) => outerGre(concat(hex('0000'), etherType(p), p)),
  /** GRE with checksum field, key and sequence number (RFC 2890). */
  'gre-key': (p: Uint8Array) => outerGre(concat(hex('b000'), etherType(p), hex('00000000 00000001 00000002'), p)),
  /** PPTP: GRE version 1 with PPP (RFC 2637). */
  pptp: (p: Uint8Array) => outerGre(concat(hex('3001880b 00000001 00000002 ff03'), hex(isV6(p) ? '0057' : '0021'), p)),
  /** An Ethernet frame in GRE. */
  'gre-ethernet': (p: Uint8Array) => outerGre(concat(hex('00006558'), frame(p))),
  /** ERSPAN types I, II and III. */
  erspan1: (p: Uint8Array) => outerGre(concat(hex('000088be'), frame(p))),
  erspan2: (p: Uint8Array) => outerGre(concat(hex('100088be 00000001 10000000 00000000'), frame(p))),
  erspan3: (p: Uint8Array) => outerGre(concat(hex('100022eb 00000001 20000000 00000000 00000000'), frame(p))),
  /** VXLAN (RFC 7348). */
  vxlan: (p: Uint8Array) => outerUdp(4789, concat(hex('0800000000002a00'), frame(p))),
  /** Geneve (RFC 8926), with an option of eight bytes. */
  geneve: (p: Uint8Array) => outerUdp(6081, concat(hex('0200655800002a00 0000000100000000'), frame(p))),
  /** IP in IPv4: protocol 4 (RFC 2003) or 41 (6in4, RFC 4213). */
  ipip: (p: Uint8Array) => frame(ipv4({ ...outer, proto: isV6(p) ? 41 : 4 }, p)),
  /** IP in IPv6 (RFC 2473). */
  ipip6: (p: Uint8Array) => frame(ip(OuterSrc6, OuterDst6, isV6(p) ? 41 : 4, p)),
  /** MPLS with two labels (RFC 3032). */
  mpls: (p: Uint8Array) => ethernet(concat(hex('000640ff 000c81ff'), p), 0x8847),
  /** An Ethernet pseudowire over MPLS with control word (RFC 4448). */
  'mpls-ethernet': (p: Uint8Array) => ethernet(concat(hex('000641ff 00000000'), frame(p)), 0x8847),
  /** A PPPoE session (RFC 2516). */
  pppoe: (p: Uint8Array) => {
    const ppp = concat(hex(isV6(p) ? '0057' : '0021'), p);
    return ethernet(concat(hex('11000001'), Uint8Array.from([ppp.length >> 8, ppp.length & 255]), ppp), 0x8864);
  },
  /** 802.1Q, and 802.1ad around it. */
  vlan: (p: Uint8Array) => ethernet(vlanTag(42, typeNumber(p), p), 0x8100),
  qinq: (p: Uint8Array) => ethernet(vlanTag(42, 0x8100, vlanTag(43, typeNumber(p), p)), 0x88a8),
} as const;

export type WrapperName = keyof typeof wrappers;
export const wrapperNames = Object.keys(wrappers) as WrapperName[];
