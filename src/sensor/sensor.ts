/**
 * A live sensor from the main thread's side: starts writer and worker, reloads rules, restarts a worker that died, and
 * ends in good order. Nothing here touches a packet.
 */

import { type LiveInterface, liveChecksums, liveInterfaces } from '../capture/live-config.js';
import { InterfaceCell } from '../capture/live-source.js';
import { PeccaryError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { packageVersion } from '../core/package-root.js';
import { Settings } from '../core/settings.js';
import { outputConfig } from '../output/config.js';
import { Outputs, type OutputsSummary } from '../output/outputs.js';
import type { RuleNote } from '../rules/ir.js';
import type { ChecksumMode } from './checksums.js';
import type { LoadedConfig } from './config.js';
import { type LiveResult, type RulesMessage, Total } from './live-protocol.js';
import {
  loadChosen,
  newRefusals,
  type RuleChoice,
  refusalText,
  refuseAny,
  releaseDatabases,
  reportOf,
} from './rule-sets.js';
import type { LoadedRules } from './rules-protocol.js';
import type { InterfaceStat, ReloadReport, RunningSensor } from './running.js';
import { WorkerHandle } from './worker-handle.js';

const enum Limit {
  /** Workers that may die and be replaced; past it the sensor ends, and what supervises it starts a new one. */
  Restarts = 8,
  /** Milliseconds between a worker's death and its successor, doubled with each. */
  RestartMs = 100,
  /** Milliseconds that stopping may take: the worker's part, then the writer's. */
  DrainMs = 10_000,
  CommitMs = 20_000,
  /** Milliseconds between looks at the worker's heartbeat, and without one until that is told. */
  WatchMs = 1000,
  StallMs = 5000,
  /** Refused rules that are told one by one. */
  Told = 10,
}

export interface SensorOptions extends RuleChoice {
  /** -i; none: those of the configuration. */
  interfaces: string[];
  /** --bpf or null. */
  bpf: string | null;
  config: LoadedConfig;
  /** Reads the configuration (file, includes, --set) once more, at each reload of rules. */
  readConfig(): Promise<LoadedConfig>;
  /** -k; null: as configured. */
  checksums: ChecksumMode | null;
  logDir: string;
  /** SQLite file, or null. */
  db: string | null;
  /** EVE file, "-", or null: as `outputs` says. */
  eve: string | null;
  /** A refused rule is fatal at the start. */
  strict: boolean;
  log: Log;
}

export interface SensorSummary extends LiveResult {
  alerts: number;
  outputs: OutputsSummary;
}

/** Counters that say how much there is now, not how often something happened: a dead worker's are over. */
const isLevel = (name: string): boolean => /memuse|\.active$|_entries$/.test(name);

export class Sensor implements RunningSensor {
  readonly startedMs = Date.now();
  readonly runningMode = 'single';
  readonly captureMode = 'AF_PACKET_DEV';
  /** Rejects when the sensor cannot go on; resolves when it was shut down. */
  readonly ended: Promise<SensorSummary>;
  readonly interfaceNames: string[];
  private end: { done(s: SensorSummary): void; fail(e: Error): void } = { done: () => {}, fail: () => {} };
  private readonly cells: SharedArrayBuffer;
  private worker: WorkerHandle | null = null;
  /** What workers before this one counted. */
  private readonly before: Record<string, number> = {};
  private readonly totalsBefore = new Float64Array(Total.Cells);
  private restarts = 0;
  private last: ReloadReport & { atMs: number };
  private reloading: Promise<ReloadReport> | null = null;
  private nextReload: Promise<ReloadReport> | null = null;
  private stopping: Promise<void> | null = null;
  private watch: NodeJS.Timeout | undefined;
  private statsTimer: NodeJS.Timeout | undefined;
  /** Monotonic. */
  private readonly beganMs = performance.now();

  private constructor(
    private readonly options: SensorOptions,
    private readonly settings: Settings,
    private readonly interfaceList: LiveInterface[],
    private readonly outputs: Outputs,
    private current: LoadedRules,
    private ruleSet: number,
    loadMs: number,
  ) {
    this.interfaceNames = interfaceList.map((i) => i.name);
    this.cells = new SharedArrayBuffer(interfaceList.length * InterfaceCell.Stride * 8);
    this.last = { ...reportOf(current.report, null, loadMs), atMs: Date.now() };
    this.ended = new Promise((done, fail) => {
      this.end = { done, fail };
    });
    this.ended.catch(() => undefined);
    this.outputs.ended.catch((e: Error) => this.fail(e));
  }

  /**
   * Starts a sensor; it captures when this resolves. Throws PeccaryError for what the user can mend: configuration, rules
   * (with `strict`), an interface or an output that cannot be opened.
   */
  static async start(options: SensorOptions): Promise<Sensor> {
    const { config } = options;
    const settings = new Settings(config.tree, config.origin, config.places);
    const interfaces = liveInterfaces(settings, options.interfaces, options.bpf);
    const { eve, logDir, db } = options;
    const outConfig = outputConfig(settings, { eve, logDir, inline: false, live: true });
    const run = {
      kind: 'live' as const,
      inputs: interfaces.map((i) => i.name),
      append: true,
      version: packageVersion(),
      startedUs: Date.now() * 1000,
    };
    // A port for each worker there may be: two threads never write to the same.
    const onTrouble = (message: string): void => options.log('warning', message);
    const outputs = new Outputs({ ...outConfig, db, run, workers: 1 + Limit.Restarts, live: true, onTrouble });
    try {
      const from = performance.now();
      const [rules] = await Promise.all([loadChosen(options, config), outputs.ready()]);
      const took = performance.now() - from;
      if (options.strict) refuseAny(rules.report);
      settings.markRead(rules.settingsRead);
      const ruleSet = outputs.setPackedRules(rules.packed);
      const sensor = new Sensor(options, settings, interfaces, outputs, rules, ruleSet, took);
      await sensor.startWorker(true);
      sensor.watchWorker();
      sensor.tellStats(outConfig.statsSeconds);
      return sensor;
    } catch (e) {
      await outputs.close(null).catch(() => undefined); // the fault that brought us here is the one to tell
      throw e;
    }
  }

  private async startWorker(first: boolean): Promise<void> {
    const { options, settings } = this;
    const { config } = options;
    const worker = new WorkerHandle(
      {
        config: config.tree,
        configOrigin: config.origin,
        configPlaces: config.places,
        checksums: options.checksums ?? liveChecksums(settings, this.interfaceNames[0]),
        logDir: options.logDir,
        interfaces: this.interfaceList,
        interfaceCells: this.cells,
        port: this.outputs.portMemory(this.restarts),
      },
      options.log,
    );
    this.worker = worker;
    worker.begin(this.rulesMessage(this.current, this.ruleSet));
    try {
      await worker.ready;
    } catch (e) {
      await worker.terminate();
      if (first) throw e;
    }
    settings.markRead(worker.settingsRead);
    worker.ended.catch((e: Error) => void this.replaceWorker(worker, e));
  }

  private rulesMessage({ rules, databases }: LoadedRules, ruleSet: number): RulesMessage {
    return { type: 'rules', rules, databases, ruleSet };
  }

  /** A worker has died: its flows are lost, the sensor goes on. */
  private async replaceWorker(dead: WorkerHandle, why: Error): Promise<void> {
    if (this.worker !== dead) return;
    const counted = dead.snapshot();
    for (const [name, n] of Object.entries(counted)) {
      if (!isLevel(name)) this.before[name] = (this.before[name] ?? 0) + n;
    }
    this.keepTotals(dead);
    const { log } = this.options;
    log('error', `a worker died: ${why.message}`, { flows_lost: counted['flow.active'] ?? 0, restarts: this.restarts });
    if (this.stopping !== null) return;
    if (this.restarts === Limit.Restarts) {
      this.fail(
        new PeccaryError('runtime', `${Limit.Restarts} workers died one after the other; the last: ${why.message}`),
      );
      return;
    }
    await dead.terminate();
    await new Promise((done) => setTimeout(done, Limit.RestartMs * 2 ** this.restarts));
    if (this.stopping !== null) return;
    this.restarts++;
    await this.startWorker(false);
    log('info', 'another worker has taken its place');
  }

  private keepTotals(worker: WorkerHandle): void {
    const all = this.totalsBefore;
    for (const cell of [Total.Packets, Total.Bytes, Total.Alerts]) all[cell] += worker.total(cell);
    if (all[Total.FirstUs] === 0) all[Total.FirstUs] = worker.total(Total.FirstUs);
    all[Total.LastUs] = Math.max(all[Total.LastUs], worker.total(Total.LastUs));
  }

  private watchWorker(): void {
    let beat = -1;
    let sinceMs = performance.now();
    let told = false;
    this.watch = setInterval(() => {
      const now = performance.now();
      const next = this.worker?.beat() ?? -1;
      if (next !== beat) {
        if (told) this.options.log('info', 'the worker goes on', { stood_ms: Math.round(now - sinceMs) });
        beat = next;
        sinceMs = now;
        told = false;
      } else if (!told && now - sinceMs >= Limit.StallMs) {
        told = true;
        this.options.log(
          'warning',
          'the worker stands still: packets wait in the kernel and are dropped when its ring is full',
        );
      }
    }, Limit.WatchMs);
    this.watch.unref();
  }

  /** A stats event every so many seconds; 0: none. */
  private tellStats(seconds: number): void {
    if (seconds === 0 || !this.outputs.wants.stats) return;
    this.statsTimer = setInterval(() => this.writeStats(), seconds * 1000);
    this.statsTimer.unref();
  }

  private writeStats(): void {
    const uptimeS = Math.floor((performance.now() - this.beganMs) / 1000);
    this.outputs.stats({ tsUs: Date.now() * 1000, uptimeS, counters: this.counters() });
  }

  private fail(e: Error): void {
    clearInterval(this.watch);
    clearInterval(this.statsTimer);
    void this.worker?.terminate();
    this.end.fail(e);
  }

  interfaces(): InterfaceStat[] {
    const cells = new Float64Array(this.cells);
    return this.interfaceNames.map((name, i) => {
      const cell = (c: InterfaceCell): number => cells[i * InterfaceCell.Stride + c];
      return {
        name,
        packets: cell(InterfaceCell.Packets),
        bytes: cell(InterfaceCell.Bytes),
        kernelDrops: cell(InterfaceCell.KernelDrops),
        interfaceDrops: cell(InterfaceCell.InterfaceDrops),
        invalidChecksums: cell(InterfaceCell.InvalidChecksums),
        up: cell(InterfaceCell.Up) === 1,
      };
    });
  }

  counters(): Record<string, number> {
    const out = { ...this.before };
    for (const [name, n] of Object.entries(this.worker?.snapshot() ?? {})) out[name] = (out[name] ?? 0) + n;
    const { pushedEvents, lostEvents, lostAlerts, spilledBatches, spilledBytes } = this.outputs.losses();
    return {
      ...out,
      'sensor.worker_restarts': this.restarts,
      'output.events': pushedEvents,
      'output.events_lost': lostEvents,
      'output.alerts_lost': lostAlerts,
      'output.batches_spilled': spilledBatches,
      'output.bytes_spilled': spilledBytes,
    };
  }

  /** Requests while a reload is under way share the next one. */
  reloadRules(): Promise<ReloadReport> {
    if (this.reloading === null) {
      this.reloading = this.reload().finally(() => {
        this.reloading = null;
      });
      return this.reloading;
    }
    this.nextReload ??= this.reloading.then(() => {
      this.nextReload = null;
      return this.reloadRules();
    });
    return this.nextReload;
  }

  private async reload(): Promise<ReloadReport> {
    const from = performance.now();
    const { log } = this.options;
    let fresh: LoadedRules | null = null;
    let report: ReloadReport;
    try {
      fresh = await loadChosen(this.options, await this.options.readConfig());
      const fault = newRefusals(this.current.report, fresh.report);
      if (fault !== null) throw new PeccaryError('rules', fault);
      const stoodMs = await this.swap(fresh);
      report = reportOf(fresh.report, null, performance.now() - from);
      const { loaded, failed, tookMs } = report;
      log('info', 'rules reloaded', { loaded, refused: failed, took_ms: tookMs, stood_ms: Math.round(stoodMs) });
    } catch (e) {
      const message = e instanceof PeccaryError ? e.message : String((e as Error).stack);
      if (fresh !== null && fresh !== this.current) releaseDatabases(fresh);
      report = reportOf(fresh?.report ?? this.current.report, message, performance.now() - from);
      log('error', `rules were not reloaded, those before stay in force: ${message}`);
    }
    this.last = { ...report, atMs: Date.now() };
    return report;
  }

  /** The worker takes the new rules; those before are let go. How long it stood still, milliseconds. */
  private async swap(fresh: LoadedRules): Promise<number> {
    const number = this.outputs.setPackedRules(fresh.packed);
    if (this.worker === null) throw new PeccaryError('runtime', 'there is no worker');
    const stoodMs = await this.worker.install(this.rulesMessage(fresh, number));
    const old = this.current;
    this.current = fresh;
    this.ruleSet = number;
    releaseDatabases(old);
    return stoodMs;
  }

  ruleset(): ReloadReport & { atMs: number } {
    return this.last;
  }

  refusedRules(): readonly RuleNote[] {
    return this.current.report.failed;
  }

  async reopenLogs(): Promise<void> {
    for (const fault of await this.outputs.reopen()) this.options.log('warning', fault);
  }

  setting(path: string): string | undefined {
    const value = this.settings.get(path);
    return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
  }

  changeDataset(action: 'add' | 'remove', name: string, type: string, value: string): Promise<string | null> {
    if (this.worker === null) return Promise.resolve('there is no worker');
    return this.worker.changeDataset(action, name, type, value);
  }

  /** Keys of the configuration that nothing reads. */
  unknownKeys(): string[] {
    return this.settings.unreadNotes();
  }

  /** Tells the log what the rules are like. */
  tellRules(): void {
    const { report, notes } = this.current;
    const { log } = this.options;
    for (const note of notes) log('warning', note);
    for (const note of report.failed.slice(0, Limit.Told)) log('warning', `rule refused: ${refusalText(note)}`);
    const more = report.failed.length + report.unkept.failed - Limit.Told;
    if (more > 0) log('warning', `${more} more rules are refused; see: peccary rules check`);
  }

  shutdown(): Promise<void> {
    this.stopping ??= this.stop();
    return this.stopping;
  }

  private async stop(): Promise<void> {
    clearInterval(this.watch);
    clearInterval(this.statsTimer);
    const { worker } = this;
    let fault: Error | null = null;
    if (worker !== null) {
      worker.stop();
      await within(worker.ended, Limit.DrainMs, 'the worker did not stop in time').catch((e: Error) => {
        fault = e;
      });
      this.keepTotals(worker);
      await worker.terminate();
    }
    if (this.statsTimer !== undefined) this.writeStats();
    const all = this.totalsBefore;
    const totals = {
      packets: all[Total.Packets],
      bytes: all[Total.Bytes],
      firstUs: all[Total.FirstUs],
      lastUs: all[Total.LastUs],
    };
    try {
      const closed = this.outputs.close(totals);
      const outputs = await within(closed, Limit.CommitMs, 'the outputs did not take everything in time');
      if (fault !== null) throw fault;
      this.end.done({ ...totals, alerts: all[Total.Alerts], outputs });
    } catch (e) {
      this.end.fail(e as Error);
    }
  }
}

async function within<T>(what: Promise<T>, ms: number, late: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new PeccaryError('runtime', late)), ms);
  });
  try {
    return await Promise.race([what, expired]);
  } finally {
    clearTimeout(timer);
  }
}
