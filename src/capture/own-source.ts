/** PacketSource over a list of files with Peccary's own reader. */
import { type Batch, type CaptureFault, type PacketSource, SourceStatus } from './batch.js';
import { FileReader } from './file-reader.js';
import { PacketFilter } from './packet-filter.js';
import type { CaptureList } from './paths.js';

export class OwnSource implements PacketSource {
  readonly origins: string[];
  readonly faults: CaptureFault[] = [];
  readonly bytesTotal: number;
  private bytesDone = 0;
  private nextNo = 1;
  private fileIdx = 0;
  private reader: FileReader | null = null;
  private readonly filter: PacketFilter | null;

  constructor(list: CaptureList, bpf?: string) {
    this.origins = list.files;
    this.bytesTotal = list.bytesTotal;
    this.filter = bpf === undefined || bpf === '' ? null : new PacketFilter(bpf);
  }

  get bytesRead(): number {
    return this.bytesDone + (this.reader?.bytesRead ?? 0);
  }

  next(batch: Batch): SourceStatus {
    while (this.reader !== null || this.openNext()) {
      const reader = this.reader as FileReader;
      if (reader.next(batch) === SourceStatus.End) {
        if (reader.fault !== null) this.faults.push(reader.fault);
        this.closeReader();
        this.fileIdx++;
        continue;
      }
      this.filter?.apply(batch);
      if (batch.count === 0) continue;
      batch.firstNo = this.nextNo;
      this.nextNo += batch.count;
      batch.origin.fill(this.fileIdx, 0, batch.count);
      batch.vlanTci.fill(0, 0, batch.count);
      return SourceStatus.Packets;
    }
    batch.count = 0;
    return SourceStatus.End;
  }

  close(): void {
    this.closeReader();
    this.fileIdx = this.origins.length;
    this.filter?.close();
  }

  /** Opens the file at fileIdx, or the first one after it that opens; false when there are no more. */
  private openNext(): boolean {
    for (; this.fileIdx < this.origins.length; this.fileIdx++) {
      const file = this.origins[this.fileIdx];
      try {
        this.reader = new FileReader(file);
        return true;
      } catch (e) {
        this.faults.push({ file, packet: 0, offset: 0, message: `cannot be opened: ${(e as Error).message}` });
      }
    }
    return false;
  }

  private closeReader(): void {
    this.bytesDone = this.bytesRead;
    this.reader?.close();
    this.reader = null;
  }
}
