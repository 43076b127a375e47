/**
 * PacketSource over live interfaces: libpcap's TPACKET_V3 ring on an AF_PACKET socket, one an interface. Packets of
 * several interfaces that are there at the same time come in order of their time (a tap has an interface a direction).
 * An interface that goes away is tried again until it is back; its counts go on.
 */
import { acquireHandle, closeHandle } from '../addon/handles.js';
import {
  isRefusal,
  openPcapLive,
  PcapRead,
  pcapError,
  pcapLinkType,
  pcapStats,
  readPcap,
  setPcapFilter,
} from '../addon/pcap.js';
import { counter, counts } from '../core/counters.js';
import { PeccaryError } from '../core/errors.js';
import { Region } from '../core/memory.js';
import { type Batch, BatchLimit, type CaptureFault, type PacketSource, SourceStatus } from './batch.js';
import type { LiveInterface } from './live-config.js';

const enum Limit {
  /** Bytes of the arena that the packets of one read take, of all interfaces together and of one at least. */
  Arena = 1 << 20,
  ArenaEach = 1 << 19,
  /** Milliseconds after which the kernel hands over a block that is not full. */
  BlockMs = 10,
  /** Milliseconds of waiting in `next`, and on one interface of several at a time. */
  WaitMs = 100,
  TurnMs = 4,
  /**
   * Milliseconds that a packet of one interface waits for earlier ones of the others: longer than the kernel holds back a
   * block.
   */
  HoldMs = 3 * 10,
  /** Milliseconds that packet time must be off the monotonic clock to count as set anew. */
  JumpMs = 10_000,
  /** Milliseconds between attempts to open an interface that went away. */
  RetryMs = 500,
  /** Milliseconds that throwing away what came too early may take. */
  DiscardMs = 200,
}

/** Float64 cells of an interface in shared memory; the source writes them. */
export const enum InterfaceCell {
  Packets = 0,
  Bytes = 1,
  /** As pcap_stats counts them: the ring was full; the interface or its driver had no room. */
  KernelDrops = 2,
  InterfaceDrops = 3,
  InvalidChecksums = 4,
  /** 1 while the interface is there. */
  Up = 5,
  /** Of a handle that outlives its worker: the kernel's counts at the last look (InterfaceCell.KernelDrops has its part). */
  SeenReceived = 6,
  SeenDropped = 7,
  SeenIfDropped = 8,
  /** Of --capture cap: packets that found its ring full, interruptions of a burst, and both as of the last count. */
  RingFull = 9,
  Reopened = 10,
  SeenRingFull = 11,
  SeenReopened = 12,
  Stride = 16,
}

const cReceived = counter('capture.kernel_packets');
const cDropped = counter('capture.kernel_drops');
const cIfDropped = counter('capture.kernel_ifdrops');
const cDown = counter('capture.interface_down');

/** What goes wrong and comes right again while capturing. */
export type CaptureNote = (level: 'info' | 'warning', message: string) => void;

const pause = new Int32Array(new SharedArrayBuffer(4));

/** One interface and what was read of it last. */
class Tap {
  handle = 0;
  linkType = 0;
  /** Monotonic time of the next attempt to open it. */
  retryMs = 0;
  /** Rows read and rows given out. */
  rows = 0;
  at = 0;
  /** Monotonic time of the last read that found nothing. */
  emptyMs = 0;
  /** Kernel counts at the last look; they are of 32 bits and begin at 0 with each opening. */
  received = 0;
  dropped = 0;
  ifDropped = 0;
  readonly off: Uint32Array;
  readonly capLen: Uint32Array;
  readonly wireLen: Uint32Array;
  readonly tsUs: Float64Array;

  constructor(
    readonly config: LiveInterface,
    /** Part of the arena that its packets go to. */
    readonly arenaOff: number,
    readonly arenaLen: number,
    rows: number,
  ) {
    this.off = new Uint32Array(rows);
    this.capLen = new Uint32Array(rows);
    this.wireLen = new Uint32Array(rows);
    this.tsUs = new Float64Array(rows);
  }

  /** Null, or why it cannot be opened. */
  open(): PeccaryError | null {
    const opened = openTap(this.config);
    if (typeof opened !== 'number') return opened;
    this.use(opened);
    this.received = this.dropped = this.ifDropped = 0;
    return null;
  }

  use(handle: number): void {
    this.handle = handle;
    this.linkType = pcapLinkType(handle);
  }

  close(): void {
    if (this.handle !== 0) closeHandle(this.handle);
    this.handle = 0;
  }
}

/** Opens an interface: its handle, or why that cannot be. */
export function openTap({ name, ringBytes, promisc, snapLen, bpf, immediate }: LiveInterface): number | PeccaryError {
  const opened = openPcapLive(name, {
    snapLen,
    promisc,
    bufferSize: ringBytes,
    timeoutMs: Limit.BlockMs,
    immediate, // libpcap has no TPACKET_V3 with it
  });
  if (isRefusal(opened)) return new PeccaryError('capture', `${name}: ${opened.message}${remedy(opened.message)}`);
  const refused = bpf === null || bpf === '' ? undefined : setPcapFilter(opened, bpf);
  if (refused === undefined) return opened;
  closeHandle(opened);
  return new PeccaryError('usage', `${name}: packet filter "${bpf}": ${refused.message}`);
}

/** Handles that another thread opened and holds (fanout.ts), for one of several workers. */
interface GivenHandles {
  /** By interface; 0: it is away. */
  handles: readonly number[];
  /** Nobody has read from them: what came before the group was whole came to several workers and is thrown away. */
  fresh: boolean;
  /** It counts what the interfaces dropped, which every handle is told. */
  first: boolean;
}

/** A count of 32 bits that has gone on from `before` to `now`. */
const gone = (before: number, now: number): number => (now - before) >>> 0;

export class LiveSource implements PacketSource {
  readonly origins: string[];
  readonly faults: CaptureFault[] = [];
  readonly bytesRead = 0;
  readonly bytesTotal = 0;
  private readonly taps: Tap[];
  private readonly cells: Float64Array;
  private turn = 0;
  /** Packet time less monotonic time, milliseconds: the most that was seen, so at most a block's delay too little. */
  private aheadMs = Number.NEGATIVE_INFINITY;

  /**
   * Opens the interfaces, unless their handles are given. `cells`: InterfaceCell.Stride of each. Throws PeccaryError,
   * naming the remedy, when one cannot be opened.
   */
  constructor(
    list: readonly LiveInterface[],
    cells: Float64Array,
    private readonly note: CaptureNote,
    private readonly given: GivenHandles | null = null,
  ) {
    this.origins = list.map((i) => i.name);
    this.cells = cells;
    const each = Math.max(Limit.ArenaEach, Math.floor(Limit.Arena / list.length));
    const rows = Math.floor(BatchLimit.Packets / list.length);
    this.taps = list.map((config, i) => new Tap(config, Region.ArenaOff + i * each, each, rows));
    if (given !== null) {
      given.handles.forEach((handle, i) => {
        if (handle !== 0) this.adopt(i, handle);
      });
      if (given.fresh) this.discard(this.taps);
      for (let i = 0; i < list.length; i++) this.listens(i);
      return;
    }
    for (const [i, tap] of this.taps.entries()) {
      const refused = tap.open();
      if (refused !== null) {
        this.close();
        throw refused;
      }
      cells[i * InterfaceCell.Stride + InterfaceCell.Up] = 1;
    }
  }

  /** Takes the handle of interface i, which another thread has opened; after the first ones they are fresh. */
  take(i: number, handle: number): void {
    this.adopt(i, handle);
    this.discard([this.taps[i]]);
    this.listens(i);
    this.note('info', `${this.taps[i].config.name}: is back`);
  }

  private adopt(i: number, handle: number): void {
    const { cells } = this;
    const at = i * InterfaceCell.Stride;
    const tap = this.taps[i];
    if (!acquireHandle(handle)) return;
    tap.use(handle);
    tap.received = cells[at + InterfaceCell.SeenReceived];
    tap.dropped = cells[at + InterfaceCell.SeenDropped];
    tap.ifDropped = cells[at + InterfaceCell.SeenIfDropped];
  }

  /** Tells that interface i is up: not before what comes is inspected, so after `discard`. */
  private listens(i: number): void {
    if (this.taps[i].handle !== 0) this.cells[i * InterfaceCell.Stride + InterfaceCell.Up] = 1;
  }

  /** Throws away what is there and comes within a block's time. */
  private discard(taps: readonly Tap[]): void {
    const least = performance.now() + Limit.HoldMs;
    const most = least + Limit.DiscardMs;
    for (let now = 0, empty = false; now < least || (!empty && now < most); now = performance.now()) {
      empty = true;
      for (const tap of taps) {
        if (tap.handle !== 0 && readPcap(tap.handle, tap.arenaOff, tap.arenaLen, 1, tap) > 0) empty = false;
      }
    }
    for (const tap of taps) {
      const s = tap.handle === 0 ? null : pcapStats(tap.handle);
      if (s === null || isRefusal(s)) continue;
      tap.received = s.received;
      tap.dropped = s.dropped;
      tap.ifDropped = s.ifDropped;
    }
  }

  next(batch: Batch, waitMs: number = Limit.WaitMs): SourceStatus {
    batch.count = 0;
    batch.firstNo = batch.step = 0;
    if (this.given === null && this.taps.some((tap) => tap.handle === 0)) this.reopen();
    if (this.taps.length === 1) this.readOne(batch, waitMs);
    else this.readAll(batch, waitMs);
    return batch.count > 0 ? SourceStatus.Packets : SourceStatus.Idle;
  }

  private readOne(batch: Batch, waitMs: number): void {
    const tap = this.taps[0];
    const n = this.read(0, waitMs, batch);
    if (tap.handle === 0) Atomics.wait(pause, 0, 0, waitMs);
    if (n <= 0) return;
    batch.count = n;
    batch.linkType.fill(tap.linkType, 0, n);
    batch.origin.fill(0, 0, n);
    batch.vlanTci.fill(0, 0, n);
  }

  private readAll(batch: Batch, waitMs: number): void {
    const { taps } = this;
    for (let waited = 0; ; waited += Limit.TurnMs) {
      let held = false;
      for (let i = 0; i < taps.length; i++) {
        if (taps[i].at === taps[i].rows) this.fill(i, 0);
        if (taps[i].at < taps[i].rows) held = true;
      }
      if (held) this.merge(batch);
      if (batch.count > 0 || (!held && waited >= waitMs)) return;
      this.turn = (this.turn + 1) % taps.length;
      const tap = taps[this.turn];
      if (tap.handle === 0) Atomics.wait(pause, 0, 0, Limit.TurnMs);
      else if (tap.at === tap.rows) this.fill(this.turn, Limit.TurnMs);
    }
  }

  private fill(i: number, waitMs: number): void {
    const tap = this.taps[i];
    tap.at = 0;
    tap.rows = Math.max(0, this.read(i, waitMs, tap));
    const now = performance.now();
    if (tap.rows === 0) {
      tap.emptyMs = now;
      return;
    }
    const ahead = tap.tsUs[tap.rows - 1] / 1000 - now;
    if (ahead > this.aheadMs || ahead < this.aheadMs - Limit.JumpMs) this.aheadMs = ahead;
  }

  /** Rows of all interfaces into the batch, in order of time, as long as none can come that is earlier. */
  private merge(batch: Batch): void {
    let until = Number.POSITIVE_INFINITY;
    for (const tap of this.taps) {
      if (tap.at === tap.rows && tap.handle !== 0) until = Math.min(until, tap.emptyMs - Limit.HoldMs);
    }
    const untilUs = (until + this.aheadMs) * 1000;
    for (;;) {
      let from: Tap | null = null;
      let origin = 0;
      for (let i = 0; i < this.taps.length; i++) {
        const tap = this.taps[i];
        if (tap.at < tap.rows && (from === null || tap.tsUs[tap.at] < from.tsUs[from.at])) {
          from = tap;
          origin = i;
        }
      }
      if (from === null || from.tsUs[from.at] > untilUs) return;
      const row = batch.count++;
      batch.off[row] = from.off[from.at];
      batch.capLen[row] = from.capLen[from.at];
      batch.wireLen[row] = from.wireLen[from.at];
      batch.tsUs[row] = from.tsUs[from.at];
      batch.linkType[row] = from.linkType;
      batch.origin[row] = origin;
      batch.vlanTci[row] = 0;
      // What its next read brings may be earlier than what the others have: it is read first.
      if (++from.at === from.rows) return;
    }
  }

  /** Reads what is there of interface i; an interface that went away is closed. */
  private read(i: number, waitMs: number, to: Batch | Tap): number {
    const tap = this.taps[i];
    if (tap.handle === 0) return 0;
    const n = readPcap(tap.handle, tap.arenaOff, tap.arenaLen, waitMs, to);
    if (n > 0) {
      const at = i * InterfaceCell.Stride;
      this.cells[at + InterfaceCell.Packets] += n;
      let bytes = 0;
      for (let row = 0; row < n; row++) bytes += to.wireLen[row];
      this.cells[at + InterfaceCell.Bytes] += bytes;
    } else if (n === PcapRead.Fault || n === PcapRead.End) this.lose(i, pcapError(tap.handle));
    return n;
  }

  private lose(i: number, why: string): void {
    const tap = this.taps[i];
    this.countOne(i);
    tap.close();
    tap.retryMs = performance.now() + Limit.RetryMs;
    this.cells[i * InterfaceCell.Stride + InterfaceCell.Up] = 0;
    counts[cDown]++;
    this.note('warning', `${tap.config.name}: ${why}; waiting for it to come back`);
  }

  private reopen(): void {
    const now = performance.now();
    for (const [i, tap] of this.taps.entries()) {
      if (tap.handle !== 0 || now < tap.retryMs) continue;
      tap.retryMs = now + Limit.RetryMs;
      if (tap.open() !== null) continue;
      this.cells[i * InterfaceCell.Stride + InterfaceCell.Up] = 1;
      this.note('info', `${tap.config.name}: is back`);
    }
  }

  /** Nothing waits for a verdict here. */
  settle(_batch: Batch): void {}

  /** Asks the kernel for its counts; a system call or two an interface. */
  count(): void {
    for (let i = 0; i < this.taps.length; i++) this.countOne(i);
  }

  private countOne(i: number): void {
    const tap = this.taps[i];
    if (tap.handle === 0) return;
    const s = pcapStats(tap.handle);
    if (isRefusal(s)) return;
    const at = i * InterfaceCell.Stride;
    const dropped = gone(tap.dropped, s.dropped);
    const ifDropped = this.given === null || this.given.first ? gone(tap.ifDropped, s.ifDropped) : 0;
    counts[cReceived] += gone(tap.received, s.received);
    counts[cDropped] += dropped;
    counts[cIfDropped] += ifDropped;
    this.cells[at + InterfaceCell.KernelDrops] += dropped;
    this.cells[at + InterfaceCell.InterfaceDrops] += ifDropped;
    this.cells[at + InterfaceCell.SeenReceived] = tap.received = s.received;
    this.cells[at + InterfaceCell.SeenDropped] = tap.dropped = s.dropped;
    this.cells[at + InterfaceCell.SeenIfDropped] = tap.ifDropped = s.ifDropped;
  }

  close(): void {
    this.count();
    for (const tap of this.taps) tap.close();
  }
}

/** What helps when an interface cannot be opened, to follow libpcap's message. */
export function remedy(message: string): string {
  if (/permission|not permitted/i.test(message)) {
    return '; run as root, or with the capabilities CAP_NET_RAW and CAP_NET_ADMIN';
  }
  if (/no such device|doesn't exist/i.test(message)) return '; `ip link` lists the interfaces';
  return '';
}
