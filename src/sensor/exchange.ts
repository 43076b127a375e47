/**
 * The packets of one of several workers: what the kernel gives it less what others own, and what others give it. Whoever
 * gets a frame looks ahead who owns the packets in it and puts it into the rings of the others; fragments are put together
 * by one worker, whole datagrams go on to their owners.
 *
 * Order: packets of one flow may come by two ways (fragments and tunnels by another worker), so that rows are given out by
 * capture time, up to the time that all other workers have looked through (Mark). A worker that stands still is not waited
 * for longer than Limit.StaleMs.
 *
 * Nothing waits for ever: a full ring stops the look at further frames, which then wait in the kernel, while what came is
 * processed; past Limit.FullMs records for that ring are dropped and counted.
 */
import { Batch, BatchLimit, type CaptureFault, SourceStatus } from '../capture/batch.js';
import { Crossing, CrossLimit, CrossRing, CrossTask, crossSize } from '../capture/crossing.js';
import type { LiveSource } from '../capture/live-source.js';
import { setOwnerSeeds } from '../capture/owner-hash.js';
import { plainOwner } from '../capture/plain.js';
import { counter, counts } from '../core/counters.js';
import { Region, u8 } from '../core/memory.js';
import type { LiveInput } from './live-description.js';
import { Scanner } from './scan.js';
import { SharedBatch } from './shared-batch.js';
import { Mark, type Sharing, Stopping, Tick } from './sharing.js';

const mem = u8;

const enum Limit {
  /** Milliseconds that the kernel may hold back a packet of a block that is not full, with a margin. */
  HoldMs = 100,
  /** Milliseconds of waiting in `next`. */
  IdleMs = 100,
  /** Milliseconds of waiting for packets at a time: others' records are looked for in between. */
  WaitMs = 4,
  /** Milliseconds of waiting for another worker's mark at a time. */
  MarkMs = 2,
  /** Milliseconds of looking without a new mark after which a worker is not waited for. */
  StaleMs = 1000,
  /** A longer time between two looks was this worker's own. */
  LookMs = 5,
  /** Milliseconds that a full ring stops the look at further frames. */
  FullMs = 100,
  /** Rows and bytes of datagrams that one frame may add, nested as deep as there are levels. */
  RowsEach = 9,
  BytesEach = 8 << 17,
  /** Parts of the arena: datagrams that became whole here, then what came from others (live packets lie before). */
  OwnOff = Region.ArenaOff + (16 << 20),
  OwnLen = 8 << 20,
  CrossedOff = OwnOff + OwnLen,
  CrossedLen = 32 << 20,
}

/** Records given to other workers, taken from them, and dropped because a ring was full. */
const cGiven = counter('capture.crossed');
const cTaken = counter('capture.crossed_in');
const cDropped = counter('capture.crossing_drops');
/** Times that another worker was not waited for. */
const cStale = counter('capture.crossing_unordered');

/** Rows that wait to be given out, and the part of the arena that their bytes take. */
class Waiting {
  readonly rows = new SharedBatch();
  private used = 0;

  constructor(
    private readonly off: number,
    private readonly len: number,
  ) {}

  /** Forgets rows that were given out and processed. */
  tidy(): void {
    if (!this.rows.isEmpty) return;
    this.rows.clear();
    this.used = 0;
  }

  hasRoom(bytes: number): boolean {
    return this.rows.count + Limit.RowsEach <= BatchLimit.Packets && this.used + bytes + Limit.BytesEach <= this.len;
  }

  /** Where the next bytes go. */
  get at(): number {
    return this.off + this.used;
  }

  grow(bytes: number): void {
    this.used += (bytes + 7) & ~7;
  }

  /** Copies bytes here; their new offset. */
  copy(off: number, len: number): number {
    const to = this.at;
    mem.copyWithin(to, off, off + len);
    this.grow(len);
    return to;
  }
}

export class Exchange implements LiveInput {
  readonly origins: string[];
  readonly faults: CaptureFault[] = [];
  readonly bytesRead = 0;
  readonly bytesTotal = 0;
  /** Frames that the kernel gave this worker, and their captured bytes. */
  packets = 0;
  bytes = 0;
  /** Added to the time by which fragments wait; see EngineClock. */
  shiftUs = 0;
  private readonly me: number;
  private readonly workers: number;
  private readonly to: (CrossRing | null)[];
  private readonly from: (CrossRing | null)[];
  private readonly marks: Float64Array;
  private readonly ticks: Int32Array;
  private readonly scanner: Scanner;
  private readonly direct = new Batch();
  private scanned = 0;
  private readonly own = new Waiting(Limit.OwnOff, Limit.OwnLen);
  private readonly crossed: Waiting[];
  /** Where a datagram that becomes whole goes. */
  private into: Waiting;
  private readonly record = new Crossing();
  /** Since when the look ahead stands still because a ring is full; 0: it does not. */
  private fullMs = 0;
  /** Of each worker its last mark, and for how long that has been the same. */
  private readonly lastSeen: Float64Array;
  private readonly sameMs: Float64Array;
  private lookMs = 0;
  /** Marks of this worker's own in the present look. */
  private marked = 0;
  private hurried = false;
  /** Capture time up to which rows may be given out. */
  private untilUs = 0;

  constructor(
    private readonly source: LiveSource,
    { worker, workers, seeds, rings, marks, ticks }: Sharing,
  ) {
    this.origins = source.origins;
    this.me = worker;
    this.workers = workers;
    setOwnerSeeds(seeds);
    this.to = rings[worker].map((m) => (m === null ? null : new CrossRing(m)));
    this.from = rings.map((row) => row[worker]).map((m) => (m === null ? null : new CrossRing(m)));
    this.marks = new Float64Array(marks);
    this.ticks = new Int32Array(ticks);
    this.lastSeen = new Float64Array(workers);
    this.sameMs = new Float64Array(workers);
    const each = Math.floor(Limit.CrossedLen / workers) & ~7;
    this.crossed = rings.map((_, i) => new Waiting(Limit.CrossedOff + i * each, each));
    this.into = this.own;
    this.scanner = new Scanner(worker, workers, (c, owners) => this.datagram(c, owners));
    Atomics.store(this.ticks, Tick.Stopping + worker, Stopping.No);
  }

  /** Rows in order of time; Idle when there are none within `waitMs`. */
  next(out: SharedBatch, waitMs: number = Limit.IdleMs): SourceStatus {
    const until = performance.now() + waitMs;
    out.clear();
    out.firstNo = out.step = 0;
    this.own.tidy();
    for (const list of this.crossed) list.tidy();
    for (;;) {
      const ticks = Atomics.load(this.ticks, Tick.Marks);
      this.marked = 0;
      this.look();
      this.emit(out);
      if (out.count > 0) return SourceStatus.Packets;
      if (performance.now() >= until) return SourceStatus.Idle;
      if (this.holds) Atomics.wait(this.ticks, Tick.Marks, (ticks + this.marked) | 0, Limit.MarkMs);
    }
  }

  /** Whether rows wait for other workers. */
  get holds(): boolean {
    return !this.own.rows.isEmpty || this.crossed.some((list) => !list.rows.isEmpty);
  }

  /** Looks ahead in what there is, tells how far that goes, and sees how far others have come. */
  private look(): void {
    const mine = this.me * Mark.Stride;
    this.lookAtFrames(mine);
    this.age();
    const seen = this.least(Mark.Seen);
    const handedOn = this.least(Mark.HandedOn);
    Atomics.add(this.ticks, Tick.Fence, 1); // the rings are looked at after the marks of those who fill them
    const us = Math.min(seen, this.lookAtRings());
    this.mark(mine + Mark.HandedOn, us);
    // Also while a full ring holds up the look ahead: what the worker that has looked least far gave away can be given
    // out everywhere, so that its rings drain; past Limit.FullMs the look goes on anyway.
    this.untilUs = this.hurried ? Number.POSITIVE_INFINITY : Math.min(us, handedOn);
  }

  private mark(cell: number, us: number): void {
    if (this.marks[cell] === us) return;
    Atomics.add(this.ticks, Tick.Fence, 1); // what the mark promises is in the rings
    this.marks[cell] = us;
    Atomics.add(this.ticks, Tick.Marks, 1);
    Atomics.notify(this.ticks, Tick.Marks);
    this.marked++;
  }

  /** Notes for how long each worker has stood still. */
  private age(): void {
    const now = performance.now();
    const passed = Math.min(now - this.lookMs, Limit.LookMs);
    this.lookMs = now;
    for (let w = 0; w < this.workers; w++) {
      const seen = this.marks[w * Mark.Stride + Mark.Seen];
      if (seen !== this.lastSeen[w]) {
        this.lastSeen[w] = seen;
        this.sameMs[w] = 0;
      } else {
        if (this.sameMs[w] < Limit.StaleMs && this.sameMs[w] + passed >= Limit.StaleMs && w !== this.me)
          counts[cStale]++;
        this.sameMs[w] += passed;
      }
    }
  }

  /** The least mark of those workers that do not stand still; of HandedOn this worker's own is not known yet. */
  private least(mark: Mark): number {
    let us = Number.POSITIVE_INFINITY;
    for (let w = 0; w < this.workers; w++) {
      if (w === this.me ? mark === Mark.HandedOn : this.sameMs[w] >= Limit.StaleMs) continue;
      us = Math.min(us, this.marks[w * Mark.Stride + mark]);
    }
    return us;
  }

  private lookAtFrames(mine: number): void {
    const { direct } = this;
    if (this.scanned === direct.count && this.own.rows.isEmpty) {
      this.own.tidy();
      const nowUs = Date.now() * 1000;
      this.scanned = direct.count = 0;
      if (this.source.next(direct, this.holds ? 0 : Limit.WaitMs) !== SourceStatus.Packets) {
        this.mark(mine + Mark.Seen, nowUs - Limit.HoldMs * 1000);
        return;
      }
      this.packets += direct.count;
    }
    if (this.scanned === direct.count) return;
    this.into = this.own;
    while (this.scanned < direct.count && this.own.hasRoom(0) && this.scanRow(this.scanned)) this.scanned++;
    if (this.scanned > 0) this.mark(mine + Mark.Seen, direct.tsUs[this.scanned - 1]);
  }

  /** Looks at a row of the kernel's; false when it has to wait because a ring is full. */
  private scanRow(i: number): boolean {
    const { direct, record: c } = this;
    const off = direct.off[i];
    const capLen = direct.capLen[i];
    let owners = plainOwner(off, capLen, direct.linkType[i], this.workers);
    const plain = owners === this.me;
    if (!plain && this.mustWait()) return false;
    this.bytes += capLen;
    c.task = plain ? CrossTask.Whole : CrossTask.Frame;
    c.off = off;
    c.capLen = capLen;
    c.wireLen = direct.wireLen[i];
    c.linkType = direct.linkType[i];
    c.origin = direct.origin[i];
    c.tsUs = direct.tsUs[i];
    c.datagramLen = c.level = c.doubtful = 0;
    if (plain) {
      this.own.rows.add(c, 1);
      return true;
    }
    this.scanner.shiftUs = this.shiftUs;
    owners = this.scanner.frame(c);
    if ((owners & (1 << this.me)) !== 0) this.addOwn(this.own, c, 1);
    this.hand(c, owners);
    return true;
  }

  private addOwn(list: Waiting, c: Crossing, fresh: number): void {
    const row = list.rows.add(c, fresh);
    for (const event of this.scanner.events) list.rows.addEvent(row, event);
  }

  /** Whether a ring is so full that frames are better left in the kernel for the moment. */
  private mustWait(): boolean {
    if (this.to.every((ring) => ring === null || ring.used() < CrossLimit.RingBytes / 2)) {
      this.fullMs = 0;
      return false;
    }
    const now = performance.now();
    if (this.fullMs === 0) this.fullMs = now;
    return now - this.fullMs < Limit.FullMs;
  }

  /** Puts a record into the rings of other workers. */
  private hand(c: Crossing, owners: number): void {
    for (let w = 0; w < this.workers; w++) {
      const ring = this.to[w];
      if (ring === null || (owners & (1 << w)) === 0) continue;
      if (ring.fits(crossSize(c.capLen, c.datagramLen)) && ring.put(c)) counts[cGiven]++;
      else counts[cDropped]++;
    }
  }

  /** A datagram that became whole here. */
  private datagram(c: Crossing, owners: number): void {
    this.hand(c, owners);
    if ((owners & (1 << this.me)) === 0) return;
    const list = this.into;
    c.datagramOff = list.copy(c.datagramOff, c.datagramLen);
    if (c.off >= Region.ArenaEnd) c.off = list.copy(c.off, c.capLen);
    list.rows.add(c, 1);
  }

  /** Takes what others gave. Capture time up to which that is all of it: of what does not fit yet, the last that did. */
  private lookAtRings(): number {
    let until = Number.POSITIVE_INFINITY;
    for (let w = 0; w < this.workers; w++) {
      const ring = this.from[w];
      if (ring === null) continue;
      const list = this.crossed[w];
      list.tidy();
      this.into = list;
      for (let len = ring.nextLen(); len > 0; len = ring.nextLen()) {
        if (!list.hasRoom(len)) {
          until = Math.min(until, list.rows.tsUs[list.rows.count - 1]);
          break;
        }
        const c = this.record;
        ring.take(c, list.at);
        list.grow(len);
        counts[cTaken]++;
        this.scanner.shiftUs = this.shiftUs;
        this.scanner.crossed(c);
        this.addOwn(list, c, 0);
      }
    }
    return until;
  }

  private emit(out: SharedBatch): void {
    while (out.count < BatchLimit.Packets) {
      let from: SharedBatch | null = this.own.rows.isEmpty ? null : this.own.rows;
      for (const { rows } of this.crossed) {
        if (!rows.isEmpty && (from === null || rows.nextUs <= from.nextUs)) from = rows;
      }
      if (from === null || from.nextUs > this.untilUs) return;
      out.take(from);
    }
  }

  /**
   * As `next`, once the sensor is to stop: Idle until neither the kernel nor any other worker has anything more for this
   * one, then End.
   */
  drain(out: SharedBatch, waitMs: number): SourceStatus {
    const stopping = Tick.Stopping + this.me;
    const status = this.next(out, waitMs);
    if (status === SourceStatus.Packets || this.holds) return status;
    if (Atomics.load(this.ticks, stopping) === Stopping.No) {
      Atomics.store(this.ticks, stopping, Stopping.Quiet);
    } else if (this.others(Stopping.Quiet)) {
      Atomics.store(this.ticks, stopping, Stopping.Over);
      if (this.others(Stopping.Over) && this.from.every((ring) => ring === null || ring.used() === 0)) {
        return SourceStatus.End;
      }
    }
    return SourceStatus.Idle;
  }

  /** There is no more time to wait for other workers: what is held is given out as it is. */
  hurry(): void {
    this.hurried = true;
  }

  /** Whether all workers have come at least so far in stopping. */
  private others(stage: Stopping): boolean {
    for (let w = 0; w < this.workers; w++) if (Atomics.load(this.ticks, Tick.Stopping + w) < stage) return false;
    return true;
  }

  /** Nothing waits for a verdict here. */
  settle(): void {}

  /** As LiveSource.take. */
  take(index: number, handle: number): void {
    this.source.take(index, handle);
  }

  count(): void {
    this.source.count();
  }

  close(): void {
    this.source.close();
    const mine = this.me * Mark.Stride;
    this.mark(mine + Mark.Seen, Number.POSITIVE_INFINITY);
    this.mark(mine + Mark.HandedOn, Number.POSITIVE_INFINITY);
  }
}
