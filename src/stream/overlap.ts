/**
 * Which copy of a byte an operating system keeps when segments overlap (Novak and Sturges, "Target-Based TCP
 * Stream Reassembly"; Suricata manual, "Host OS policy").
 */
import { HostOs } from '../defrag/host-os.js';

/**
 * True when the bytes of a later segment replace those of an earlier one.
 *
 * @param before sign of (new start - old start): negative when the new segment begins first
 * @param beyond sign of (new end - old end): positive when the new segment ends last
 */
export function newDataWins(policy: HostOs, before: number, beyond: number): boolean {
  switch (policy) {
    case HostOs.First:
    case HostOs.Vista:
      return false;
    case HostOs.Last:
      return true;
    case HostOs.Solaris:
    case HostOs.Hpux11:
      // The later copy, unless the earlier one ends last, or begins first and ends no sooner.
      return before > 0 ? beyond > 0 : beyond >= 0;
    case HostOs.Linux:
      return before < 0 || (before === 0 && beyond > 0);
    case HostOs.OldLinux:
      return before < 0 || (before === 0 && beyond >= 0);
    default:
      return before < 0;
  }
}
