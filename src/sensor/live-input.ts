/** Where a live worker's packets come from: made from a description, so that the thread that reads them opens it. */
import { CapSource } from '../capture/cap-source.js';
import { type CaptureNote, LiveSource } from '../capture/live-source.js';
import { NfqueueSource } from '../capture/nfqueue-source.js';
import { Exchange } from './exchange.js';
import type { LiveDescription, LiveInput } from './live-description.js';
import type { LiveShare } from './live-protocol.js';

/**
 * Opens it; `cells`: InterfaceCell.Stride of each interface or queue; `share`: what one of several workers is given. Throws
 * PeccaryError, naming the remedy.
 */
export function openLive(
  { interfaces, nfqueue, capRing }: LiveDescription,
  cells: Float64Array,
  note: CaptureNote,
  share: LiveShare | null = null,
): LiveInput {
  if (nfqueue !== null) return new NfqueueSource(nfqueue, cells, note);
  if (capRing !== null) return new CapSource(interfaces, capRing, cells);
  if (share === null) return new LiveSource(interfaces, cells, note);
  const { handles, fresh, sharing } = share;
  return new Exchange(
    new LiveSource(interfaces, cells, note, { handles, fresh, first: sharing.worker === 0 }),
    sharing,
  );
}
