/**
 * The workers of a sensor, one or several: started, fed with rules, watched and stopped together; each is replaced alone.
 * Several share the traffic (sharing.ts) and what rules keep by host.
 */
import { randomInt } from 'node:crypto';
import { CapFeed } from '../capture/cap-feed.js';
import { Fanout } from '../capture/fanout.js';
import { InterfaceCell } from '../capture/live-source.js';
import type { Log } from '../core/log.js';
import { datasetLogMemory, leaveDatasetLog } from '../detect/dataset-log.js';
import { hostMemory } from '../detect/host-table.js';
import { freeLock, lockMemory } from '../detect/shared-access.js';
import type { Offence } from '../respond/bans.js';
import type { LiveDescription } from './live-description.js';
import type { LiveResult, LiveShare, RulesMessage } from './live-protocol.js';
import type { InterfaceStat } from './running.js';
import { forgetMarks, type Sharing, shareTraffic } from './sharing.js';
import { addCounters } from './sum-counters.js';
import type { WorkerSetup } from './worker-handle.js';
import type { WorkerChange } from './worker-health.js';
import { KeeperLimit, WorkerKeeper } from './worker-keeper.js';

export interface TeamOptions {
  workers: number;
  live: LiveDescription;
  /** What each worker is started with, beside what it shares: by number and restarts, its counts of interfaces. */
  setup(worker: number, restarts: number, cells: SharedArrayBuffer): Omit<WorkerSetup, 'share'>;
  /** The rules that are in force. */
  rules(): RulesMessage;
  /** How long a worker may stand still. */
  stallMs: number;
  log: Log;
  told(change: WorkerChange): void;
  /** There is no going on. */
  lost(e: Error): void;
}

/** Ports to the writer that `workers` workers and those that replace them need: two threads never write to the same. */
export const teamPorts = (workers: number): number => workers * (1 + KeeperLimit.Restarts);

export class WorkerTeam {
  /** Is given what counts towards bans. */
  onOffences: ((offences: Offence[]) => void) | null = null;
  private readonly keepers: WorkerKeeper[];
  /** InterfaceCell.Stride of each interface, by worker. */
  private readonly cells: SharedArrayBuffer[];
  private readonly sharing: Sharing | null;
  private readonly lock = lockMemory();
  private readonly datasets = datasetLogMemory();
  private readonly run = randomInt(1 << 18);
  private fanout: Fanout | null = null;
  private feed: CapFeed | null = null;
  private readonly names: number;

  constructor(private readonly o: TeamOptions) {
    const { workers, live } = o;
    this.names = live.nfqueue === null ? live.interfaces.length : live.nfqueue.queues.length;
    this.sharing = workers > 1 ? shareTraffic(workers) : null;
    this.cells = Array.from({ length: workers }, () => new SharedArrayBuffer(this.names * InterfaceCell.Stride * 8));
    this.keepers = this.cells.map((_, w) => this.keeper(w));
  }

  private keeper(w: number): WorkerKeeper {
    const { o } = this;
    return new WorkerKeeper(
      (restarts) => ({ ...o.setup(w, restarts, this.cells[w]), share: this.share(w, restarts) }),
      o.rules,
      o.stallMs,
      o.log,
      o.told,
      o.lost,
      () => this.died(w),
    );
  }

  private share(worker: number, restarts: number): LiveShare | null {
    const { sharing, lock, run, fanout } = this;
    if (sharing === null || fanout === null) return null;
    return {
      sharing: { ...sharing, worker },
      handles: fanout.of(worker),
      fresh: restarts === 0,
      hosts: hostMemory(),
      datasets: this.datasets,
      lock,
      space: worker * (1 + KeeperLimit.Restarts) + restarts,
      run,
    };
  }

  /** The thread of a worker has ended: nobody waits for it. */
  private died(worker: number): void {
    freeLock(this.lock, worker);
    leaveDatasetLog(this.datasets, worker);
    if (this.sharing !== null) forgetMarks(this.sharing, worker);
  }

  /** Starts all; they capture when this resolves. Returns the paths of the configuration that they read. */
  async start(): Promise<string[]> {
    const { sharing } = this;
    if (sharing !== null) this.fanout = new Fanout(this.o.live.interfaces, sharing.workers, sharing.seeds);
    for (const keeper of this.keepers) keeper.onOffences = this.onOffences;
    try {
      const [read] = await Promise.all(this.keepers.map((k) => k.start()));
      this.feed = this.startFeed();
      this.fanout?.watch(
        (w, i) => this.cell(w, i, InterfaceCell.Up) === 0,
        (w, i, handle) => this.keepers[w].offer(i, handle),
      );
      return read;
    } catch (e) {
      await this.terminate();
      throw e;
    }
  }

  /** What captures on this thread, where that is chosen. */
  private startFeed(): CapFeed | null {
    const { live, log } = this.o;
    if (live.capRing === null) return null;
    return new CapFeed(live.interfaces, live.capRing, new Float64Array(this.cells[0]), log);
  }

  private cell(worker: number, index: number, cell: InterfaceCell): number {
    return new Float64Array(this.cells[worker])[index * InterfaceCell.Stride + cell];
  }

  /** Counts of the interfaces, or queues, with these names, of all workers; one is up when it is for all of them. */
  interfaces(names: readonly string[]): InterfaceStat[] {
    const known = this.o.live.capRing === null;
    return names.map((name, i) => {
      const cell = (c: InterfaceCell): number => this.cells.reduce((sum, _, w) => sum + this.cell(w, i, c), 0);
      return {
        name,
        packets: cell(InterfaceCell.Packets),
        bytes: cell(InterfaceCell.Bytes),
        kernelDrops: known ? cell(InterfaceCell.KernelDrops) : null,
        interfaceDrops: known ? cell(InterfaceCell.InterfaceDrops) : null,
        invalidChecksums: cell(InterfaceCell.InvalidChecksums),
        up: cell(InterfaceCell.Up) === this.cells.length,
      };
    });
  }

  get restarts(): number {
    return this.keepers.reduce((sum, k) => sum + k.restarts, 0);
  }

  get stalls(): number {
    return this.keepers.reduce((sum, k) => sum + k.stalls, 0);
  }

  get flowsLost(): number {
    return this.keepers.reduce((sum, k) => sum + k.flowsLost, 0);
  }

  /** Counters of all workers, added up. */
  counters(): Record<string, number> {
    return addCounters(this.keepers.map((k) => k.counters()));
  }

  /** What all did; call it once they have stopped. */
  result(): LiveResult & { alerts: number } {
    const all = this.keepers.map((k) => k.result());
    const sum = (of: (r: LiveResult & { alerts: number }) => number): number => all.reduce((n, r) => n + of(r), 0);
    const begun = all.map((r) => r.firstUs).filter((us) => us > 0);
    return {
      packets: sum((r) => r.packets),
      bytes: sum((r) => r.bytes),
      firstUs: begun.length === 0 ? 0 : Math.min(...begun),
      lastUs: Math.max(...all.map((r) => r.lastUs)),
      alerts: sum((r) => r.alerts),
    };
  }

  /**
   * All take other rules; how long the slowest stood still, milliseconds. When one cannot, those that did go back to the
   * rules before, and it throws.
   */
  async install(rules: RulesMessage, before: RulesMessage): Promise<number> {
    const done = await Promise.allSettled(this.keepers.map((k) => k.install(rules)));
    const failed = done.find((d) => d.status === 'rejected');
    if (failed === undefined) return Math.max(...done.map((d) => (d.status === 'fulfilled' ? d.value : 0)));
    await Promise.allSettled(this.keepers.map((k) => k.install(before)));
    throw (failed as PromiseRejectedResult).reason;
  }

  /** Changes a data set in every worker; a fault as text, or null. */
  async changeDataset(action: 'add' | 'remove', name: string, type: string, value: string): Promise<string | null> {
    const faults = await Promise.all(this.keepers.map((k) => k.current.changeDataset(action, name, type, value)));
    return faults.find((f) => f !== null) ?? null;
  }

  /** Capture ends, what is left is inspected. Rejects when a worker fails in that. */
  async drain(): Promise<void> {
    this.fanout?.stop();
    const done = await Promise.allSettled(this.keepers.map((k) => k.drain()));
    const failed = done.find((d) => d.status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  }

  async terminate(): Promise<void> {
    await Promise.all(this.keepers.map((k) => k.terminate()));
    this.fanout?.close();
    this.feed?.close();
  }
}
