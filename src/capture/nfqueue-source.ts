/**
 * PacketSource over NFQUEUE: every packet waits in the kernel until `settle` gives its verdict. Verdicts of one batch go
 * out together and in order: what passes is let go up to the next packet that does not, or that is sent on with other
 * bytes.
 */
import { closeHandle } from '../addon/handles.js';
import {
  giveVerdicts,
  isRefusal,
  Netfilter,
  NfqInfo,
  NfqLimit,
  NfqRead,
  NfqRow,
  NfqVerdict,
  NfqVerdictFlag,
  nfqState,
  openNfq,
  readNfq,
} from '../addon/nfqueue.js';
import { counter, counts } from '../core/counters.js';
import { PeccaryError } from '../core/errors.js';
import { Region } from '../core/memory.js';
import { LinkType } from '../protocol/link-type.js';
import { type Batch, type CaptureFault, PacketFate, type PacketSource, SourceStatus } from './batch.js';
import { type CaptureNote, InterfaceCell } from './live-source.js';
import { NfqMode, type NfqueueConfig, queueName } from './nfqueue-config.js';
import { queueStates } from './nfqueue-state.js';

const cReceived = counter('capture.kernel_packets');
const cDropped = counter('capture.kernel_drops');
const cOwn = counter('nfq.own_packets');
const cRefused = counter('nfq.verdicts_refused');
const cSuper = counter('nfq.super_frames');
const cCut = counter('nfq.cut_frames');

/** Milliseconds of waiting in `next`. */
const WaitMs = 100;

/** A run of packets of one queue that pass alike. */
class Run {
  /** Its last packet; valid when `open`. */
  id = 0;
  mark = 0;
  flags = 0;
  open = false;
  /** Kernel counts at the last look. */
  dropped = -1;
}

export class NfqueueSource implements PacketSource {
  readonly origins: string[];
  readonly faults: CaptureFault[] = [];
  readonly bytesRead = 0;
  readonly bytesTotal = 0;
  private readonly handle: number;
  private readonly meta = new Uint32Array(NfqLimit.Rows * NfqRow.Stride);
  private readonly rows = new Uint32Array(2 * NfqLimit.Rows * NfqVerdict.Stride);
  private rowCount = 0;
  private readonly runs: Run[];
  /** Index in `config.queues` by queue number. */
  private readonly indexOf = new Map<number, number>();
  /** Rows of `meta` by row of the batch: packets that need no inspection are not in the batch. */
  private readonly metaRow = new Uint16Array(NfqLimit.Rows);
  private readonly passing: number;
  private refusedSeen = 0;
  private faultTold = '';

  /** Opens the queues. `cells`: InterfaceCell.Stride of each. Throws PeccaryError, naming the remedy. */
  constructor(
    private readonly config: NfqueueConfig,
    private readonly cells: Float64Array,
    private readonly note: CaptureNote,
  ) {
    const { queues, length, bufferBytes, failOpen, mode, routeQueue } = config;
    this.origins = queues.map(queueName);
    this.runs = queues.map(() => new Run());
    for (const [i, queue] of queues.entries()) this.indexOf.set(queue, i);
    this.passing =
      mode === NfqMode.Repeat
        ? Netfilter.Repeat
        : mode === NfqMode.Route
          ? (routeQueue << 16) | Netfilter.Queue
          : Netfilter.Accept;
    const opened = openNfq(queues, {
      copyRange: NfqLimit.Copy,
      queueLen: length,
      bufferSize: bufferBytes,
      gso: true,
      failOpen,
    });
    if (isRefusal(opened)) throw refusalOf(opened.index, opened.message);
    this.handle = opened;
    for (let i = 0; i < queues.length; i++) cells[i * InterfaceCell.Stride + InterfaceCell.Up] = 1;
    this.count();
  }

  /** As PacketSource; the packets must be settled before the next call. */
  next(batch: Batch, waitMs: number = WaitMs): SourceStatus {
    const { meta, metaRow } = this;
    batch.count = 0;
    batch.firstNo = batch.step = 0;
    this.rowCount = 0;
    const room = this.config.batch * NfqLimit.Slot;
    const n = readNfq(this.handle, Region.ArenaOff, room, waitMs, batch, meta);
    if (n === NfqRead.Fault) throw new PeccaryError('runtime', `packet queue: ${nfqState(this.handle).fault}`);
    counts[cReceived] += n;
    let row = 0;
    for (let i = 0; i < n; i++) {
      const at = i * NfqRow.Stride;
      const queue = this.indexOf.get(meta[at + NfqRow.Queue]) ?? 0;
      const cell = queue * InterfaceCell.Stride;
      this.cells[cell + InterfaceCell.Packets]++;
      this.cells[cell + InterfaceCell.Bytes] += batch.wireLen[i];
      const info = meta[at + NfqRow.Info];
      if (this.isDone(meta[at + NfqRow.Mark]) || batch.capLen[i] === 0) {
        counts[cOwn]++;
        this.individual(queue, meta[at + NfqRow.Id], Netfilter.Accept, 0, 0, 0, 0);
        continue;
      }
      if ((info & NfqInfo.Gso) !== 0) counts[cSuper]++;
      if (batch.wireLen[i] > batch.capLen[i]) counts[cCut]++;
      batch.off[row] = batch.off[i];
      batch.capLen[row] = batch.capLen[i];
      batch.wireLen[row] = batch.wireLen[i];
      batch.tsUs[row] = batch.tsUs[i];
      batch.linkType[row] = LinkType.Raw;
      batch.origin[row] = queue;
      batch.vlanTci[row] = 0;
      batch.checksumKnown[row] = (info & NfqInfo.ChecksumNotVerified) === 0 ? 1 : 0;
      batch.fate[row] = PacketFate.Accept;
      metaRow[row++] = i;
    }
    batch.count = row;
    if (row > 0) return SourceStatus.Packets;
    if (n > 0) this.send();
    return SourceStatus.Idle;
  }

  /** The sensor's own packets, and those that went through the chain once. */
  private isDone(mark: number): boolean {
    const { ownMark, mode, repeatMark, repeatMask } = this.config;
    if (mark === 0) return false;
    if (mark === ownMark) return true;
    return mode === NfqMode.Repeat && repeatMask !== 0 && (mark & repeatMask) >>> 0 === (repeatMark & repeatMask) >>> 0;
  }

  /** Gives every packet of the batch the verdict that `batch.fate` names. */
  settle(batch: Batch): void {
    const { meta } = this;
    for (let i = 0; i < batch.count; i++) {
      const at = this.metaRow[i] * NfqRow.Stride;
      const id = meta[at + NfqRow.Id];
      const queue = batch.origin[i];
      const fate = batch.fate[i];
      if (fate === PacketFate.Drop) {
        this.individual(queue, id, Netfilter.Drop, 0, 0, 0, 0);
        continue;
      }
      const mark = this.markOf(meta[at + NfqRow.Mark], fate);
      const marked = mark === meta[at + NfqRow.Mark] ? 0 : NfqVerdictFlag.Mark;
      if (fate === PacketFate.Replaced) {
        const flags = marked | NfqVerdictFlag.Payload;
        this.individual(queue, id, this.passing, mark, flags, batch.off[i], batch.capLen[i]);
        continue;
      }
      const run = this.runs[queue];
      if (run.open && (run.flags !== marked || (marked !== 0 && run.mark !== mark))) this.endRun(queue);
      run.open = true;
      run.id = id;
      run.flags = marked;
      run.mark = mark;
    }
    this.send();
  }

  private markOf(mark: number, fate: PacketFate): number {
    const { mode, repeatMark, repeatMask, bypassMark, bypassMask } = this.config;
    if (mode === NfqMode.Repeat) mark = ((mark & ~repeatMask) | (repeatMark & repeatMask)) >>> 0;
    if (fate === PacketFate.Bypass) mark = ((mark & ~bypassMask) | (bypassMark & bypassMask)) >>> 0;
    return mark;
  }

  private endRun(queue: number): void {
    const run = this.runs[queue];
    if (!run.open) return;
    run.open = false;
    this.add(queue, run.id, this.passing, run.mark, run.flags | NfqVerdictFlag.UpTo, 0, 0);
  }

  private individual(
    queue: number,
    id: number,
    verdict: number,
    mark: number,
    flags: number,
    off: number,
    len: number,
  ): void {
    this.endRun(queue);
    this.add(queue, id, verdict, mark, flags, off, len);
  }

  private add(queue: number, id: number, verdict: number, mark: number, flags: number, off: number, len: number): void {
    const { rows } = this;
    const at = this.rowCount++ * NfqVerdict.Stride;
    rows[at + NfqVerdict.Queue] = this.config.queues[queue];
    rows[at + NfqVerdict.Id] = id;
    rows[at + NfqVerdict.Verdict] = verdict;
    rows[at + NfqVerdict.Mark] = mark;
    rows[at + NfqVerdict.Flags] = flags;
    rows[at + NfqVerdict.Off] = off;
    rows[at + NfqVerdict.Len] = len;
  }

  private send(): void {
    for (let queue = 0; queue < this.runs.length; queue++) this.endRun(queue);
    if (this.rowCount > 0 && !giveVerdicts(this.handle, this.rows, this.rowCount)) counts[cRefused]++;
    this.rowCount = 0;
  }

  /** Asks the kernel for its counts. */
  count(): void {
    const { refused, fault } = nfqState(this.handle);
    counts[cRefused] += refused - this.refusedSeen;
    this.refusedSeen = refused;
    if (fault !== this.faultTold) {
      this.faultTold = fault;
      this.note('warning', `packet queue: ${fault}`);
    }
    for (const state of queueStates()) {
      const queue = this.indexOf.get(state.queue);
      if (queue === undefined) continue;
      const run = this.runs[queue];
      const dropped = state.dropped + state.userDropped;
      const fresh = run.dropped < 0 ? 0 : Math.max(0, dropped - run.dropped);
      run.dropped = dropped;
      if (fresh === 0) continue;
      counts[cDropped] += fresh;
      this.cells[queue * InterfaceCell.Stride + InterfaceCell.KernelDrops] += fresh;
      if (this.config.failOpen) {
        this.note('warning', `${queueName(state.queue)}: ${fresh} packets were dropped although it is to fail open`);
      }
    }
  }

  /** The kernel drops what still waits; the rule decides what becomes of what comes after. */
  close(): void {
    this.count();
    closeHandle(this.handle);
  }
}

function refusalOf(queue: number, message: string): PeccaryError {
  const what = queue < 0 ? 'packet queue' : `queue ${queue}`;
  if (/not permitted/i.test(message)) {
    const remedy =
      queue < 0 || process.getuid?.() === 0
        ? 'another program answers it: choose another with -q'
        : 'run as root, or with the capability CAP_NET_ADMIN';
    return new PeccaryError('capture', `${what}: ${message}; ${remedy}`);
  }
  return new PeccaryError('capture', `${what}: ${message}`);
}
