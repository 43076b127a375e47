/** Adds the payload of an accepted segment to its stream, and says how that went: flags, events, counters. */
import { counter, counts } from '../core/counters.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { HostOs } from '../defrag/host-os.js';
import { bypassFlow } from '../flow/table.js';
import { StreamEvent } from '../protocol/stream-events.js';
import { TcpFlag } from '../protocol/tcp.js';
import { appOffsets, S, StreamFlag, Tcb, tcb } from './columns.js';
import { streamConfig, UrgentPolicy } from './config.js';
import { Rank, rankOf } from './doubt.js';
import { targetPolicy } from './host.js';
import { seqMax } from './seq.js';
import { Insert, insertData, restoreKept } from './store.js';
import { noteUrgent } from './urgent.js';

const cMemcapDrop = counter('tcp.segment_memcap_drop');
const cUrgent = counter('tcp.urgent_oob_limit');
const cDepth = counter('tcp.stream_depth_reached');

/** Set when the last packet's data met the memcap: `stream.reassembly.memcap-policy` applies. */
export const reassembly = {
  memcapHit: false,
  /** The payload was overwritten with the bytes that came first (inline). */
  modified: false,
  /** No more urgent bytes can be noted and `stream.reassembly.urgent.oob-limit-policy` drops the packet (inline). */
  urgentDrop: false,
};

/** Adds the payload of p to stream c of flow f (both of p's direction). */
export function addPayload(f: number, c: number, p: Packet): void {
  let len = p.payloadLen;
  if (len === 0 || (tcb[c + S.Flags] & StreamFlag.NoReassembly) !== 0) return;
  if ((p.tcpFlags & TcpFlag.Urg) !== 0 && leavesOutUrgent(c, p)) return;
  // Data on a SYN (RFC 7413 fast open) begins one after the SYN's own number.
  const seq = (p.tcpFlags & TcpFlag.Syn) !== 0 ? (p.seq + 1) | 0 : p.seq | 0;
  if (streamConfig.depth !== 0) len = withinDepth(f, c, p, seq, len);
  p.flags |= PacketFlag.StreamAdded;
  if (len === 0) return;
  // Inline, the first copy of a byte has already been let through.
  const policy = streamConfig.inline ? HostOs.First : targetPolicy(f, p);
  // Inline, what was let through first is what counts, whether it arrived or not.
  const rank = streamConfig.inline ? Rank.Certain : rankOf(p);
  const result = insertData(c, seq, p.payloadOff, len, policy, rank);
  if (result === Insert.Ok) return;
  if ((result & Insert.Before) !== 0 && ((seq + len - tcb[c + S.RawSeq]) | 0) <= 0) {
    p.addEvent(StreamEvent.ReassemblySegmentBeforeBaseSeq);
  }
  if ((result & Insert.Different) !== 0) {
    p.addEvent(StreamEvent.ReassemblyOverlapDifferentData);
    if (streamConfig.inline) {
      restoreKept(c, seq, p.payloadOff, len);
      reassembly.modified = true;
    }
  }
  if (streamConfig.inline) inspectAgain(c, seq);
  if ((result & Insert.NoMemory) !== 0) {
    counts[cMemcapDrop]++;
    p.addEvent(StreamEvent.ReassemblyInsertMemcap);
    p.flags &= ~PacketFlag.StreamAdded;
    reassembly.memcapHit = true;
  }
}

/** A segment with urgent data. True when `stream.reassembly.urgent.policy` leaves all of it out. */
function leavesOutUrgent(c: number, p: Packet): boolean {
  // Whether a program reads the byte in its place depends on the system and the program.
  p.addEvent(StreamEvent.ReassemblyUrgentData);
  if (streamConfig.urgent === UrgentPolicy.Gap) return p.urgent > 0 && p.urgent <= p.payloadLen;
  if (streamConfig.urgent === UrgentPolicy.OutOfBand && !noteUrgent(c, p.seq | 0, p)) {
    counts[cUrgent]++;
    p.addEvent(StreamEvent.ReassemblyUrgentOobLimitReached);
    reassembly.urgentDrop = streamConfig.urgentLimit === UrgentPolicy.Drop;
    return streamConfig.urgentLimit === UrgentPolicy.Gap || (reassembly.urgentDrop && streamConfig.inline);
  }
  return false;
}

/** Inline, what a packet repeats is inspected again with it. */
function inspectAgain(c: number, seq: number): void {
  if ((tcb[c + S.Flags] & StreamFlag.RawWanted) === 0 || ((seq - tcb[c + S.RawSeq]) | 0) >= 0) return;
  tcb[c + S.RawSeq] = seqMax(seq, tcb[c + S.BaseSeq]);
}

/** Notices that the stream has passed the depth; returns how many of the bytes are kept. */
function withinDepth(f: number, c: number, p: Packet, seq: number, len: number): number {
  const dir = c === f * Tcb.Flow ? 0 : 1;
  const offset = appOffsets[f * 2 + dir] + ((seq - tcb[c + S.AppSeq]) | 0);
  const over = offset + len - streamConfig.depth;
  if (over <= 0) return len;
  if ((tcb[c + S.Flags] & StreamFlag.DepthReached) === 0) {
    tcb[c + S.Flags] |= StreamFlag.DepthReached;
    p.addEvent(StreamEvent.ReassemblyDepthReached);
    counts[cDepth]++;
    if (streamConfig.bypass) bypassFlow(f);
  }
  if (!streamConfig.depthStops) return len;
  return over >= len ? 0 : len - over;
}
