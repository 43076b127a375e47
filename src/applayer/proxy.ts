/**
 * The PROXY protocol (haproxy.org, "The PROXY protocol", versions 1 and 2): a header in front of the client's first
 * bytes by which a terminator says who the client really is.
 */
import { buf, dv, u8 } from '../core/memory.js';

const mem = u8;
const view = dv;

export const enum ProxyStatus {
  /** Not a PROXY header. */
  No = 0,
  /** Might be one: more bytes needed. */
  NeedMore = 1,
  /** One: `proxy` holds what it says, its length in `proxy.len`. */
  Yes = 2,
}

/** What a header says. Addresses in text form; empty for UNKNOWN and LOCAL. */
export interface ProxyHeader {
  version: 1 | 2;
  /** Bytes of the header. */
  len: number;
  src: string;
  dst: string;
  srcPort: number;
  dstPort: number;
}

const enum ProxyLimit {
  /** Longest version 1 line (specification, section 2.1). */
  V1 = 107,
  V2Fixed = 16,
}

const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const word = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20];

/** The header read last. Borrowed: copy to keep. */
export const proxy: ProxyHeader = { version: 1, len: 0, src: '', dst: '', srcPort: -1, dstPort: -1 };

function startsWith(off: number, len: number, bytes: number[]): ProxyStatus {
  const n = Math.min(len, bytes.length);
  for (let i = 0; i < n; i++) if (mem[off + i] !== bytes[i]) return ProxyStatus.No;
  return n === bytes.length ? ProxyStatus.Yes : ProxyStatus.NeedMore;
}

function set(version: 1 | 2, len: number, src: string, dst: string, srcPort: number, dstPort: number): ProxyStatus {
  proxy.version = version;
  proxy.len = len;
  proxy.src = src;
  proxy.dst = dst;
  proxy.srcPort = srcPort;
  proxy.dstPort = dstPort;
  return ProxyStatus.Yes;
}

function readV1(off: number, len: number): ProxyStatus {
  const end = off + Math.min(len, ProxyLimit.V1);
  let i = off;
  while (i < end && mem[i] !== 0x0a) i++;
  if (i === end) return len >= ProxyLimit.V1 ? ProxyStatus.No : ProxyStatus.NeedMore;
  const fields = buf.toString('latin1', off, i).trimEnd().split(' ');
  const size = i + 1 - off;
  if (fields[1] === 'UNKNOWN') return set(1, size, '', '', -1, -1);
  if ((fields[1] !== 'TCP4' && fields[1] !== 'TCP6') || fields.length !== 6) return ProxyStatus.No;
  const ports = [Number(fields[4]), Number(fields[5])];
  if (ports.some((p) => !Number.isInteger(p) || p < 0 || p > 65535)) return ProxyStatus.No;
  return set(1, size, fields[2], fields[3], ports[0], ports[1]);
}

function v4(off: number): string {
  return `${mem[off]}.${mem[off + 1]}.${mem[off + 2]}.${mem[off + 3]}`;
}
function v6(off: number): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(view.getUint16(off + i).toString(16));
  return groups.join(':');
}

function readV2(off: number, len: number): ProxyStatus {
  if (len < ProxyLimit.V2Fixed) return ProxyStatus.NeedMore;
  if (mem[off + 12] >>> 4 !== 2) return ProxyStatus.No;
  const body = view.getUint16(off + 14);
  const size = ProxyLimit.V2Fixed + body;
  if (len < size) return ProxyStatus.NeedMore;
  const family = mem[off + 13];
  const at = off + ProxyLimit.V2Fixed;
  const local = (mem[off + 12] & 0x0f) === 0;
  if (!local && family === 0x11 && body >= 12) {
    return set(2, size, v4(at), v4(at + 4), view.getUint16(at + 8), view.getUint16(at + 10));
  }
  if (!local && family === 0x21 && body >= 36) {
    return set(2, size, v6(at), v6(at + 16), view.getUint16(at + 32), view.getUint16(at + 34));
  }
  return set(2, size, '', '', -1, -1);
}

/** Looks for a PROXY header at the front of a client's bytes. A version 2 header may be up to 64 KiB long. */
export function readProxyHeader(off: number, len: number): ProxyStatus {
  const one = startsWith(off, len, word);
  if (one === ProxyStatus.Yes) return readV1(off, len);
  const two = startsWith(off, len, signature);
  if (two === ProxyStatus.Yes) return readV2(off, len);
  return one === ProxyStatus.NeedMore || two === ProxyStatus.NeedMore ? ProxyStatus.NeedMore : ProxyStatus.No;
}
