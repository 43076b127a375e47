/**
 * Truth about loss: what the counters of two moments say of how much of the traffic was not seen, or not as it was, for a
 * running sensor and for the end of a replay alike. Depends on nothing but counters and thresholds.
 */
import type { HealthConfig, HealthKind } from './health-config.js';
import { type Counters, type Measure, measures, says } from './health-measures.js';
import { type Explained, explain } from './health-words.js';

/** A measure past its threshold, in words. */
export interface HealthFinding extends Measure, Explained {}

/** Trouble that a look at the counters found to have begun or to be over. */
export interface HealthChange extends HealthFinding {
  event: 'begins' | 'ends';
}

export interface HealthReport {
  /** Milliseconds since 1970 and how long the interval was, seconds. */
  atMs: number;
  seconds: number;
  measures: Measure[];
  /** What is wrong at present. */
  findings: HealthFinding[];
  /** What changed in this interval. */
  changes: HealthChange[];
}

/** Trouble is over when the rate is below this part of its threshold, so that it does not come and go at the edge. */
const OverAt = 0.5;

/** The findings of a whole run, however little traffic it had. */
export function findingsOf(counters: Counters, config: HealthConfig): HealthFinding[] {
  return measures({}, counters, config)
    .filter((m) => isPast(m, counters))
    .map((m) => ({ ...m, ...explain(m, counters, 'replay') }));
}

/** "auto" has stopped verifying checksums: that stays so, though nothing more is counted. */
const isOff = ({ kind }: Measure, now: Counters): boolean =>
  kind === 'checksum_offload' && (now['tcp.checksum_auto_off'] ?? 0) > 0;

const isPast = (m: Measure, now: Counters): boolean => isOff(m, now) || (m.count > 0 && m.rate >= m.threshold);

const isOver = (m: Measure, now: Counters): boolean =>
  !isOff(m, now) && (m.count === 0 || m.rate < m.threshold * OverAt);

/** Remembers what is wrong from one look to the next. */
export class HealthWatch {
  private before: Counters = {};
  private readonly active = new Map<HealthKind, HealthFinding>();

  constructor(private readonly config: HealthConfig) {}

  /** What has become of things since the look before; the first: since all counters were 0. */
  look(now: Counters, atMs: number, seconds: number): HealthReport {
    const all = measures(this.before, now, this.config);
    this.before = { ...now };
    const changes: HealthChange[] = [];
    for (const m of all) {
      const was = this.active.has(m.kind);
      const tells = isOff(m, now) || says(m);
      if (!tells) continue;
      const finding = { ...m, ...explain(m, now, 'live') };
      if (was && isOver(m, now)) {
        this.active.delete(m.kind);
        changes.push({ event: 'ends', ...finding });
      } else if (was) this.active.set(m.kind, finding);
      else if (isPast(m, now)) {
        this.active.set(m.kind, finding);
        changes.push({ event: 'begins', ...finding });
      }
    }
    const findings = all.flatMap(({ kind }) => this.active.get(kind) ?? []);
    return { atMs, seconds, measures: all, findings, changes };
  }
}
