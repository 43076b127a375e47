/** Keeps a worker running: starts it, notices when it stands still, replaces it when it dies, and adds up what all did. */
import { PeccaryError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { type LiveResult, type RulesMessage, Total } from './live-protocol.js';
import { WorkerHandle, type WorkerSetup } from './worker-handle.js';

export const enum KeeperLimit {
  /** Workers that may die and be replaced; past it the sensor ends, and what supervises it starts a new one. */
  Restarts = 8,
  /** Milliseconds between a worker's death and its successor, doubled with each. */
  RestartMs = 100,
  /** Milliseconds between looks at the worker's heartbeat, and without one until that is told. */
  WatchMs = 1000,
  StallMs = 5000,
}

/** Counters that say how much there is now, not how often something happened: a dead worker's are over. */
const isLevel = (name: string): boolean => /memuse|\.active$|_entries$/.test(name);

export class WorkerKeeper {
  /** Workers that died and were replaced. */
  restarts = 0;
  private worker: WorkerHandle | null = null;
  private stopped = false;
  private watch: NodeJS.Timeout | undefined;
  /** What workers before this one counted. */
  private readonly before: Record<string, number> = {};
  private readonly totals = new Float64Array(Total.Cells);

  /** `setup` for the worker after so many restarts; `rules` that are in force; `lost` is told when there is no going on. */
  constructor(
    private readonly setup: (restarts: number) => WorkerSetup,
    private readonly rules: () => RulesMessage,
    private readonly log: Log,
    private readonly lost: (e: Error) => void,
  ) {}

  /** Starts the first worker; it captures when this resolves. Returns the paths of the configuration that it read. */
  async start(): Promise<string[]> {
    const worker = this.begin();
    try {
      await worker.ready;
    } catch (e) {
      await worker.terminate();
      throw e;
    }
    this.follow(worker);
    this.watchBeat();
    return worker.settingsRead;
  }

  private begin(): WorkerHandle {
    const worker = new WorkerHandle(this.setup(this.restarts), this.log);
    this.worker = worker;
    worker.begin(this.rules());
    return worker;
  }

  private follow(worker: WorkerHandle): void {
    worker.ended.catch((e: Error) => void this.replace(worker, e));
  }

  /** A worker has died: its flows are lost, the sensor goes on. */
  private async replace(dead: WorkerHandle, why: Error): Promise<void> {
    if (this.worker !== dead || this.stopped) return;
    const counted = dead.snapshot();
    for (const [name, n] of Object.entries(counted)) {
      if (!isLevel(name)) this.before[name] = (this.before[name] ?? 0) + n;
    }
    this.addTotals(dead);
    this.worker = null;
    const facts = { flows_lost: counted['flow.active'] ?? 0, restarts: this.restarts };
    this.log('error', `a worker died: ${why.message}`, facts);
    if (this.restarts === KeeperLimit.Restarts) {
      this.lost(new PeccaryError('runtime', `workers died ${this.restarts + 1} times; the last: ${why.message}`));
      return;
    }
    await dead.terminate();
    await new Promise((done) => setTimeout(done, KeeperLimit.RestartMs * 2 ** this.restarts));
    if (this.stopped) return;
    this.restarts++;
    const next = this.begin();
    this.follow(next);
    await next.ready.then(
      () => this.log('info', 'another worker has taken its place'),
      () => undefined, // told when it is replaced in its turn
    );
  }

  private addTotals(worker: WorkerHandle): void {
    const all = this.totals;
    for (const cell of [Total.Packets, Total.Bytes, Total.Alerts]) all[cell] += worker.total(cell);
    if (all[Total.FirstUs] === 0) all[Total.FirstUs] = worker.total(Total.FirstUs);
    all[Total.LastUs] = Math.max(all[Total.LastUs], worker.total(Total.LastUs));
  }

  private watchBeat(): void {
    let beat = -1;
    let sinceMs = performance.now();
    let told = false;
    this.watch = setInterval(() => {
      const now = performance.now();
      const next = this.worker?.beat() ?? -1;
      if (next !== beat) {
        if (told) this.log('info', 'the worker goes on', { stood_ms: Math.round(now - sinceMs) });
        beat = next;
        sinceMs = now;
        told = false;
      } else if (!told && now - sinceMs >= KeeperLimit.StallMs) {
        told = true;
        this.log(
          'warning',
          'the worker stands still: packets wait in the kernel and are dropped when its ring is full',
        );
      }
    }, KeeperLimit.WatchMs);
    this.watch.unref();
  }

  /** The worker there is; throws when there is none at the moment. */
  get current(): WorkerHandle {
    if (this.worker === null) throw new PeccaryError('runtime', 'there is no worker at the moment: try again');
    return this.worker;
  }

  /** Counters of all workers. */
  counters(): Record<string, number> {
    const out = { ...this.before };
    for (const [name, n] of Object.entries(this.worker?.snapshot() ?? {})) out[name] = (out[name] ?? 0) + n;
    return out;
  }

  /** What all workers did; call it once they have stopped. */
  result(): LiveResult & { alerts: number } {
    const all = this.totals;
    return {
      packets: all[Total.Packets],
      bytes: all[Total.Bytes],
      firstUs: all[Total.FirstUs],
      lastUs: all[Total.LastUs],
      alerts: all[Total.Alerts],
    };
  }

  /** Capture ends, what is left is inspected. Rejects when the worker fails in that; no other takes its place. */
  async drain(): Promise<void> {
    clearInterval(this.watch);
    this.stopped = true;
    const { worker } = this;
    if (worker === null) return;
    worker.stop();
    try {
      await worker.ended;
    } finally {
      this.addTotals(worker);
    }
  }

  /** Ends the thread, whatever it does. */
  async terminate(): Promise<void> {
    clearInterval(this.watch);
    this.stopped = true;
    await this.worker?.terminate();
  }
}
