/**
 * The thread that runs the pipeline of a replay. It configures its stages at once, waits for the compiled rules, then
 * runs from the first batch to the last without returning to its event loop.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { takeTagsInTurn } from '../alert/tags.js';
import { bindAlerts } from '../alert/verdict.js';
import { Batch, SourceStatus } from '../capture/batch.js';
import { setOwnerSeeds } from '../capture/owner-hash.js';
import { openSource } from '../capture/source.js';
import { counterSnapshot } from '../core/counters.js';
import { PeccaryError } from '../core/errors.js';
import { Settings } from '../core/settings.js';
import { catchUpDatasets, saveDatasets, shareDatasets } from '../detect/datasets.js';
import { detectNotes, installRules } from '../detect/engine.js';
import { Explainer } from '../detect/explain.js';
import { useHostMemory } from '../detect/host-table.js';
import { setObserver } from '../detect/recorder.js';
import { latencySuspensions, ruleCosts, setProfiling } from '../detect/rule-clock.js';
import { guardShared } from '../detect/shared-access.js';
import { setFileOutputs } from '../files/files.js';
import { numberFlowsByPacket } from '../flow/table.js';
import { setFlowIdRun } from '../output/flow-id.js';
import { OutputPort } from '../output/port.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import { budgetCompiler } from './compiler-budget.js';
import { OwnedPipeline, type OwnedReplay } from './owned-pipeline.js';
import { ReplayPart } from './replay-part.js';
import { type FromWorker, Progress, type WorkerResult, type WorkerRules, type WorkerStart } from './replay-protocol.js';
import { type ReplayShare, ReplayTurn } from './replay-turn.js';
import { Reporter } from './reporter.js';
import { configureStages } from './stages.js';

const start = workerData as WorkerStart;
const port = parentPort;
if (port === null) throw new Error('replay-worker.ts runs as a worker thread');
const settings = new Settings(start.config, start.configOrigin, start.configPlaces);

/** Runs `work`; what it throws goes to the main thread, a fault of the user's as such. */
function guarded(work: () => FromWorker | null): void {
  let message: FromWorker | null;
  try {
    message = work();
  } catch (e) {
    const known = e instanceof PeccaryError;
    const error = e as Error;
    message = {
      type: 'failed',
      kind: known ? e.kind : null,
      message: known ? error.message : (error.stack ?? error.message),
    };
  }
  if (message === null) return;
  port?.postMessage(message);
  port?.close();
}

function replay({ rules, databases, ruleSet, port: memory, explain }: WorkerRules): WorkerResult {
  setProfiling(start.profile);
  installRules(rules, databases);
  bindAlerts(rules);
  const explainer = explain === null ? null : new Explainer(rules, explain);
  setObserver(explainer);
  const outputs = new OutputPort(memory);
  outputs.useRules(ruleSet);
  const reporter = new Reporter(outputs, rules);
  setFileOutputs(outputs.wants.fileinfo || outputs.wants.filesOfAlerts);
  const pipeline = new OwnedPipeline(reporter, start.inline);
  const owned = start.share === null ? null : shareReplay(start.share, outputs, rules);
  pipeline.replay(owned?.turn ?? null);
  const progress = new Float64Array(start.progress);
  const source = openSource(start.inputs, {
    reader: start.reader,
    bpf: start.bpf ?? undefined,
    ring: start.ring ?? undefined,
  });
  outputs.useOrigins(source.origins);
  let origins = source.origins.length;
  const batch = new Batch();
  let firstUs = 0;
  let lastUs = 0;
  let stopped = false;
  progress[Progress.BytesTotal] = source.bytesTotal;
  budgetCompiler(source.bytesTotal);
  for (let status = source.next(batch); status !== SourceStatus.End; status = source.next(batch)) {
    stopped = progress[Progress.Stop] !== 0;
    if (stopped) break;
    if (status === SourceStatus.Idle) continue;
    if (outputs.unread) break; // the only output was a pipe whose reader left
    if (source.origins.length !== origins) {
      outputs.useOrigins(source.origins);
      origins = source.origins.length;
    }
    if (lastUs === 0) firstUs = batch.tsUs[0];
    lastUs = batch.tsUs[batch.count - 1];
    if (owned === null) pipeline.processBatch(batch);
    else {
      pipeline.processOwned(batch, owned);
      outputs.flush(); // it tells how far this worker is
      catchUpDatasets();
    }
    progress[Progress.Packets] = pipeline.packets;
    progress[Progress.BytesRead] = source.bytesRead;
    progress[Progress.Alerts] = reporter.alertCount;
  }
  pipeline.finish();
  const unsaved: string[] = [];
  if (owned === null) reporter.stats(lastUs, (lastUs - firstUs) / 1e6, counterSnapshot());
  owned?.turn.end();
  if (explain === null) saveDatasets((m) => unsaved.push(m)); // whoever ends last has seen all changes
  source.close();
  outputs.close();
  return {
    type: 'done',
    packets: pipeline.packets,
    bytes: pipeline.bytes,
    firstUs,
    lastUs,
    flows: reporter.flowCount,
    transactions: reporter.transactionCount,
    alerts: reporter.alertCount,
    drops: pipeline.drops,
    stopped,
    byRule: reporter.byRule,
    faults: source.faults,
    counters: counterSnapshot(),
    notes: [...detectNotes(), ...unsaved],
    settingsRead: settings.known(),
    costs: start.profile ? ruleCosts() : null,
    suspensions: latencySuspensions(),
    explanation: explainer?.result() ?? null,
  };
}

/** Uses what the workers of a replay share. */
function shareReplay(share: ReplayShare, outputs: OutputPort, rules: RuntimeRules): OwnedReplay {
  const { worker, workers, seeds, hosts, datasets, run } = share;
  const turn = new ReplayTurn(share, outputs);
  setOwnerSeeds(seeds);
  useHostMemory(hosts);
  shareDatasets(datasets, worker, true);
  guardShared(turn);
  takeTagsInTurn(rules);
  setFlowIdRun(run);
  return { turn, part: new ReplayPart(turn, worker, workers), me: worker, workers };
}

guarded(() => {
  numberFlowsByPacket(true);
  configureStages(settings, start.checksums, start.inline, start.logDir);
  return null;
});
port.once('message', (rules: WorkerRules) => guarded(() => replay(rules)));
