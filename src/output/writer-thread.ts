/**
 * The writer thread: empties the workers' rings and spills into a Writer. It sleeps on the bell and returns to its
 * event loop only at its end.
 *
 * Messages to it (read between batches, so a rule set is there before the batches that count in it: the main thread
 * sends it before it gives the number to a worker): rules, stats, reopen, close. Messages from it: ready or failed,
 * reopened, trouble, note, closed.
 *
 * While an output of a sensor cannot be written (disk full, database locked), nothing is taken: ring and spill keep what
 * comes. Once they lose something, outputs that can be written go on without the one that cannot.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { collectGarbage } from '../core/collect.js';
import { BatchDecoder, type EventBatch } from './codec.js';
import { Bell, Count, type PortMemory } from './handover.js';
import { OrderMerge } from './order.js';
import type { StatsRecord } from './records.js';
import { Ring } from './ring.js';
import { type PackedRules, RuleTable } from './rule-table.js';
import { SpillReader } from './spill.js';
import type { RunTotals } from './store/runs.js';
import type { AlertStore } from './store/store.js';
import { syslogMessage } from './syslog.js';
import { CommitMs, type OpenDatagrams, Writer, type WriterOptions, type WriterSummary } from './writer.js';

export interface ThreadData {
  options: WriterOptions;
  ports: PortMemory[];
}

export type ToWriter =
  | { type: 'rules'; number: number; rules: PackedRules }
  | { type: 'stats'; record: StatsRecord }
  | { type: 'reopen'; id: number }
  | { type: 'close'; totals: RunTotals | null };

export type FromWriter =
  | { type: 'ready' }
  /** `kind` is that of the PeccaryError, or null for a defect. */
  | { type: 'failed'; kind: string | null; message: string }
  /** `faults`: files that could not be opened anew; those before go on. */
  | { type: 'reopened'; id: number; faults: string[] }
  /** What is wrong with outputs that are tried again, when that changes; nothing: all is well again. */
  | { type: 'trouble'; messages: string[] }
  /** Something of a socket that the user should know. */
  | { type: 'note'; message: string }
  | { type: 'closed'; summary: WriterSummary };

/** Rule sets kept: the one in use and those that batches on their way may still count in. */
const RuleSetsMax = 8;
/** Between two attempts at an output that cannot be written, and how long that goes on at the end, in milliseconds. */
const RetryMs = 200;
const CloseMs = 5000;
/** Between two looks whether a socket's reader takes more, in milliseconds. */
const SoonMs = 2;

const pause = new Int32Array(new SharedArrayBuffer(4));

class Loop {
  private readonly port: MessagePort;
  private readonly writer: Writer;
  private readonly rings: { ring: Ring; spill: SpillReader }[];
  private readonly bell: Int32Array;
  private readonly decoder = new BatchDecoder();
  private readonly rules = new Map<number, RuleTable>();
  /** Number of the newest set that a batch counted in. */
  private newestRules = 0;
  private readonly slowMs: number;
  private readonly counts: BigInt64Array;
  /** Of a replay with several workers. */
  private readonly merge: OrderMerge<EventBatch> | null;
  /** Stats events that come after all that workers still hand over. */
  private readonly last: StatsRecord[] = [];
  private closing: { totals: RunTotals | null } | null = null;
  private closingSince = 0;
  private troubles = '';
  /** Events lost when the trouble began. */
  private lostBefore = 0;

  constructor(port: MessagePort, data: ThreadData, store: AlertStore | null, datagrams: OpenDatagrams | null) {
    this.port = port;
    this.writer = new Writer(data.options, store, datagrams);
    this.slowMs = data.options.slowMs;
    this.bell = new Int32Array(data.ports[0].bell);
    this.counts = new BigInt64Array(data.ports[0].counts);
    this.merge = data.ports[0].ordered ? new OrderMerge(data.ports.length) : null;
    this.rings = data.ports.map((p) => ({ ring: new Ring(p.ring), spill: new SpillReader(p.spill) }));
  }

  run(): WriterSummary {
    for (;;) {
      const rung = Atomics.load(this.bell, Bell.Work);
      this.messages();
      const busy = !this.writer.stuck && this.round();
      const now = performance.now();
      if (!busy || this.writer.due(now)) {
        this.writer.commit(now, busy);
        this.tellTroubles();
        this.countLosses();
        if (this.writer.unread) Atomics.store(this.bell, Bell.Unread, 1);
      }
      if (this.writer.stuck) this.hold();
      else if (!busy) {
        if (this.closing !== null) break;
        Atomics.wait(this.bell, Bell.Work, rung, this.writer.waiting ? SoonMs : CommitMs);
      }
    }
    if (this.last.length > 0) this.writer.write(this.last, null);
    for (const r of this.rings) r.spill.close();
    const summary = this.writer.close(this.closing.totals);
    this.countLosses();
    return summary;
  }

  private countLosses(): void {
    const { away, slow, long } = this.writer.socketLosses;
    Atomics.store(this.counts, Count.SocketAway, BigInt(away));
    Atomics.store(this.counts, Count.SocketSlow, BigInt(slow));
    Atomics.store(this.counts, Count.SocketLong, BigInt(long));
    const { capture } = this.writer;
    if (capture === null) return;
    Atomics.store(this.counts, Count.CaptureWritten, BigInt(capture.written));
    Atomics.store(this.counts, Count.CaptureLost, BigInt(capture.lost));
    Atomics.store(this.counts, Count.CaptureRemoved, BigInt(capture.removed));
  }

  /** Some output cannot be written. */
  private hold(): void {
    if (this.lost() > this.lostBefore) this.writer.goOn();
    if (this.closing !== null && performance.now() - this.closingSince > CloseMs) this.writer.giveUp();
    Atomics.wait(pause, 0, 0, RetryMs);
  }

  private lost(): number {
    return Number(Atomics.load(this.counts, Count.LostEvents));
  }

  private tellTroubles(): void {
    const messages = this.writer.troubles;
    const text = messages.join('\n');
    if (text === this.troubles) return;
    this.troubles = text;
    this.lostBefore = this.lost();
    this.port.postMessage({ type: 'trouble', messages } satisfies FromWriter);
  }

  private messages(): void {
    for (;;) {
      const got = receiveMessageOnPort(this.port) as { message: ToWriter } | undefined;
      if (got === undefined) return;
      const m = got.message;
      if (m.type === 'close') {
        this.closing = m;
        this.closingSince = performance.now();
      } else if (m.type === 'stats') {
        if (this.merge === null) this.writer.write([m.record], null);
        else this.last.push(m.record);
      } else if (m.type === 'reopen') {
        this.port.postMessage({ type: 'reopened', id: m.id, faults: this.writer.reopen() } satisfies FromWriter);
      } else {
        this.rules.set(m.number, new RuleTable(m.rules));
        const oldest = this.rules.keys().next().value;
        if (this.rules.size > RuleSetsMax && oldest !== undefined) this.rules.delete(oldest);
      }
    }
  }

  /** Takes one batch of each worker; false when there was none. */
  private round(): boolean {
    let busy = false;
    for (const [worker, { ring, spill }] of this.rings.entries()) {
      if (this.merge?.needs(worker) === false) continue;
      // Asked in this order: what is in the ring once something was spilled is older than all that was spilled.
      const spilling = !spill.empty();
      const fresh = ring.take();
      if (fresh !== null) this.batch(fresh, worker);
      else if (spilling) {
        const spilled = spill.take();
        if (spilled === null) continue;
        this.batch(spilled, worker);
        spill.done(spilled);
      } else continue;
      busy = true;
      Atomics.add(this.bell, Bell.Room, 1);
      Atomics.notify(this.bell, Bell.Room);
    }
    this.merge?.take(({ rules, records }, from, to) => {
      this.writer.write(records.slice(from, to), this.rules.get(rules) ?? null);
    });
    return busy;
  }

  private batch(bytes: Uint8Array, worker: number): void {
    if (this.slowMs > 0) Atomics.wait(pause, 0, 0, this.slowMs);
    const decoded = this.decoder.decode(bytes);
    const { rules, records, order } = decoded;
    if (this.merge !== null && order !== null) {
      this.merge.put(worker, decoded, order);
      return;
    }
    if (rules > this.newestRules) this.forgetRules(rules);
    this.writer.write(records, this.rules.get(rules) ?? null);
  }

  /** Batches of the set before may still lie with a worker that died; those of older sets were taken long ago. */
  private forgetRules(inUse: number): void {
    this.newestRules = inUse;
    const before = this.rules.size;
    for (const number of this.rules.keys()) if (number < inUse - 1) this.rules.delete(number);
    if (this.rules.size < before) collectGarbage();
  }
}

/** Makes sinks of datagram sockets; null when no output has one, so that the addon is not loaded for nothing. */
async function datagramsOf(port: MessagePort, { eve, fast }: WriterOptions): Promise<OpenDatagrams | null> {
  if (![...eve, ...fast].some(({ file }) => file.type === 'unix_dgram' || file.type === 'syslog')) return null;
  const { DatagramSink } = await import('./datagram-sink.js');
  const tell = (message: string): void => port.postMessage({ type: 'note', message } satisfies FromWriter);
  return (filename, { syslog }, waits) =>
    syslog === null
      ? new DatagramSink(filename, (line) => line, waits, tell)
      : new DatagramSink(syslog.path, (line) => syslogMessage(syslog, line, process.pid, new Date()), waits, tell);
}

async function main(port: MessagePort, data: ThreadData): Promise<void> {
  const bell = new Int32Array(data.ports[0].bell);
  let last: FromWriter;
  try {
    if (data.options.live) (await import('../addon/privileges.js')).giveUpCapabilities();
    let store: AlertStore | null = null;
    if (data.options.store !== null) {
      const [{ openForWriting }, { AlertStore }] = await Promise.all([
        import('./store/open.js'),
        import('./store/store.js'),
      ]);
      const { live } = data.options;
      store = new AlertStore(await openForWriting(data.options.store.path, live), data.options.store, live);
    }
    const loop = new Loop(port, data, store, await datagramsOf(port, data.options));
    port.postMessage({ type: 'ready' } satisfies FromWriter);
    last = { type: 'closed', summary: loop.run() };
  } catch (e) {
    const error = e as Error & { kind?: string };
    last = {
      type: 'failed',
      kind: error.kind ?? null,
      message: error.kind === undefined ? String(error.stack) : error.message,
    };
  }
  // Before the message: who has it may count on workers losing (and counting) what they push from now on.
  Atomics.store(bell, Bell.WriterEnded, 1);
  Atomics.notify(bell, Bell.Room);
  port.postMessage(last);
  port.close();
}

if (parentPort !== null) void main(parentPort, workerData as ThreadData);
