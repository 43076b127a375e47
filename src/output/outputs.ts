/** The main thread's hold of the outputs: starts the writer thread, hands out ports, drains everything at the end. */
import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type FaultKind, PeccaryError } from '../core/errors.js';
import type { Rule } from '../rules/ir.js';
import type { OutputConfig } from './config.js';
import { Bell, Count, type PortMemory } from './handover.js';
import type { StatsRecord } from './records.js';
import { ringMemory } from './ring.js';
import { type PackedRules, packRules } from './rule-table.js';
import { spillShare } from './spill.js';
import type { RunStart, RunTotals } from './store/runs.js';
import { StreamClient } from './stream-client.js';
import { type Wants, wantsOf } from './wants.js';
import type { WriterSummary } from './writer.js';
import type { FromWriter, ThreadData, ToWriter } from './writer-thread.js';

export interface OutputsOptions extends OutputConfig {
  /** SQLite file, or null for `--db none`. */
  db: string | null;
  run: RunStart;
  workers: number;
  live: boolean;
  /** Gets a line when an output cannot be written for the time being, and when it can again. */
  onTrouble?: (message: string) => void;
  /** Milliseconds the writer sleeps for each batch; for tests. */
  slowMs?: number;
}

export interface OutputsSummary extends WriterSummary {
  pushedEvents: number;
  /** Lost because ring and spill were full. */
  lostEvents: number;
  lostAlerts: number;
  spilledBatches: number;
  spilledBytes: number;
  /** Lines that readers of sockets did not get: nobody listened, not fast enough, too long for a datagram. */
  socketAway: number;
  socketSlow: number;
  socketLong: number;
  /** Packets of the capture file: written and lost; files of it that gave way to others. */
  capturedPackets: number;
  captureLost: number;
  captureRemoved: number;
}

/** What is known before everything is written. */
export type OutputLosses = Omit<OutputsSummary, keyof WriterSummary>;

/** Removes what a killed process of ours left behind: files of processes that no longer exist. */
function removeStale(dir: string): void {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch {
    return; // no such directory: nothing is left in it
  }
  for (const name of names) {
    const m = /^peccary-(\d+)-\d+\.\d+\.spill$/.exec(name);
    if (m === null || processExists(Number(m[1]))) continue;
    try {
      unlinkSync(join(dir, name));
    } catch {
      // another process of ours was quicker, or it is not ours to remove
    }
  }
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export class Outputs {
  readonly wants: Wants;
  private readonly memories: PortMemory[];
  private readonly thread: Worker;
  private readonly bell: Int32Array;
  private readonly streams: (StreamClient | null)[];
  private ruleSets = 0;
  private reopenings = 0;
  private over = false;
  private readonly started: Promise<void>;
  /** Resolves when the writer has closed; rejects when it failed. */
  readonly ended: Promise<WriterSummary>;

  constructor(o: OutputsOptions) {
    this.wants = wantsOf(o.eve, o.fast.length > 0, o.db !== null, o.live, o.client, o.pcapLog?.capture);
    removeStale(o.spill.dir);
    const bell = new SharedArrayBuffer(Bell.Cells * 4);
    const counts = new SharedArrayBuffer(Count.Cells * 8);
    this.bell = new Int32Array(bell);
    this.memories = Array.from({ length: o.workers }, (_, i) => ({
      ring: ringMemory(o.queueBytes),
      spill: spillShare(o.spill.dir, `peccary-${process.pid}-${i}`, o.spill.budget),
      bell,
      counts,
      wait: o.spill.wait,
      ordered: !o.live && o.workers > 1,
      wants: this.wants,
    }));
    const trouble = o.onTrouble ?? (() => undefined);
    this.streams = [...o.eve, ...o.fast].map(({ file, filename }) =>
      file.type === 'unix_stream' ? new StreamClient(filename, trouble) : null,
    );
    const streams = this.streams.map((client) => client?.share ?? null);
    const data: ThreadData = {
      options: {
        eve: o.eve,
        fast: o.fast,
        pcapLog: o.pcapLog,
        streams,
        store:
          o.db === null ? null : { path: o.db, sensor: o.sensor, run: o.run, retention: o.live ? o.retention : null },
        live: o.live,
        slowMs: o.slowMs ?? 0,
      },
      ports: this.memories,
    };
    this.thread = new Worker(new URL('../output/writer-thread.js', import.meta.url), {
      workerData: data,
      transferList: streams.flatMap((share) => share?.port ?? []),
    });
    [this.started, this.ended] = this.listen();
    this.thread.on('message', (m: FromWriter) => {
      if (m.type === 'note') trouble(m.message);
      if (m.type !== 'trouble') return;
      for (const text of m.messages) trouble(`${text}; events wait until it can be written`);
      if (m.messages.length === 0) trouble('all outputs can be written again');
    });
    this.thread.on('exit', () => {
      this.over = true;
      for (const client of this.streams) client?.end();
    });
  }

  /** What worker `i` makes its OutputPort of; may be sent to its thread. */
  portMemory(i: number): PortMemory {
    return this.memories[i];
  }

  /** Resolves when every output is open; throws PeccaryError when one cannot be (database of another kind, no such directory …). */
  ready(): Promise<void> {
    return this.started;
  }

  /** Makes a rule set known to the writer. Returns the number that ports must be given (OutputPort.useRules). */
  setRules(rules: readonly Rule[]): number {
    return this.setPackedRules(packRules(rules));
  }

  /** As setRules, of rules that were packed before. */
  setPackedRules(rules: PackedRules): number {
    const number = ++this.ruleSets;
    this.send({ type: 'rules', number, rules });
    return number;
  }

  /**
   * Waits until everything that ports flushed is written and committed. Ports must be closed before. Throws PeccaryError
   * when the writer failed.
   */
  async close(totals: Omit<RunTotals, 'lostEvents'> | null): Promise<OutputsSummary> {
    const losses = this.losses();
    this.over = true;
    this.send({ type: 'close', totals: totals === null ? null : { ...totals, lostEvents: losses.lostEvents } });
    const summary = await this.ended;
    return { ...summary, ...this.losses() };
  }

  /**
   * Closes log files and opens what has their names now (after logrotate has moved them). Resolves once that is done, with
   * what could not be opened: there the file before stays in use.
   */
  reopen(): Promise<string[]> {
    if (this.over) return Promise.resolve([]);
    const id = ++this.reopenings;
    this.send({ type: 'reopen', id });
    return this.message((m) => (m.type === 'reopened' && m.id === id ? m.faults : undefined));
  }

  /** Writes a stats event: counters by Suricata's names, of all workers. */
  stats(record: Omit<StatsRecord, 'kind'>): void {
    this.send({ type: 'stats', record: { kind: 'stats', ...record } });
  }

  /** Counts so far, for progress and statistics. */
  losses(): OutputLosses {
    const cells = new BigInt64Array(this.memories[0].counts);
    const n = (c: Count): number => Number(Atomics.load(cells, c));
    return {
      pushedEvents: n(Count.Pushed),
      lostEvents: n(Count.LostEvents),
      lostAlerts: n(Count.LostAlerts),
      spilledBatches: n(Count.SpilledBatches),
      spilledBytes: n(Count.SpilledBytes),
      socketAway: n(Count.SocketAway),
      socketSlow: n(Count.SocketSlow),
      socketLong: n(Count.SocketLong),
      capturedPackets: n(Count.CaptureWritten),
      captureLost: n(Count.CaptureLost) + n(Count.CaptureUnsent),
      captureRemoved: n(Count.CaptureRemoved),
    };
  }

  private send(m: ToWriter): void {
    this.thread.postMessage(m);
    Atomics.add(this.bell, Bell.Work, 1);
    Atomics.notify(this.bell, Bell.Work);
  }

  private listen(): [Promise<void>, Promise<WriterSummary>] {
    this.thread.setMaxListeners(0); // one for each reopening that is under way
    const started = this.message((m) => (m.type === 'ready' ? true : undefined)).then(() => undefined);
    started.catch(() => undefined);
    return [started, this.message((m) => (m.type === 'closed' ? m.summary : undefined))];
  }

  /** Resolves with what `pick` finds in a message of the writer's; rejects when the thread fails or ends before. */
  private message<T>(pick: (m: FromWriter) => T | undefined): Promise<T> {
    const { thread } = this;
    const p = new Promise<T>((resolve, reject) => {
      const onMessage = (m: FromWriter): void => {
        if (m.type === 'failed') done(() => reject(faultOf(m)));
        const value = pick(m);
        if (value !== undefined) done(() => resolve(value));
      };
      const onError = (e: Error): void => done(() => reject(e));
      const onExit = (code: number): void =>
        done(() => reject(new PeccaryError('runtime', `the writer thread ended unexpectedly (${code})`)));
      const done = (settle: () => void): void => {
        thread.off('message', onMessage).off('error', onError).off('exit', onExit);
        settle();
      };
      thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    });
    // Whoever awaits it sees the fault; before that it must not count as unhandled.
    p.catch(() => undefined);
    return p;
  }
}

function faultOf(m: FromWriter & { type: 'failed' }): Error {
  return m.kind === null ? new Error(m.message) : new PeccaryError(m.kind as FaultKind, m.message);
}

/** Starts the writer. Its outputs are open once `ready()` has resolved. */
export function openOutputs(options: OutputsOptions): Outputs {
  return new Outputs(options);
}
