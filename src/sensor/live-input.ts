/** Where a live worker's packets come from: made from a description, so that the thread that reads them opens it. */
import type { Batch, PacketSource, SourceStatus } from '../capture/batch.js';
import { type CaptureNote, LiveSource } from '../capture/live-source.js';
import { NfqueueSource } from '../capture/nfqueue-source.js';
import { Exchange } from './exchange.js';
import type { LiveDescription } from './live-description.js';
import type { LiveShare } from './live-protocol.js';

export interface LiveInput extends PacketSource {
  next(batch: Batch, waitMs?: number): SourceStatus;
  /** Asks the kernel for its counts. */
  count(): void;
  /** Called once for each batch, when its packets have been processed: those that wait for a verdict get theirs. */
  settle(batch: Batch): void;
  /** Takes the handle of an interface that is back, which another thread has opened. */
  take?(index: number, handle: number): void;
}

/**
 * Opens it; `cells`: InterfaceCell.Stride of each interface or queue; `share`: what one of several workers is given. Throws
 * PeccaryError, naming the remedy.
 */
export function openLive(
  { interfaces, nfqueue }: LiveDescription,
  cells: Float64Array,
  note: CaptureNote,
  share: LiveShare | null = null,
): LiveInput {
  if (nfqueue !== null) return new NfqueueSource(nfqueue, cells, note);
  if (share === null) return new LiveSource(interfaces, cells, note);
  const { handles, fresh, sharing } = share;
  return new Exchange(
    new LiveSource(interfaces, cells, note, { handles, fresh, first: sharing.worker === 0 }),
    sharing,
  );
}
