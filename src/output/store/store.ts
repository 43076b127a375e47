/**
 * Alerts into SQLite: one transaction at a time, committed by the writer at least each second, so that a killed process
 * leaves a database with everything but its last second.
 */
import { addressBytes } from '../address-bytes.js';
import { plainBytes } from '../proxies.js';
import type { AlertRecord, EventRecord, FlowEventRecord, HttpEventRecord, RuleInfo } from '../records.js';
import { BlockMaker } from './blocks.js';
import { BoundedMap, BytesTable, TextTable } from './dedup.js';
import { FlowTable } from './flow-table.js';
import { HttpTable } from './http-table.js';
import type { Database } from './open.js';
import { restOf } from './rest.js';
import { Retention, type RetentionPolicy } from './retention.js';
import { beginRun, endRun, type RunStart, type RunTotals } from './runs.js';
import { SignatureTable } from './signatures.js';
import { WordIndex } from './word-index.js';

export interface StoreOptions {
  /** The database file. */
  path: string;
  sensor: string;
  run: RunStart;
  /** How long alerts stay, or null: nothing is removed. */
  retention: RetentionPolicy | null;
}

const enum Tidy {
  /** Milliseconds a call: while records wait, while none do, and when far more is in use than may be. */
  Busy = 50,
  Idle = 200,
  Urgent = 500,
  /** Milliseconds between calls, and between looks for old alerts after there were none. */
  Every = 1000,
  /** Of indexing words while records wait. */
  WordsBusy = 20,
  /** Columns made a call. */
  Blocks = 4,
  AgeEvery = 60_000,
}

/** What far more than allowed is. */
const UrgentPart = 1.05;

/** Transactions whose alerts came before their Host header; the alerts of others stay without a host. */
const HostlessMax = 16_384;

/** Rows that went and may still be remembered, before all that is remembered is forgotten. */
const GoneMax = 65_536;

/** Records of the open transaction at most, where they are kept until it is committed. */
const KeptMost = 1024;

type FindRule = (index: number) => RuleInfo | null;

/** Faults that pass: another process has the database, the disk is full. */
function mayPass(e: unknown): boolean {
  const { code } = e as { code?: string };
  return code !== undefined && /^SQLITE_(BUSY|LOCKED|FULL|IOERR)/.test(code);
}

export class AlertStore {
  /** First error of the database (disk full …); the store takes no more after it. */
  fault: string | null = null;
  /** What is wrong at the moment, where it may pass: a patient store keeps its open transaction and tries again. */
  trouble: string | null = null;
  /** While there is trouble, what comes is counted and thrown away, so that the other outputs can go on. */
  skipping = false;
  /** Records that are not in the database because of the fault: those of the open transaction and all after it. */
  refused = 0;
  readonly runId: number;
  /** Row of the last alert taken, 0 before the first. */
  lastAlert = 0;
  private readonly db: Database;
  private readonly text: TextTable;
  private readonly bytes: BytesTable;
  private readonly http: HttpTable;
  private readonly signatures: SignatureTable;
  private readonly blocks: BlockMaker;
  private readonly words: WordIndex;
  private readonly flows: FlowTable;
  /** Alerts without a host by the row of their transaction. */
  private readonly hostless = new BoundedMap<number, number[]>(HostlessMax);
  private readonly putHost;
  private readonly putAlert;
  private readonly putClient;
  private readonly putOrigins;
  private readonly dataVersion;
  private open = false;
  /** Records in the open transaction; of a patient store the records themselves. */
  private inTransaction = 0;
  private kept: { record: EventRecord; rule: FindRule }[] = [];
  private patient: boolean;
  private version = 0;
  private rewind = true;
  private readonly retention: { policy: RetentionPolicy; steps: Retention } | null;
  private tidiedMs = Number.NEGATIVE_INFINITY;
  private ageDueMs = Number.NEGATIVE_INFINITY;

  /**
   * Starts the run: for a replay that is not to append, an earlier run of the same name is removed. `patient`: see
   * `trouble`.
   */
  constructor(db: Database, options: StoreOptions, patient = false) {
    this.db = db;
    this.patient = patient;
    this.dataVersion = db.prepare('PRAGMA data_version').pluck();
    this.retention = options.retention === null ? null : { policy: options.retention, steps: new Retention(db) };
    this.runId = beginRun(db, options.sensor, options.run);
    this.text = new TextTable(db);
    this.bytes = new BytesTable(db, this.runId);
    this.blocks = new BlockMaker(db);
    this.words = new WordIndex(db);
    this.http = new HttpTable(db, this.runId, this.text, this.bytes);
    this.signatures = new SignatureTable(db);
    this.flows = new FlowTable(db, this.runId);
    this.putAlert = db.prepare(
      `INSERT INTO alert (run_id, time_us, signature_id, src, dst, src_port, dst_port, proto, blocked, pcap_cnt, origin,
         flow_id, http_id, host_id, url_id, payload_id, packet_id, rest, client)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.putHost = db.prepare('UPDATE alert SET host_id = ? WHERE id = ?');
    this.putClient = db.prepare('UPDATE alert SET client = ? WHERE flow_id = ? AND http_id = ? AND client IS NULL');
    this.putOrigins = db.prepare('UPDATE run SET origins = ? WHERE id = ?');
  }

  /** Takes a record; kinds that the store does not keep are ignored. */
  add(r: EventRecord, rule: FindRule): void {
    if (r.kind !== 'alert' && r.kind !== 'http' && r.kind !== 'flow' && r.kind !== 'origins') return;
    if (this.fault !== null || this.skipping) {
      this.refused++;
      return;
    }
    this.inTransaction++;
    if (this.patient) this.kept.push({ record: r, rule });
    if (this.trouble === null) this.put(r, rule);
  }

  /** Opens the transaction that `commit` ends, for rows that others put beside the store's. */
  begin(): void {
    this.ensureOpen();
  }

  /** Something waits that cannot be written now: the next `commit` tries again. */
  get stuck(): boolean {
    return this.trouble !== null;
  }

  /** A commit is due because of what is kept. */
  get full(): boolean {
    return this.kept.length >= KeptMost;
  }

  /** Ends the transaction, if one is open. */
  commit(): void {
    if (this.trouble !== null && !this.again()) return;
    this.skipping = false;
    if (!this.open) return;
    try {
      this.flows.flush();
      this.text.uses.flush();
      this.bytes.uses.flush();
      this.db.exec('COMMIT');
    } catch (e) {
      this.fail(e);
      return;
    }
    this.open = false;
    this.inTransaction = 0;
    this.kept = [];
    if (this.text.uses.gone.size + this.bytes.uses.gone.size > GoneMax) this.forget();
  }

  /**
   * Makes columns, indexes words, and removes what is too old or too much, for a bounded time; called after a commit.
   * `busy`: records wait.
   */
  tidy(nowMs: number, busy: boolean): void {
    if (this.open || this.stuck || this.fault !== null || nowMs - this.tidiedMs < Tidy.Every) return;
    this.tidiedMs = nowMs;
    try {
      let made = 0;
      while (made < Tidy.Blocks && this.blocks.step(busy)) made++;
      if (made > 0) this.http.columnsMade();
      this.words.step(performance.now() + (busy ? Tidy.WordsBusy : Tidy.Idle));
      this.retain(nowMs, busy);
    } catch {
      this.forget(); // locked, or no room for the log: tried again
    }
  }

  private retain(nowMs: number, busy: boolean): void {
    if (this.retention === null) return;
    const { policy, steps } = this.retention;
    const urgent = policy.maxBytes > 0 && steps.usedBytes() > policy.maxBytes * UrgentPart;
    const until = performance.now() + (urgent ? Tidy.Urgent : busy ? Tidy.Busy : Tidy.Idle);
    let removed = 0;
    while (performance.now() < until) {
      const now = this.tidyStep(policy, steps, nowMs);
      removed += now;
      if (now === 0 && !steps.stepVacuum()) break;
    }
    if (removed > 0) this.forget();
  }

  private tidyStep(policy: RetentionPolicy, steps: Retention, nowMs: number): number {
    if (policy.maxAgeS > 0 && nowMs >= this.ageDueMs) {
      const removed = steps.stepAge((Date.now() - policy.maxAgeS * 1000) * 1000);
      if (removed > 0) return removed;
      this.ageDueMs = nowMs + Tidy.AgeEvery;
    }
    return policy.maxBytes > 0 ? steps.stepSize(policy.maxBytes) : 0;
  }

  /** From now on what cannot be written is counted and given up: the end is near. */
  giveUp(): void {
    this.patient = false;
    if (this.trouble === null) return;
    this.fault = this.trouble;
    this.trouble = null;
    this.refused += this.inTransaction;
    this.inTransaction = 0;
    this.kept = [];
  }

  /** Writes the run's totals, commits and closes. Returns the run's id. */
  close(totals: RunTotals | null): number {
    this.commit();
    this.giveUp();
    try {
      if (this.fault === null) endRun(this.db, this.runId, totals);
      this.db.close();
    } catch (e) {
      this.fail(e);
    }
    return this.runId;
  }

  /** The records of the transaction that was rolled back, once more; false when the trouble goes on. */
  private again(): boolean {
    this.trouble = null;
    return this.kept.every(({ record, rule }) => this.put(record, rule));
  }

  private put(r: EventRecord, rule: FindRule): boolean {
    try {
      if (r.kind === 'alert') this.addAlert(r, rule);
      else if (r.kind === 'http') this.addHttp(r);
      else if (r.kind === 'flow') this.addFlow(r);
      else if (r.kind === 'origins') this.ensureOpen().putOrigins.run(JSON.stringify(r.names), this.runId);
      return true;
    } catch (e) {
      this.fail(e);
      return false;
    }
  }

  private ensureOpen(): this {
    if (!this.open) {
      this.db.exec('BEGIN IMMEDIATE');
      this.open = true;
      const version = this.dataVersion.get() as number;
      // Somebody else wrote: perhaps `alerts prune`, and what is remembered here is gone.
      if (version !== this.version) this.forget();
      this.version = version;
      if (this.rewind) this.words.rewind();
      this.rewind = false;
    }
    return this;
  }

  private forget(): void {
    for (const cache of [this.text, this.bytes, this.signatures, this.flows, this.http]) cache.forget();
    this.rewind = true;
    this.hostless.clear();
  }

  private fail(e: unknown): void {
    if (this.open && this.db.inTransaction) this.db.exec('ROLLBACK');
    this.open = false;
    this.forget();
    const message = `database: ${(e as Error).message}`;
    if (this.patient && mayPass(e)) {
      this.trouble = message;
      return;
    }
    this.fault ??= message;
    this.refused += this.inTransaction;
    this.inTransaction = 0;
    this.kept = [];
  }

  private addAlert(r: AlertRecord, findRule: FindRule): void {
    this.ensureOpen();
    const flow = r.flow === null || r.flowId === 0 ? null : this.flows.put(r.flowId, r.proto, r.flow, r);
    const http = r.http === null || flow === null ? null : this.http.put(flow, r.http);
    const row = this.putAlert.run(
      this.runId,
      Math.floor(r.tsUs),
      this.signatures.id(r, findRule(r.rule)),
      addressBytes(r.src),
      addressBytes(r.dst),
      r.srcPort,
      r.dstPort,
      r.proto,
      r.action === 'blocked' ? 1 : 0,
      r.pcapCnt,
      r.origin,
      flow,
      http?.id ?? null,
      this.textOf(http !== null, r.http?.hostname ?? null),
      this.textOf(http !== null, r.http?.url ?? null),
      this.payloadOf(r.payload, http?.refs ?? []),
      this.bytes.packetOf(r.packet),
      restOf(r),
      r.client === '' ? null : plainBytes(r.client),
    );
    this.lastAlert = Number(row.lastInsertRowid);
    if (flow === null || http === null || r.http === null) return;
    if (r.http.hostname !== null) this.fillHosts(flow, http.id, r.http.hostname);
    else this.hostless.set(http.id, [...(this.hostless.get(http.id) ?? []), this.lastAlert]);
  }

  /** `counted`: the alert's transaction refers to it too, and counts as its user. */
  private textOf(counted: boolean, value: string | null): number | null {
    const known = counted && value !== null ? this.text.known(value) : undefined;
    return known ?? this.text.id(value);
  }

  private payloadOf(payload: Uint8Array | null, refs: readonly (number | null)[]): number | null {
    const id = this.bytes.id(payload);
    if (id !== null && refs.includes(id)) this.bytes.uses.less(id);
    return id;
  }

  /** Gives the alerts that came before the Host header their host. */
  private fillHosts(flow: number, http: number, hostname: string): void {
    const alerts = this.hostless.get(http);
    if (alerts === undefined) return;
    const host = this.textOf(true, hostname);
    for (const id of alerts) this.putHost.run(host, id);
    this.http.changed(flow, http);
    this.hostless.delete(http);
  }

  /** A transaction that alerts named, now complete. */
  private addHttp(r: HttpEventRecord): void {
    if (!r.alerted) return;
    const flow = this.flows.row(r.flowId);
    if (flow === undefined) return;
    this.ensureOpen();
    const http = this.http.put(flow, r.http).id;
    if (r.http.hostname !== null) this.fillHosts(flow, http, r.http.hostname);
    // Of alerts that came before the header which names the client.
    if (r.client === '' || this.putClient.run(plainBytes(r.client), flow, http).changes === 0) return;
    this.http.changed(flow, http);
  }

  /** A flow that alerts named, now ended. */
  private addFlow(r: FlowEventRecord): void {
    if (!r.alerted || this.flows.row(r.flowId) === undefined) return;
    this.ensureOpen();
    this.flows.end(r);
  }
}
