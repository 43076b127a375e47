/** Which outputs a run has: the command line's --eve and --db, and `outputs` of the configuration. */
import { isAbsolute, join } from 'node:path';
import { PeccaryError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';
import { type EveOptions, eveForced, eveLogs } from './eve/config.js';
import { type LogFileOptions, logFileOptions, timeSpan } from './log-file.js';
import { type PcapLogOptions, pcapLogOptions } from './pcap-config.js';
import { type ClientSource, type XffOptions, xffOptions } from './proxies.js';
import type { RetentionPolicy } from './store/retention.js';

/** One `fast` of `outputs`. */
export interface FastOptions {
  filename: string;
  file: LogFileOptions;
}

export interface OutputConfig {
  /** Each `eve-log` that is enabled, or that of --eve alone. */
  eve: EveOptions[];
  fast: FastOptions[];
  /** The capture of packets, or null. */
  pcapLog: PcapLogOptions | null;
  /** Seconds between stats events of a sensor (`stats.interval`); 0: none. */
  statsSeconds: number;
  /** Directory of spill files, bytes they may take, and what happens past that. */
  spill: { dir: string; budget: number; wait: boolean };
  /** Bytes of each worker's ring. */
  queueBytes: number;
  /** How long a sensor's database keeps alerts. */
  retention: RetentionPolicy;
  /** Where the real client of an alert is looked for. */
  client: ClientSource;
  /** Name of the sensor in the database (`sensor-name`). */
  sensor: string;
}

export interface OutputConfigOptions {
  /** --eve: a path or "-"; null: as the configuration says. */
  eve: string | null;
  logDir: string;
  /** Drop events are possible. */
  inline: boolean;
  /** Traffic is live: rather lose (and count) than hold up the worker. */
  live: boolean;
}

/** Bounds of the hand-over. Peccary's own keys, since Suricata has no such queue. */
const Defaults = { queue: 8 * 1024 * 1024, spill: 1024 * 1024 * 1024, database: 10 * 1024 * 1024 * 1024 };

/** `outputs.database`: Peccary's own keys too. */
export function retentionPolicy(settings: Settings): RetentionPolicy {
  const age = settings.string('outputs.database.max-age', 'no');
  const maxAgeS = age === 'no' || age === '0' ? 0 : timeSpan(age);
  if (maxAgeS === null) throw settings.fault('outputs.database.max-age', 'a time such as 30d, or no');
  return { maxAgeS, maxBytes: settings.size('outputs.database.max-size', Defaults.database) };
}

function fastLogs(settings: Settings): FastOptions[] {
  const enabled = settings.entries('outputs', 'fast').filter((path) => settings.bool(`${path}.enabled`, false));
  return enabled.map((path) => {
    return { filename: settings.string(`${path}.filename`, 'fast.log'), file: logFileOptions(settings, path) };
  });
}

/** Two outputs that write and rotate one file would tear it apart. */
function refuseShared(outputs: readonly { filename: string; file: LogFileOptions }[]): void {
  const seen = new Set<string>();
  for (const { filename, file } of outputs) {
    if (file.type !== 'regular') continue;
    if (seen.has(filename)) throw new PeccaryError('config', `two outputs write to ${filename}`);
    seen.add(filename);
  }
}

/** The client of an event is looked for once, whichever output tells it. */
function refuseTwoSources(kind: string, xff: readonly (XffOptions | undefined)[]): void {
  const sources = new Set(xff.flatMap((x) => (x?.enabled ? [`${x.source.header} ${x.source.forward}`] : [])));
  if (sources.size > 1) {
    throw new PeccaryError('config', `outputs.eve-log: xff of ${kind} must have one header and deployment everywhere`);
  }
}

/** Reads `outputs`; throws PeccaryError 'config' for a value that cannot be. */
export function outputConfig(settings: Settings, o: OutputConfigOptions): OutputConfig {
  const inLogDir = (path: string): string => (isAbsolute(path) ? path : join(o.logDir, path));
  const eve = o.eve === null ? eveLogs(settings, o.inline) : [eveForced(settings, o.eve)];
  const fast = fastLogs(settings);
  for (const output of o.eve === null ? [...eve, ...fast] : fast) output.filename = inLogDir(output.filename);
  refuseShared([...eve, ...fast]);
  refuseTwoSources(
    'alerts',
    eve.map((e) => e.alert?.xff),
  );
  refuseTwoSources(
    'http events',
    eve.map((e) => e.http?.xff),
  );
  const whenFull = settings.string('outputs.spill.when-full', o.live ? 'lose' : 'wait');
  return {
    eve,
    fast,
    pcapLog: pcapLogOptions(settings, o.logDir),
    statsSeconds: settings.bool('stats.enabled', true) ? settings.int('stats.interval', 8, 1, 86_400) : 0,
    spill: {
      dir: inLogDir(settings.string('outputs.spill.dir', '.')),
      budget: settings.size('outputs.spill.size', Defaults.spill),
      wait: whenFull === 'wait',
    },
    queueBytes: settings.size('outputs.queue.size', Defaults.queue, 64 * 1024, 1024 * 1024 * 1024),
    retention: retentionPolicy(settings),
    client: xffOptions(settings, 'outputs.eve-log').source,
    sensor: settings.string('sensor-name', 'peccary'),
  };
}
