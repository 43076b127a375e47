/**
 * Community ID v1 (github.com/corelight/community-id-spec): "1:" and the base64 of the SHA-1 over
 * seed (2 bytes), smaller address, larger address, protocol, 0, smaller port, larger port, all in network order.
 * ICMP uses type and code in the place of ports, with the counterpart type for requests and replies that have one.
 */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { addressBytes } from './address-bytes.js';

const protoNumbers: Record<string, number> = { ICMP: 1, TCP: 6, UDP: 17, 'IPv6-ICMP': 58, SCTP: 132 };

/** Types with a counterpart, by the specification: the pair makes both directions one id. */
const icmp4Pairs = new Map([
  [8, 0],
  [0, 8],
  [13, 14],
  [14, 13],
  [15, 16],
  [16, 15],
  [10, 9],
  [9, 10],
  [17, 18],
  [18, 17],
]);
const icmp6Pairs = new Map([
  [128, 129],
  [129, 128],
  [133, 134],
  [134, 133],
  [135, 136],
  [136, 135],
  [130, 131],
  [131, 130],
  [144, 145],
  [145, 144],
  [139, 140],
  [140, 139],
]);

/** Protocol number of EVE's `proto` text; -1 when it is none we know. */
function protoNumber(proto: string): number {
  const known = protoNumbers[proto];
  if (known !== undefined) return known;
  return /^\d{1,3}$/.test(proto) ? Number(proto) : -1;
}

/** Remembers the ids of the last few thousand tuples: most events come from flows already seen. */
const CacheMax = 4096;

export class CommunityId {
  private readonly seed: number;
  private readonly cache = new Map<string, string>();

  /** `seed` 0..65535, equal on all sensors and tools (outputs.eve-log.community-id-seed). */
  constructor(seed: number) {
    this.seed = seed;
  }

  /** The id of a tuple as EVE has it; null when addresses or protocol are not known. */
  of(
    src: string,
    dst: string,
    srcPort: number,
    dstPort: number,
    proto: string,
    icmpType = -1,
    icmpCode = -1,
  ): string | null {
    const icmp = proto === 'ICMP' || proto === 'IPv6-ICMP';
    const a = icmp ? icmpType : srcPort;
    const b = icmp ? icmpCode : dstPort;
    const key = `${src} ${a} ${dst} ${b} ${proto}`;
    const known = this.cache.get(key);
    if (known !== undefined) return known;
    const id = this.compute(src, dst, a, b, proto, icmp);
    if (id !== null) {
      if (this.cache.size >= CacheMax) this.cache.clear();
      this.cache.set(key, id);
    }
    return id;
  }

  private compute(src: string, dst: string, a: number, b: number, proto: string, icmp: boolean): string | null {
    const number = protoNumber(proto);
    if (number < 0 || isIP(src) === 0 || isIP(src) !== isIP(dst)) return null;
    const s = addressBytes(src);
    const d = addressBytes(dst);
    let portA = a;
    let portB = b;
    let oneWay = false;
    if (icmp) {
      const pair = (proto === 'ICMP' ? icmp4Pairs : icmp6Pairs).get(a);
      oneWay = pair === undefined;
      if (pair !== undefined) portB = pair;
    }
    const withPorts = portA >= 0 && (icmp || number === 6 || number === 17 || number === 132);
    const order = Buffer.compare(s, d);
    const swap = !oneWay && (order > 0 || (order === 0 && withPorts && portA > portB));
    if (swap) [portA, portB] = [portB, portA];
    const out = Buffer.alloc(4 + s.length * 2 + (withPorts ? 4 : 0));
    out.writeUInt16BE(this.seed, 0);
    (swap ? d : s).copy(out, 2);
    (swap ? s : d).copy(out, 2 + s.length);
    out[2 + s.length * 2] = number;
    if (withPorts) {
      out.writeUInt16BE(portA & 0xffff, 4 + s.length * 2);
      out.writeUInt16BE(portB & 0xffff, 6 + s.length * 2);
    }
    return `1:${createHash('sha1').update(out).digest('base64')}`;
  }
}
