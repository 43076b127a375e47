/**
 * The thread that captures and runs the pipeline of a sensor. It configures its stages at once, waits for the first rules,
 * then runs without returning to its event loop: between batches it looks at the control cells, and at its messages when
 * there are some.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { acquireHandle, closeHandle } from '../addon/handles.js';
import { bindAlerts } from '../alert/verdict.js';
import { Batch, SourceStatus } from '../capture/batch.js';
import { InterfaceCell } from '../capture/live-source.js';
import { collectGarbage } from '../core/collect.js';
import { counterNames, counts } from '../core/counters.js';
import { PeccaryError } from '../core/errors.js';
import type { LogLevel } from '../core/log.js';
import { Settings } from '../core/settings.js';
import { setMtu } from '../decode/decode.js';
import { catchUpDatasets, changeDataset, saveDatasets, shareDatasets } from '../detect/datasets.js';
import { detectNotes, installRules } from '../detect/engine.js';
import { useHostMemory } from '../detect/host-table.js';
import { guardShared, SharedLock } from '../detect/shared-access.js';
import { setFileOutputs } from '../files/files.js';
import { setFlowSpace } from '../flow/space.js';
import { setFlowIdRun } from '../output/flow-id.js';
import { OutputPort } from '../output/port.js';
import { blockPage } from '../respond/block-page.js';
import { ClientTable } from '../respond/client-table.js';
import { InlineAnswer } from '../respond/inline-answer.js';
import { responseConfig } from '../respond/response-config.js';
import { SpanResets } from '../respond/span-resets.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import { BannedClients } from './banned-clients.js';
import { invalidByOrigin } from './checksums.js';
import { EngineClock } from './engine-clock.js';
import { Exchange } from './exchange.js';
import { healthConfig } from './health-config.js';
import type { LiveInput } from './live-description.js';
import { openLive } from './live-input.js';
import {
  Control,
  type FromLive,
  type LiveResult,
  type LiveShare,
  type LiveStart,
  type RulesMessage,
  type ToLive,
  Total,
} from './live-protocol.js';
import { OffenceBox } from './offences.js';
import { renumbering } from './renumber.js';
import { Reporter } from './reporter.js';
import { SharedBatch } from './shared-batch.js';
import { SharedPipeline } from './shared-pipeline.js';
import { SharedRow } from './shared-row.js';
import { configureStages } from './stages.js';

/** Bytes of an IP packet at most. */
const LongestPacket = 0xffff;

const enum Every {
  /** Milliseconds between hand-overs to the writer, and looks at what time it is for flows. */
  Flush = 100,
  /** Milliseconds between looks at the kernel's counts. */
  Count = 500,
}

const enum Drain {
  /** Milliseconds within which what the kernel still holds must be read when the sensor stops. */
  Most = 3000,
  /** Milliseconds more for what one of several workers has read and holds back. */
  Held = 3000,
  /** Milliseconds without a packet after which nothing more is there: several times the ring's own delay. */
  Quiet = 40,
}

class LiveThread {
  private readonly port: MessagePort;
  private readonly start: LiveStart;
  private readonly control: Int32Array;
  private readonly totals: Float64Array;
  private readonly interfaceCells: Float64Array;
  private readonly outputs: OutputPort;
  private readonly reporter: Reporter;
  private readonly pipeline: SharedPipeline;
  private readonly source: LiveInput;
  private readonly answer: InlineAnswer | null;
  /** The source and the batch, when this is one of several workers. */
  private readonly exchange: Exchange | null;
  private readonly shared = new SharedBatch();
  private readonly part: SharedRow;
  private readonly batch: Batch;
  private readonly clock = new EngineClock();
  private rules: RuntimeRules;
  private databases: number[] = [];
  private messagesSeen = 0;
  private namesSent = 0;
  private flushMs = 0;
  private countMs = 0;

  constructor(port: MessagePort, start: LiveStart, settings: Settings, first: RulesMessage) {
    this.port = port;
    this.start = start;
    this.control = new Int32Array(start.control);
    this.totals = new Float64Array(start.totals);
    this.interfaceCells = new Float64Array(start.interfaceCells);
    this.outputs = new OutputPort(start.port);
    this.rules = first.rules;
    this.reporter = new Reporter(this.outputs, first.rules);
    const { nfqueue } = start;
    this.answer = nfqueue === null ? null : new InlineAnswer(nfqueue.ownMark, blockPage(settings));
    this.pipeline = new SharedPipeline(this.reporter, nfqueue !== null, this.answer);
    if (start.clients !== null) this.pipeline.banned = new BannedClients(settings, new ClientTable(start.clients));
    const response = responseConfig(settings);
    if (response !== null && this.answer === null) this.pipeline.resets = new SpanResets(response);
    if (settings.bool('bans.enabled', false)) {
      this.pipeline.offences = new OffenceBox(settings, first.rules, (offences) =>
        this.send({ type: 'offences', offences }),
      );
    }
    this.install(first);
    setFileOutputs(this.outputs.wants.fileinfo || this.outputs.wants.filesOfAlerts);
    const names = start.interfaces.map((i) => i.name);
    // In a queue the kernel's joined segments are what they should be.
    setMtu(start.nfqueue === null ? healthConfig(settings, names).mtu : LongestPacket);
    this.source = openLive(start, this.interfaceCells, (level, message) => this.log(level, message), start.share);
    this.exchange = this.source instanceof Exchange ? this.source : null;
    this.batch = this.exchange === null ? new Batch() : this.shared;
    const { worker, workers } = start.share?.sharing ?? { worker: 0, workers: 1 };
    this.part = new SharedRow(this.shared, worker, workers);
    this.outputs.useOrigins(this.source.origins);
    const counted = [...counterNames()];
    this.namesSent = counted.length;
    this.send({
      type: 'ready',
      counters: counts.buffer as SharedArrayBuffer,
      names: counted,
      settingsRead: settings.known(),
    });
  }

  /** Until it is told to stop. */
  run(): LiveResult {
    while (Atomics.load(this.control, Control.Stop) === 0) {
      this.take(this.source.next(this.batch));
      Atomics.add(this.control, Control.Beat, 1);
      const now = performance.now();
      if (now - this.flushMs >= Every.Flush) this.tick(now);
      if (Atomics.load(this.control, Control.Messages) !== this.messagesSeen) this.messages();
    }
    return this.finish();
  }

  private take(status: SourceStatus): void {
    const { batch, totals } = this;
    if (status !== SourceStatus.Packets) return;
    const last = batch.tsUs[batch.count - 1];
    if (totals[Total.Packets] === 0) totals[Total.FirstUs] = batch.tsUs[0];
    totals[Total.LastUs] = last;
    if (this.clock.observe(last, performance.now())) {
      this.log('warning', `the clock was set: timeouts and thresholds go on by the monotonic clock`);
    }
    const shift = this.clock.shiftUs;
    if (shift !== 0) {
      for (let i = 0; i < batch.count; i++) batch.tsUs[i] -= shift;
      this.outputs.timeShiftUs = shift;
    }
    if (this.exchange === null) this.pipeline.processBatch(batch);
    else {
      this.exchange.shiftUs = shift;
      this.pipeline.processShared(this.shared, this.part);
    }
    this.pipeline.offences?.flush(shift);
    this.source.settle(batch);
    this.answer?.flush();
    const read = this.exchange ?? this.pipeline;
    totals[Total.Packets] = read.packets;
    totals[Total.Bytes] = read.bytes;
    totals[Total.Alerts] = this.reporter.alertCount;
  }

  private tick(now: number): void {
    this.flushMs = now;
    const nowUs = this.clock.now(now);
    if (nowUs !== 0) this.pipeline.expire(nowUs);
    this.pipeline.offences?.flush(this.clock.shiftUs);
    this.outputs.flush();
    catchUpDatasets();
    if (now - this.countMs < Every.Count) return;
    this.countMs = now;
    this.count();
  }

  private count(): void {
    this.source.count();
    for (let i = 0; i < this.start.interfaces.length; i++) {
      this.interfaceCells[i * InterfaceCell.Stride + InterfaceCell.InvalidChecksums] = invalidByOrigin[i];
    }
    const names = counterNames();
    if (names.length === this.namesSent) return;
    this.send({ type: 'names', from: this.namesSent, names: names.slice(this.namesSent) });
    this.namesSent = names.length;
  }

  private messages(): void {
    this.messagesSeen = Atomics.load(this.control, Control.Messages);
    for (;;) {
      const got = receiveMessageOnPort(this.port) as { message: ToLive } | undefined;
      if (got === undefined) return;
      const m = got.message;
      if (m.type === 'rules') this.swap(m);
      else if (m.type === 'tap') this.source.take?.(m.index, m.handle);
      else {
        const fault = changeDataset(m.action, m.name, m.datasetType, m.value);
        this.send({ type: 'dataset', id: m.id, fault });
      }
    }
  }

  private swap(m: RulesMessage): void {
    const from = performance.now();
    this.install(m, renumbering(this.rules, m.rules));
    this.reporter.useRules(m.rules);
    this.pipeline.offences?.useRules(m.rules);
    this.rules = m.rules;
    collectGarbage(); // the rules before
    this.send({ type: 'installed', ruleSet: m.ruleSet, tookMs: performance.now() - from });
  }

  /** Puts rules to work; this thread holds their databases from here on, and those before no more. */
  private install(m: RulesMessage, renumbered: Int32Array | null = null): void {
    for (const handle of m.databases) acquireHandle(handle);
    const told = detectNotes().length;
    installRules(m.rules, m.databases, renumbered);
    bindAlerts(m.rules);
    this.outputs.useRules(m.ruleSet);
    for (const handle of this.databases) closeHandle(handle);
    this.databases = m.databases;
    for (const note of detectNotes().slice(renumbered === null ? 0 : told)) this.log('warning', note);
  }

  /** What the kernel has of the time before the stop is read, what is left of all flows inspected. */
  private finish(): LiveResult {
    // What waits in a queue is nothing that happened yet.
    const until = this.start.nfqueue === null ? performance.now() + Drain.Most : 0;
    const latest = until + Drain.Held;
    for (let now = performance.now(); now < (this.exchange === null ? until : latest); now = performance.now()) {
      if (now >= until) this.exchange?.hurry();
      const status =
        this.exchange === null
          ? this.source.next(this.batch, Drain.Quiet)
          : this.exchange.drain(this.shared, Drain.Quiet);
      if (status === SourceStatus.End || (status === SourceStatus.Idle && this.exchange === null)) break;
      Atomics.add(this.control, Control.Beat, 1);
      this.take(status);
    }
    this.count();
    this.source.close();
    this.answer?.close();
    this.pipeline.finish();
    saveDatasets((note) => this.log('warning', note));
    this.outputs.close();
    const { totals } = this;
    return {
      packets: totals[Total.Packets],
      bytes: totals[Total.Bytes],
      firstUs: totals[Total.FirstUs],
      lastUs: totals[Total.LastUs],
    };
  }

  private log(level: LogLevel, message: string): void {
    this.send({ type: 'log', level, message });
  }

  private send(m: FromLive): void {
    this.port.postMessage(m);
  }
}

/** Uses what all workers share. */
function joinOthers({ hosts, datasets, lock, space, run, sharing }: LiveShare): void {
  useHostMemory(hosts);
  shareDatasets(datasets, sharing.worker, false);
  guardShared(new SharedLock(lock, sharing.worker));
  setFlowSpace(space);
  setFlowIdRun(run + space);
}

/** Runs `work`; what it throws goes to the main thread, a fault of the user's as such. */
function guarded(port: MessagePort, work: () => FromLive | null): void {
  let message: FromLive | null;
  try {
    message = work();
  } catch (e) {
    const error = e as Error;
    const known = e instanceof PeccaryError;
    message = {
      type: 'failed',
      kind: known ? e.kind : null,
      message: known ? error.message : (error.stack ?? error.message),
    };
  }
  if (message === null) return;
  port.postMessage(message);
  port.close();
}

const port = parentPort;
if (port !== null) {
  const start = workerData as LiveStart;
  const settings = new Settings(start.config, start.configOrigin, start.configPlaces);
  guarded(port, () => {
    configureStages(settings, start.checksums, start.nfqueue !== null, start.logDir);
    if (start.share !== null) joinOthers(start.share);
    return null;
  });
  port.once('message', (first: RulesMessage) =>
    guarded(port, () => ({ type: 'done', ...new LiveThread(port, start, settings, first).run() })),
  );
}
