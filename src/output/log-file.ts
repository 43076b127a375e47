/**
 * How a log file is kept (Suricata user guide 7.0, "EVE Output", "Output types" and "Rotate log file"): the keys of
 * `outputs.eve-log` and `outputs.fast` that concern the file and not what is in it.
 */
import type { Settings } from '../core/settings.js';
import { type SyslogOptions, syslogOptions } from './syslog.js';

export interface LogFileOptions {
  /** With a socket the name is that of one on which somebody listens; syslog has its own. */
  type: 'regular' | 'unix_stream' | 'unix_dgram' | 'syslog';
  syslog: SyslogOptions | null;
  append: boolean;
  /** Mode of the file (`filemode`), or null: as the umask has it. */
  mode: number | null;
  /** Opened again, under the name of that time, at each full minute, hour or day, or after so many seconds; null: never. */
  every: 'minute' | 'hour' | 'day' | number | null;
  /** Bytes after which the file is renamed to NAME.1 (NAME.1 to NAME.2 …), 0: never; how many of these are kept. */
  maxBytes: number;
  keep: number;
}

export const plainFile: LogFileOptions = {
  type: 'regular',
  syslog: null,
  append: true,
  mode: null,
  every: null,
  maxBytes: 0,
  keep: 10,
};

const seconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 };

/** Seconds of "90", "30s", "5m", "12h", "30d", "2w", "1y"; null when it is none of these or nothing. */
export function timeSpan(text: string): number | null {
  const m = /^\s*(\d{1,9})\s*([smhdwy]?)\s*$/i.exec(text);
  if (m === null || Number(m[1]) === 0) return null;
  return Number(m[1]) * seconds[m[2].toLowerCase() || 's'];
}

function interval(settings: Settings, path: string): LogFileOptions['every'] {
  const text = settings.string(path);
  if (text === undefined) return null;
  if (text === 'minute' || text === 'hour' || text === 'day') return text;
  const s = timeSpan(text);
  if (s === null) throw settings.fault(path, 'minute, hour, day or a time such as 30s or 12h');
  return s;
}

function fileType(settings: Settings, path: string): LogFileOptions['type'] {
  const type = settings.string(path, 'regular').toLowerCase();
  if (type === 'unix_stream' || type === 'unix_dgram' || type === 'syslog') return type;
  if (type === 'regular' || type === 'file') return 'regular';
  throw settings.fault(path, 'regular, unix_stream, unix_dgram or syslog');
}

/** Reads the keys below `path` (`outputs.eve-log`); throws PeccaryError 'config'. */
export function logFileOptions(settings: Settings, path: string): LogFileOptions {
  const mode = settings.string(`${path}.filemode`);
  if (mode !== undefined && !/^[0-7]{1,4}$/.test(mode)) throw settings.fault(`${path}.filemode`, 'a mode such as 640');
  const type = fileType(settings, `${path}.filetype`);
  return {
    type,
    syslog: type === 'syslog' ? syslogOptions(settings, path) : null,
    append: settings.bool(`${path}.append`, plainFile.append),
    mode: mode === undefined ? null : Number.parseInt(mode, 8),
    every: interval(settings, `${path}.rotate-interval`),
    maxBytes: settings.size(`${path}.rotate-size`, plainFile.maxBytes),
    keep: settings.int(`${path}.rotate-keep`, plainFile.keep, 1, 10_000),
  };
}

/** When a file that is opened at `now` is to be opened again; Infinity: never. Milliseconds since 1970. */
export function nextOpening(every: LogFileOptions['every'], now: Date): number {
  if (every === null) return Number.POSITIVE_INFINITY;
  if (typeof every === 'number') return now.getTime() + every * 1000;
  if (every === 'day') return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime();
  // By the clock's own count, so that the hour that is there twice when summer ends is two hours.
  const offset = now.getTimezoneOffset() * 60_000;
  const unit = every === 'hour' ? 3_600_000 : 60_000;
  return Math.floor((now.getTime() - offset) / unit) * unit + unit + offset;
}
