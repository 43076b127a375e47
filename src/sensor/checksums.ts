/**
 * Checksum policy (-k, pcap-file.checksum-checks): which packets are verified, and what "auto" decides.
 *
 * "auto" follows Suricata: after the first 1,000 packets with a checksum of which more than one in ten is wrong, the
 * capture was made where the network card computes checksums, and none are verified from there on. Other than Suricata,
 * it takes packets among these first ones whose checksum was plainly left to the card (tcpChecksumOffloaded), so that a
 * sensor on its own host's interface misses nothing until it has decided.
 */
import { counter, counts } from '../core/counters.js';
import { tcpChecksumOffloaded, tcpChecksumOk } from '../decode/checksum.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { IpProto } from '../protocol/ip.js';

const enum Auto {
  Sample = 1000,
  /** Wrong checksums are the capture's fault when they are more than one in this many. */
  Ratio = 10,
}

export type ChecksumMode = 'all' | 'none' | 'auto';

/** Wrong checksums by origin of the packet (capture file or interface); of the first few. */
export const invalidByOrigin = new Float64Array(64);

/** Wrong checksums that were left to the network card: all that were seen, and those whose packets were taken. */
const cOffloaded = counter('tcp.checksum_offloaded');
const cTaken = counter('tcp.checksum_offloaded_taken');
/** How often "auto" decided to verify none. */
const cAutoOff = counter('tcp.checksum_auto_off');

let verify = true;
let sampling = false;
let sampled = 0;
let wrong = 0;

/** `mode` of the command line or configuration; `streamValidation` is stream.checksum-validation. */
export function configureChecksums(mode: ChecksumMode, streamValidation: boolean): void {
  verify = mode !== 'none' && streamValidation;
  sampling = mode === 'auto';
  sampled = 0;
  wrong = 0;
}

/** Whether "auto" has not decided yet: it must see every packet. */
export function samplesChecksums(): boolean {
  return sampling;
}

/** Marks a TCP packet whose checksum is wrong, so that the stream engine ignores it; other packets are left alone. */
export function checkPacket(p: Packet): void {
  if (!verify || p.ipProto !== IpProto.Tcp || p.l4Off === 0) return;
  if ((p.flags & (PacketFlag.Truncated | PacketFlag.Pseudo | PacketFlag.ChecksumKnown)) !== 0) return;
  const ok = tcpChecksumOk(p);
  const taken = !ok && isTaken(p);
  if (sampling) sample(ok);
  if (ok || taken || !verify) return;
  invalidByOrigin[p.origin]++;
  p.flags |= PacketFlag.BadChecksum;
}

/** Whether a packet with a wrong checksum is inspected all the same, because the card would have mended it. */
function isTaken(p: Packet): boolean {
  if (!tcpChecksumOffloaded(p)) return false;
  counts[cOffloaded]++;
  if (sampling) counts[cTaken]++;
  return sampling;
}

function sample(ok: boolean): void {
  sampled++;
  if (!ok) wrong++;
  if (sampled < Auto.Sample) return;
  sampling = false;
  if (wrong * Auto.Ratio <= sampled) return;
  verify = false;
  counts[cAutoOff]++;
}
