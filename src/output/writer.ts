/**
 * The writer: takes records and writes them to the sinks and the store. Synchronous and without threads of its own, so
 * that tests and small tools use it directly; writer-thread.ts runs it beside the workers.
 */

import type { FastOptions } from './config.js';
import type { EveOptions } from './eve/config.js';
import { EveWriter } from './eve/writer.js';
import { fastLine } from './fast-log.js';
import type { LineSink, SocketLosses } from './line-sink.js';
import type { LogFileOptions } from './log-file.js';
import type { PcapLogOptions } from './pcap-config.js';
import { PcapLog } from './pcap-log.js';
import type { AlertRecord, EventRecord, RuleInfo } from './records.js';
import type { RuleTable } from './rule-table.js';
import { Sink } from './sink.js';
import type { RunTotals } from './store/runs.js';
import type { AlertStore, StoreOptions } from './store/store.js';
import { type StreamShare, StreamSink } from './stream-sink.js';

export interface WriterOptions {
  eve: EveOptions[];
  fast: FastOptions[];
  /** Of each of `eve`, then of `fast`: the stream socket that it goes to instead of a file. */
  streams: (StreamShare | null)[];
  pcapLog: PcapLogOptions | null;
  store: StoreOptions | null;
  /** Origins are interfaces, not files. */
  live: boolean;
  /** Milliseconds to sleep for each batch: a writer made slow, for tests. */
  slowMs: number;
}

/** What the writer says at its end. */
export interface WriterSummary {
  /** Records written to at least one output, by kind. */
  written: Record<string, number>;
  /** First fault of each sink and the store (disk full, database locked …) and how many records it cost. */
  faults: string[];
  /** Standard output was closed by its reader. */
  stdoutGone: boolean;
  /** Id of the run in the store, or 0. */
  runId: number;
}

/** Makes the sink of a datagram socket; `waits`: rather wait for its receiver than lose lines. */
export type OpenDatagrams = (filename: string, file: LogFileOptions, waits: boolean) => LineSink;

/** Longest time between two commits and flushes. */
export const CommitMs = 1000;

/** One `eve-log`: what makes lines of records and where they go. */
interface EveOutput {
  writer: EveWriter;
  sink: LineSink;
  /** Finished lines of http events are for it too. */
  http: boolean;
}

export class Writer {
  private readonly eve: EveOutput[];
  private readonly fast: LineSink[];
  private readonly sinks: LineSink[];
  /** The sinks and the store. */
  private readonly parts: (LineSink | AlertStore)[];
  /** The capture of packets. */
  readonly capture: PcapLog | null;
  private readonly store: AlertStore | null;
  private readonly written: Record<string, number> = {};
  /** Outputs that the others went on without, and why. */
  private readonly skipped = new Map<LineSink | AlertStore, string>();
  private lastCommitMs = 0;

  /**
   * `store` was opened by the caller, since only then better-sqlite3 is loaded; `datagrams` makes the sink of a datagram
   * socket, since only then the addon is.
   */
  constructor(options: WriterOptions, store: AlertStore | null, datagrams: OpenDatagrams | null = null) {
    this.store = store;
    const { live, pcapLog } = options;
    this.capture = pcapLog === null ? null : new PcapLog(pcapLog, live);
    const open = ({ filename, file }: FastOptions, stream: StreamShare | null): LineSink => {
      if (stream !== null) return new StreamSink(stream, !live);
      const isDatagram = file.type === 'unix_dgram' || file.type === 'syslog';
      return isDatagram && datagrams !== null ? datagrams(filename, file, !live) : new Sink(filename, file, live);
    };
    const { eve, fast, streams } = options;
    this.eve = eve.map((o, i) => {
      return { writer: new EveWriter(o, live), sink: open(o, streams[i]), http: o.http !== null };
    });
    this.fast = fast.map((o, i) => open(o, streams[eve.length + i]));
    this.sinks = [...this.eve.map((e) => e.sink), ...this.fast];
    this.parts = store === null ? this.sinks : [...this.sinks, store];
  }

  /** Some output cannot be written now and what it has must not grow: take no more until it can. */
  get stuck(): boolean {
    return this.parts.some((x) => x.stuck && !x.skipping);
  }

  /** What is wrong at the moment with outputs that will be tried again. */
  get troubles(): string[] {
    return this.parts.flatMap((x) => x.trouble ?? []);
  }

  /**
   * Events are being lost because this writer is stuck: outputs that can be written go on, the others miss what comes
   * meanwhile. Nothing changes when none of them can.
   */
  goOn(): void {
    const { parts } = this;
    if (parts.every((x) => x.stuck || x.fault !== null)) return;
    for (const x of parts) {
      if (!x.stuck) continue;
      x.skipping = true;
      this.skipped.set(x, `${x.trouble}`);
    }
  }

  /** From now on what cannot be written is counted and given up. */
  giveUp(): void {
    for (const x of this.parts) x.giveUp();
  }

  /** Closes log files and opens them anew; returns what could not be opened. */
  reopen(): string[] {
    this.capture?.reopen();
    return this.sinks.flatMap((sink) => sink.reopen() ?? []);
  }

  /** Writes the records of one batch. */
  write(records: readonly EventRecord[], rules: RuleTable | null): void {
    const rule = (index: number): RuleInfo | null => rules?.get(index) ?? null;
    for (const { writer } of this.eve) writer.useRules(rule);
    for (const r of records) {
      if (r.kind === 'lines') {
        for (const { sink, http } of this.eve) if (http) sink.pushBytes(r.bytes, r.count);
        this.written.http = (this.written.http ?? 0) + r.count;
        continue;
      }
      if (r.kind === 'frames') {
        this.capture?.write(r.bytes);
        continue;
      }
      if (this.capture !== null) nameCapture(this.capture, r);
      for (const { writer, sink } of this.eve) {
        const line = writer.line(r);
        if (line !== '') sink.push(line);
      }
      if (r.kind === 'alert') this.fastLines(r, rule(r.rule));
      this.store?.add(r, rule);
      this.written[r.kind] = (this.written[r.kind] ?? 0) + 1;
    }
  }

  private fastLines(r: AlertRecord, rule: RuleInfo | null): void {
    if (this.fast.length === 0) return;
    const line = fastLine(r, rule);
    for (const sink of this.fast) sink.push(line);
  }

  /**
   * Flushes sinks and commits; `nowMs` of a monotonic clock. Called when idle and at least each CommitMs. `busy`: records
   * wait.
   */
  commit(nowMs: number, busy: boolean): void {
    for (const sink of this.sinks) sink.flush();
    this.capture?.flush();
    this.store?.commit();
    this.store?.tidy(nowMs, busy);
    this.lastCommitMs = nowMs;
  }

  /** A socket's reader may take more in a few milliseconds. */
  get waiting(): boolean {
    return this.sinks.some((sink) => sink.waiting === true);
  }

  /** Lines that sockets lost, of all of them. */
  get socketLosses(): SocketLosses {
    const sum: SocketLosses = { away: 0, slow: 0, long: 0 };
    for (const { losses } of this.sinks) {
      if (losses === undefined) continue;
      sum.away += losses.away;
      sum.slow += losses.slow;
      sum.long += losses.long;
    }
    return sum;
  }

  /** The only output is standard output, and its reader went away. */
  get unread(): boolean {
    return this.eve.length === 1 && this.eve[0].sink.gone && this.fast.length === 0 && this.store === null;
  }

  /** A commit is due. */
  due(nowMs: number): boolean {
    return nowMs - this.lastCommitMs >= CommitMs || this.store?.full === true;
  }

  /** Ends the run: everything is on its way to the disk when this returns. */
  close(totals: RunTotals | null): WriterSummary {
    for (const sink of this.sinks) sink.close();
    this.capture?.end();
    const runId = this.store?.close(totals) ?? 0;
    const { origins: _origins, ...written } = this.written;
    const faults = this.parts.flatMap((x) => {
      const why = x.fault ?? this.skipped.get(x);
      return why === undefined ? [] : [`${why} (${x.refused} records are missing there)`];
    });
    const lost = this.capture?.lost ?? 0;
    if (lost > 0) faults.push(`${this.capture?.fault ?? 'outputs.pcap-log'} (${lost} packets are missing there)`);
    return {
      written,
      faults,
      stdoutGone: this.eve.some(({ sink }) => sink.gone),
      runId,
    };
  }
}

/** Alerts say which file has their packets. */
function nameCapture(capture: PcapLog, r: EventRecord): void {
  if (r.kind === 'origins') capture.useOrigins(r.names);
  else if (r.kind === 'alert' && capture.namesAlerts) r.captureFile = capture.path();
}
