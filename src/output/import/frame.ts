/** Where the payload of TCP or UDP lies in a stored frame: Ethernet with VLAN tags, or raw IP; first fragments only. */

const enum LinkType {
  Ethernet = 1,
  Raw = 101,
  RawOld = 12,
}

const VlanTypes = new Set([0x8100, 0x88a8, 0x9100]);
const TagsMax = 3;
const Tcp = 6;
const Udp = 17;

/** Start of the IP header, or -1. */
function ipStart(b: Buffer, linkType: number): number {
  if (linkType === LinkType.Raw || linkType === LinkType.RawOld) return 0;
  if (linkType !== LinkType.Ethernet) return -1;
  let at = 12;
  for (let i = 0; i <= TagsMax && at + 2 <= b.length; i++, at += 4) {
    const type = b.readUInt16BE(at);
    if (type === 0x0800 || type === 0x86dd) return at + 2;
    if (!VlanTypes.has(type)) return -1;
  }
  return -1;
}

/** Null when there is none or the frame is cut before it. RFC 791, RFC 8200 (without extension headers), RFC 9293, RFC 768. */
export function payloadOf(frame: Uint8Array, linkType: number): Uint8Array | null {
  const b = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  const ip = ipStart(b, linkType);
  if (ip < 0 || ip + 20 > b.length) return null;
  const version = b[ip] >> 4;
  if (version === 6 && ip + 40 > b.length) return null;
  if (version === 4 && (b.readUInt16BE(ip + 6) & 0x1fff) !== 0) return null;
  if (version !== 4 && version !== 6) return null;
  const proto = version === 4 ? b[ip + 9] : b[ip + 6];
  const l4 = ip + (version === 4 ? (b[ip] & 15) * 4 : 40);
  const end = Math.min(b.length, ip + (version === 4 ? b.readUInt16BE(ip + 2) : 40 + b.readUInt16BE(ip + 4)));
  const start = proto === Udp ? l4 + 8 : proto === Tcp && l4 + 13 <= b.length ? l4 + (b[l4 + 12] >> 4) * 4 : -1;
  return start > l4 && start < end ? b.subarray(start, end) : null;
}
