/** Which outputs a run has: the command line's --eve and --db, and `outputs` of the configuration. */
import { isAbsolute, join } from 'node:path';
import type { Settings } from '../core/settings.js';
import { type EveOptions, eveForced, eveFromSettings } from './eve/config.js';
import { type LogFileOptions, logFileOptions, plainFile, timeSpan } from './log-file.js';
import { type ClientSource, xffOptions } from './proxies.js';
import type { RetentionPolicy } from './store/retention.js';

export interface OutputConfig {
  eve: EveOptions | null;
  /** Path of fast.log, or null. */
  fastLog: string | null;
  fastFile: LogFileOptions;
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

/** Reads `outputs`; throws PeccaryError 'config' for a value that cannot be. */
export function outputConfig(settings: Settings, o: OutputConfigOptions): OutputConfig {
  const inLogDir = (path: string): string => (isAbsolute(path) ? path : join(o.logDir, path));
  const eve = o.eve === null ? eveFromSettings(settings, o.inline) : eveForced(settings, o.eve);
  if (eve !== null && o.eve === null) eve.filename = inLogDir(eve.filename);
  const fast = settings.get('outputs.fast') !== undefined && settings.bool('outputs.fast.enabled', false);
  const fastFile = fast ? logFileOptions(settings, 'outputs.fast') : plainFile;
  if (fastFile.socket) {
    throw settings.fault('outputs.fast.filetype', 'regular: unix_stream is for outputs.eve-log');
  }
  const whenFull = settings.string('outputs.spill.when-full', o.live ? 'lose' : 'wait');
  return {
    eve,
    fastLog: fast ? inLogDir(settings.string('outputs.fast.filename', 'fast.log')) : null,
    fastFile,
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
