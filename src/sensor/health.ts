/**
 * Truth about loss: what the counters of two moments say of how much of the traffic was not seen, or not as it was, and
 * which limits it met, for a running sensor and for the end of a replay alike. Depends on nothing but counters and
 * thresholds.
 */
import type { HealthConfig, HealthKind } from './health-config.js';
import type { HealthFinding } from './health-finding.js';
import { limitFindings } from './health-limits.js';
import { type Counters, type Measure, measures, says } from './health-measures.js';
import { explain } from './health-words.js';

/** Trouble that a look at the counters found to have begun or to be over. */
export interface HealthChange extends HealthFinding {
  event: 'begins' | 'ends';
}

export interface HealthReport {
  /** Milliseconds since 1970 and how long the interval was, seconds. */
  atMs: number;
  seconds: number;
  measures: Measure[];
  /** What the capture does not count: not among the measures. */
  unknown: readonly HealthKind[];
  /** What is wrong at present. */
  findings: HealthFinding[];
  /** What changed in this interval. */
  changes: HealthChange[];
}

/** Trouble is over when the rate is below this part of its threshold, so that it does not come and go at the edge. */
const OverAt = 0.5;

/** The findings of a whole run, however little traffic it had. */
export function findingsOf(counters: Counters, config: HealthConfig): HealthFinding[] {
  const lost = measures({}, counters, config)
    .filter((m) => isPast(m, counters))
    .map((m) => ({ ...m, ...explain(m, counters, 'replay') }));
  const met = config.limits ? limitFindings({}, counters, 'replay').filter(({ count }) => count > 0) : [];
  return [...lost, ...met];
}

/** What a finding is known by: its kind, or the limit. */
export function nameOf({ kind, counter }: Pick<HealthFinding, 'kind' | 'counter'>): string {
  return counter === undefined ? kind : `${kind} ${counter}`;
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
  /** By name. */
  private readonly active = new Map<string, HealthFinding>();

  constructor(
    private readonly config: HealthConfig,
    private readonly unknown: readonly HealthKind[] = [],
  ) {}

  /** What has become of things since the look before; the first: since all counters were 0. */
  look(now: Counters, atMs: number, seconds: number): HealthReport {
    const { unknown } = this;
    const all = measures(this.before, now, this.config).filter(({ kind }) => !unknown.includes(kind));
    const met = this.config.limits ? limitFindings(this.before, now, 'live') : [];
    this.before = { ...now };
    const changes: HealthChange[] = [];
    for (const m of all) {
      if (!isOff(m, now) && !says(m)) continue;
      this.judge({ ...m, ...explain(m, now, 'live') }, isPast(m, now), isOver(m, now), changes);
    }
    for (const limit of met) this.judge(limit, limit.count > 0, limit.count === 0, changes);
    const findings = [...all, ...met].flatMap((m) => this.active.get(nameOf(m)) ?? []);
    return { atMs, seconds, measures: all, unknown, findings, changes };
  }

  private judge(finding: HealthFinding, isPast: boolean, isOver: boolean, changes: HealthChange[]): void {
    const name = nameOf(finding);
    const was = this.active.has(name);
    if (was && isOver) {
      this.active.delete(name);
      changes.push({ event: 'ends', ...finding });
    } else if (was) this.active.set(name, finding);
    else if (isPast) {
      this.active.set(name, finding);
      changes.push({ event: 'begins', ...finding });
    }
  }
}
