/** Taking alerts and events of other programs into a database, as a run of its own. */
import type { AlertRecord, EventRecord, RuleInfo } from '../records.js';
import type { Database } from '../store/open.js';
import { AlertStore } from '../store/store.js';

export interface ImportStart {
  path: string;
  /** Files, absolute: what a later import of the same is known by. */
  inputs: string[];
  append: boolean;
  sensor: string;
  version: string;
}

export interface ImportSummary {
  runId: number;
  /** Events taken, by type. */
  taken: Record<string, number>;
  /** Records that could not be read, and why the first of them could not. */
  refused: number;
  firstRefusal: string | null;
  /** What the database said, when it took no more. */
  fault: string | null;
}

/** Records between two commits. */
const CommitEvery = 8192;

const none = (): RuleInfo | null => null;

export class Importer {
  private readonly store: AlertStore;
  private readonly putEvent;
  private readonly taken: Record<string, number> = {};
  private refused = 0;
  private firstRefusal: string | null = null;
  private uncommitted = 0;
  private firstUs = 0;
  private lastUs = 0;
  private clock = performance.now();

  constructor(db: Database, start: ImportStart) {
    const { path, inputs, append, sensor, version } = start;
    const run = { kind: 'replay' as const, inputs, append, version, startedUs: Date.now() * 1000 };
    this.store = new AlertStore(db, { path, sensor, run, retention: null });
    this.putEvent = db.prepare(
      'INSERT INTO event (run_id, time_us, type, flow_id, alert_id, json) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.store.add({ kind: 'origins', names: inputs }, none);
  }

  /** Takes an alert, with the line it came from if that is EVE. */
  alert(record: AlertRecord, rule: RuleInfo, json: string | null): void {
    this.store.add(record, () => rule);
    if (json !== null && this.store.fault === null)
      this.putEvent.run(
        this.store.runId,
        Math.floor(record.tsUs),
        'alert',
        record.flowId || null,
        this.store.lastAlert,
        json,
      );
    this.took('alert', record.tsUs);
  }

  /** Takes an event of another type as it is. */
  event(type: string, tsUs: number, flowId: number, json: string): void {
    this.store.begin();
    this.putEvent.run(this.store.runId, Math.floor(tsUs), type, flowId || null, null, json);
    this.took(type, tsUs);
  }

  /** What an event of another type tells of transactions and flows that alerts named. */
  update(record: EventRecord): void {
    this.store.add(record, none);
  }

  refuse(why: string): void {
    this.refused++;
    this.firstRefusal ??= why;
  }

  private took(type: string, tsUs: number): void {
    this.taken[type] = (this.taken[type] ?? 0) + 1;
    if (tsUs > 0 && (this.firstUs === 0 || tsUs < this.firstUs)) this.firstUs = tsUs;
    if (tsUs > this.lastUs) this.lastUs = tsUs;
    if (++this.uncommitted < CommitEvery) return;
    this.uncommitted = 0;
    this.store.commit();
    // Columns and words grow with the run, as those of a sensor do with time.
    this.clock = Math.max(performance.now(), this.clock + 2000);
    this.store.tidy(this.clock, true);
  }

  /** Ends the run. */
  close(): ImportSummary {
    const { taken, refused, firstRefusal, firstUs, lastUs } = this;
    const runId = this.store.close({ packets: 0, bytes: 0, firstUs, lastUs, lostEvents: 0 });
    return { runId, taken, refused, firstRefusal, fault: this.store.fault };
  }
}
