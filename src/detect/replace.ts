/** The keyword `replace` (Suricata manual, "Payload Keywords"): inline, matched bytes of a packet give way to others. */
import { type Packet, PacketFlag } from '../decode/packet.js';
import { copyFromPool } from './find.js';
import { MatchedCol, matchedCount, matchedRanges, matchedReplace } from './matched.js';

let on = false;
let done = false;

/** `inline`: packets are sent on by the sensor. */
export function configureReplace(inline: boolean): void {
  on = inline;
  done = false;
}

/** A rule has matched in the packet: overwrites what it replaces there. */
export function replaceMatched(p: Packet): void {
  // What came out of another packet does not lie where it is sent from, or has checksums of others around it.
  if (!on || p.level > 0 || (p.flags & (PacketFlag.Reassembled | PacketFlag.Pseudo)) !== 0) return;
  const end = p.payloadOff + p.payloadLen;
  for (let row = 0; row < matchedCount; row++) {
    if (matchedReplace[row] === 0) continue;
    const at = row * MatchedCol.Stride;
    const off = matchedRanges[at + MatchedCol.Mem];
    const len = matchedRanges[at + MatchedCol.Len];
    if (off < p.payloadOff || off + len > end) continue;
    copyFromPool(matchedReplace[row], len, off);
    done = true;
  }
}

/** Whether bytes of the packet were replaced since the last call. */
export function takeReplaced(): boolean {
  const was = done;
  done = false;
  return was;
}
