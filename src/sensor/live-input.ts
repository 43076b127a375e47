/** Where a live worker's packets come from: made from a description, so that the thread that reads them opens it. */
import type { Batch, PacketSource, SourceStatus } from '../capture/batch.js';
import { type CaptureNote, LiveSource } from '../capture/live-source.js';
import { NfqueueSource } from '../capture/nfqueue-source.js';
import type { LiveDescription } from './live-description.js';

export interface LiveInput extends PacketSource {
  next(batch: Batch, waitMs?: number): SourceStatus;
  /** Asks the kernel for its counts. */
  count(): void;
  /** Called once for each batch, when its packets have been processed: those that wait for a verdict get theirs. */
  settle(batch: Batch): void;
}

/** Opens it; `cells`: InterfaceCell.Stride of each interface or queue. Throws PeccaryError, naming the remedy. */
export function openLive({ interfaces, nfqueue }: LiveDescription, cells: Float64Array, note: CaptureNote): LiveInput {
  if (nfqueue !== null) return new NfqueueSource(nfqueue, cells, note);
  return new LiveSource(interfaces, cells, note);
}
