/** The pipeline of one of several live workers. */
import { CrossTask } from '../capture/crossing.js';
import { holdCounts, putBackCounts } from '../core/counters.js';
import { decodeFrame } from '../decode/decode.js';
import { expireFlows } from '../flow/table.js';
import { endBatch } from '../stream/stream.js';
import { Pipeline, SweepFlows } from './pipeline.js';
import { openDatagram } from './scan.js';
import type { SharedBatch } from './shared-batch.js';
import type { SharedRow } from './shared-row.js';

export class SharedPipeline extends Pipeline {
  /** As processBatch, of a live worker that shares the traffic with others: of each row what belongs to it. */
  processShared(batch: SharedBatch, part: SharedRow): void {
    for (let i = 0; i < batch.count; i++) {
      this.nowUs = batch.tsUs[i];
      part.row = i;
      this.processRow(batch, i, part);
    }
    endBatch();
    expireFlows(this.nowUs, SweepFlows);
    this.finishEndedFlows();
  }

  private processRow(batch: SharedBatch, i: number, part: SharedRow): void {
    const p = this.stack[0];
    const task = batch.task[i];
    const whole = task === CrossTask.Whole;
    if (!whole) holdCounts();
    decodeFrame(p, batch.off[i], batch.capLen[i], batch.wireLen[i], batch.linkType[i]);
    p.no = 0;
    p.tsUs = batch.tsUs[i];
    p.origin = batch.origin[i];
    const level = task === CrossTask.Datagram ? openDatagram(this.stack, batch.record(i)) : 0;
    if (!whole) {
      putBackCounts();
      this.part = part;
    }
    if (level >= 0) this.processPacket(level);
    this.part = null;
    if (this.kept === null) return;
    this.deepest = Math.max(this.deepest, level);
    const mine = whole || batch.fresh[i] !== 0;
    if (mine || this.hasFlow()) this.keep(this.kept, batch, i, mine);
  }
}
