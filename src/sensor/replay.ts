/**
 * A replay from the main thread's side: starts the pipeline's worker and the writer, loads and compiles the rules while
 * they start, then waits and sums up.
 */
import { resolve } from 'node:path';
import { PeccaryError } from '../core/errors.js';
import { packageVersion } from '../core/package-root.js';
import { Settings } from '../core/settings.js';
import { type OutputConfig, outputConfig } from '../output/config.js';
import { Outputs, type OutputsSummary } from '../output/outputs.js';
import type { RuleInfo } from '../output/records.js';
import { RuleTable } from '../output/rule-table.js';
import { explained, explainRequest } from './explained.js';
import { findingsOf } from './health.js';
import { healthConfig } from './health-config.js';
import type { ReplayOptions, ReplaySummary } from './options.js';
import { outputCounters } from './output-counters.js';
import { firstRefusal, type PreparedRules, prepareRules } from './prepared-rules.js';
import { ReplayCrew } from './replay-crew.js';
import type { WorkerResult } from './replay-protocol.js';
import { ruleCostRows, suspensionRows } from './rule-costs.js';
import type { RuleReport } from './rule-tables.js';

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
  const crew = new ReplayCrew(options, feed?.files ?? options.inputs, feed?.ring ?? null);
  options.stop?.addEventListener('abort', () => crew.stop());
  let outputs: Outputs | null = null;
  try {
    const config = outputConfig(settings, {
      eve: options.eve,
      logDir: options.logDir,
      inline: options.simulateIps,
      live: false,
    });
    outputs = openOutputs(options, config, startedMs, crew.workers);
    const prepared = prepareRules(
      {
        settings,
        only: options.onlyRules,
        extra: options.extraRules,
        ruleVersion: options.ruleVersion,
        lists: options.lists,
      },
      { cache: options.ruleCache !== false, source: options.explain !== undefined },
    );
    if (options.strict) refuse(prepared.report);
    const { rules, databases, source } = prepared;
    const explain =
      options.explain === undefined || source === null
        ? null
        : explainRequest(source.set, source.compiled, options.explain);
    const number = outputs.setPackedRules(prepared.packed);
    await outputs.ready();
    const ticker = tick(options, crew, startedMs);
    const { portMemory } = outputs;
    const running = crew
      .run({ rules, databases, ruleSet: number, explain }, portMemory.bind(outputs))
      .finally(() => clearInterval(ticker));
    prepared.keep();
    const result = await running;
    const { packets, bytes, firstUs, lastUs } = result;
    if (crew.workers > 1 && outputs.wants.stats) {
      outputs.stats({ tsUs: lastUs, uptimeS: (lastUs - firstUs) / 1e6, counters: result.counters });
    }
    const written = await outputs.close({ packets, bytes, firstUs, lastUs });
    outputs = null;
    settings.markRead(result.settingsRead);
    return summarise(options, settings, prepared, result, written, Date.now() - startedMs);
  } finally {
    await crew.end();
    await outputs?.close(null).catch(() => undefined); // the fault that brought us here is the one to tell
  }
}

function openOutputs(options: ReplayOptions, config: OutputConfig, startedMs: number, workers: number): Outputs {
  const inputs = options.inputs.map((p) => (p === '-' ? p : resolve(p)));
  const run = {
    kind: 'replay' as const,
    inputs,
    append: options.append,
    version: packageVersion(),
    startedUs: startedMs * 1000,
  };
  return new Outputs({ ...config, db: options.db, run, workers, live: false });
}

/** pcap-parser is event-driven and runs on this thread; the other readers run in the worker. */
async function startFeed(options: ReplayOptions): Promise<{ files: string[]; ring: SharedArrayBuffer } | null> {
  if (options.reader !== 'pcap-parser') return null;
  const { feedPcapParser } = await import('../capture/pcap-parser-feed.js');
  return feedPcapParser(options.inputs);
}

/** Throws for the first refused rule. */
function refuse(report: RuleReport): void {
  const first = firstRefusal(report);
  if (first === null) return;
  const { file, line, column, reason, hint } = first.note;
  const more = first.others > 0 ? ` (and ${first.others} more; see: peccary rules check)` : '';
  throw new PeccaryError('rules', `${file}:${line}:${column}: ${reason}${hint === null ? '' : `; ${hint}`}${more}`);
}

function tick(options: ReplayOptions, crew: ReplayCrew, startedMs: number): NodeJS.Timeout | undefined {
  const tell = options.onProgress;
  if (tell === null) return undefined;
  return setInterval(() => {
    tell({ ...crew.progress(), elapsedMs: Date.now() - startedMs });
  }, ProgressMs);
}

function summarise(
  options: ReplayOptions,
  settings: Settings,
  prepared: PreparedRules,
  result: WorkerResult,
  written: OutputsSummary,
  elapsedMs: number,
): ReplaySummary {
  const table = new RuleTable(prepared.packed);
  const ruleAt = (n: number): RuleInfo => table.get(n) as RuleInfo;
  const bySignature = [...result.byRule]
    .flatMap((count, n) => (count > 0 ? [{ rule: ruleAt(n), count }] : []))
    .map(({ rule: { gid, sid, rev, msg, priority }, count }) => ({ gid, sid, rev, msg, priority, count }))
    .sort((a, b) => b.count - a.count || a.sid - b.sid);
  const { packets, bytes, flows, transactions, alerts, drops, stopped, faults } = result;
  const counters = { ...result.counters, ...outputCounters(written) };
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
    rules: prepared.report,
    faults,
    lostEvents: written.lostEvents,
    outputFaults: written.faults,
    counters,
    health: findingsOf(counters, healthConfig(settings)),
    notes: [...prepared.notes, ...result.notes],
    unknownKeys: settings.unreadNotes(),
    db: options.db,
    suspensions: suspensionRows(ruleAt, result.suspensions),
    ...(result.costs === null ? {} : { profile: ruleCostRows(ruleAt, result.costs) }),
    ...(result.explanation === null || prepared.source === null
      ? {}
      : { explained: explained(prepared.source.compiled, result.explanation) }),
  };
}
