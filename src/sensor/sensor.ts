/**
 * A live sensor from the main thread's side: starts writer and worker, reloads rules, restarts a worker that died, and
 * ends in good order. Nothing here touches a packet.
 */

import { collectGarbage } from '../core/collect.js';
import { PeccaryError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { packageVersion } from '../core/package-root.js';
import { Settings } from '../core/settings.js';
import { outputConfig } from '../output/config.js';
import { Outputs, type OutputsSummary } from '../output/outputs.js';
import type { BanKeeper } from '../respond/bans.js';
import { ClientTable } from '../respond/client-table.js';
import type { RuleNote } from '../rules/ir.js';
import { openBans } from './ban-setup.js';
import type { ChecksumMode } from './checksums.js';
import type { LoadedConfig } from './config.js';
import { ExpiryTimer } from './expiry-timer.js';
import { type HealthReport, HealthWatch } from './health.js';
import { type HealthConfig, healthConfig } from './health-config.js';
import { HealthLog } from './health-log.js';
import { stallSeconds } from './heartbeat.js';
import {
  CapNote,
  captureModeOf,
  countedBy,
  defaultChecksums,
  describeLive,
  failingOpen,
  type LiveChoice,
  type LiveDescription,
  liveNames,
  liveWorkers,
} from './live-description.js';
import type { LiveResult, RulesMessage } from './live-protocol.js';
import { outputCounters } from './output-counters.js';
import { checkQueueRules, listQueueRules } from './queue-rules.js';
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
import { Watchdog } from './watchdog.js';
import { within } from './within.js';
import type { WorkerSetup } from './worker-handle.js';
import { teamPorts, WorkerTeam } from './worker-team.js';

const enum Limit {
  /** Milliseconds that stopping may take: the worker's part, then the writer's. */
  DrainMs = 10_000,
  CommitMs = 20_000,
  /** Refused rules that are told one by one. */
  Told = 10,
}

export interface SensorOptions extends RuleChoice, LiveChoice {
  /** --workers; null: as configured. */
  workers: number | null;
  config: LoadedConfig;
  /** Keys of it that others than the sensor read. */
  configRead: readonly string[];
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

export class Sensor implements RunningSensor {
  readonly startedMs = Date.now();
  readonly runningMode: 'single' | 'workers';
  readonly captureMode: string;
  /** Rejects when the sensor cannot go on; resolves when it was shut down. */
  readonly ended: Promise<SensorSummary>;
  readonly interfaceNames: string[];
  bans: BanKeeper | null = null;
  /** Clients behind trusted proxies whose requests are dropped; null where none are. */
  private readonly clients: ClientTable | null;
  /** Counters that somebody else keeps. */
  otherCounters: () => Record<string, number> = () => ({});
  private end: { done(s: SensorSummary): void; fail(e: Error): void } = { done: () => {}, fail: () => {} };
  private readonly workers: WorkerTeam;
  private last: ReloadReport & { atMs: number };
  private reloading: Promise<ReloadReport> | null = null;
  private nextReload: Promise<ReloadReport> | null = null;
  private stopping: Promise<void> | null = null;
  private statsTimer: NodeJS.Timeout | undefined;
  private readonly expiry = new ExpiryTimer(() => void this.reloadRules());
  private readonly healthWatch: HealthWatch;
  private readonly healthLog: HealthLog;
  private healthTimer: NodeJS.Timeout | undefined;
  private watchdog: Watchdog | null = null;
  private healthMs = performance.now();
  private healthPackets = 0;
  private lastHealth: HealthReport | null = null;
  /** Monotonic. */
  private readonly beganMs = performance.now();

  private constructor(
    private readonly options: SensorOptions,
    private readonly settings: Settings,
    private readonly live: LiveDescription,
    workerCount: number,
    private readonly outputs: Outputs,
    private current: LoadedRules,
    private ruleSet: number,
    loadMs: number,
    private readonly healthOf: HealthConfig,
  ) {
    this.healthWatch = new HealthWatch(healthOf, live.capRing === null ? [] : ['kernel_drops', 'interface_drops']);
    this.healthLog = new HealthLog(options.logDir, options.log);
    this.interfaceNames = liveNames(live);
    this.runningMode = workerCount === 1 ? 'single' : 'workers';
    this.captureMode = captureModeOf(live);
    this.clients = live.nfqueue !== null && settings.bool('bans.enabled', false) ? ClientTable.create() : null;
    this.last = { ...reportOf(current.report, null, loadMs), atMs: Date.now() };
    this.workers = new WorkerTeam({
      workers: workerCount,
      live,
      setup: (worker, restarts, cells) => this.workerSetup(worker, restarts, cells),
      rules: () => this.rulesMessage(this.current, this.ruleSet),
      stallMs: stallSeconds(settings) * 1000,
      log: options.log,
      told: (change) => this.healthLog.append([change], { atMs: Date.now(), seconds: 0 }),
      lost: (e) => this.fail(e),
    });
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
    settings.markRead(options.configRead);
    const live = describeLive(settings, options);
    const names = liveNames(live);
    const { eve, logDir, db } = options;
    const health = healthConfig(settings, names);
    const outConfig = outputConfig(settings, { eve, logDir, inline: live.nfqueue !== null, live: true });
    const run = {
      kind: 'live' as const,
      inputs: names,
      append: true,
      version: packageVersion(),
      startedUs: Date.now() * 1000,
    };
    const workers = liveWorkers(settings, options.workers, live);
    if (live.capRing !== null) options.log('warning', CapNote);
    const onTrouble = (message: string): void => options.log('warning', message);
    const outputs = new Outputs({ ...outConfig, db, run, workers: teamPorts(workers), live: true, onTrouble });
    try {
      if (live.nfqueue !== null) checkQueueRules(live.nfqueue, listQueueRules(), options.log);
      const from = performance.now();
      const [rules] = await Promise.all([loadChosen(options, config), outputs.ready()]);
      const took = performance.now() - from;
      if (options.strict) refuseAny(rules.report);
      settings.markRead(rules.settingsRead);
      const ruleSet = outputs.setPackedRules(rules.packed);
      const sensor = new Sensor(options, settings, live, workers, outputs, rules, ruleSet, took, health);
      const bans = await openBans(settings, logDir, rules.rules.bans, sensor.clients, options.log);
      sensor.bans = bans;
      sensor.workers.onOffences = (offences) => bans?.offend(offences);
      settings.markRead(await sensor.workers.start());
      sensor.tellStats(outConfig.statsSeconds);
      sensor.watchHealth();
      if (live.nfqueue?.failOpen === true) sensor.watchdog = new Watchdog(live.nfqueue, options.log);
      sensor.expiry.set(rules.report.expiresMs);
      return sensor;
    } catch (e) {
      await outputs.close(null).catch(() => undefined); // the fault that brought us here is the one to tell
      throw e;
    }
  }

  private workerSetup(worker: number, restarts: number, cells: SharedArrayBuffer): Omit<WorkerSetup, 'share'> {
    const { checksums, logDir } = this.options;
    const config = failingOpen(this.options.config, this.settings, this.live);
    return {
      config: config.tree,
      configOrigin: config.origin,
      configPlaces: config.places,
      checksums: checksums ?? defaultChecksums(this.settings, this.live),
      logDir,
      ...this.live,
      interfaceCells: cells,
      clients: this.clients?.memory ?? null,
      port: this.outputs.portMemory(teamPorts(worker) + restarts),
    };
  }

  private rulesMessage({ rules, databases }: LoadedRules, ruleSet: number): RulesMessage {
    return { type: 'rules', rules, databases, ruleSet };
  }

  /** A stats event every so many seconds; 0: none. */
  private tellStats(seconds: number): void {
    if (seconds === 0 || !this.outputs.wants.stats) return;
    this.statsTimer = setInterval(() => this.writeStats(), seconds * 1000);
    this.statsTimer.unref();
  }

  /** A look at what is lost, every so many seconds. */
  private watchHealth(): void {
    const { seconds } = this.healthOf;
    this.healthMs = performance.now();
    if (seconds === 0) return;
    this.healthTimer = setInterval(() => this.lookAtHealth(), seconds * 1000);
    this.healthTimer.unref();
  }

  private lookAtHealth(): void {
    const now = performance.now();
    const counters = this.counters();
    const packets = counters['decoder.pkts'] ?? 0;
    const report = this.healthWatch.look(counters, Date.now(), (now - this.healthMs) / 1000);
    this.lastHealth = report;
    this.healthLog.tell(report, packets - this.healthPackets);
    this.healthMs = now;
    this.healthPackets = packets;
  }

  health(): HealthReport | null {
    return this.lastHealth;
  }

  private writeStats(): void {
    const uptimeS = Math.floor((performance.now() - this.beganMs) / 1000);
    this.outputs.stats({ tsUs: Date.now() * 1000, uptimeS, counters: this.counters() });
  }

  /** There is no going on: what was handed over is written as far as that is possible. */
  private fail(e: Error): void {
    this.stopping ??= this.giveUp(e);
  }

  private async giveUp(e: Error): Promise<void> {
    this.watchdog?.close();
    clearInterval(this.statsTimer);
    clearInterval(this.healthTimer);
    this.expiry.stop();
    await this.workers.terminate();
    await this.bans?.close();
    const { alerts: _alerts, ...totals } = this.workers.result();
    await within(this.outputs.close(totals), Limit.CommitMs, '').catch(() => undefined);
    this.end.fail(e);
  }

  interfaces(): InterfaceStat[] {
    return this.workers.interfaces(this.interfaceNames);
  }

  counters(): Record<string, number> {
    return {
      ...countedBy(this.live, this.workers.counters()),
      ...this.bans?.counters(),
      ...this.otherCounters(),
      'sensor.worker_restarts': this.workers.restarts,
      'sensor.worker_stalls': this.workers.stalls,
      'sensor.flows_lost': this.workers.flowsLost,
      ...outputCounters(this.outputs.losses()),
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
    collectGarbage(); // the rules that are not in force
    return report;
  }

  /** The worker takes the new rules; those before are let go. How long it stood still, milliseconds. */
  private async swap(fresh: LoadedRules): Promise<number> {
    const number = this.outputs.setPackedRules(fresh.packed);
    const next = this.rulesMessage(fresh, number);
    this.watchdog?.expect(true);
    const before = this.rulesMessage(this.current, this.ruleSet);
    const stoodMs = await this.workers.install(next, before).finally(() => this.watchdog?.expect(false));
    const old = this.current;
    this.current = fresh;
    this.expiry.set(fresh.report.expiresMs);
    this.ruleSet = number;
    await this.workers.install(next, next); // those that were replaced meanwhile
    this.bans?.setPolicies(fresh.rules.bans);
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
    return this.workers.changeDataset(action, name, type, value);
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
    this.watchdog?.close();
    clearInterval(this.statsTimer);
    clearInterval(this.healthTimer);
    this.expiry.stop();
    let fault: Error | null = null;
    await within(this.workers.drain(), Limit.DrainMs, 'the worker did not stop in time').catch((e: Error) => {
      fault = e;
    });
    await this.workers.terminate();
    await this.bans?.close();
    if (this.statsTimer !== undefined) this.writeStats();
    if (this.healthTimer !== undefined) this.lookAtHealth();
    const { alerts, ...totals } = this.workers.result();
    try {
      const closed = this.outputs.close(totals);
      const outputs = await within(closed, Limit.CommitMs, 'the outputs did not take everything in time');
      if (fault !== null) throw fault;
      this.end.done({ ...totals, alerts, outputs });
    } catch (e) {
      this.end.fail(e as Error);
    }
  }
}
