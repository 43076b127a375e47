/**
 * A replay from the main thread's side: starts the pipeline's worker and the writer, loads and compiles the rules while
 * they start, then waits and sums up.
 */
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PeccaryError } from '../core/errors.js';
import { packageVersion } from '../core/package-root.js';
import { Settings } from '../core/settings.js';
import { type OutputConfig, outputConfig } from '../output/config.js';
import { Outputs, type OutputsSummary } from '../output/outputs.js';
import { type CompiledRules, compileRules } from '../rules/compile/compile.js';
import type { RuleSet } from '../rules/ir.js';
import type { ReplayOptions, ReplaySummary } from './options.js';
import { type FromWorker, Progress, type WorkerResult, type WorkerRules, type WorkerStart } from './replay-protocol.js';
import { loadRunRules } from './rule-files.js';

const ProgressMs = 200;

/**
 * Replays captures. Throws PeccaryError for what the user can mend: unusable configuration or rules (with `strict`),
 * captures that cannot be opened, outputs that cannot be written. Damage within a capture is in `faults`.
 */
export async function runReplay(options: ReplayOptions): Promise<ReplaySummary> {
  const startedMs = Date.now();
  const settings = new Settings(options.config, options.configOrigin, options.configPlaces);
  settings.markRead(options.configRead);
  const feed = await startFeed(options);
  const progress = new SharedArrayBuffer(Progress.Cells * 8);
  const cells = new Float64Array(progress);
  options.stop?.addEventListener('abort', () => {
    cells[Progress.Stop] = 1;
  });
  const worker = new PipelineThread(options, feed?.files ?? options.inputs, feed?.ring ?? null, progress);
  let outputs: Outputs | null = null;
  try {
    const config = outputConfig(settings, {
      eve: options.eve,
      logDir: options.logDir,
      inline: options.simulateIps,
      live: false,
    });
    outputs = openOutputs(options, config, startedMs);
    const ruleSet = loadRunRules({
      settings,
      only: options.onlyRules,
      extra: options.extraRules,
      ruleVersion: options.ruleVersion,
      lists: options.lists,
    });
    if (options.strict && ruleSet.failed.length > 0) throw refusal(ruleSet);
    const rules = compileRules(ruleSet, settings);
    const number = outputs.setRules(rules.rules);
    await outputs.ready();
    const ticker = tick(options, cells, startedMs);
    const result = await worker
      .run({ rules, ruleSet: number, port: outputs.portMemory(0) })
      .finally(() => clearInterval(ticker));
    const { packets, bytes, firstUs, lastUs } = result;
    const written = await outputs.close({ packets, bytes, firstUs, lastUs });
    outputs = null;
    settings.markRead(result.settingsRead);
    return summarise(options, settings, ruleSet, rules, result, written, Date.now() - startedMs);
  } finally {
    await worker.end();
    await outputs?.close(null).catch(() => undefined); // the fault that brought us here is the one to tell
  }
}

/** The thread of replay-worker.ts. */
class PipelineThread {
  private readonly thread: Worker;
  private readonly answer: Promise<WorkerResult>;

  constructor(options: ReplayOptions, inputs: string[], ring: SharedArrayBuffer | null, progress: SharedArrayBuffer) {
    const start: WorkerStart = {
      config: options.config,
      configOrigin: options.configOrigin,
      configPlaces: options.configPlaces,
      checksums: options.checksums,
      inline: options.simulateIps,
      logDir: options.logDir,
      inputs,
      reader: options.reader,
      bpf: options.bpf,
      ring,
      progress,
    };
    this.thread = new Worker(new URL('../sensor/replay-worker.js', import.meta.url), { workerData: start });
    this.answer = new Promise((done, fail) => {
      this.thread.once('message', (m: FromWorker) => {
        if (m.type === 'done') done(m);
        else fail(m.kind === null ? new Error(m.message) : new PeccaryError(m.kind, m.message));
      });
      this.thread.once('error', fail);
      this.thread.once('exit', (code) => fail(new Error(`the pipeline's thread ended with ${code}`)));
    });
    this.answer.catch(() => undefined); // told to who calls run(); not unhandled when the rules fail first
  }

  run(rules: WorkerRules): Promise<WorkerResult> {
    this.thread.postMessage(rules);
    return this.answer;
  }

  async end(): Promise<void> {
    await this.thread.terminate();
  }
}

function openOutputs(options: ReplayOptions, config: OutputConfig, startedMs: number): Outputs {
  const inputs = options.inputs.map((p) => (p === '-' ? p : resolve(p)));
  const run = {
    kind: 'replay' as const,
    inputs,
    append: options.append,
    version: packageVersion(),
    startedUs: startedMs * 1000,
  };
  return new Outputs({ ...config, db: options.db, run, workers: 1, live: false });
}

/** pcap-parser is event-driven and runs on this thread; the other readers run in the worker. */
async function startFeed(options: ReplayOptions): Promise<{ files: string[]; ring: SharedArrayBuffer } | null> {
  if (options.reader !== 'pcap-parser') return null;
  const { feedPcapParser } = await import('../capture/pcap-parser-feed.js');
  return feedPcapParser(options.inputs);
}

function refusal(rules: RuleSet): PeccaryError {
  const { file, line, column, reason, hint } = rules.failed[0];
  const more = rules.failed.length > 1 ? ` (and ${rules.failed.length - 1} more; see: peccary rules check)` : '';
  return new PeccaryError('rules', `${file}:${line}:${column}: ${reason}${hint === null ? '' : `; ${hint}`}${more}`);
}

function tick(options: ReplayOptions, cells: Float64Array, startedMs: number): NodeJS.Timeout | undefined {
  const tell = options.onProgress;
  if (tell === null) return undefined;
  return setInterval(() => {
    tell({
      packets: cells[Progress.Packets],
      bytesRead: cells[Progress.BytesRead],
      bytesTotal: cells[Progress.BytesTotal],
      alerts: cells[Progress.Alerts],
      elapsedMs: Date.now() - startedMs,
    });
  }, ProgressMs);
}

function summarise(
  options: ReplayOptions,
  settings: Settings,
  ruleSet: RuleSet,
  compiled: CompiledRules,
  result: WorkerResult,
  written: OutputsSummary,
  elapsedMs: number,
): ReplaySummary {
  const bySignature = compiled.rules
    .map(({ gid, sid, rev, msg, priority }, i) => ({ gid, sid, rev, msg, priority, count: result.byRule[i] }))
    .filter((s) => s.count > 0)
    .sort((a, b) => b.count - a.count || a.sid - b.sid);
  const { packets, bytes, flows, transactions, alerts, drops, stopped, faults, counters } = result;
  const { failed, skipped, warnings } = ruleSet;
  return {
    packets,
    bytes,
    elapsedMs,
    flows,
    transactions,
    alerts,
    drops,
    stopped,
    bySignature,
    rules: { loaded: ruleSet.rules.length, failed, skipped, warnings },
    faults,
    lostEvents: written.lostEvents,
    outputFaults: written.faults,
    counters,
    notes: result.notes,
    unknownKeys: settings.unreadNotes(),
    db: options.db,
  };
}
