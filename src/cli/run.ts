/** `peccary run`: a live sensor, from its options to its last log line. */
import { mkdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { queueNumbers } from '../capture/nfqueue-config.js';
import { type Control, type ControlConfig, controlConfig, openControl } from '../control/control.js';
import { PeccaryError } from '../core/errors.js';
import { type Log, type LogFormat, makeLog } from '../core/log.js';
import { Settings } from '../core/settings.js';
import type { ReplayOptions } from '../sensor/options.js';
import { becomeUser, type RunAs, runAsWhom } from '../sensor/run-as.js';
import type { InterfaceStat } from '../sensor/running.js';
import type { Sensor, SensorOptions, SensorSummary } from '../sensor/sensor.js';
import { isSupervised, lossCounters, Supervised } from '../sensor/supervised.js';
import type { Sign } from '../sensor/supervision.js';
import {
  addConfigOptions,
  addRuleOptions,
  type ConfigOptions,
  collect,
  loadConfigOptions,
  type RuleOptions,
  ruleLists,
  workerNumber,
} from './config-options.js';
import { removePidFile, writePidFile } from './pid-file.js';

interface Flags extends ConfigOptions, RuleOptions {
  interface: string[];
  queue: string[];
  bpf?: string;
  capture: SensorOptions['capture'];
  workers?: number;
  checksums?: ReplayOptions['checksums'];
  logDir?: string;
  respond?: string;
  db?: string;
  eve?: string;
  strict: boolean;
  ruleCache: boolean;
  test: boolean;
  pidfile?: string;
  supervise: boolean;
  user?: string;
  group?: string;
  logFormat: LogFormat;
}

/** Milliseconds that what is left may take once the sensor has ended. */
const LingerMs = 2000;

const examples = `
Signals: TERM and INT stop in good order (a second one at once), USR2 reloads the rules, HUP reopens the log files.

Examples:
  peccary run -i eth1                                   a mirrored port, alerts to peccary.db
  peccary run -i eth1 -i eth2 --bpf 'tcp port 80'       both directions of a tap
  peccary run -c suricata.yaml -l /var/log/peccary      interfaces of the configuration
  peccary run -q 0 -c suricata.yaml                     inline: iptables -I FORWARD -j NFQUEUE --queue-num 0
  peccary run -T -c suricata.yaml                       check configuration and rules`;

export function registerRun(program: Command): void {
  const command = program
    .command('run')
    .description('Watch live traffic on network interfaces until told to stop.')
    .option('-i, --interface <name>', 'interface (repeatable; default: those of the configuration)', collect, [])
    .option('-q, --queue <number>', 'be inline: answer an NFQUEUE queue, or several as 0:3 (repeatable)', collect, []);
  addConfigOptions(addRuleOptions(command))
    .option('--bpf <filter>', 'inspect only packets that match a BPF filter')
    .addOption(
      new Option('--capture <package>', 'what captures on interfaces: libpcap, or the npm package cap')
        .choices(['libpcap', 'cap'])
        .default('libpcap'),
    )
    .addOption(
      new Option('--workers <n>', 'threads that divide the traffic (default 1, or threads of af-packet)').argParser(
        workerNumber,
      ),
    )
    .addOption(new Option('-k, --checksums <mode>', 'verify checksums').choices(['all', 'none', 'auto']))
    .option('-l, --log-dir <dir>', 'folder for the database and logs')
    .option('--respond <interface>', 'send resets for reject rules by this interface (not with -q)')
    .option('--db <file>', 'database or none (default peccary.db in LOG-DIR)')
    .option('--eve <file>', 'EVE JSON to a file, or - for standard output')
    .option('--strict', 'do not start when a rule is refused', false)
    .option('--no-rule-cache', 'compile the rules, do not ask the cache')
    .option('-T, --test', 'check configuration and rules, then end', false)
    .option('--pidfile <file>', 'write the process number to this file')
    .option('--supervise', 'a parent process starts the sensor again when it crashes or hangs', false)
    .option('--user <name>', 'go on as this user once started by root, with the rights to capture alone')
    .option('--group <name>', 'and as this group (default: the group of the user)')
    .addOption(new Option('--log-format <format>', 'form of the log').choices(['text', 'json']).default('text'))
    .addHelpText('after', examples)
    .action(async (flags: Flags) => run(flags));
}

async function run(flags: Flags): Promise<void> {
  const log = makeLog(flags.logFormat);
  try {
    respondBy(flags);
    if (flags.supervise && !flags.test && !isSupervised()) return await supervise(log, flags.pidfile ?? null);
    const { options, control, as } = await sensorOptions(flags, log);
    if (flags.test) await check(options);
    else await watch(options, control, as, flags.supervise ? null : (flags.pidfile ?? null));
  } catch (e) {
    if (!(e instanceof PeccaryError) || flags.logFormat === 'text') throw e;
    log('error', e.message);
    process.exitCode = e.exitCode;
  }
}

/** This process becomes the parent of the sensor. */
async function supervise(log: Log, pidFile: string | null): Promise<void> {
  if (pidFile !== null) writePidFile(pidFile);
  try {
    const { Supervisor } = await import('../sensor/supervisor.js');
    const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    process.exitCode = await new Supervisor(command, log).run();
  } finally {
    if (pidFile !== null) removePidFile(pidFile);
  }
}

/** --respond is a key of the configuration. */
function respondBy(flags: Flags): void {
  if (flags.respond === undefined) return;
  if (flags.queue.length > 0) {
    throw new PeccaryError(
      'usage',
      '--respond is for a sensor beside the wire: inline, packets are dropped (-q alone)',
    );
  }
  flags.set = [...flags.set, `response.interface=${flags.respond}`];
}

interface Start {
  options: SensorOptions;
  control: ControlConfig;
  as: RunAs | null;
}

/** Flags first, then the configuration, then Suricata's defaults. */
async function sensorOptions(flags: Flags, log: Log): Promise<Start> {
  const config = await loadConfigOptions(flags);
  for (const note of config.notes) log('warning', note);
  const settings = new Settings(config.tree, config.origin, config.places);
  const logDir = flags.logDir ?? settings.string('default-log-dir', '.');
  const control = controlConfig(settings, logDir);
  const as = runAsWhom(settings, flags.user, flags.group);
  const options: SensorOptions = {
    interfaces: flags.interface,
    queues: queueNumbers(flags.queue),
    bpf: flags.bpf ?? null,
    capture: flags.capture,
    workers: flags.workers ?? null,
    config,
    configRead: settings.known(),
    readConfig: () => loadConfigOptions(flags),
    checksums: flags.checksums ?? null,
    logDir,
    db: flags.db === 'none' ? null : (flags.db ?? join(logDir, 'peccary.db')),
    eve: flags.eve ?? null,
    strict: flags.strict,
    log,
    onlyRules: flags.rules,
    extraRules: flags.addRules,
    lists: ruleLists(flags),
    ruleVersion: flags.ruleVersion,
    ruleCache: flags.ruleCache,
  };
  return { options, control, as };
}

async function check(options: SensorOptions): Promise<void> {
  const { checkSensor } = await import('../sensor/check.js');
  const { report, unknownKeys } = await checkSensor(options);
  for (const key of unknownKeys) options.log('warning', `the configuration key ${key} is not known`);
  options.log('info', 'configuration and rules can be used', {
    rules: report.loaded,
    refused: report.failed.length + report.unkept.failed,
    skipped: report.skipped.length + report.unkept.skipped,
  });
}

async function watch(
  options: SensorOptions,
  config: ControlConfig,
  as: RunAs | null,
  pidFile: string | null,
): Promise<void> {
  const { log, logDir } = options;
  const made = makeFolder(logDir);
  if (pidFile !== null) writePidFile(pidFile);
  if (as !== null) becomeUser(as, made ? logDir : null);
  let running: Sensor | null = null;
  const supervised = Supervised.join(
    () => signOf(running),
    () => {
      log('warning', 'the supervisor has gone');
      process.kill(process.pid, 'SIGTERM');
    },
  );
  try {
    const [{ Sensor }, early] = [await import('../sensor/sensor.js'), earlySignals()];
    const sensor = await Sensor.start(options);
    running = sensor;
    sensor.otherCounters = () => lossCounters(supervised?.losses ?? null);
    supervised?.beat();
    const control = await steerable(sensor, config, log);
    try {
      tellStart(sensor, control, options);
      followSignals(sensor, log, early);
      const summary = await sensor.ended.finally(endForCertain);
      tellEnd(summary, sensor.interfaces(), log);
    } finally {
      await control.close();
    }
  } finally {
    supervised?.close();
    if (pidFile !== null) removePidFile(pidFile);
  }
}

function signOf(sensor: Sensor | null): Sign {
  const counters = sensor?.counters() ?? {};
  return {
    ready: sensor !== null,
    packets: counters['decoder.pkts'] ?? 0,
    flows: counters['flow.active'] ?? 0,
    interfaces: sensor?.interfaceNames ?? [],
  };
}

/**
 * A thread that hangs must not keep a sensor that has ended from ending; otherwise this timer never fires. process.exit()
 * would wait for the thread.
 */
function endForCertain(): void {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LingerMs).unref();
}

/** Opens the control socket and the metrics; a sensor that cannot have those it must have does not run. */
async function steerable(sensor: Sensor, config: ControlConfig, log: Log): Promise<Control> {
  try {
    return await openControl(sensor, config, (message) => log('warning', message));
  } catch (e) {
    await sensor.shutdown();
    throw e;
  }
}

/** Whether it was not there before. */
function makeFolder(dir: string): boolean {
  try {
    return mkdirSync(dir, { recursive: true }) !== undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PeccaryError('usage', `${dir}: the log folder cannot be made (${code}); choose another with -l`);
  }
}

function tellStart(sensor: Sensor, control: Control, { log, db, eve }: SensorOptions): void {
  sensor.tellRules();
  for (const key of sensor.unknownKeys()) log('warning', `the configuration key ${key} is not known`);
  const { loaded, failed, skipped } = sensor.ruleset();
  const places = [db, eve === '-' ? 'standard output' : eve].filter((place) => place !== null);
  const verb = sensor.captureMode === 'NFQ' ? 'inline, answering' : 'listening on';
  log('info', `${verb} ${sensor.interfaceNames.join(', ')}`, {
    rules: loaded,
    refused: failed,
    skipped,
    alerts: places.length > 0 ? places.join(', ') : 'as configured in outputs',
    control: control.socket ?? 'none',
    ...(control.metrics === null ? {} : { metrics: control.metrics }),
    pid: process.pid,
  });
}

function tellEnd({ packets, bytes, alerts, outputs }: SensorSummary, interfaces: InterfaceStat[], log: Log): void {
  for (const fault of outputs.faults) log('error', fault);
  if (outputs.lostEvents > 0) {
    log('error', 'events were lost because the writer fell behind and the spill is full', {
      events: outputs.lostEvents,
      alerts: outputs.lostAlerts,
    });
  }
  const known = interfaces.every((i) => i.kernelDrops !== null);
  const kernelDrops = interfaces.reduce((sum, i) => sum + (i.kernelDrops ?? 0), 0);
  log('info', 'stopped', { packets, bytes, kernel_drops: known ? kernelDrops : 'not known', alerts });
  if (outputs.faults.length > 0 || outputs.lostEvents > 0) process.exitCode = 1;
}

interface EarlySignal {
  /** Called once the sensor runs; a stop that was asked for before is carried out then. */
  onStop(stop: (name: NodeJS.Signals) => void): void;
}

/** Signals that stop the sensor count from the beginning, also while the rules are still being loaded. */
function earlySignals(): EarlySignal {
  let asked: NodeJS.Signals | null = null;
  let act: ((name: NodeJS.Signals) => void) | null = null;
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (asked !== null) process.exit(128 + constants.signals[name]);
      asked = name;
      act?.(name);
    });
  }
  return {
    onStop(stop) {
      act = stop;
      if (asked !== null) stop(asked);
    },
  };
}

function followSignals(sensor: Sensor, log: Log, early: EarlySignal): void {
  early.onStop((name) => {
    log('info', `${name}: stopping`);
    void sensor.shutdown();
  });
  process.on('SIGUSR2', () => {
    log('info', 'SIGUSR2: reloading the rules');
    void sensor.reloadRules();
  });
  process.on('SIGHUP', () => {
    sensor.reopenLogs().then(
      () => log('info', 'SIGHUP: the log files were reopened'),
      (e: Error) => log('error', `SIGHUP: ${e.message}`),
    );
  });
}
