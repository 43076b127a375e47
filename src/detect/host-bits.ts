/** Host bits and xbits: bits of an address or a pair of addresses, with an expiry (Suricata manual, "Xbits Keyword"). */
import type { Packet } from '../decode/packet.js';
import { BitsCmd, HostSide, XbitsTrack } from '../rules/compile/layout.js';
import {
  addEntry,
  clearKey,
  entryUntil,
  findEntry,
  HostKind,
  keyA,
  keyB,
  keyPair,
  removeEntry,
  setEntryUntil,
} from './host-table.js';
import { enterShared, leaveShared } from './shared-access.js';

function keySource(p: Packet, swapped: boolean): void {
  clearKey();
  if (swapped) keyA(p.dst0, p.dst1, p.dst2, p.dst3);
  else keyA(p.src0, p.src1, p.src2, p.src3);
}

/** Puts the address, or pair, that `track` names into the table's key. `swapped`: the direction is not the packet's. */
export function keyTrack(p: Packet, track: XbitsTrack, swapped: boolean): void {
  keySource(p, track === XbitsTrack.IpDst ? !swapped : swapped);
  if (track === XbitsTrack.IpPair) {
    if (swapped) keyB(p.src0, p.src1, p.src2, p.src3);
    else keyB(p.dst0, p.dst1, p.dst2, p.dst3);
    keyPair();
  }
}

/** Whether bit `id` of the current key is set at `nowUs`; an expired one is removed. */
function isSet(id: number, nowUs: number): boolean {
  const entry = findEntry(HostKind.Bit, id, nowUs);
  if (entry < 0) return false;
  if (entryUntil(entry) >= nowUs) return true;
  removeEntry(entry);
  return false;
}

function change(cmd: BitsCmd, id: number, expireS: number, nowUs: number): void {
  const entry = findEntry(HostKind.Bit, id, nowUs);
  const alive = entry >= 0 && entryUntil(entry) >= nowUs;
  if (cmd === BitsCmd.Unset || (cmd === BitsCmd.Toggle && alive)) {
    if (entry >= 0) removeEntry(entry);
    return;
  }
  setEntryUntil(entry >= 0 ? entry : addEntry(HostKind.Bit, id, nowUs), nowUs + expireS * 1e6);
}

export function xbitIsSet(p: Packet, id: number, track: XbitsTrack, swapped: boolean): boolean {
  enterShared();
  keyTrack(p, track, swapped);
  const set = isSet(id, p.tsUs);
  leaveShared();
  return set;
}
export function xbitChange(
  p: Packet,
  cmd: BitsCmd,
  id: number,
  track: XbitsTrack,
  expireS: number,
  swapped: boolean,
): void {
  enterShared();
  keyTrack(p, track, swapped);
  change(cmd, id, expireS, p.tsUs);
  leaveShared();
}

/** hostbits: by source, destination, or both (each must have it). */
export function hostbitIsSet(p: Packet, id: number, side: HostSide, swapped: boolean): boolean {
  if (side !== HostSide.Dst && !xbitIsSet(p, id, XbitsTrack.IpSrc, swapped)) return false;
  return side === HostSide.Src || xbitIsSet(p, id, XbitsTrack.IpDst, swapped);
}
export function hostbitChange(
  p: Packet,
  cmd: BitsCmd,
  id: number,
  side: HostSide,
  expireS: number,
  swapped: boolean,
): void {
  if (side !== HostSide.Dst) xbitChange(p, cmd, id, XbitsTrack.IpSrc, expireS, swapped);
  if (side !== HostSide.Src) xbitChange(p, cmd, id, XbitsTrack.IpDst, expireS, swapped);
}
