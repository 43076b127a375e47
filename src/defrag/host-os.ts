/**
 * Which operating system a host runs, as `host-os-policy` tells (Suricata manual, "Host OS policy"): it decides
 * which copy of a byte the host keeps when fragments or segments overlap. Used here and by src/stream.
 */
import { PeccaryError } from '../core/errors.js';
import { Settings } from '../core/settings.js';
import { BlockTable } from './blocks.js';

export const enum HostOs {
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
  BsdRight = 14,
  OldSolaris = 15,
}

const names: ReadonlyMap<string, HostOs> = new Map([
  ['bsd', HostOs.Bsd],
  ['bsd-right', HostOs.BsdRight],
  ['bsd_right', HostOs.BsdRight],
  ['old-linux', HostOs.OldLinux],
  ['old_linux', HostOs.OldLinux],
  ['linux', HostOs.Linux],
  ['solaris', HostOs.Solaris],
  ['old-solaris', HostOs.OldSolaris],
  ['old_solaris', HostOs.OldSolaris],
  ['hpux10', HostOs.Hpux10],
  ['hpux11', HostOs.Hpux11],
  ['irix', HostOs.Irix],
  ['macos', HostOs.MacOs],
  ['windows', HostOs.Windows],
  ['vista', HostOs.Vista],
  ['windows2k3', HostOs.Windows2k3],
  ['first', HostOs.First],
  ['last', HostOs.Last],
]);

let table = new BlockTable();

/**
 * Reads `host-os-policy`: a map of policy to address blocks. Without the key all IPv4 hosts are Windows, as in
 * suricata.yaml; a host in no block is treated as BSD.
 */
export function configureHostOs(settings: Settings): void {
  table = new BlockTable();
  const given = settings.keys('host-os-policy');
  if (given.length === 0) table.add('0.0.0.0/0', HostOs.Windows, 'host-os-policy.windows');
  for (const key of given) {
    const path = `host-os-policy.${key}`;
    const os = names.get(key.toLowerCase());
    if (os === undefined)
      throw new PeccaryError('config', `${path}: no such policy; known are ${[...names.keys()].join(', ')}`);
    for (const block of settings.list(path)) {
      const text = block.trim();
      if (text !== '') table.add(text === 'default' ? '0.0.0.0/0' : text, os, path);
    }
  }
}

/** Operating system of a host, its address as four words (IPv4: word 0). */
export function hostPolicy(ipVersion: number, w0: number, w1: number, w2: number, w3: number): HostOs {
  return table.lookup(ipVersion, w0, w1, w2, w3, HostOs.Bsd);
}

configureHostOs(new Settings());
