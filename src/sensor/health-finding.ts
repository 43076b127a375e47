/** What a look at the counters found wrong, in words. */
import type { HealthKind } from './health-config.js';
import type { Measure } from './health-measures.js';
import type { Explained } from './health-words.js';

/** A measure past its threshold, or a limit that was met. */
export interface HealthFinding extends Omit<Measure, 'kind'>, Explained {
  kind: HealthKind | 'limit';
  /** Of a limit: its counter, and the keys of the configuration that set it. */
  counter?: string;
  keys?: string[];
}
