/** The batch of a worker that shares the traffic with others: rows say what of them is to be done. */
import { Batch, BatchLimit } from '../capture/batch.js';
import { Crossing } from '../capture/crossing.js';

export const enum SharedLimit {
  /** Events that reassembly gives a fragment. */
  Events = 4,
}

export class SharedBatch extends Batch {
  /** CrossTask of each row. */
  readonly task = new Uint8Array(BatchLimit.Packets);
  /** 1: it came from the kernel to this worker, which takes packets that nobody owns. */
  readonly fresh = new Uint8Array(BatchLimit.Packets);
  /** Of a reassembled datagram: its bytes, the level of the fragment it comes from, whether it is doubtful. */
  readonly datagramOff = new Uint32Array(BatchLimit.Packets);
  readonly datagramLen = new Uint32Array(BatchLimit.Packets);
  readonly level = new Uint8Array(BatchLimit.Packets);
  readonly doubtful = new Uint8Array(BatchLimit.Packets);
  /** What reassembly found wrong with the fragment in this row. */
  readonly eventCount = new Uint8Array(BatchLimit.Packets);
  readonly events = new Uint16Array(BatchLimit.Packets * SharedLimit.Events);
  /** Rows in order of their time, and how many of these were given out. */
  private readonly order = new Uint16Array(BatchLimit.Packets);
  head = 0;
  private readonly single = new Crossing();

  get isEmpty(): boolean {
    return this.head === this.count;
  }

  clear(): void {
    this.head = this.count = 0;
  }

  /** Adds a row; its number. */
  add(c: Crossing, fresh: number): number {
    const row = this.count++;
    this.off[row] = c.off;
    this.capLen[row] = c.capLen;
    this.wireLen[row] = c.wireLen;
    this.tsUs[row] = c.tsUs;
    this.linkType[row] = c.linkType;
    this.origin[row] = c.origin;
    this.vlanTci[row] = 0;
    this.task[row] = c.task;
    this.fresh[row] = fresh;
    this.datagramOff[row] = c.datagramOff;
    this.datagramLen[row] = c.datagramLen;
    this.level[row] = c.level;
    this.doubtful[row] = c.doubtful;
    this.eventCount[row] = 0;
    this.place(row, c.tsUs);
    return row;
  }

  /** Puts a row behind those that are not later: what was reassembled elsewhere may come late. */
  private place(row: number, us: number): void {
    let low = this.head;
    let high = row;
    if (row === low || this.tsUs[this.order[row - 1]] <= us) low = row;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tsUs[this.order[middle]] <= us) low = middle + 1;
      else high = middle;
    }
    if (low < row) this.order.copyWithin(low + 1, low, row);
    this.order[low] = row;
  }

  /** Time of the next row to be given out. */
  get nextUs(): number {
    return this.tsUs[this.order[this.head]];
  }

  /** A reassembled datagram's row as the record it came from; borrowed until the next call. */
  record(row: number): Crossing {
    const c = this.single;
    c.task = this.task[row];
    c.datagramOff = this.datagramOff[row];
    c.datagramLen = this.datagramLen[row];
    c.level = this.level[row];
    c.doubtful = this.doubtful[row];
    return c;
  }

  addEvent(row: number, event: number): void {
    if (this.eventCount[row] === SharedLimit.Events) return;
    this.events[row * SharedLimit.Events + this.eventCount[row]++] = event;
  }

  /** Moves the next row of `from` here. */
  take(from: SharedBatch): void {
    const i = from.order[from.head++];
    const row = this.count++;
    this.off[row] = from.off[i];
    this.capLen[row] = from.capLen[i];
    this.wireLen[row] = from.wireLen[i];
    this.tsUs[row] = from.tsUs[i];
    this.linkType[row] = from.linkType[i];
    this.origin[row] = from.origin[i];
    this.vlanTci[row] = 0;
    this.task[row] = from.task[i];
    this.fresh[row] = from.fresh[i];
    this.datagramOff[row] = from.datagramOff[i];
    this.datagramLen[row] = from.datagramLen[i];
    this.level[row] = from.level[i];
    this.doubtful[row] = from.doubtful[i];
    const events = from.eventCount[i];
    this.eventCount[row] = 0;
    for (let e = 0; e < events; e++) this.addEvent(row, from.events[i * SharedLimit.Events + e]);
  }
}
