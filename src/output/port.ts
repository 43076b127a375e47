/**
 * The worker's end of the hand-over: records in, batches out. Synchronous, never throws for a slow or dead writer.
 *
 * Order: a batch goes to the ring only while nothing of this worker waits in the spill; so the writer, which empties
 * the ring before it reads the spill, sees every batch in the order in which it was made.
 */

import type { Packet } from '../decode/packet.js';
import type { HttpTransaction } from '../http/tx.js';
import { BatchEncoder } from './codec.js';
import { FrameBatch } from './frame-batch.js';
import { Bell, Count, type PortMemory } from './handover.js';
import { HttpLines } from './http-lines.js';
import { RecordOrder } from './order.js';
import type { EventRecord, OriginsRecord } from './records.js';
import { Ring } from './ring.js';
import { SpillWriter } from './spill.js';
import type { Wants } from './wants.js';

const enum BatchLimit {
  /** A batch is handed over when it has this many records or about this many bytes. */
  Records = 256,
  Bytes = 262_144,
  /** Bytes counted for a record besides its byte fields. */
  RecordBytes = 512,
}

/** How long a waiting worker sleeps before it looks whether the writer still lives. */
const WaitMs = 100;

/** Bytes of the large fields of a record. */
function weight(r: EventRecord): number {
  let n = BatchLimit.RecordBytes as number;
  if (r.kind === 'alert' || r.kind === 'packet' || r.kind === 'anomaly') n += r.packet?.length ?? 0;
  if (r.kind === 'alert') n += r.payload?.length ?? 0;
  if ((r.kind === 'alert' || r.kind === 'http') && r.http !== null) {
    const h = r.http;
    n += (h.requestHead?.length ?? 0) + (h.responseHead?.length ?? 0);
    n += (h.requestBody?.length ?? 0) + (h.responseBody?.length ?? 0);
    n += h.url?.length ?? 0;
  }
  return n;
}

function shiftTimes(r: EventRecord, us: number): void {
  if ('tsUs' in r) r.tsUs += us;
  if ('flow' in r && r.flow !== null) {
    r.flow.startUs += us;
    r.flow.lastUs += us;
  }
}

export class OutputPort {
  readonly wants: Wants;
  /** Added to the times of records: what a sensor's own time was put back by when the clock was set. */
  timeShiftUs = 0;
  private readonly encoder = new BatchEncoder();
  private readonly ring: Ring;
  private readonly spill: SpillWriter;
  private readonly bell: Int32Array;
  private readonly counts: BigInt64Array;
  private readonly wait: boolean;
  private pending: EventRecord[] = [];
  private pendingBytes = 0;
  private pendingEvents = 0;
  private readonly lines = new HttpLines();
  private readonly frames = new FrameBatch();
  private rules = 0;
  /** In a replay with several workers: where this one is. */
  readonly order: RecordOrder | null;
  /** Origins are sent again when the batch that had them was lost. */
  private origins: OriginsRecord | null = null;
  private originsSent = true;

  constructor(memory: PortMemory) {
    this.wants = memory.wants;
    this.ring = new Ring(memory.ring);
    this.spill = new SpillWriter(memory.spill);
    this.bell = new Int32Array(memory.bell);
    this.counts = new BigInt64Array(memory.counts);
    this.wait = memory.wait;
    this.order = memory.ordered ? new RecordOrder() : null;
  }

  /** Names the rule set that AlertRecord.rule counts in from now on (the number Outputs.setRules gave). */
  useRules(number: number): void {
    if (number !== this.rules) this.flush();
    this.rules = number;
  }

  /** Names of capture files or interfaces by `origin`; call again when there are more. */
  useOrigins(names: readonly string[]): void {
    this.origins = { kind: 'origins', names: [...names] };
    this.originsSent = false;
    if (this.wants.live) this.lines.useInterfaces(names);
  }

  /** Takes a record; it belongs to the port until the batch is flushed, so every record is a new object. */
  push(record: EventRecord): void {
    if (this.lines.count > 0) this.endLines(); // what came before stays before
    if (this.timeShiftUs !== 0) shiftTimes(record, this.timeShiftUs);
    this.pending.push(record);
    this.order?.note();
    this.pendingEvents++;
    this.pendingBytes += weight(record);
    if (this.pendingEvents >= BatchLimit.Records || this.pendingBytes >= BatchLimit.Bytes) this.flush();
  }

  /** Takes the event of a transaction as a finished line; false: push its record. */
  pushLine(p: Packet, tx: HttpTransaction): boolean {
    if (this.order?.lineMoves(this.lines.count)) this.endLines();
    if (!this.lines.add(p, tx, this.timeShiftUs)) return false;
    this.order?.beginLines();
    this.pendingEvents++;
    if (this.pendingEvents >= BatchLimit.Records || this.pendingBytes + this.lines.length >= BatchLimit.Bytes)
      this.flush();
    return true;
  }

  /** Takes a packet for the capture file: from[off, off + capLen). */
  pushFrame(
    from: Uint8Array,
    off: number,
    capLen: number,
    wireLen: number,
    tsUs: number,
    flowId: number,
    linkType: number,
    origin: number,
  ): void {
    this.frames.add(from, off, capLen, wireLen, tsUs + this.timeShiftUs, flowId, linkType, origin);
    if (this.pendingBytes + this.frames.length >= BatchLimit.Bytes) this.flush();
  }

  private endLines(): void {
    const { count } = this.lines;
    const bytes = this.lines.take();
    this.pending.push({ kind: 'lines', count, bytes });
    this.order?.noteLines();
    this.pendingBytes += bytes.length;
  }

  /** Hands over what was pushed. The pipeline calls it at least a few times a second and when it is about to wait. */
  flush(): void {
    if (this.lines.count > 0) this.endLines();
    const frames = this.frames.count;
    // After the alerts that they belong to: the writer names the file that they go to.
    if (frames > 0) {
      this.pending.push({ kind: 'frames', count: frames, bytes: this.frames.take() });
      this.order?.note();
    }
    if (this.pending.length === 0 && this.order === null) return;
    const records = this.pending;
    const events = this.pendingEvents;
    this.pending = [];
    this.pendingBytes = this.pendingEvents = 0;
    if (!this.originsSent && this.origins !== null) {
      records.unshift(this.origins);
      this.order?.noteFirst();
    }
    this.add(Count.Pushed, events);
    if (this.handOver(this.encoder.encode(this.rules, records, this.order?.take()))) {
      this.originsSent = true;
      Atomics.add(this.bell, Bell.Work, 1);
      Atomics.notify(this.bell, Bell.Work);
      return;
    }
    this.originsSent = this.origins === null;
    let alerts = 0;
    for (const r of records) if (r.kind === 'alert') alerts++;
    this.add(Count.LostEvents, events);
    this.add(Count.LostAlerts, alerts);
    this.add(Count.CaptureUnsent, frames);
  }

  /** Flushes and lets go of the spill file. The writer has everything once Outputs.close has returned. */
  close(): void {
    this.order?.at(Number.POSITIVE_INFINITY, 0);
    this.flush();
    this.spill.close();
  }

  /** Nobody reads the only output any more (`… --eve - | head`): the run may as well end. */
  get unread(): boolean {
    return Atomics.load(this.bell, Bell.Unread) === 1;
  }

  /** Why the spill could not be written, if it could not. */
  get spillFault(): string | null {
    return this.spill.fault;
  }

  private handOver(bytes: Uint8Array): boolean {
    for (;;) {
      const room = Atomics.load(this.bell, Bell.Room);
      if (Atomics.load(this.bell, Bell.WriterEnded) === 1) return false;
      if (!this.spill.busy() && this.ring.put(bytes)) return true;
      if (this.spill.put(bytes)) {
        this.add(Count.SpilledBatches, 1);
        this.add(Count.SpilledBytes, bytes.length);
        return true;
      }
      if (!this.wait || !this.ring.fits(bytes.length)) return false;
      Atomics.wait(this.bell, Bell.Room, room, WaitMs);
    }
  }

  private add(cell: Count, n: number): void {
    Atomics.add(this.counts, cell, BigInt(n));
  }
}
