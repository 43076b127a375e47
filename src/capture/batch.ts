/**
 * A batch: up to BatchLimit packets whose bytes lie in the Arena region, described by columns.
 * Filled by a PacketSource, read by the pipeline, reused for the next batch: nothing in the
 * Arena may be referred to once `next` is called again.
 */
export const enum BatchLimit {
  /** Packets in a batch at most. */
  Packets = 4096,
  /** Largest capture length a source accepts, as libpcap's MAXIMUM_SNAPLEN; longer is a fault of the file. */
  CapLen = 262_144,
}

/** What becomes of a packet that waits for its verdict (inline). */
export const enum PacketFate {
  Accept = 0,
  Drop = 1,
  /** Sent on with the bytes that are in memory now. */
  Replaced = 2,
  /** Accepted, and its flow is not looked at any more. */
  Bypass = 3,
}

export class Batch {
  /** Packets in this batch. */
  count = 0;
  /** Number of the first packet: 1-based over the whole run (EVE's pcap_cnt). Packet i has number firstNo + i * step. */
  firstNo = 1;
  /** 1; 0 when packets have no numbers (live): then firstNo is 0 too. */
  step = 1;
  /** Offset of the captured bytes in memory. */
  readonly off = new Uint32Array(BatchLimit.Packets);
  /** Bytes captured. */
  readonly capLen = new Uint32Array(BatchLimit.Packets);
  /** Bytes on the wire; more than capLen when a snap length cut the packet. */
  readonly wireLen = new Uint32Array(BatchLimit.Packets);
  /** Capture time, microseconds since 1970 (nanosecond files keep the fraction). */
  readonly tsUs = new Float64Array(BatchLimit.Packets);
  /** LINKTYPE_ value (tcpdump.org/linktypes) of the packet's interface. */
  readonly linkType = new Uint16Array(BatchLimit.Packets);
  /** Index of the capture file (or interface) the packet came from. */
  readonly origin = new Uint16Array(BatchLimit.Packets);
  /** VLAN tag the kernel removed, TCI with bit 16 set when present; 0 for files. */
  readonly vlanTci = new Uint32Array(BatchLimit.Packets);
  /** Inline: 1 when the kernel vouches for the transport checksum, or has not filled it in yet. */
  readonly checksumKnown = new Uint8Array(BatchLimit.Packets);
  /** Inline: PacketFate, written by the pipeline. */
  readonly fate = new Uint8Array(BatchLimit.Packets);
}

/** What `PacketSource.next` says. */
export const enum SourceStatus {
  /** No more packets, ever. */
  End = 0,
  /** `batch.count` packets (at least one). */
  Packets = 1,
  /** Nothing within the wait (live), call again. */
  Idle = 2,
}

/** Where a capture file is damaged. Processing goes on with the next file. */
export interface CaptureFault {
  file: string;
  /** Number of the last whole packet in that file (0: none). */
  packet: number;
  /** Byte offset of the damaged record in the (decompressed) file. */
  offset: number;
  message: string;
}

/** Packets from anywhere, pulled a batch at a time. Synchronous: a worker never returns to its event loop. */
export interface PacketSource {
  /** Fills `batch`; see SourceStatus. Never throws for damaged input: see `faults`. */
  next(batch: Batch): SourceStatus;
  /** Names by origin index. */
  readonly origins: string[];
  /** Damage met so far. */
  readonly faults: CaptureFault[];
  /** Bytes read of `bytesTotal` (0 when unknown), for progress. */
  readonly bytesRead: number;
  readonly bytesTotal: number;
  close(): void;
}
