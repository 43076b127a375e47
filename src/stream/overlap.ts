/**
 * Which copy of a byte an operating system keeps when segments overlap (Novak and Sturges, "Target-Based TCP
 * Stream Reassembly"; Suricata manual, "Host OS policy").
 */

/** Policies, numbered as HostOs of src/defrag/host-os.ts; None: not looked up yet. */
export const enum OsPolicy {
  None = 0,
  Bsd = 1,
  OldLinux = 2,
  Linux = 3,
  Solaris = 4,
  Hpux10 = 5,
  Hpux11 = 6,
  Irix = 7,
  MacOs = 8,
  Windows = 9,
  Vista = 10,
  Windows2k3 = 11,
  First = 12,
  Last = 13,
}

/**
 * True when the bytes of a later segment replace those of an earlier one.
 *
 * @param before sign of (new start - old start): negative when the new segment begins first
 * @param beyond sign of (new end - old end): positive when the new segment ends last
 */
export function newDataWins(policy: OsPolicy, before: number, beyond: number): boolean {
  switch (policy) {
    case OsPolicy.First:
    case OsPolicy.Vista:
      return false;
    case OsPolicy.Last:
      return true;
    case OsPolicy.Solaris:
    case OsPolicy.Hpux11:
      // The later copy, unless the earlier one ends last, or begins first and ends no sooner.
      return before > 0 ? beyond > 0 : beyond >= 0;
    case OsPolicy.Linux:
      return before < 0 || (before === 0 && beyond > 0);
    case OsPolicy.OldLinux:
      return before < 0 || (before === 0 && beyond >= 0);
    default:
      return before < 0;
  }
}
