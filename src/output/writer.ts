/**
 * The writer: takes records and writes them to the sinks and the store. Synchronous and without threads of its own, so
 * that tests and small tools use it directly; writer-thread.ts runs it beside the workers.
 */

import type { EveOptions } from './eve/config.js';
import { EveWriter } from './eve/writer.js';
import { fastLine } from './fast-log.js';
import type { LineSink } from './line-sink.js';
import type { LogFileOptions } from './log-file.js';
import type { EventRecord, RuleInfo } from './records.js';
import type { RuleTable } from './rule-table.js';
import { Sink } from './sink.js';
import type { RunTotals } from './store/runs.js';
import type { AlertStore, StoreOptions } from './store/store.js';
import { type StreamShare, StreamSink } from './stream-sink.js';

export interface WriterOptions {
  eve: EveOptions | null;
  /** Path of fast.log, or null. */
  fastLog: string | null;
  fastFile: LogFileOptions;
  /** The socket that EVE goes to instead of a file. */
  eveStream: StreamShare | null;
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

/** Longest time between two commits and flushes. */
export const CommitMs = 1000;

export class Writer {
  private readonly eve: EveWriter | null = null;
  private readonly eveSink: LineSink | null = null;
  private readonly fastSink: LineSink | null = null;
  private readonly store: AlertStore | null;
  private readonly written: Record<string, number> = {};
  /** Outputs that the others went on without, and why. */
  private readonly skipped = new Map<LineSink | AlertStore, string>();
  private lastCommitMs = 0;

  /** `store` was opened by the caller, since only then better-sqlite3 is loaded. */
  constructor(options: WriterOptions, store: AlertStore | null) {
    this.store = store;
    if (options.eve !== null) {
      this.eve = new EveWriter(options.eve, options.live);
      this.eveSink =
        options.eveStream === null
          ? new Sink(options.eve.filename, options.eve.file, options.live)
          : new StreamSink(options.eveStream, !options.live);
    }
    if (options.fastLog !== null) this.fastSink = new Sink(options.fastLog, options.fastFile, options.live);
  }

  private parts(): (LineSink | AlertStore)[] {
    return [this.eveSink, this.fastSink, this.store].filter((x) => x !== null);
  }

  /** Some output cannot be written now and what it has must not grow: take no more until it can. */
  get stuck(): boolean {
    return this.parts().some((x) => x.stuck && !x.skipping);
  }

  /** What is wrong at the moment with outputs that will be tried again. */
  get troubles(): string[] {
    return this.parts().flatMap((x) => x.trouble ?? []);
  }

  /**
   * Events are being lost because this writer is stuck: outputs that can be written go on, the others miss what comes
   * meanwhile. Nothing changes when none of them can.
   */
  goOn(): void {
    const parts = this.parts();
    if (parts.every((x) => x.stuck || x.fault !== null)) return;
    for (const x of parts) {
      if (!x.stuck) continue;
      x.skipping = true;
      this.skipped.set(x, `${x.trouble}`);
    }
  }

  /** From now on what cannot be written is counted and given up. */
  giveUp(): void {
    for (const x of this.parts()) x.giveUp();
  }

  /** Closes log files and opens them anew; returns what could not be opened. */
  reopen(): string[] {
    return [this.eveSink?.reopen(), this.fastSink?.reopen()].filter((x) => x != null);
  }

  /** Writes the records of one batch. */
  write(records: readonly EventRecord[], rules: RuleTable | null): void {
    const rule = (index: number): RuleInfo | null => rules?.get(index) ?? null;
    this.eve?.useRules(rule);
    for (const r of records) {
      if (r.kind === 'lines') {
        this.eveSink?.pushBytes(r.bytes, r.count);
        this.written.http = (this.written.http ?? 0) + r.count;
        continue;
      }
      if (this.eve !== null && this.eveSink !== null) {
        const line = this.eve.line(r);
        if (line !== '') this.eveSink.push(line);
      }
      if (r.kind === 'alert' && this.fastSink !== null) this.fastSink.push(fastLine(r, rule(r.rule)));
      this.store?.add(r, rule);
      this.written[r.kind] = (this.written[r.kind] ?? 0) + 1;
    }
  }

  /**
   * Flushes sinks and commits; `nowMs` of a monotonic clock. Called when idle and at least each CommitMs. `busy`: records
   * wait.
   */
  commit(nowMs: number, busy: boolean): void {
    this.eveSink?.flush();
    this.fastSink?.flush();
    this.store?.commit();
    this.store?.tidy(nowMs, busy);
    this.lastCommitMs = nowMs;
  }

  /** The only output is standard output, and its reader went away. */
  get unread(): boolean {
    return this.eveSink?.gone === true && this.fastSink === null && this.store === null;
  }

  /** A commit is due. */
  due(nowMs: number): boolean {
    return nowMs - this.lastCommitMs >= CommitMs || this.store?.full === true;
  }

  /** Ends the run: everything is on its way to the disk when this returns. */
  close(totals: RunTotals | null): WriterSummary {
    this.eveSink?.close();
    this.fastSink?.close();
    const runId = this.store?.close(totals) ?? 0;
    const { origins: _origins, ...written } = this.written;
    return {
      written,
      faults: this.parts().flatMap((x) => {
        const why = x.fault ?? this.skipped.get(x);
        return why === undefined ? [] : [`${why} (${x.refused} records are missing there)`];
      }),
      stdoutGone: this.eveSink?.gone === true,
      runId,
    };
  }
}
