/** The frames of a capture file, copied out of the arena: for tests that rewrite captures. */
import { Batch, SourceStatus } from '../../src/capture/batch.js';
import { openSource } from '../../src/capture/source.js';
import { u8 } from '../../src/core/memory.js';
import type { TimedFrame } from './session.js';

/** All packets with their times. Throws when the file is damaged. */
export function readFrames(file: string): TimedFrame[] {
  const source = openSource([file]);
  const batch = new Batch();
  const out: TimedFrame[] = [];
  while (source.next(batch) === SourceStatus.Packets) {
    for (let i = 0; i < batch.count; i++) {
      out.push({ tsUs: batch.tsUs[i], bytes: u8.slice(batch.off[i], batch.off[i] + batch.capLen[i]) });
    }
  }
  source.close();
  if (source.faults.length > 0) throw new Error(source.faults[0].message);
  return out;
}
