/**
 * What a running sensor tells of its health: a line in its log each interval, and health.json in the log folder with a
 * line whenever trouble begins or is over (docs/health.schema.json). The file is opened for each line, so that whoever
 * rotates it needs to tell nobody.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log, LogFacts } from '../core/log.js';
import { type HealthChange, type HealthReport, nameOf } from './health.js';
import { percentText } from './health-words.js';
import type { WorkerChange } from './worker-health.js';

export class HealthLog {
  private readonly file: string;
  private failed = false;

  constructor(
    logDir: string,
    private readonly log: Log,
  ) {
    this.file = join(logDir, 'health.json');
  }

  /** `packets`: of the interval. */
  tell(report: HealthReport, packets: number): void {
    for (const change of report.changes) {
      const { event, summary, cause, remedy } = change;
      if (event === 'begins') this.log('warning', `${summary}: ${cause}; ${remedy}`);
      else this.log('info', `over: ${nameOf(change)}; ${summary}`);
    }
    const wrong = report.findings.map((f) => (f.kind === 'limit' ? nameOf(f) : `${f.kind} ${percentText(f.rate)}`));
    const words = wrong.length === 0 ? 'health: good' : `health: ${wrong.join(', ')}`;
    this.log(wrong.length === 0 ? 'info' : 'warning', words, facts(report, packets));
    if (report.changes.length > 0) this.append(report.changes, report);
  }

  /** Writes what has changed to health.json. */
  append(changes: readonly (HealthChange | WorkerChange)[], when: When): void {
    try {
      appendFileSync(this.file, changes.map((change) => healthLine(change, when)).join(''));
      this.failed = false;
    } catch (e) {
      if (!this.failed) this.log('warning', `${this.file} cannot be written: ${(e as Error).message}`);
      this.failed = true;
    }
  }
}

/** What was counted, with its share of the interval's packets or flows, and limits; what was not counted is left out. */
function facts({ measures, unknown, findings, seconds }: HealthReport, packets: number): LogFacts {
  const out: LogFacts = { seconds: Math.round(seconds), packets };
  for (const { kind, count, rate } of measures) {
    if (count === 0) continue;
    out[kind] = count;
    out[`${kind}_percent`] = Number((rate * 100).toPrecision(3));
  }
  for (const kind of unknown) out[kind] = 'not known';
  for (const { counter, count } of findings) if (counter !== undefined) out[counter] = count;
  return out;
}

type When = Pick<HealthReport, 'atMs' | 'seconds'>;

/** A line of health.json. */
function healthLine(change: HealthChange | WorkerChange, { atMs, seconds }: When): string {
  const { event, kind, count, of, rate, threshold, summary, cause, remedy } = change;
  const timestamp = new Date(atMs).toISOString();
  const interval = Number(seconds.toFixed(3));
  const limit = 'counter' in change ? { counter: change.counter, keys: change.keys } : {};
  const numbers = { count, of, rate, threshold, interval };
  return `${JSON.stringify({ timestamp, event, kind, ...limit, ...numbers, summary, cause, remedy })}\n`;
}
