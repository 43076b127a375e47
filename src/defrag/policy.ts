/**
 * Which copy of a byte wins when fragments overlap (Novak, "Target-Based Fragmentation Reassembly", 2005): decided
 * by where the fragment that came first and the one that came later begin and end. Offsets in bytes.
 */
import { HostOs } from './host-os.js';

export const enum OverlapPolicy {
  First,
  Last,
  Bsd,
  BsdRight,
  Linux,
  Windows,
  Solaris,
}

/** The reassembly policy of an operating system, grouped as Suricata groups them but for today's Linux. */
export function overlapPolicy(os: HostOs): OverlapPolicy {
  switch (os) {
    case HostOs.BsdRight:
      return OverlapPolicy.BsdRight;
    case HostOs.OldLinux:
      return OverlapPolicy.Linux;
    case HostOs.OldSolaris:
    case HostOs.Hpux11:
    case HostOs.MacOs:
    case HostOs.First:
    // Since 4.19 Linux keeps what it has when a fragment brings nothing new, and drops the datagram when it overlaps
    // otherwise (RFC 5722, section 4, for IPv4 too): see `drops` of trackers.ts.
    case HostOs.Linux:
      return OverlapPolicy.First;
    case HostOs.Solaris:
      return OverlapPolicy.Solaris;
    case HostOs.Windows:
    case HostOs.Vista:
    case HostOs.Windows2k3:
      return OverlapPolicy.Windows;
    case HostOs.Last:
      return OverlapPolicy.Last;
    default:
      return OverlapPolicy.Bsd;
  }
}

/** True when bytes of the later fragment [start, end) replace those of the earlier one [oldStart, oldEnd). */
export function laterWins(
  policy: OverlapPolicy,
  start: number,
  end: number,
  oldStart: number,
  oldEnd: number,
): boolean {
  switch (policy) {
    case OverlapPolicy.First:
      return false;
    case OverlapPolicy.Last:
      return true;
    case OverlapPolicy.Bsd:
      return start < oldStart;
    case OverlapPolicy.BsdRight:
      return start >= oldStart;
    case OverlapPolicy.Linux:
      return start <= oldStart;
    case OverlapPolicy.Windows:
      return start < oldStart && end > oldEnd;
    case OverlapPolicy.Solaris:
      return start < oldStart && end >= oldEnd;
  }
}
