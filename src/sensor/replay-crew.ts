/** The threads of a replay (replay-worker.ts), one or several, from the main thread's side. */
import { randomBytes, randomInt } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { PeccaryError } from '../core/errors.js';
import { datasetLogMemory } from '../detect/dataset-log.js';
import { hostMemory } from '../detect/host-table.js';
import type { PortMemory } from '../output/handover.js';
import type { ReplayOptions, ReplayProgress } from './options.js';
import { joinResults } from './replay-join.js';
import { type FromWorker, Progress, type WorkerResult, type WorkerRules, type WorkerStart } from './replay-protocol.js';
import { Place, type ReplayShare } from './replay-turn.js';

/** How many workers a replay has: one where the input can be read but once, or what is asked for is about one. */
function workersOf({ workers, inputs, reader, explain }: ReplayOptions): number {
  if (reader === 'pcap-parser' || inputs.includes('-') || explain !== undefined) return 1;
  return workers ?? 1;
}

export class ReplayCrew {
  readonly workers: number;
  private readonly threads: PipelineThread[];
  private readonly cells: Float64Array[];

  constructor(options: ReplayOptions, inputs: string[], ring: SharedArrayBuffer | null) {
    this.workers = workersOf(options);
    const shares = this.workers > 1 ? shareReplay(this.workers) : [null];
    const memories = shares.map(() => new SharedArrayBuffer(Progress.Cells * 8));
    this.cells = memories.map((m) => new Float64Array(m));
    this.threads = shares.map((share, w) => {
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
        progress: memories[w],
        profile: options.profile === true,
        share,
      };
      return new PipelineThread(start);
    });
  }

  /** Replays; what all workers found. Rejects when one fails. `port`: the way of worker w to the writer. */
  async run(rules: Omit<WorkerRules, 'port'>, port: (w: number) => PortMemory): Promise<WorkerResult> {
    const results = await Promise.all(this.threads.map((t, w) => t.run({ ...rules, port: port(w) })));
    return joinResults(results);
  }

  /** The captures are taken to end here. */
  stop(): void {
    for (const cells of this.cells) cells[Progress.Stop] = 1;
  }

  progress(): Omit<ReplayProgress, 'elapsedMs'> {
    const sum = (cell: Progress): number => this.cells.reduce((n, cells) => n + cells[cell], 0);
    return {
      packets: sum(Progress.Packets),
      bytesRead: Math.min(...this.cells.map((cells) => cells[Progress.BytesRead])),
      bytesTotal: this.cells[0][Progress.BytesTotal],
      alerts: sum(Progress.Alerts),
    };
  }

  async end(): Promise<void> {
    await Promise.all(this.threads.map((t) => t.end()));
  }
}

function shareReplay(workers: number): ReplayShare[] {
  const random = randomBytes(8);
  const all = {
    workers,
    seeds: { ends: random.readInt32LE(0), sum: random.readInt32LE(4) },
    hosts: hostMemory(),
    datasets: datasetLogMemory(),
    places: new SharedArrayBuffer(workers * Place.Stride * 8),
    fence: new SharedArrayBuffer(4),
    run: randomInt(1 << 19),
  };
  return Array.from({ length: workers }, (_, worker) => ({ ...all, worker }));
}

/** One of the threads. */
class PipelineThread {
  private readonly thread: Worker;
  private readonly answer: Promise<WorkerResult>;

  constructor(start: WorkerStart) {
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
