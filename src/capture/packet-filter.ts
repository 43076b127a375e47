/** A Berkeley packet filter (pcap-filter(7)) over batches: drops the rows that do not match. */
import { bpfMatch, compileBpf, isRefusal } from '../addon/bpf.js';
import { closeHandle } from '../addon/handles.js';
import { PeccaryError } from '../core/errors.js';
import { type Batch, BatchLimit } from './batch.js';

export class PacketFilter {
  /** Compiled filter by link type: the same words mean other offsets. */
  private readonly compiled = new Map<number, number>();

  constructor(private readonly filter: string) {}

  /** Keeps the matching packets, in order. Throws PeccaryError when the filter means nothing for a link type. */
  apply(batch: Batch): void {
    const { off, capLen, wireLen, tsUs, linkType } = batch;
    let link = -1;
    let handle = 0;
    let kept = 0;
    for (let i = 0; i < batch.count; i++) {
      if (linkType[i] !== link) {
        link = linkType[i];
        handle = this.handleFor(link);
      }
      if (!bpfMatch(handle, off[i], capLen[i], wireLen[i])) continue;
      off[kept] = off[i];
      capLen[kept] = capLen[i];
      wireLen[kept] = wireLen[i];
      tsUs[kept] = tsUs[i];
      linkType[kept] = link;
      kept++;
    }
    batch.count = kept;
  }

  close(): void {
    for (const handle of this.compiled.values()) closeHandle(handle);
    this.compiled.clear();
  }

  private handleFor(linkType: number): number {
    const known = this.compiled.get(linkType);
    if (known !== undefined) return known;
    const handle = compileBpf(this.filter, linkType, BatchLimit.CapLen);
    if (isRefusal(handle)) {
      throw new PeccaryError('usage', `packet filter "${this.filter}" (link type ${linkType}): ${handle.message}`);
    }
    this.compiled.set(linkType, handle);
    return handle;
  }
}
