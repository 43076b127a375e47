/**
 * Alerts into SQLite: one transaction at a time, committed by the writer at least each second, so that a killed process
 * leaves a database with everything but its last second.
 */
import { addressBytes } from '../address-bytes.js';
import type {
  AlertRecord,
  AppProtos,
  EventRecord,
  FlowEventRecord,
  FlowRecord,
  HttpEventRecord,
  RuleInfo,
} from '../records.js';
import { BoundedMap, BytesTable, TextTable } from './dedup.js';
import { HttpTable } from './http-table.js';
import type { Database } from './open.js';
import { restOf } from './rest.js';
import { beginRun, endRun, type RunStart, type RunTotals } from './runs.js';
import { SignatureTable } from './signatures.js';

export interface StoreOptions {
  /** The database file. */
  path: string;
  sensor: string;
  run: RunStart;
}

/** Flows remembered by id; others are looked up. */
const FlowCache = 65_536;
/** Transactions whose alerts came before their Host header; the alerts of others stay without a host. */
const HostlessMax = 16_384;

type FindRule = (index: number) => RuleInfo | null;

export class AlertStore {
  /** First error of the database (disk full …); the store takes no more after it. */
  fault: string | null = null;
  /** Records that are not in the database because of the fault: those of the open transaction and all after it. */
  refused = 0;
  readonly runId: number;
  private readonly db: Database;
  private readonly text: TextTable;
  private readonly bytes: BytesTable;
  private readonly http: HttpTable;
  private readonly signatures: SignatureTable;
  private readonly flowIds = new BoundedMap<number, number>(FlowCache);
  /** Alerts without a host by the row of their transaction. */
  private readonly hostless = new BoundedMap<number, number[]>(HostlessMax);
  private readonly putHost;
  private readonly findFlow;
  private readonly putFlow;
  private readonly endFlow;
  private readonly putAlert;
  private readonly putOrigins;
  private open = false;
  /** Records in the open transaction. */
  private inTransaction = 0;

  /** Starts the run: for a replay that is not to append, an earlier run of the same name is removed. */
  constructor(db: Database, options: StoreOptions) {
    this.db = db;
    this.runId = beginRun(db, options.sensor, options.run);
    this.text = new TextTable(db);
    this.bytes = new BytesTable(db, this.runId);
    this.http = new HttpTable(db, this.runId, this.text, this.bytes);
    this.signatures = new SignatureTable(db);
    this.findFlow = db.prepare('SELECT id FROM flow WHERE run_id = ? AND flow_id = ?').pluck();
    this.putFlow = db
      .prepare(
        `INSERT INTO flow (run_id, flow_id, proto, src, dst, src_port, dst_port, start_us, last_us, pkts_toserver,
         pkts_toclient, bytes_toserver, bytes_toclient, app_proto) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (run_id, flow_id) DO UPDATE SET last_us = excluded.last_us, pkts_toserver = excluded.pkts_toserver,
         pkts_toclient = excluded.pkts_toclient, bytes_toserver = excluded.bytes_toserver,
         bytes_toclient = excluded.bytes_toclient, app_proto = excluded.app_proto RETURNING id`,
      )
      .pluck();
    this.endFlow = db.prepare('UPDATE flow SET state = ?, reason = ? WHERE id = ?');
    this.putAlert = db.prepare(
      `INSERT INTO alert (run_id, time_us, signature_id, src, dst, src_port, dst_port, proto, blocked, pcap_cnt, origin,
         flow_id, http_id, host_id, url_id, payload_id, packet_id, rest)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.putHost = db.prepare('UPDATE alert SET host_id = ? WHERE id = ?');
    this.putOrigins = db.prepare('UPDATE run SET origins = ? WHERE id = ?');
  }

  /** Takes a record; kinds that the store does not keep are ignored. */
  add(r: EventRecord, rule: FindRule): void {
    if (r.kind !== 'alert' && r.kind !== 'http' && r.kind !== 'flow' && r.kind !== 'origins') return;
    if (this.fault !== null) {
      this.refused++;
      return;
    }
    this.inTransaction++;
    try {
      if (r.kind === 'alert') this.addAlert(r, rule);
      else if (r.kind === 'http') this.addHttp(r);
      else if (r.kind === 'flow') this.addFlow(r);
      else this.ensureOpen().putOrigins.run(JSON.stringify(r.names), this.runId);
    } catch (e) {
      this.fail(e);
    }
  }

  /** Ends the transaction, if one is open. */
  commit(): void {
    if (!this.open) return;
    try {
      this.db.exec('COMMIT');
      this.open = false;
      this.inTransaction = 0;
    } catch (e) {
      this.fail(e);
    }
  }

  /** Writes the run's totals, commits and closes. Returns the run's id. */
  close(totals: RunTotals | null): number {
    this.commit();
    try {
      if (this.fault === null) endRun(this.db, this.runId, totals);
      this.db.close();
    } catch (e) {
      this.fail(e);
    }
    return this.runId;
  }

  private ensureOpen(): this {
    if (!this.open) {
      this.db.exec('BEGIN IMMEDIATE');
      this.open = true;
    }
    return this;
  }

  private fail(e: unknown): void {
    this.fault ??= `database: ${(e as Error).message}`;
    this.refused += this.inTransaction;
    this.inTransaction = 0;
    if (this.open && this.db.inTransaction) this.db.exec('ROLLBACK');
    this.open = false;
  }

  private flowRow(flowId: number, proto: string, f: FlowRecord, app: AppProtos): number {
    const id = this.putFlow.get(
      this.runId,
      flowId,
      proto,
      addressBytes(f.src),
      addressBytes(f.dst),
      f.srcPort,
      f.dstPort,
      Math.floor(f.startUs),
      Math.floor(f.lastUs),
      f.pktsToServer,
      f.pktsToClient,
      f.bytesToServer,
      f.bytesToClient,
      app.appProto,
    ) as number;
    this.flowIds.set(flowId, id);
    return id;
  }

  private knownFlow(flowId: number): number | undefined {
    return this.flowIds.get(flowId) ?? (this.findFlow.get(this.runId, flowId) as number | undefined);
  }

  private addAlert(r: AlertRecord, findRule: FindRule): void {
    this.ensureOpen();
    const flow = r.flow === null || r.flowId === 0 ? null : this.flowRow(r.flowId, r.proto, r.flow, r);
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
      http,
      this.text.id(r.http?.hostname ?? null),
      this.text.id(r.http?.url ?? null),
      this.bytes.id(r.payload),
      this.bytes.id(r.packet),
      restOf(r),
    );
    if (http === null || r.http === null) return;
    if (r.http.hostname !== null) this.fillHosts(http, r.http.hostname);
    else this.hostless.set(http, [...(this.hostless.get(http) ?? []), Number(row.lastInsertRowid)]);
  }

  /** Gives the alerts that came before the Host header their host. */
  private fillHosts(http: number, hostname: string): void {
    const alerts = this.hostless.get(http);
    if (alerts === undefined) return;
    const host = this.text.id(hostname);
    for (const id of alerts) this.putHost.run(host, id);
    this.hostless.delete(http);
  }

  /** A transaction that alerts named, now complete. */
  private addHttp(r: HttpEventRecord): void {
    if (!r.alerted) return;
    const flow = this.knownFlow(r.flowId);
    if (flow === undefined) return;
    this.ensureOpen();
    const http = this.http.put(flow, r.http);
    if (r.http.hostname !== null) this.fillHosts(http, r.http.hostname);
  }

  /** A flow that alerts named, now ended. */
  private addFlow(r: FlowEventRecord): void {
    if (!r.alerted || this.knownFlow(r.flowId) === undefined) return;
    this.ensureOpen();
    this.endFlow.run(r.state, r.reason, this.flowRow(r.flowId, r.proto, r.flow, r));
  }
}
