/** PacketSource over a list of files with libpcap (`--reader libpcap`). */
import { closeHandle } from '../addon/handles.js';
import {
  isRefusal,
  openPcapFile,
  PcapRead,
  pcapError,
  pcapLinkType,
  pcapOffset,
  readPcap,
  setPcapFilter,
} from '../addon/pcap.js';
import { PeccaryError } from '../core/errors.js';
import { Region } from '../core/memory.js';
import { type Batch, type CaptureFault, type PacketSource, SourceStatus } from './batch.js';
import type { CaptureList } from './paths.js';
import { sniff } from './sniff.js';

const enum Limit {
  /** Bytes of a batch; the part of the arena that is used stays in the processor's cache. */
  Arena = 1 << 20,
}

export class LibpcapSource implements PacketSource {
  readonly origins: string[];
  readonly faults: CaptureFault[] = [];
  readonly bytesTotal: number;
  bytesRead = 0;
  private nextNo = 1;
  private fileIdx = 0;
  private handle = 0;
  private linkType = 0;
  private packetsOfFile = 0;

  constructor(
    list: CaptureList,
    private readonly bpf?: string,
  ) {
    this.origins = list.files;
    this.bytesTotal = list.bytesTotal;
    for (const file of list.files) {
      const kind = sniff(file);
      if (kind === 'gzip' || kind === 'zstd') {
        throw new PeccaryError('capture', `${file}: libpcap does not read ${kind} files: use --reader own`);
      }
    }
  }

  next(batch: Batch): SourceStatus {
    batch.count = 0;
    while (this.handle !== 0 || this.openNext()) {
      const n = readPcap(this.handle, Region.ArenaOff, Limit.Arena, 0, batch);
      if (n > 0) {
        this.packets(batch, n);
        return SourceStatus.Packets;
      }
      if (n === PcapRead.Fault) this.fault(pcapOffset(this.handle), pcapError(this.handle));
      this.closeFile();
    }
    return SourceStatus.End;
  }

  close(): void {
    if (this.handle !== 0) this.closeFile();
    this.fileIdx = this.origins.length;
  }

  private packets(batch: Batch, n: number): void {
    batch.count = n;
    batch.firstNo = this.nextNo;
    this.nextNo += n;
    this.packetsOfFile += n;
    batch.linkType.fill(this.linkType, 0, n);
    batch.origin.fill(this.fileIdx, 0, n);
    batch.vlanTci.fill(0, 0, n);
    this.bytesRead += batch.off[n - 1] + batch.capLen[n - 1] - batch.off[0];
  }

  private openNext(): boolean {
    for (; this.fileIdx < this.origins.length; this.fileIdx++) {
      this.packetsOfFile = 0;
      const handle = openPcapFile(this.origins[this.fileIdx]);
      if (isRefusal(handle)) {
        this.fault(0, handle.message);
        continue;
      }
      const refused = this.bpf === undefined || this.bpf === '' ? undefined : setPcapFilter(handle, this.bpf);
      if (refused !== undefined) {
        closeHandle(handle);
        throw new PeccaryError('usage', `packet filter "${this.bpf}": ${refused.message}`);
      }
      this.handle = handle;
      this.linkType = pcapLinkType(handle);
      return true;
    }
    return false;
  }

  private closeFile(): void {
    closeHandle(this.handle);
    this.handle = 0;
    this.fileIdx++;
  }

  private fault(offset: number, message: string): void {
    this.faults.push({ file: this.origins[this.fileIdx], packet: this.packetsOfFile, offset, message });
  }
}
