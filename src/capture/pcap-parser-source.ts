/** PacketSource over the ring that pcap-parser fills on the main thread (`--reader pcap-parser`). */
import { Region, u8 } from '../core/memory.js';
import { type Batch, BatchLimit, type CaptureFault, type PacketSource, SourceStatus } from './batch.js';
import { PacketFilter } from './packet-filter.js';
import { PacketRing, RecordKind } from './packet-ring.js';
import type { CaptureList } from './paths.js';

const mem = u8;

const enum Limit {
  /** Bytes of a batch, besides one packet more. */
  Arena = 1 << 20,
  /** Longest wait for the main thread, milliseconds; then Idle. */
  WaitMs = 100,
}

export class PcapParserSource implements PacketSource {
  readonly origins: string[];
  readonly faults: CaptureFault[] = [];
  readonly bytesTotal: number;
  bytesRead = 0;
  private readonly ring: PacketRing;
  private readonly filter: PacketFilter | null;
  private nextNo = 1;
  private ended = false;

  constructor(list: CaptureList, ring: SharedArrayBuffer, bpf?: string) {
    this.origins = list.files;
    this.bytesTotal = list.bytesTotal;
    this.ring = new PacketRing(ring);
    this.filter = bpf === undefined || bpf === '' ? null : new PacketFilter(bpf);
  }

  next(batch: Batch): SourceStatus {
    batch.count = 0;
    while (!this.ended) {
      this.collect(batch);
      this.filter?.apply(batch);
      if (batch.count > 0) {
        batch.firstNo = this.nextNo;
        this.nextNo += batch.count;
        batch.vlanTci.fill(0, 0, batch.count);
        return SourceStatus.Packets;
      }
      if (this.ended) break;
      this.ring.wait(Limit.WaitMs);
      if (!this.ring.peek()) return SourceStatus.Idle;
    }
    return SourceStatus.End;
  }

  close(): void {
    this.ended = true;
    this.ring.closeConsumer();
    this.filter?.close();
  }

  /** Moves records into the arena until the batch or the ring's present content ends, or the file changes. */
  private collect(batch: Batch): void {
    const ring = this.ring;
    let at = Region.ArenaOff as number;
    let n = 0;
    let origin = -1;
    while (n < BatchLimit.Packets && at < Region.ArenaOff + Limit.Arena && ring.peek()) {
      if (ring.kind === RecordKind.Packet) {
        // One origin a batch, since a filter moves rows without it.
        if (n > 0 && ring.origin !== origin) break;
        origin = ring.origin;
        batch.off[n] = at;
        batch.capLen[n] = ring.len;
        batch.wireLen[n] = ring.wireLen;
        batch.tsUs[n] = ring.tsUs;
        batch.linkType[n] = ring.linkType;
        batch.origin[n] = origin;
        n++;
        this.bytesRead += ring.len;
        ring.take(mem, at);
        at += (ring.len + 7) & ~7;
      } else {
        const data = Buffer.alloc(ring.len);
        const kind = ring.kind;
        ring.take(data, 0);
        if (kind === RecordKind.Fault) this.faults.push(JSON.parse(data.toString()) as CaptureFault);
        if (kind === RecordKind.End) {
          this.ended = true;
          break;
        }
      }
    }
    batch.count = n;
  }
}
