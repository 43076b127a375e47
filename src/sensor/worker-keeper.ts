/** Keeps a worker running: starts it, replaces it when it stands still or dies, and adds up what all did. */
import { PeccaryError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Offence } from '../respond/bans.js';
import { Heartbeat, Pulse } from './heartbeat.js';
import { type LiveResult, type RulesMessage, Total } from './live-protocol.js';
import { WorkerHandle, type WorkerSetup } from './worker-handle.js';
import { deathChange, stallChange, type WorkerChange } from './worker-health.js';

export const enum KeeperLimit {
  /** Workers that may die and be replaced; past it the sensor ends, and what supervises it starts a new one. */
  Restarts = 8,
  /** Milliseconds between a worker's death and its successor, doubled with each. */
  RestartMs = 100,
  /** Milliseconds between looks at the worker's heartbeat. */
  WatchMs = 500,
  /** Milliseconds within which a thread must end that is told to: one that hangs in the kernel does not. */
  EndMs = 5000,
}

/** Counters that say how much there is now, not how often something happened: a dead worker's are over. */
const isLevel = (name: string): boolean => /memuse|\.active$|_entries$/.test(name);

export class WorkerKeeper {
  /** Workers that died and were replaced. */
  restarts = 0;
  /** How often a worker stood still long enough to be told. */
  stalls = 0;
  /** Flows that were open when their worker died. */
  flowsLost = 0;
  /** Is given what counts towards bans. */
  onOffences: ((offences: Offence[]) => void) | null = null;
  private worker: WorkerHandle | null = null;
  /** Number of the rules that it works with. */
  private ruleSet = -1;
  private stopped = false;
  private watch: NodeJS.Timeout | undefined;
  /** What workers before this one counted. */
  private readonly before: Record<string, number> = {};
  private readonly totals = new Float64Array(Total.Cells);

  /**
   * `setup` for the worker after so many restarts; `rules` that are in force; `stallMs`: how long a worker may stand still;
   * `told` of trouble with a worker; `lost` is told when there is no going on, `died` when a worker's thread has ended and
   * the next is not there yet.
   */
  constructor(
    private readonly setup: (restarts: number) => WorkerSetup,
    private readonly rules: () => RulesMessage,
    private readonly stallMs: number,
    private readonly log: Log,
    private readonly told: (change: WorkerChange) => void,
    private readonly lost: (e: Error) => void,
    private readonly died: () => void = () => undefined,
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
    worker.onOffences = this.onOffences;
    const rules = this.rules();
    this.ruleSet = rules.ruleSet;
    worker.begin(rules);
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
    const flows = counted['flow.active'] ?? 0;
    this.flowsLost += flows;
    this.log('error', `a worker died: ${why.message}`, { flows_lost: flows, restarts: this.restarts });
    this.told(deathChange('begins', flows, why.message, 1));
    if (this.restarts === KeeperLimit.Restarts) {
      this.lost(new PeccaryError('runtime', `workers died ${this.restarts + 1} times; the last: ${why.message}`));
      return;
    }
    if (!(await endsInTime(dead))) {
      // It may hold a lock that the next one would wait for.
      this.lost(new PeccaryError('runtime', `a worker's thread cannot be ended: ${why.message}`));
      return;
    }
    this.died();
    await pause(KeeperLimit.RestartMs * 2 ** this.restarts);
    if (this.stopped) return;
    this.restarts++;
    const next = this.begin();
    this.follow(next);
    await next.ready.then(
      () => {
        this.log('info', 'another worker has taken its place');
        this.told(deathChange('ends', flows, why.message, 1));
      },
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
    let watched: WorkerHandle | null = null;
    let heart = new Heartbeat(this.stallMs, KeeperLimit.WatchMs);
    this.watch = setInterval(() => {
      const { worker } = this;
      if (worker === null) return;
      if (worker !== watched) heart = new Heartbeat(this.stallMs, KeeperLimit.WatchMs);
      watched = worker;
      const pulse = heart.look(worker.beat(), performance.now());
      if (pulse !== Pulse.Fine) this.stands(worker, pulse, heart.stoodMs);
    }, KeeperLimit.WatchMs);
    this.watch.unref();
  }

  /** A worker that stands still, or did. */
  private stands(worker: WorkerHandle, pulse: Pulse, stoodMs: number): void {
    const seconds = stoodMs / 1000;
    switch (pulse) {
      case Pulse.Late:
        this.stalls++;
        this.log(
          'warning',
          'the worker stands still: packets wait in the kernel and are dropped when its ring is full',
        );
        this.told(stallChange('begins', seconds, 1));
        break;
      case Pulse.GoesOn:
        this.log('info', 'the worker goes on', { stood_ms: Math.round(stoodMs) });
        this.told(stallChange('ends', seconds, 1));
        break;
      default:
        void this.replace(worker, new Error(`it stood still for ${seconds.toFixed(1)} s`));
    }
  }

  /** The worker there is; throws when there is none at the moment. */
  get current(): WorkerHandle {
    if (this.worker === null) throw new PeccaryError('runtime', 'there is no worker at the moment: try again');
    return this.worker;
  }

  /**
   * Puts other rules to work, unless they are: how many milliseconds the worker stood still for it. Where there is none at
   * the moment, or it dies over it, the next begins with the rules in force: see to that by calling it again.
   */
  async install(rules: RulesMessage): Promise<number> {
    const { worker } = this;
    if (worker === null || this.ruleSet === rules.ruleSet) return 0;
    try {
      const stoodMs = await worker.install(rules);
      if (this.worker === worker) this.ruleSet = rules.ruleSet;
      return stoodMs;
    } catch (e) {
      if (this.worker !== worker) return 0;
      throw e;
    }
  }

  /** Gives the worker the handle of an interface that is back; one that is not there yet is started with it. */
  offer(index: number, handle: number): void {
    this.worker?.offer(index, handle);
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

  /** Ends the thread, whatever it does; one that hangs in the kernel is left to the end of the process. */
  async terminate(): Promise<void> {
    clearInterval(this.watch);
    this.stopped = true;
    if (this.worker !== null) await endsInTime(this.worker);
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Tells a worker's thread to end; false when it has not within EndMs. */
async function endsInTime(worker: WorkerHandle): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((done) => {
    timer = setTimeout(() => done(false), KeeperLimit.EndMs);
  });
  const ended = await Promise.race([worker.terminate().then(() => true), late]);
  clearTimeout(timer);
  return ended;
}
