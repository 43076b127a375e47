/** Bounds of what detection does with one packet and keeps between packets, as `detect.*` sets them. */
import type { Settings } from '../core/settings.js';
import { configureHostTable } from './host-table.js';
import { configurePacketVars } from './packet-vars.js';
import { configureScratch } from './scratch.js';
import { configureStored } from './stored-state.js';

/** Defaults of the keys, and what they may be at most where tables have that many rows. */
export const enum DetectBound {
  Chunks = 256,
  Windows = 4096,
  Instances = 1024,
  MostInstances = 65_536,
  /** Suricata's queue grows to 65,535. */
  Matches = 4096,
  Patterns = 8192,
}

export const detectBounds = {
  /** Chunks of the raw stream of one direction looked at with one packet; the rest comes with the next. */
  chunks: DetectBound.Chunks as number,
  /** Windows of a body looked at with one packet; the rest comes with the next. */
  windows: DetectBound.Windows as number,
  /** Instances of a buffer that has several (files, values of a header) looked at. */
  instances: DetectBound.Instances as number,
  /** Rules that match a packet. */
  matches: DetectBound.Matches as number,
  /** Patterns found in one call of the matcher: a buffer with more makes all rules of its database candidates. */
  patterns: DetectBound.Patterns as number,
};

/** Reads them. */
export function configureBounds(settings: Settings): void {
  const b = detectBounds;
  b.chunks = settings.int('detect.max-stream-chunks', DetectBound.Chunks, 1);
  b.windows = settings.int('detect.max-body-windows', DetectBound.Windows, 1);
  b.instances = settings.int('detect.max-buffer-instances', DetectBound.Instances, 1, DetectBound.MostInstances);
  b.matches = settings.int('detect.max-matches', DetectBound.Matches, 1, DetectBound.Matches);
  b.patterns = settings.int('detect.max-patterns-found', DetectBound.Patterns, 64, DetectBound.Patterns);
  configureHostTable(settings);
  configureStored(settings);
  configurePacketVars(settings);
  configureScratch(settings);
}
