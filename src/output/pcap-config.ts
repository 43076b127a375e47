/**
 * `outputs.pcap-log` (Suricata user guide 7.0, "Packet logging"): which packets are kept as a capture, where, and how much
 * of them. Suricata's keys; `max-size`, `before`, `after`, `flow-limit` and `buffer-size` are Peccary's own.
 */
import { resolve } from 'node:path';
import type { Settings } from '../core/settings.js';
import { timeSpan } from './log-file.js';

export const enum CaptureWhat {
  All = 0,
  /** Of flows with alerts, those of a while before and after. */
  Alerts = 1,
  /** Those that the `tag` of a rule names. */
  Tag = 2,
}

/** The worker's part: which packets. */
export interface CaptureOptions {
  what: CaptureWhat;
  /** Microseconds before and after an alert. */
  beforeUs: number;
  afterUs: number;
  /** Bytes of one flow after which no more of it is kept, 0: all. */
  flowBytes: number;
  /** Bytes of each worker's memory of recent packets. */
  bufferBytes: number;
}

export interface PcapLogOptions {
  capture: CaptureOptions;
  /** Files are named FILENAME.SECONDS. */
  filename: string;
  /** Bytes after which the next file is begun. */
  limit: number;
  /** Files and bytes of all files that stay; 0: any. The oldest go. */
  maxFiles: number;
  maxBytes: number;
}

const Pcap = 'outputs.pcap-log';
const defaults = { limit: 1000 << 20, maxSize: 10 * 2 ** 30, buffer: 64 << 20, flow: 16 << 20 };

function span(settings: Settings, key: string): number {
  const text = settings.string(`${Pcap}.${key}`, '60s');
  const seconds = text === '0' ? 0 : timeSpan(text);
  if (seconds === null) throw settings.fault(`${Pcap}.${key}`, 'a time such as 60s or 5m');
  return seconds * 1e6;
}

function choice<T>(settings: Settings, key: string, fallback: string, values: Record<string, T>): T {
  const value = settings.string(`${Pcap}.${key}`, fallback);
  if (!Object.hasOwn(values, value)) throw settings.fault(`${Pcap}.${key}`, Object.keys(values).join(' or '));
  return values[value];
}

/** Reads `outputs.pcap-log`, null when it is not enabled; throws PeccaryError 'config'. */
export function pcapLogOptions(settings: Settings, logDir: string): PcapLogOptions | null {
  if (!settings.bool(`${Pcap}.enabled`, false)) return null;
  const dir = settings.string(`${Pcap}.dir`, '.');
  const filename = settings.string(`${Pcap}.filename`, 'log.pcap');
  choice(settings, 'mode', 'normal', { normal: 0 });
  choice(settings, 'compression', 'none', { none: 0 });
  const maxBytes = settings.size(`${Pcap}.max-size`, defaults.maxSize);
  const limit = settings.size(`${Pcap}.limit`, defaults.limit, 4096);
  return {
    capture: {
      what: choice(settings, 'conditional', 'all', {
        all: CaptureWhat.All,
        alerts: CaptureWhat.Alerts,
        tag: CaptureWhat.Tag,
      }),
      beforeUs: span(settings, 'before'),
      afterUs: span(settings, 'after'),
      flowBytes: settings.size(`${Pcap}.flow-limit`, defaults.flow),
      bufferBytes: settings.size(`${Pcap}.buffer-size`, defaults.buffer, 1 << 20, 2 ** 31),
    },
    filename: resolve(logDir, dir, filename),
    // Of a budget for all files the one that is written may have half, so that one before it can stay.
    limit: maxBytes === 0 ? limit : Math.max(4096, Math.min(limit, Math.floor(maxBytes / 2))),
    maxFiles: settings.int(`${Pcap}.max-files`, 0, 0, 1_000_000),
    maxBytes,
  };
}
