/** The overlap policy of the host a packet goes to (Suricata manual, "Host OS policy"), looked up once a session. */
import type { Packet } from '../decode/packet.js';
import { HostOs, hostPolicy } from '../defrag/host-os.js';
import { Ssn, Tcb, tcb } from './columns.js';

/** Policy of the packet's destination, kept in the session under the packet's direction. */
export function targetPolicy(f: number, p: Packet): HostOs {
  const w = f * Tcb.Flow + Ssn.Policies;
  const shift = p.dir * 8;
  const known = (tcb[w] >>> shift) & 0xff;
  if (known !== 0) return known;
  const policy = asStream(hostPolicy(p.ipVersion, p.dst0, p.dst1, p.dst2, p.dst3));
  tcb[w] |= policy << shift;
  return policy;
}

/** The variants that only fragments know are those of their family here. */
function asStream(os: HostOs): HostOs {
  if (os === HostOs.BsdRight) return HostOs.Bsd;
  if (os === HostOs.OldSolaris) return HostOs.Solaris;
  return os;
}
